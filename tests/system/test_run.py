"""What a person at a shell gets: arguments, streams, exit codes, limits."""
import json
import os
import pty
import re
import signal
import subprocess
import termios
import time

from harness import (SANITIZED, SOURCE, WASMCTL, WATCHED, Skip, at_end,
                     contains, equal, need, one_message, run, scratch, start,
                     test, until)
from service import (EXAMPLES, HEAD, Daemon, binary, guest, guest_bytes, leb,
                     section)


@test
def test_arguments_and_environment_arrive():
    daemon = Daemon()
    result = daemon.run("-e", "A=1=2", "-e", "EMPTY=", guest("args"), "-x", "",
                        "ä b", "--")
    equal(result.stdout, "args.wasm\0-x\0\0ä b\0--\0".encode())
    equal(result.stderr, b"A=1=2\0EMPTY=\0")
    equal(daemon.run(guest("args")).stderr, b"")


@test
def test_many_arguments_arrive():
    args = ["x" * 1000] * 90
    result = Daemon().run(guest("args"), *args)
    equal(result.stdout.split(b"\0")[1:-1], [a.encode() for a in args])


@test
def test_stdin_goes_through_byte_for_byte():
    data = bytes(range(256)) * 8192 + b"end"
    result = Daemon().run(guest("cat"), input=data)
    equal(result.stdout == data, True, "the same bytes")
    equal(result.returncode, 0)


@test
def test_stdin_is_the_next_commands():
    daemon = Daemon()
    script = ('while read -r line; do "$0" run "$1"; echo "$line"; done')
    result = run(["sh", "-c", script, WASMCTL,
                  str(guest("exit"))], env=daemon.env, input=b"1\n2\n3\n")
    equal(result.stdout, b"1\n2\n3\n")


@test
def test_stdin_may_be_a_named_file():
    daemon = Daemon()
    source = daemon.dir / "input"
    source.write_bytes(b"from a file")
    equal(daemon.run("--stdin", str(source), guest("cat"), input=b"x").stdout,
          b"from a file")
    # The module may come from where standard input was.
    module = guest_bytes("cat")
    equal(daemon.run("--stdin", str(source), "-", input=module).stdout,
          b"from a file")
    missing = daemon.run("--stdin", str(source) + "x", guest("cat"))
    equal(missing.returncode, 127)
    contains(missing.stderr.decode(), "--stdin")


@test
def test_no_stdin_is_an_empty_one():
    daemon = Daemon()
    equal(daemon.run("-n", guest("cat"), input=b"x").stdout, b"")
    equal(daemon.run(guest("cat"), stdin=subprocess.DEVNULL).stdout, b"")


@test
def test_prompt_without_newline_appears_at_once():
    process = Daemon().start(guest("prompt"), stdin=subprocess.PIPE)
    equal(os.read(process.stdout.fileno(), 100), b"name? ")
    process.stdin.write(b"bob\n")
    process.stdin.flush()
    equal(process.stdout.read(), b"hello bob\n")
    equal(process.wait(5), 0)


@test
def test_prompt_on_a_terminal():
    daemon = Daemon()
    master, slave = pty.openpty()
    process = daemon.start(guest("prompt"), stdin=slave, stdout=slave,
                           stderr=slave)
    os.close(slave)
    equal(os.read(master, 100), b"name? ")
    os.write(master, b"bob\n")
    until(lambda: process.poll() is not None)
    shown = b""  # the echo may come alone
    while b"hello bob" not in shown:
        shown += os.read(master, 1000)
    os.close(master)


@test
def test_streams_stay_in_order():
    out = scratch() / "both"
    with open(out, "wb") as both:
        Daemon().run(guest("streams"), stdout=both, stderr=both)
    equal(out.read_bytes(),
          b"".join(b"o%d e%d " % (n, n) for n in range(10)))


@test
def test_exit_codes():
    daemon = Daemon()
    path = guest("exit")
    equal(daemon.run(path).returncode, 0)
    for code in (0, 1, 42, 125, 255):
        result = daemon.run("--invoke", "exit", path, str(code))
        equal((result.returncode, result.stderr), (code, b""))
    code, record = daemon.record("--invoke", "exit", path, "4294967295")
    equal((code, record["exit_code"], record["status"]),
          (255, 4294967295, "RE"))
    equal(daemon.run("/nosuch.wasm").returncode, 127)
    equal(daemon.run("--invoke", "nosuch", path).returncode, 127)
    equal(daemon.run("--nosuch", path).returncode, 125)


@test
def test_trap_is_told_with_names_and_offsets():
    daemon = Daemon()
    path = guest("trap")
    result = daemon.run(path)
    equal(result.returncode, 134)
    lines = result.stderr.decode().splitlines()
    equal(lines[0], f"wasmctl: {path}: trapped: integer divide by zero")
    equal(len(lines), 4, "frames")
    contains(lines[1], "divide")
    contains(lines[2], "middle")
    equal(bool(re.search(r"0x[0-9a-f]+", lines[1])), True, lines[1])
    for name, text in (("unreachable", "unreachable"),
                       ("beyond", "out of bounds memory access")):
        result = daemon.run("--invoke", name, path)
        equal(result.returncode, 134)
        contains(one_message(result.stderr), text)


@test
def test_typed_parameters_and_results():
    daemon = Daemon()
    rows = [("i32", "-1", "-1"), ("i32", "4294967295", "-1"),
            ("i32", "0x10", "16"), ("i64", "-9223372036854775808",
                                    "-9223372036854775808"),
            ("f32", "1.5", "1.5"), ("f64", "-0.5", "-0.5"),
            ("f64", "inf", "inf")]
    for name, given, expected in rows:
        result = daemon.run("--invoke", name, guest("types"), given)
        equal((result.returncode, result.stdout.decode()),
              (0, expected + "\n"), (name, given))
    for given in ("0.1", "1e300", "-0.0", "5e-324"):
        result = daemon.run("--invoke", "f64", guest("types"), given)
        equal(float(result.stdout), float(given), given)
    contains(daemon.run("--invoke", "f64", guest("types"), "nan").stdout,
             b"nan")
    result = daemon.run("--invoke", "swap", guest("types"), "1", "2")
    equal(result.stdout, b"2\n1\n")
    equal(daemon.run("--invoke", "none", guest("types")).stdout, b"")


@test
def test_fuel_stops_at_the_same_place():
    daemon = Daemon()
    result = daemon.run("--fuel", "100000", guest("loop"))
    equal(result.returncode, 124)
    contains(one_message(result.stderr), "fuel")
    used = set()
    for _ in range(3):
        code, record = daemon.record("--invoke", "rounds", guest("loop"),
                                     "10000")
        equal(code, 0)
        used.add(record["fuel"])
    equal(len(used), 1, "different uses of fuel")
    equal(used.pop() >= 10000, True, "fuel")


@test
def test_timeout_takes_as_long_as_it_says():
    daemon = Daemon()
    began = time.monotonic()
    equal(daemon.run("-t", "400ms", guest("sleep")).returncode, 124)
    seconds = time.monotonic() - began
    equal(0.35 < seconds < 1.5, True, f"{seconds} s")


@test
def test_sleep_wakes_in_time():
    daemon = Daemon()
    code, record = daemon.record("--invoke", "sleep", guest("sleep"), "300")
    equal(code, 0)
    equal(300_000 <= record["wall_us"] < 2_000_000, True, record["wall_us"])
    equal(record["cpu_us"] < 100_000, True, record["cpu_us"])


@test
def test_ctrl_c_ends_the_guest_and_exits_130():
    daemon = Daemon()
    for name in ("loop", "sleep", "flood", "cat"):
        before = len(daemon.children())
        client = daemon.start(guest(name), stdin=subprocess.PIPE)
        until(lambda: len(daemon.children()) >= before + 2,
              what="a template and its child")
        time.sleep(0.3)
        client.send_signal(signal.SIGINT)
        equal(client.wait(5), 130, name)


@test
def test_closed_stdout_ends_the_guest():
    daemon = Daemon()
    result = run(["sh", "-c", '"$0" run "$1" | head -c 5', WASMCTL,
                  str(guest("flood"))], env=daemon.env, seconds=10)
    equal((result.stdout, result.stderr), (b"xxxxx", b""))
    client = daemon.start(guest("sleep"))
    time.sleep(0.2)
    client.stdout.close()
    equal(client.wait(5), 143)


@test
def test_record_is_complete():
    daemon = Daemon()
    data = b"12345\n"
    code, record = daemon.record(guest("cat"), input=data)
    equal(code, 0)
    equal(record["status"], "OK")
    equal((record["bytes_in"], record["bytes_out"], record["bytes_err"]),
          (6, 6, 0))
    equal(len(record["module"]), 64)
    equal(record["memory_pages_peak"], 2)
    equal(record["wall_us"] > 0, True)
    contains(" ".join(record["layers"]), "seccomp")


@test
def test_record_tells_how_much_memory_there_was():
    # memory.fill of 4 MiB: the kernel counts small processes roughly only
    body = b"\0\x41\0\x41\1\x41\x80\x80\x80\2\xfc\x0b\0\x0b"
    code, record = Daemon().record(binary(
        HEAD + section(1, b"\1\x60\0\0") + section(3, b"\1\0") +
        section(5, b"\1\0\x40") + section(7, b"\1\6_start\0\0") +
        section(10, b"\1" + leb(len(body)) + body)))
    equal(code, 0)
    equal(record["memory_pages_peak"], 64)
    most = (256 if SANITIZED else 16) << 20
    equal(4 << 20 <= record["max_rss"] < most, True, record["max_rss"])


@test
def test_check_names_every_layer():
    daemon = Daemon()
    result = run([WASMCTL, "check"], env=daemon.env)
    equal(result.returncode, 0)
    text = (SOURCE / "sandbox" / "layers.def").read_text()
    for name in re.findall(r'^LAYER\(\w+, "([^"]+)"', text, re.M):
        contains(result.stdout.decode(), name)


@test
def test_jobs_at_the_same_time():
    daemon = Daemon()
    clients = [daemon.start("--invoke", "sleep", guest("sleep"), "500")
               for _ in range(20)]
    began = time.monotonic()
    equal([client.wait(20) for client in clients], [0] * 20)
    equal(time.monotonic() - began < 5, True, "side by side")


@test
def test_memory_of_one_call_is_not_the_next_ones():
    daemon = Daemon()
    conn = daemon.connect()
    for _ in range(3):
        _, output, _ = conn.run(guest_bytes("streams"), args=["x"])
        equal(output[1], b"o0 o1 o2 o3 o4 o5 o6 o7 o8 o9 ")


@test
def test_nothing_is_left_after_1000_calls():
    daemon = Daemon("--ready", "1")
    conn = daemon.connect()
    module = guest_bytes("exit")
    for _ in range(20):
        conn.run(module, args=["x"])
    before = daemon.descriptors(), len(daemon.children()), daemon.memory()
    for _ in range(1000):
        error, _, record = conn.run(module, args=["x"])
        equal((error, record["status"]), (None, "OK"))
    equal("Z" in daemon.children().values(), False, "a zombie")
    # A child may be waiting for the next call, or not yet.
    until(lambda: daemon.descriptors() <= before[0] + 8,
          what="no descriptor left")
    until(lambda: len(daemon.children()) <= before[1] + 2,
          what="no process left")
    more = daemon.memory() - before[2]
    equal(more < (512 if WATCHED else 4) << 20, True, f"{more} bytes more")


# ---- programs of stock compilers ---------------------------------------------

@test
def test_c_examples_run():
    daemon = Daemon()
    equal(daemon.run(EXAMPLES / "hello.wasm", "you").stdout, b"Hello, you!\n")
    equal(daemon.run(EXAMPLES / "upper.wasm", input=b"abc\n").stdout, b"ABC\n")
    equal(daemon.run("--invoke", "gcd", EXAMPLES / "math.wasm", "84",
                     "36").stdout, b"12\n")
    result = daemon.run(EXAMPLES / "crash.wasm")
    equal(result.returncode, 134)
    for word in ("integer divide by zero", "share", "report"):
        contains(result.stderr.decode(), word)


def built(source):
    """Build one example from its source; skip when its compiler is lacking."""
    out = scratch()
    result = run(["sh", EXAMPLES / "build", out, EXAMPLES / source], seconds=50)
    equal(result.returncode, 0, result.stderr)
    if b"not built" in result.stdout:
        raise Skip(result.stdout.decode().strip())
    return next(out.glob("*.wasm"))


@test
def test_rust_program_runs():
    result = Daemon().run(built("words.rs"), "2", input=b"b a c b a b")
    equal(result.stdout, b"      3 b\n      2 a\n")


@test
def test_go_program_of_more_than_a_megabyte_runs():
    path = built("primes.go")
    equal(path.stat().st_size > 1 << 20, True, "size")
    result = Daemon().run(path, "30")
    equal(result.stdout.split(), b"2 3 5 7 11 13 17 19 23 29".split())


@test
def test_kept_examples_are_those_of_their_sources():
    need("wat2wasm")
    for source in ("hello.c", "upper.c", "crash.c", "math.wat"):
        path = built(source)
        kept = EXAMPLES / path.name
        if path.read_bytes() != kept.read_bytes():
            # Another version of the compiler: it must do the same.
            daemon = Daemon()
            options = ["--invoke", "add"] if source == "math.wat" else []
            args = ["1", "2"]
            results = [daemon.run(*options, p, *args) for p in (path, kept)]
            equal(results[0].stdout, results[1].stdout, source)
            equal(results[0].returncode, results[1].returncode, source)


@test
def test_stats_tell_what_was_done():
    daemon = Daemon()
    for _ in range(3):
        equal(daemon.run(guest("exit"), "0").returncode, 0)

    def stats(*options):
        result = run([WASMCTL, "stats", *options], env=daemon.env)
        equal((result.returncode, result.stderr), (0, b""))
        return result.stdout.decode()
    contains(stats(), "\nended       3 OK\n")
    contains(stats("--prometheus"), '\nwasmd_jobs_ended_total{status="OK"} 3\n')
    figures = json.loads(stats("--json"))
    equal(figures["wasmd_jobs_ended_total"]["OK"], 3)
    equal(figures["wasmd_job_run_seconds_count"], 3)
    equal(figures["wasmd_job_run_seconds_bucket"]["+Inf"], 3)


def screen(env, *options):
    """wasmctl top on a terminal: (process, terminal, how the terminal was)."""
    leader, follower = pty.openpty()
    before = termios.tcgetattr(follower)
    process = start([WASMCTL, "top", *options], stdin=follower, stdout=follower,
                    env=env)
    at_end(lambda: (os.close(leader), os.close(follower)))
    return process, leader, follower, before


def read_until(terminal, part, text=b""):
    while part not in text:
        text += os.read(terminal, 10000)
    return text


@test
def test_top_lives_until_q():
    daemon = Daemon()
    process, terminal, follower, before = screen(daemon.env, "-i", "50ms")
    text = read_until(terminal, b"since it started")
    contains(text.decode(), "\033[?1049h")
    read_until(terminal, b"changes, every 0.05 s")
    equal(daemon.run(guest("exit"), "0").returncode, 0)
    read_until(terminal, b"ended       1 OK")
    read_until(terminal, b"ended       none")     # since the last time
    os.write(terminal, b"q")
    read_until(terminal, b"\033[?1049l")
    equal(process.wait(10), 0)
    equal(termios.tcgetattr(follower), before)


@test
def test_top_gives_the_terminal_back_when_interrupted():
    daemon = Daemon()
    process, terminal, follower, before = screen(daemon.env)
    read_until(terminal, b"daemon      up")
    process.send_signal(signal.SIGINT)
    read_until(terminal, b"\033[?1049l")
    equal(process.wait(10), -signal.SIGINT)
    equal(termios.tcgetattr(follower), before)


@test
def test_top_without_a_terminal_shows_it_once():
    daemon = Daemon()
    result = run([WASMCTL, "top"], env=daemon.env)
    equal((result.returncode, result.stderr), (0, b""))
    equal(b"\033" in result.stdout, False)
    contains(result.stdout.decode(), "\ndaemon      up ")
    contains(one_message(run([WASMCTL, "top", "-i", "2h"],
                             env=daemon.env).stderr), "an hour")
