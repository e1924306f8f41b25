"""Detached jobs from the command line: submit -d, ps, status, logs, attach,
wait, kill, rm and events."""
import json
import signal
import subprocess

from harness import (WASMCTL, contains, equal, one_message, run, start, test,
                     until)
from service import Daemon, guest


def wasmctl(daemon, *args, **options):
    return run([WASMCTL, *args], env=daemon.env, **options)


def detach(daemon, name, *args, options=()):
    result = wasmctl(daemon, "submit", "--detach", *options, guest(name), *args)
    equal((result.returncode, result.stderr), (0, b""))
    return result.stdout.decode().strip()


@test
def test_submit_wait_logs_and_forget():
    daemon = Daemon()
    job = detach(daemon, "streams")
    direct = daemon.run(guest("streams"))
    waited = wasmctl(daemon, "wait", job)
    equal((waited.returncode, waited.stdout), (direct.returncode, b""))
    for args in (["logs", job], ["logs", "-f", job], ["attach", job]):
        result = wasmctl(daemon, *args)
        equal((result.stdout, result.stderr), (direct.stdout, direct.stderr),
              args)
    record = json.loads(wasmctl(daemon, "wait", "--json", job).stdout)
    equal((record["status"], record["job"]), ("OK", int(job)))
    contains(wasmctl(daemon, "ps").stdout.decode(), "done OK 0")
    contains(wasmctl(daemon, "status", job).stdout.decode(), "detached")
    equal(wasmctl(daemon, "rm", job).returncode, 0)
    equal(wasmctl(daemon, "ps").stdout, b"")
    for verb in ("rm", "logs", "wait", "attach", "kill", "status"):
        result = wasmctl(daemon, verb, job)
        equal(result.returncode, 127, verb)
        contains(one_message(result.stderr), "no such job")


@test
def test_exits_as_the_job_did():
    daemon = Daemon()
    for name, code in (("trap", 134), ("nostart", 127)):
        job = detach(daemon, name)
        result = wasmctl(daemon, "wait", job)
        equal(result.returncode, code, name)
        contains(result.stderr.decode(), f"job {job}")
    job = detach(daemon, "loop", options=("--timeout", "100ms"))
    equal(wasmctl(daemon, "wait", job).returncode, 124)


@test
def test_attach_feeds_and_interrupting_leaves_it_running():
    daemon = Daemon()
    job = detach(daemon, "cat", options=("--open-stdin",))
    client = start([WASMCTL, "attach", job], env=daemon.env,
                   stdin=subprocess.PIPE)
    client.stdin.write(b"one\n")
    client.stdin.flush()
    equal(client.stdout.read(4), b"one\n")
    client.send_signal(signal.SIGINT)
    equal(client.wait(10), 130)
    contains(wasmctl(daemon, "ps").stdout.decode(), "running")
    result = wasmctl(daemon, "attach", job, input=b"two\n")
    equal((result.returncode, result.stdout), (0, b"one\ntwo\n"))


@test
def test_kill_ends_it():
    daemon = Daemon()
    job = detach(daemon, "loop")
    follower = start([WASMCTL, "logs", "-f", job], env=daemon.env)
    equal(wasmctl(daemon, "kill", job).returncode, 0)
    equal(wasmctl(daemon, "wait", job).returncode, 143)
    equal(follower.wait(10), 0)
    # Of another connection, too.
    client = daemon.start(guest("loop"))
    line = until(lambda: wasmctl(daemon, "ps", "--json").stdout.splitlines())
    running = until(lambda: [
        item["job"] for item in map(json.loads, wasmctl(
            daemon, "ps", "--json").stdout.splitlines())
        if item["state"] == "running"])
    equal(wasmctl(daemon, "kill", str(running[0])).returncode, 0)
    equal(client.wait(10), 143)
    equal(len(line) > 0, True)


@test
def test_top_lists_what_is_active_and_what_runs_first():
    daemon = Daemon("--max-running", "1")
    equal(b"STATE" in wasmctl(daemon, "top").stdout, False)
    first = detach(daemon, "exit")
    wasmctl(daemon, "wait", first)
    jobs = [detach(daemon, "sleep") for _ in range(3)]
    until(lambda: b"running" in wasmctl(daemon, "ps").stdout)
    lines = wasmctl(daemon, "top").stdout.decode().splitlines()
    lines = lines[[n for n, line in enumerate(lines) if "STATE" in line][0]:]
    equal([line.split()[0] for line in lines], ["JOB", *jobs])
    equal(["running" in line for line in lines], [False, True, False, False])
    wasmctl(daemon, "kill", *jobs)


@test
def test_events_come_as_they_happen():
    daemon = Daemon()
    watcher = start([WASMCTL, "events", "--json"], env=daemon.env)
    until(lambda: daemon.run(guest("exit")) and True)
    states = []
    while "done" not in states:
        states.append(json.loads(watcher.stdout.readline())["state"])
    watcher.terminate()
    plain = start([WASMCTL, "events"], env=daemon.env)
    daemon.run(guest("exit"))
    until(lambda: daemon.run(guest("exit")) and True)
    contains(plain.stdout.readline().decode(), "job ")


@test
def test_what_was_not_kept_is_marked():
    daemon = Daemon()
    job = detach(daemon, "flood", options=(
        "--keep", "64K", "--max-output", "1M"))
    equal(wasmctl(daemon, "wait", job).returncode, 137)
    result = wasmctl(daemon, "logs", job)
    equal(0 < len(result.stdout) <= 65536, True)
    contains(one_message(result.stderr), "bytes of output are missing")


@test
def test_wrong_use_of_jobs_is_explained():
    daemon = Daemon()
    for args, word in (
            (("wait",), "which job"), (("kill", "x"), "not the number"),
            (("logs", "1", "2"), "which job"), (("ps", "1"), "no operands"),
            (("submit", "--keep", "1M", guest("exit")), "--detach"),
            (("submit", "--open-stdin", guest("exit")), "--detach"),
            (("submit", "-d", "--keep", "17M", guest("exit")), "16M"),
            (("submit", "--priority", "10", guest("exit")), "at most 9"),
            (("submit", "-d", "--json", guest("exit")), "")):
        result = wasmctl(daemon, *args)
        equal(result.returncode, 125, args)
        if word:
            contains(one_message(result.stderr), word)
