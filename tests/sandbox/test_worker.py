"""The worker's executable itself: every instruction in it that enters the kernel
stands in tests/sandbox/syscalls-x86_64.golden, with what it is for."""
import re
import subprocess

import harness
from attacked import REAL, need_release_x86, test
from harness import SOURCE, equal

GOLDEN = SOURCE / "tests" / "sandbox" / "syscalls-x86_64.golden"

FUNCTION = re.compile(r"^[0-9a-f]+ <(.*)>:$")
NUMBER = re.compile(r"\tmov +\$0x([0-9a-f]+),%(?:eax|rax)\b")
ENTRY = re.compile(r"\t(syscall|sysenter|int +\$0x80)\b")


def entries(program):
    """function -> its system calls' numbers; -1: one that it was given."""
    found, function, number = {}, None, -1
    text = subprocess.run([harness.need("objdump"), "-d", "--no-show-raw-insn",
                           program], check=True, capture_output=True,
                          text=True).stdout
    for line in text.splitlines():
        match = FUNCTION.match(line)
        if match:
            function, number = match[1], -1
            continue
        if re.search(r"\txor +%eax,%eax", line):
            number = 0
        match = NUMBER.search(line)
        if match:
            number = int(match[1], 16)
        match = ENTRY.search(line)
        if match:
            equal(match[1], "syscall", function)
            found.setdefault(function, set()).add(number)
    return found


def golden():
    """function -> (class, numbers)"""
    out = {}
    for line in GOLDEN.read_text().splitlines():
        if line and not line.startswith("#"):
            kind, function, *numbers = line.split()
            out[function] = (kind, {int(n) for n in numbers})
    return out


def allowed():
    """Numbers with a row at some stage: all that the zygote's filter compares."""
    text = subprocess.run(["sandbox/mkfilter", "x86_64"], check=True,
                          capture_output=True, text=True,
                          cwd=harness.BUILD).stdout
    zygote = text.split("static const")[1]
    return {int(k, 16) for k in re.findall(
        r"\{ 0x15, +\d+, +\d+, 0x([0-9a-f]{8}) \}", zygote)}


@test
def test_every_way_into_the_kernel_is_accounted_for():
    need_release_x86()
    found, known = entries(REAL), golden()
    if "2.36" not in subprocess.run(["ldd", "--version"], check=True,
                                    capture_output=True, text=True).stdout:
        raise harness.Skip("the list is that of glibc 2.36")
    new = {name: numbers for name, numbers in found.items()
           if not numbers <= known.get(name, ("", set()))[1]}
    equal(new, {}, "not in the list")
    equal([name for name in known if name not in found], [], "not there")
    rows = allowed()
    for name, (kind, numbers) in known.items():
        if kind == "policy":
            equal(numbers - rows, set(), f"{name}: no row of the policy")
        elif kind == "given":
            equal(numbers, {-1}, name)
        else:
            equal(kind in ("start", "libc"), True, name)
            equal(numbers <= rows, False, f"{name}: the policy allows it")


@test
def test_functions_of_ours_enter_the_kernel_through_libc_only():
    need_release_x86()
    ours = [name for name in entries(REAL) if re.match(
        r"(enter|guest|vm|wasi|run|child|template|zygote|process|filter|init|"
        r"limits|namespace|privilege|landlock|op|reader|load)_", name)]
    equal(ours, [])
