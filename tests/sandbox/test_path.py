"""Native code in a child of the real daemon: which system calls are left, and
what can be seen of each process."""
import os
import pathlib
import signal

import harness
from attacked import (FAKE, PROBE, confined, need_release_x86, need_root, start,
                      status_of, test)
from daemon import SANITIZED
from harness import contains, equal, until

GOLDEN = harness.SOURCE / "tests" / "sandbox" / "probe-x86_64.golden"
X32 = 0x40000000
VECTORS = (
    ["0"] * 6,
    ["-1"] * 6,
    ["1", "0", "0", "0", "0", "0"],
    ["2", "&", "0", "0", "0", "0"],
    ["3", "&", "&", "0", "0", "0"],
    ["0", "4096", "3", "0x22", "-1", "0"],
    ["0", "4096", "7", "0x22", "-1", "0"],
    ["&"] * 6,
)
IN_FLIGHT = 12


def attempts(daemon, calls):
    """Each call (abi, number, arguments) in a child of its own; the statuses
    of their records and the causes."""
    conn = daemon.connect(timeout=60)
    waiting, asked, ends = list(enumerate(calls)), {}, {}
    index_of, running = {}, 0
    while len(ends) < len(calls):
        while waiting and running < IN_FLIGHT:
            index, (abi, number, arguments) = waiting.pop(0)
            asked[conn.request("submit", {
                "module": b"probe", "invoke": "syscall", "credit": 1 << 20,
                "params": [abi, hex(number), *arguments]})] = index
            running += 1
        message = conn.receive()
        if message[0] == 1:
            equal(message[2], None)
            index_of[message[3]["job"]] = asked[message[1]]
        elif message[1] == "job.exit":
            record = message[2]
            ends[index_of[record["job"]]] = record
            running -= 1
    return [ends[i] for i in range(len(calls))]


def blocked(record):
    """Whether the filter ended it; a child that lives returns a result."""
    if record["status"] == "SV":
        equal(record["signal"], signal.SIGSYS)
        return True
    return False


@test
def test_numbers_that_are_left_are_the_golden_list():
    need_release_x86()
    daemon = start("--max-running", "16", worker=PROBE)
    calls = [("64", nr, v) for nr in range(1024) for v in VECTORS]
    records = attempts(daemon, calls)
    left = sorted({nr for (_, nr, _), record in zip(calls, records)
                   if not blocked(record)})
    # Linux 6.18 lets uretprobe and uprobe past every filter.
    equal([str(nr) for nr in left if nr not in (335, 336)],
          GOLDEN.read_text().split())
    print(f"        {len(left)} of {len(calls) // len(VECTORS)} numbers: "
          f"{left}; {len(calls)} attempts")


@test
def test_other_ways_in_are_shut():
    need_release_x86()
    daemon = start("--max-running", "16", worker=PROBE)
    calls = [("64", nr | X32, VECTORS[2]) for nr in range(1024)]
    calls += [("80", nr, VECTORS[2]) for nr in range(512)]
    calls += [("64", nr, v) for v in VECTORS for nr in (
        0xffffffff, 0x80000000, 0x7fffffff, 0x400000000000003b, 0x10000003b,
        0xffffffff0000003b, 0xffffffffffffffff, 0x8000000000000039,
        0x140000001)]
    records = attempts(daemon, calls)
    equal([call for call, record in zip(calls, records)
           if not blocked(record)], [])
    print(f"        0 of {len(calls)} attempts")


@test
def test_violation_is_logged_with_user_module_and_process():
    need_release_x86()
    daemon = start(worker=PROBE)
    record, = attempts(daemon, [("64", 57, VECTORS[0])])
    line = next(l for l in daemon.log().splitlines() if "status=SV" in l)
    for word in (f"uid={os.geteuid()} ", f"module={record['module']}",
                 "signal=31", "pid="):
        contains(line, word)


@test
def test_violation_is_named_on_request():
    """And nothing more is allowed for it."""
    need_release_x86()
    daemon = start("--name-violations", "--max-running", "16", worker=PROBE)
    golden = [int(n) for n in GOLDEN.read_text().split()]
    calls = [("64", nr, VECTORS[2]) for nr in range(1024)
             if nr not in golden + [335, 336]]
    calls += [("64", nr | X32, VECTORS[2]) for nr in range(512)]
    for (_, nr, _), record in zip(calls, attempts(daemon, calls)):
        equal(blocked(record), True, nr)
        contains(record["cause"], f"system call {nr} ")
        contains(daemon.log(), f"system call {nr} ")
    # By int 0x80 the numbers are those of i386.
    record, = attempts(daemon, [("80", 2, VECTORS[2])])
    equal(blocked(record), True)
    contains(record["cause"], "system call 2 ")


@test
def test_violation_of_a_template_is_named_on_request():
    daemon = start("--name-violations", worker=FAKE)
    equal(daemon.status("load-violation\n"), "SV")
    contains(daemon.log(), "forbidden system call 80")      # chdir
    equal(daemon.status("exit 0\n"), "OK")


def sleeping(daemon):
    """A daemon with one call that sleeps, and its processes."""
    conn = daemon.connect()
    conn.call("submit", {"module": b"probe", "invoke": "sleep",
                         "params": ["0xffffffffffffffff"]})
    until(lambda: {"init", "zygote", "template", "child"} ==
          set(confined(daemon)), what="all processes")
    return confined(daemon)


@test
def test_no_process_has_a_privilege():
    daemon = start(worker=PROBE)
    processes = sleeping(daemon)
    until(lambda: status_of(processes["child"])["Seccomp_filters"] == "3",
          what="the child's last filter")
    for part, pid in {**processes, "daemon": daemon.process.pid}.items():
        fields = status_of(pid)
        equal(fields["NoNewPrivs"], "1", part)
        if part != "daemon":
            equal(fields["Seccomp"], "2", part)
        for name in ("CapEff", "CapPrm", "CapInh", "CapAmb"):
            equal(int(fields[name], 16), 0, f"{part}: {name}")
        for name in ("Uid", "Gid"):
            equal("0" in fields[name].split(), False, f"{part}: {name}")


@test
def test_child_holds_two_pipes_and_no_text_of_the_host():
    need_root()
    daemon = start(worker=PROBE, env={"SECRET": "of the host"})
    processes = sleeping(daemon)
    child = pathlib.Path(f"/proc/{processes['child']}")
    # A sanitizer's report needs the third.
    fds = ["0", "1", "2"] if SANITIZED else ["0", "1"]
    until(lambda: sorted(os.listdir(child / "fd")) == fds,
          what="these descriptors alone")
    for fd in ("0", "1"):
        equal(os.readlink(child / "fd" / fd)[:5], "pipe:")
    for part, pid in processes.items():
        proc = pathlib.Path(f"/proc/{pid}")
        equal((proc / "cmdline").read_bytes(), b"wasmd-worker\0", part)
        equal((proc / "environ").read_bytes(), b"", part)
        # Nor among what is mapped: the worker and nothing else of a file,
        # unless a sanitizer needs its libraries.
        files = {line.split()[5] for line in
                 (proc / "maps").read_text().splitlines() if "/" in line}
        files = {name for name in files if not name.startswith("/memfd:") and
                 not (SANITIZED and name.startswith("/usr/lib"))}
        equal(files, {str(PROBE.resolve())}, part)


@test
def test_no_process_has_writable_code():
    need_root()
    daemon = start(worker=PROBE)
    for part, pid in sleeping(daemon).items():
        for line in pathlib.Path(f"/proc/{pid}/maps").read_text().splitlines():
            rights = line.split()[1]
            equal("w" in rights and "x" in rights, False, f"{part}: {line}")
