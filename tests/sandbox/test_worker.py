"""The worker's executable itself: every instruction in it that enters the kernel
stands in tests/sandbox/syscalls-x86_64.golden, with what it is for; and filters
are on before the first byte that is not ours."""
import re
import signal
import subprocess

import harness
from attacked import (REAL, command, confined, need_release_x86, need_root, run,
                      start, status_of, test)
from daemon import SANITIZED
from harness import SOURCE, equal, until

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
def test_functions_of_ours_enter_the_kernel_through_libc_and_the_gate_only():
    need_release_x86()
    ours = [name for name in entries(REAL) if re.match(
        r"(enter|guest|vm|wasi|run|child|template|zygote|process|filter|init|"
        r"limits|namespace|privilege|landlock|op|reader|load|gate)_", name)]
    equal(ours, ["gate_enter"])


CALL = re.compile(r"^(\d+) +(\w+)\((.*)")
FILTER = "SECCOMP_SET_MODE_FILTER"


def traced(daemon, module):
    """What the processes that a call starts ask the kernel for, in order, by
    process: name and arguments, an entry each."""
    where = harness.scratch() / "trace"
    until(lambda: "zygote" in confined(daemon), what="the zygote")
    zygote = confined(daemon)["zygote"]
    tracer = harness.start([harness.need("strace"), "-f", "-qq", "-p", zygote,
                            "-o", where])
    until(lambda: status_of(zygote)["TracerPid"] != "0", what="the tracer")
    equal(run(daemon, module)[1]["status"], "OK")
    tracer.send_signal(signal.SIGINT)
    tracer.wait(10)
    calls = {}
    for line in where.read_text(errors="replace").splitlines():
        match = CALL.match(line)
        if match:
            calls.setdefault(match[1], []).append((match[2], match[3]))
    return calls


@test
def test_filters_are_on_before_the_first_byte_that_is_not_ours():
    need_root()
    daemon = start("--ready", "0")
    calls = traced(daemon, command("nop"))

    def place(trace, wanted):
        return next((i for i, call in enumerate(trace) if wanted(*call)), None)

    def is_filter(name, args):
        return name == "seccomp" and FILTER in args and args.endswith("= 0")
    template = next(t for t in calls.values() if place(
        t, lambda name, args: name == "setpgid") is not None)
    # The module is descriptor 4: nothing but its size is asked for, and it is
    # mapped behind the filter.
    first = place(template, lambda name, args: name == "mmap" and
                  re.search(r", 4, 0\) +=", args))
    equal(place(template, is_filter) < first, True, template)
    # As for the limit of its memory, and the domain of its own.
    for name in ("landlock_restrict_self", "prlimit64"):
        equal(place(template, lambda n, a: n == name) < first, True, name)
    for name in ("read", "pread64", "readv", "recvmsg", "sendfile"):
        equal(place(template[:first], lambda n, a: n == name and
                    not a.startswith("3,")), None, name)
    # It clones behind the one that its children inherit. Each closes the gate
    # before it reads its call.
    filters = [i for i, call in enumerate(template) if is_filter(*call)]
    equal(len(filters), 2, template)
    equal(filters[1] < place(template, lambda name, args: name == "clone"), True,
          template)

    def closes_gate(name, args):
        return name == "mprotect" and re.search(r", PROT_READ\) += 0$", args)
    child = next(t for t in calls.values() if place(
        t, lambda name, args: name == "exit_group") is not None and t is not
        template and place(t, lambda n, a: n == "read") is not None)
    equal(place(child, closes_gate) <
          place(child, lambda name, args: name == "read"), True, child)
    equal({name for name, _ in child[place(child, closes_gate) + 1:]} <=
          {"read", "write", "mprotect", "clock_gettime", "getrandom",
           "exit_group"} | ({"sigaltstack"} if SANITIZED else set()), True,
          child)
