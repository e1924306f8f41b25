"""Programs as stock compilers make them: the same tour of WASI in each
language, compiled here when its compiler is there."""
import os
import pty
import subprocess

from compilers import compiled
from harness import contains, equal, test
from service import Daemon, binary, guest

TOUR = b"""\
arguments: [one] [two words]
environment: hello
input: 21 bytes
words: apple=2 fig=1 pear=1
sorted: 104 32747 65372
hash: 371690f901abd145
pi: 3.141582654
slept: yes
after 2024: yes
random: yes
file: refused
"""


def check_tour(module):
    daemon = Daemon()
    result = daemon.run("-e", "GREETING=hello", module, "one", "two words",
                        input=b"pear fig\napple apple\n")
    equal(result.stdout.decode(), TOUR.decode())
    equal(result.stderr, b"done\n")
    equal(result.returncode, 7)


@test
def test_c_program():
    check_tour(compiled("tour.c"))


@test
def test_c_program_without_optimisation():
    check_tour(compiled("tour.c", "-O0"))


@test
def test_cxx_program():
    check_tour(compiled("tour.cpp"))


@test
def test_go_program():
    module = compiled("tour.go")
    equal(module.stat().st_size > 1 << 20, True, "more than 1 MiB")
    check_tour(module)


@test
def test_rust_program():
    check_tour(compiled("tour.rs"))


@test
def test_c_program_on_a_terminal_knows_it():
    module = compiled("terminal.c")
    daemon = Daemon()
    equal(daemon.run(module, input=b"").stdout, b"0: no 1: no 2: no\n")
    master, slave = pty.openpty()
    process = daemon.start(module, stdin=slave, stdout=subprocess.PIPE,
                           stderr=slave)
    os.close(slave)
    equal(process.stdout.read(), b"0: yes 1: no 2: yes\n")
    equal(process.wait(10), 0)
    os.close(master)


@test
def test_go_panic_is_told():
    result = Daemon().run(compiled("panic.go"))
    equal(result.returncode, 2)
    contains(result.stderr, b"panic: as asked")


@test
def test_rust_panic_is_a_trap():
    result = Daemon().run(compiled("panic.rs"))
    equal(result.returncode, 134)
    contains(result.stderr, b"as asked")
    contains(result.stderr, b"unreachable")


@test
def test_program_of_the_older_interface():
    result = Daemon().run(guest("unstable"))
    equal((result.returncode, result.stdout), (0, b"old\n"))


def leb(number):
    """An unsigned number in LEB128."""
    out = bytearray()
    while number > 0x7f:
        out.append(number & 0x7f | 0x80)
        number >>= 7
    return bytes(out) + bytes([number])


def section(number, *entries):
    """A section of the binary format that is a vector of entries."""
    body = leb(len(entries)) + b"".join(entries)
    return bytes([number]) + leb(len(body)) + body


def exporting(names):
    """A module with one function that does nothing, under all these names."""
    return binary(b"\0asm\1\0\0\0" + section(1, b"\x60\0\0") +
                  section(3, b"\0") +
                  section(7, *(leb(len(name)) + name + b"\0\0"
                               for name in names)) +
                  section(10, b"\2\0\x0b"))


@test
def test_library_with_many_exports():
    """Compilers that export all functions make thousands of names."""
    names = [b"_start", *(b"f%d" % n for n in range(5000))]
    result = Daemon().run(exporting(names))
    equal((result.returncode, result.stderr), (0, b""))
    result = Daemon().run(exporting([*names, b"f77"]))
    equal(result.returncode, 126)
    contains(result.stderr, b"duplicate export name")
