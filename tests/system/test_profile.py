"""Profiles: --profile."""
import json
import signal
import time

from harness import contains, equal, test, until
from service import Daemon, binary, guest, guest_bytes


def profile(daemon, *args):
    """(status of the record, functions by name)."""
    _, record = daemon.record("--profile", *args)
    functions = {}
    for function in record["profile"]["functions"]:
        functions[function["name"]] = function
    equal(record["profile"]["called"], len(functions))
    return record, functions


@test
def test_table_goes_to_standard_error():
    result = Daemon().run("--profile", guest("profiled"))
    equal((result.returncode, result.stdout), (0, b""))
    lines = result.stderr.decode().splitlines()
    contains(lines[0], "3 functions")
    equal(lines[1].split(), ["self", "total", "calls", "instructions",
                             "function"])
    rows = {line.split()[-1]: line.split() for line in lines[2:]}
    equal(sorted(rows), ["_start", "leaf", "middle"])
    equal(rows["leaf"][2], "4")
    equal(rows["middle"][2], "2")


@test
def test_counts_are_exact():
    record, functions = profile(Daemon(), guest("profiled"))
    leaf, middle = functions["leaf"], functions["middle"]
    equal((leaf["kind"], leaf["calls"], middle["calls"]), ("guest", 4, 2))
    equal(24000 <= leaf["instructions"] <= 24040, True, leaf)
    equal(leaf["instructions"], leaf["total_instructions"])
    equal(sum(f["instructions"] for f in functions.values()), record["fuel"])
    equal(middle["total_instructions"],
          middle["instructions"] + leaf["instructions"])
    equal(middle["total_ns"] >= leaf["total_ns"], True, "times")
    # The same without: a profile changes nothing that the guest could see.
    _, plain = Daemon().record(guest("profiled"))
    equal(plain["fuel"], record["fuel"])
    equal("profile" in plain, False)


@test
def test_host_functions_are_in_it():
    _, functions = profile(Daemon(), "-i", "write", guest("profiled"))
    host = functions["wasi_snapshot_preview1.fd_write"]
    equal((host["kind"], host["calls"]), ("host", 1))


@test
def test_it_is_there_however_the_guest_ends():
    daemon = Daemon()
    for args, status in ((("-i", "trap"), "TR"), (("-i", "exit"), "RE"),
                         (("-i", "trap", "--fuel", "3000"), "TF")):
        record, functions = profile(daemon, *args, guest("profiled"))
        equal(record["status"], status)
        equal(functions["leaf"]["calls"], 1)
    # Nothing ran.
    _, record = daemon.record("--profile", "-i", "nope", guest("profiled"))
    equal((record["status"], "profile" in record), ("NF", False))


def stuck(record, functions):
    """What hangs is what took most, though it never came to its end."""
    first = record["profile"]["functions"][0]
    equal(first["name"], "stuck")
    equal(first["instructions"] > 1000000, True, first)
    equal(functions["leaf"]["calls"], 1)
    equal(first["total_ns"] >= first["ns"] > 0, True, first)


@test
def test_it_is_there_when_a_limit_ends_the_call():
    daemon = Daemon()
    for limit, status in ((("-t", "400ms"), "TO"), (("--cpu", "300ms"), "TC")):
        record, functions = profile(daemon, *limit, "-i", "hang",
                                    guest("profiled"))
        equal(record["status"], status)
        stuck(record, functions)


@test
def test_it_is_there_after_ctrl_c():
    daemon = Daemon()
    meta = daemon.dir / "record"
    process = daemon.start("--profile", "--meta", meta, "-i", "hang",
                           guest("profiled"))
    until(lambda: any(s == "R" for s in daemon.children().values()))
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    equal(process.wait(10), 130)
    record = json.loads(meta.read_text())
    equal(record["profile"]["functions"][0]["name"], "stuck")


@test
def test_only_calls_that_ask_have_one():
    daemon = Daemon()
    contains(daemon.run("--profile", guest("profiled")).stderr, b"leaf")
    equal(daemon.run(guest("profiled")).stderr, b"")
    contains(daemon.run("--profile", guest("profiled")).stderr, b"leaf")
    result = daemon.run("--detach", "--profile", guest("profiled"))
    equal(result.returncode, 125)
    contains(result.stderr, b"--profile")


@test
def test_with_little_memory_and_preloaded_modules():
    daemon = Daemon()
    _, functions = profile(daemon, "-m", "1M", "--preload",
                           f"lib={guest('library')}", "-i", "add",
                           guest("linked"), "1", "2")
    contains(" ".join(functions), " of lib")


@test
def test_names_of_a_module_do_nothing_to_a_terminal():
    module = guest_bytes("profiled").replace(b"\6middle", b"\6\x1b[31m\n")
    result = Daemon().run("--profile", binary(module))
    equal((result.returncode, b"\x1b" in result.stderr), (0, False))
    contains(result.stderr, b"?[31m?")


@test
def test_it_is_not_for_what_is_not_run():
    conn = Daemon().connect()
    for mode in ("serve", "validate"):
        error, _ = conn.call("submit", {"module": guest_bytes("profiled"),
                                        "mode": mode, "profile": True})
        contains(error["text"], "profile")
