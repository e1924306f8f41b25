"""What a guest is told of its three streams: terminals, pipes, files, nothing;
and what it gets of the world around the client."""
import os
import pty
import struct
import subprocess

from harness import WASMCTL, contains, equal, run, test
from service import Daemon, guest, guest_bytes

UNKNOWN, TERMINAL, CLOSED = 0, 2, 255
SEEK, TELL = 1 << 2, 1 << 5     # rights; a terminal has neither
READ, WRITE = 1 << 1, 1 << 6


def types(out):
    """The types of the three descriptors; their rights are what they must."""
    told = []
    for fd in range(3):
        kind, rights = struct.unpack_from("<BQ", out, 9 * fd)
        told.append(kind)
        if kind != CLOSED:
            equal(rights & (SEEK | TELL), 0, f"rights of {fd}")
            equal(rights & (READ | WRITE), WRITE if fd else READ)
    return told


def terminal():
    """A terminal: what the test reads, and what the guest gets."""
    master, slave = pty.openpty()
    # Bytes as they are, not with carriage returns.
    subprocess.run(["stty", "raw"], stdin=slave, check=True)
    return master, slave


@test
def test_pipes_files_and_devices_are_no_terminals():
    daemon = Daemon()
    equal(types(daemon.run(guest("stat"), input=b"x").stdout),
          [UNKNOWN, UNKNOWN, UNKNOWN])
    path = daemon.dir / "out"
    with open(path, "wb") as out, open(guest("stat"), "rb") as file:
        daemon.run(guest("stat"), stdin=file, stdout=out,
                   stderr=subprocess.DEVNULL)
    equal(types(path.read_bytes()), [UNKNOWN, UNKNOWN, UNKNOWN])


@test
def test_each_stream_that_is_a_terminal_is_one():
    daemon = Daemon()
    for wanted in range(1, 8):
        master, slave = terminal()
        process = daemon.start(
            guest("stat"),
            stdin=slave if wanted & 1 else subprocess.DEVNULL,
            stdout=slave if wanted & 2 else subprocess.PIPE,
            stderr=slave if wanted & 4 else subprocess.PIPE)
        out = b""
        while len(out) < 27:
            out += os.read(master, 100) if wanted & 2 else \
                process.stdout.read()
        equal(process.wait(10), 0)
        equal(types(out), [TERMINAL if wanted >> fd & 1 else UNKNOWN
                           for fd in range(3)], f"{wanted:03b}")
        os.close(master)
        os.close(slave)


@test
def test_streams_that_are_closed_are_closed():
    daemon = Daemon()
    line = 'exec "$0" run "$1" {}'
    for redirect, told in (("<&-", [CLOSED, UNKNOWN, UNKNOWN]),
                           ("2>&-", [UNKNOWN, UNKNOWN, CLOSED]),
                           (">&-", [UNKNOWN, CLOSED, UNKNOWN]),
                           ("<&- 2>&-", [CLOSED, UNKNOWN, CLOSED])):
        result = run(["sh", "-c", line.format(redirect), WASMCTL,
                      guest("stat")], env=daemon.env)
        equal(types(result.stdout or result.stderr), told, redirect)
        equal(result.returncode, 0)


@test
def test_no_input_is_empty_not_closed():
    daemon = Daemon()
    equal(types(daemon.run("-n", guest("stat")).stdout)[0], UNKNOWN)
    equal(types(daemon.run("-", input=guest_bytes("stat")).stdout)[0], UNKNOWN)
    equal(daemon.run("-n", guest("cat"), input=b"x").stdout, b"")
    # A file is given in place of what is closed.
    result = run(["sh", "-c", 'exec "$0" run --stdin "$1" "$1" <&-',
                  WASMCTL, guest("stat")], env=daemon.env)
    equal(types(result.stdout), [UNKNOWN, UNKNOWN, UNKNOWN])


@test
def test_the_programs_name_can_be_another():
    daemon = Daemon()
    equal(daemon.run("--argv0", "-sh", guest("args"), "x").stdout,
          b"-sh\0x\0")
    equal(daemon.run("--argv0", "", guest("args")).stdout, b"\0")
    # It goes before the parameters of a function, not among them.
    equal(daemon.run("--argv0", "a", "--invoke", "_start",
                     guest("args")).stdout, b"a\0")


@test
def test_environment_is_what_was_asked_for():
    daemon = Daemon()
    env = dict(daemon.env, GIVEN="a b", SECRET="token", EMPTY="")
    equal(daemon.run(guest("args"), env=env).stderr, b"")
    equal(daemon.run("-e", "GIVEN", "--env", "EMPTY", "--env", "OWN=1=2",
                     guest("args"), env=env).stderr,
          b"GIVEN=a b\0EMPTY=\0OWN=1=2\0")
    result = daemon.run("--env", "ABSENT", guest("args"), env=env)
    equal(result.returncode, 125)
    contains(result.stderr, b"ABSENT is not set here")
    equal(result.stdout, b"")
