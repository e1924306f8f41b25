"""wasmctl open: an instance that stays, and takes calls line by line."""
import json
import os
import subprocess

from harness import (WASMCTL, contains, equal, one_message, run, start, test,
                     until)
from service import Daemon, binary, guest


def opened(daemon, lines, *args, module="plugin"):
    if isinstance(lines, (list, tuple)):
        lines = "\n".join(lines)
    return run([WASMCTL, "open", *args, guest(module)], env=daemon.env,
               input=lines if isinstance(lines, bytes) else lines.encode())


def printed(daemon, lines, *args, module="plugin"):
    result = opened(daemon, lines, *args, module=module)
    equal((result.returncode, result.stderr), (0, b""), lines)
    return result.stdout.decode().splitlines()


@test
def test_state_stays_from_line_to_line():
    daemon = Daemon()
    equal(printed(daemon, ["count", "", "  count  ", "# count", "count\n"]),
          ["101", "102", "103"])
    # In each alone.
    equal(printed(daemon, ["count", "add -5 1099511627776"]),
          ["101", "1099511627771"])
    equal(printed(daemon, ""), [])
    equal(daemon.run(guest("exit")).returncode, 0)


@test
def test_bytes_go_in_and_come_out():
    daemon = Daemon()
    result = opened(daemon, [r'-b shift "a b\x00\n\"\\"', '-b shift ""', "say"])
    equal((result.returncode, result.stdout),
          (0, b"b!c\x01\x0b#]\n\nhello\n"), result.stderr)
    digits = "7" * 100000
    equal(printed(daemon, f'-b shift "{digits}"'), ["8" * 100000])


@test
def test_every_type_goes_in_and_comes_out():
    from test_call import ALL
    daemon = Daemon()
    equal(printed(daemon, "all " + " ".join(ALL), module="values"), list(ALL))


@test
def test_failed_calls_are_told_and_others_go_on():
    daemon = Daemon()
    for line, code, words in (
            ("trap", 134, "trap: trapped: unreachable"),
            ("nothing", 127, "no function nothing"),
            ("add 1", 125, "not the function's"),
            ('add "x', 125, "quoted word"),
            ("add x 1", 125, "not of the function's type")):
        result = opened(daemon, [line, "count"])
        equal((line, result.returncode, result.stdout), (line, code, b"101\n"))
        contains(one_message(result.stderr), words)
    result = opened(daemon, ["exit 7", "count"])
    equal(result.returncode, 7)
    contains(result.stderr, b"exited with 7")
    contains(result.stderr, b"ended before the calls did")
    equal(opened(daemon, "exit 0").returncode, 0)
    # A line that cannot be one ends it, and others see nothing of that.
    result = opened(daemon, b"x" * (3 << 20))
    equal(result.returncode, 125)
    contains(one_message(result.stderr), "a line of more than")


@test
def test_limits_of_calls_and_of_its_life():
    daemon = Daemon()
    result = opened(daemon, ["count", "count", "count"], "--max-calls", "2")
    equal((result.returncode, result.stdout), (125, b"101\n102\n"))
    equal(printed(daemon, ["count", "count"], "--max-calls", "2"),
          ["101", "102"])
    result = opened(daemon, ["spin", "count"], "--fuel", "5000")
    equal((result.returncode, result.stdout), (124, b"101\n"))
    result = opened(daemon, ["spin"], "-t", "100ms")
    equal(result.returncode, 124)
    contains(one_message(result.stderr), "longer than --timeout")
    result = opened(daemon, ["spin"], "--max-age", "100ms")
    equal(result.returncode, 124)
    contains(one_message(result.stderr), "--max-age")
    equal(opened(daemon, ["spin"], "--cpu", "100ms").returncode, 124)
    equal(printed(daemon, ["nap 5", "count"], "-t", "20s"), ["101"])


@test
def test_reset_begins_again():
    daemon = Daemon()
    result = opened(daemon, ["count", "count", "trap", "count"], "--reset")
    equal((result.returncode, result.stdout), (134, b"101\n102\n101\n"))


@test
def test_as_json():
    daemon = Daemon()
    result = opened(daemon, ["add 1 2", '-b shift "ab"', "trap", "exit 3"],
                    "--json")
    equal((result.returncode, result.stderr), (134, b""))
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    equal([line["end"] for line in lines],
          ["returned", "returned", "trapped", "exited"])
    equal(lines[0]["results"], [{"type": "i64", "value": "3"}])
    equal((lines[1]["bytes"], lines[1]["results"]), ("bc", []))
    equal(lines[2]["cause"], "unreachable")
    equal((lines[3]["exit_code"], lines[3]["last"]), (3, True))
    equal(all(line["memory_pages"] == 2 for line in lines), True)


@test
def test_answers_come_as_lines_do():
    daemon = Daemon()
    process = start([WASMCTL, "open", guest("plugin")], env=daemon.env,
                    stdin=subprocess.PIPE)
    for n in range(101, 104):
        process.stdin.write(b"count\n")
        process.stdin.flush()
        equal(os.read(process.stdout.fileno(), 100), b"%d\n" % n)
    jobs = run([WASMCTL, "ps"], env=daemon.env).stdout
    contains(jobs, b"serving")
    number = jobs.splitlines()[1].split()[0].decode()
    killed = run([WASMCTL, "kill", number], env=daemon.env)
    equal(killed.returncode, 0, (jobs, killed.stderr))
    equal(process.wait(10), 143)


@test
def test_it_ends_with_its_client():
    daemon = Daemon()
    process = start([WASMCTL, "open", guest("plugin")], env=daemon.env,
                    stdin=subprocess.PIPE)
    process.stdin.write(b"spin\n")
    process.stdin.flush()
    until(lambda: b"serving" in run([WASMCTL, "ps"], env=daemon.env).stdout)
    process.kill()
    until(lambda: len(run([WASMCTL, "ps"],
                          env=daemon.env).stdout.splitlines()) <= 1)


@test
def test_what_cannot_be_opened_is_told():
    daemon = Daemon()
    for path, code in ((binary(b"no module"), 126), ("/none", 127), ("-", 125),
                       ("sha256:" + "0" * 64, 127)):
        result = run([WASMCTL, "open", path], env=daemon.env)
        equal((str(path), result.returncode), (str(path), code))
        one_message(result.stderr)
    equal(run([WASMCTL, "open"], env=daemon.env).returncode, 125)
    # Its start traps.
    result = opened(daemon, "count", module="trap")
    equal(result.returncode in (126, 127, 134), True, result.returncode)
