"""What bad input gets: one clear message or a closed connection, at bounded
cost, with every other job untouched."""
import os
import signal
import socket
import struct
import subprocess
import time

import wire
from harness import (at_end, contains, equal, one_message, start, until,
                     WASMCTL)
from service import (HEAD, Daemon, bad_input, binary, guest, guest_bytes, leb,
                     section)


def body_with_locals(runs):
    """A module with one function, whose locals are these (count, type)."""
    body = leb(len(runs)) + b"".join(leb(n) + t for n, t in runs) + b"\x0b"
    return (HEAD + section(1, b"\1\x60\0\0") + section(3, b"\1\0") +
            section(10, b"\1" + leb(len(body)) + body))


def refused(daemon, path, code, *words, options=()):
    """The module is refused with one message that names it and the words."""
    began = time.monotonic()
    result = daemon.run(*options, path)
    equal(result.returncode, code)
    message = one_message(result.stderr)
    contains(message, str(path))
    for word in words:
        contains(message, word)
    equal(time.monotonic() - began < 5, True, "in time")
    return message


# ---- modules -----------------------------------------------------------------

@bad_input
def test_not_a_module(daemon):
    refused(daemon, binary(b"hello, this is text\n"), 126, "magic")
    refused(daemon, binary(b""), 126)
    refused(daemon, "/proc/self/exe", 126)


@bad_input
def test_truncated_module(daemon):
    whole = guest_bytes("args")
    for size in (4, 7, 8 + 1, len(whole) // 2, len(whole) - 60):
        result = daemon.run(binary(whole[:size]))
        equal(result.returncode, 126, size)
        one_message(result.stderr)


@bad_input
def test_500_million_locals(daemon):
    before = daemon.memory()
    refused(daemon, binary(body_with_locals([(500_000_000, b"\x7f")])), 126,
            "locals")
    refused(daemon, binary(body_with_locals([(0xffffffff, b"\x7f")] * 2)), 126,
            "locals")
    equal(daemon.memory() - before < 32 << 20, True, "memory")


@bad_input
def test_2_gigabyte_length_field(daemon):
    before = daemon.memory()
    for number in range(0, 13):
        data = HEAD + section(number, b"\1", length=0x7fffffff)
        equal(daemon.run(binary(data)).returncode, 126, number)
    data = HEAD + section(1, b"\xff\xff\xff\xff\x07")
    refused(daemon, binary(data), 126)
    equal(daemon.memory() - before < 32 << 20, True, "memory")


@bad_input
def test_module_that_does_not_validate(daemon):
    body = b"\0\x6a\x0b"        # i32.add of nothing
    data = (HEAD + section(1, b"\1\x60\0\0") + section(3, b"\1\0") +
            section(10, b"\1" + leb(len(body)) + body))
    refused(daemon, binary(data), 126, "type mismatch")


@bad_input
def test_import_that_is_missing(daemon):
    refused(daemon, guest("import"), 126, "unknown import", "nowhere")


@bad_input
def test_memory_larger_than_the_limit(daemon):
    refused(daemon, guest("huge"), 137, options=["--max-memory", "64M"])


@bad_input
def test_nothing_to_run(daemon):
    refused(daemon, guest("nostart"), 127, "_start")


# ---- calls -------------------------------------------------------------------

@bad_input
def test_missing_export(daemon):
    message = refused(daemon, guest("types"), 127,
                      options=["--invoke", "nosuch\x1b[31m"])
    contains(message, "nosuch")
    equal("\x1b" in message, False)


@bad_input
def test_export_that_is_no_function(daemon):
    refused(daemon, guest("types"), 127, "global",
            options=["--invoke", "global"])


@bad_input
def test_argument_of_the_wrong_type(daemon):
    path = guest("types")
    for name, *args in (("i32", "abc"), ("i32", "1.5"), ("i32", ""),
                        ("i32", "4294967296"), ("i64", "0x"),
                        ("i64", "18446744073709551616"), ("f32", "one"),
                        ("i32",), ("i32", "1", "2"), ("none", "1")):
        result = daemon.run("--invoke", name, path, *args)
        equal(result.returncode, 125, (name, args))
        one_message(result.stderr)


# ---- guests that do not end, or want everything ------------------------------

@bad_input
def test_infinite_loop(daemon):
    began = time.monotonic()
    result = daemon.run("--timeout", "500ms", guest("loop"))
    equal(result.returncode, 124)
    contains(one_message(result.stderr), "time")
    equal(time.monotonic() - began < 3, True, "in time")
    result = daemon.run("--cpu", "200ms", guest("loop"))
    equal(result.returncode, 124)
    contains(one_message(result.stderr), "CPU")


@bad_input
def test_unbounded_recursion(daemon):
    for options in ([], ["--invoke", "wide"], ["--invoke", "indirect"]):
        result = daemon.run(*options, guest("recurse"))
        equal(result.returncode, 134, options)
        contains(one_message(result.stderr), "call stack exhausted")
        equal(len(result.stderr) < 16384, True, "length of the backtrace")


@bad_input
def test_memory_grow_for_ever(daemon):
    code, record = daemon.record("--max-memory", "8M", guest("grow"))
    equal(code, 128)
    equal(record["memory_pages_peak"], 128)
    result = daemon.run("--timeout", "300ms", "--max-memory", "8M", "--invoke",
                        "insist", guest("grow"))
    equal(result.returncode, 124)


@bad_input
def test_sleep_counts_as_time(daemon):
    began = time.monotonic()
    equal(daemon.run("-t", "300ms", guest("sleep")).returncode, 124)
    equal(time.monotonic() - began < 3, True, "in time")


@bad_input
def test_output_flood_to_a_client_that_does_not_read(daemon):
    before = daemon.memory()
    floods = [daemon.start(guest("flood")) for _ in range(4)]
    time.sleep(1.5)
    equal(daemon.memory() - before < 16 << 20, True, "memory")
    # It stands still: nothing is computed for nobody.
    equal([flood.poll() for flood in floods], [None] * 4)
    for flood in floods:
        flood.send_signal(signal.SIGINT)
        equal(flood.wait(5), 130)


@bad_input
def test_output_flood_to_a_connection_that_does_not_read(daemon):
    before = daemon.memory()
    conn = daemon.connect()
    for _ in range(4):
        conn.request("submit", {"module": guest_bytes("flood"),
                                "credit": 16 << 20})
    time.sleep(1)
    equal(daemon.memory() - before < 24 << 20, True, "memory")
    conn.close()


@bad_input
def test_output_limit(daemon):
    result = daemon.run("--max-output", "1M", guest("flood"))
    equal(result.returncode, 137)
    equal(result.stdout, b"x" * (1 << 20))
    contains(one_message(result.stderr), "output")


# ---- clients -----------------------------------------------------------------

@bad_input
def test_client_that_dies_in_the_middle(_daemon):
    # Without children that were forked ahead, only calls have any.
    daemon = Daemon("--ready", "0")
    daemon.run(guest("exit"))
    until(lambda: len(daemon.children()) == 3,
          what="init, zygote and a template")
    for name in ("loop", "flood", "sleep", "cat"):
        before = len(daemon.children())
        client = daemon.start(guest(name), stdin=subprocess.PIPE)
        until(lambda: len(daemon.children()) == before + 2,
              what="a template and its child")
        client.kill()
        client.wait()
        until(lambda: len(daemon.children()) == before + 1,
              what="the child's end")


@bad_input
def test_client_that_dies_in_the_middle_of_a_frame(daemon):
    data = wire.frame([0, 1, "hello", {"version": 1}])
    for size in (1, 3, 4, 5, len(data) - 1):
        conn = daemon.connect(greet=False)
        conn.sock.sendall(data[:size])
        conn.close()
    conn = daemon.connect()
    frame = wire.frame([0, 2, "submit", {"module": guest_bytes("cat")}])
    conn.sock.sendall(frame[:-5])
    conn.close()


GARBAGE = [
    b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", b"\0\0\0\0",
    b"\xff\xff\xff\xff" + b"x" * 100, struct.pack(">I", 1 << 20) + b"\xc1" * 9,
    struct.pack(">I", 1) + b"\xc1", struct.pack(">I", 2 << 20) + b"\x90",
    wire.frame(None), wire.frame([]), wire.frame([3, 1, "hello", {}]),
    wire.frame([0, "one", "hello", {}]), wire.frame({"a": 1}),
    wire.frame([0, 1, "submit", {}]),   # before hello
    struct.pack(">I", 5) + b"\xdd\xff\xff\xff\xff",
    struct.pack(">I", 5) + b"\xc6\xff\xff\xff\xff",
    struct.pack(">I", 600) + b"\x91" * 600,
    bytes(range(256)) * 40,
]


@bad_input
def test_garbage_on_the_socket(daemon):
    before = daemon.descriptors()
    for data in GARBAGE:
        conn = daemon.connect(greet=False, timeout=5)
        closes_or_refuses(conn, data)
        conn.close()
    until(lambda: daemon.descriptors() <= before, what="closed connections")


def closes_or_refuses(conn, data):
    """The daemon answers with errors at most, and then closes; or waits for
    more of a frame whose length is allowed."""
    try:
        conn.sock.sendall(data)
        conn.sock.shutdown(socket.SHUT_WR)
        while True:
            message = conn.receive()
            equal(message[0], 1)
            equal(message[2] is not None, True, "an error")
    except (wire.Closed, ConnectionError, BrokenPipeError):
        pass


@bad_input
def test_garbage_after_the_greeting(daemon):
    for data in GARBAGE:
        conn = daemon.connect(timeout=5)
        closes_or_refuses(conn, data)
        conn.close()


@bad_input
def test_wrong_requests_are_answered_and_the_connection_goes_on(daemon):
    conn = daemon.connect()
    for method, params, word in (
            ("nosuch", {}, "nosuch"), ("submit", {}, "module"),
            ("submit", {"module": 7}, "module"),
            ("submit", {"module": b"x", "colour": "red"}, "colour"),
            ("submit", {"module": b"x", "args": ["x" * 70000] * 3}, "args"),
            ("cancel", {"job": 999999}, ""), ("cancel", {}, "job"),
            ("submit", {"module_fd": True}, "descriptor")):
        error, _ = conn.call(method, params)
        equal(error is not None, True, method)
        contains(error["text"], word)
    error, output, record = conn.run(guest_bytes("exit"), args=["x"])
    equal((error, record["status"]), (None, "OK"))


@bad_input
def test_other_connections_cannot_feed_or_follow_a_job(daemon):
    conn, other = daemon.connect(), daemon.connect()
    _, result = conn.call("submit", {"module": guest_bytes("sleep")})
    error, _ = other.call("follow", {"job": result["job"]})
    equal(error["name"], "no-such-job")
    other.notify("job.input", {"job": result["job"], "eof": True})
    conn.request("cancel", {"job": result["job"]})
    message = conn.receive()
    while message[0] != 2:
        message = conn.receive()
    equal((message[1], message[2]["status"]), ("job.exit", "CA"))


@bad_input
def test_1000_connections_that_say_nothing(daemon):
    before = daemon.memory(), daemon.descriptors()
    silent = []
    at_end(lambda: [sock.close() for sock in silent])
    refused_count = 0
    for _ in range(1000):
        sock = socket.socket(socket.AF_UNIX)
        silent.append(sock)
        sock.settimeout(5)
        try:
            sock.connect(daemon.socket)
        except (ConnectionError, OSError):
            refused_count += 1
    equal(daemon.memory() - before[0] < 64 << 20, True, "memory")
    # A client that does speak is served, or told at once why not.
    began = time.monotonic()
    result = daemon.run(guest("exit"))
    equal(result.returncode in (0, 125), True, result)
    equal(time.monotonic() - began < 10, True, "in time")
    for sock in silent:
        sock.close()
    until(lambda: daemon.descriptors() <= before[1] + 8,
          what="closed connections")


@bad_input
def test_descriptors_that_are_no_module(daemon):
    reader, writer = os.pipe()
    directory = os.open("/", os.O_RDONLY)
    null = os.open("/dev/null", os.O_RDWR)
    for fd in (reader, writer, directory, null, 0):
        conn = daemon.connect()
        conn.request("submit", {"module_fd": True}, fds=[fd])
        message = conn.receive()
        while message[0] == 2 and message[1] != "job.exit":
            message = conn.receive()
        if message[0] == 1 and message[2] is None:
            message = conn.receive()
            equal(message[2]["status"], "IV")
        conn.close()
    for fd in (reader, writer, directory, null):
        os.close(fd)


@bad_input
def test_descriptors_that_nobody_asked_for(daemon):
    before = daemon.descriptors()
    for count in (1, 3, 8):
        conn = daemon.connect(timeout=5)
        try:
            conn.request("check", {}, fds=[0] * count)
            conn.receive()
        except (wire.Closed, ConnectionError):
            pass
        conn.close()
    until(lambda: daemon.descriptors() <= before, what="closed descriptors")


@bad_input
def test_stopped_client_does_not_stop_others(daemon):
    client = start([WASMCTL, "run", guest("flood")], env=daemon.env)
    client.stdout.read(1000)
    client.send_signal(signal.SIGSTOP)
    time.sleep(0.5)
    equal(daemon.run(guest("exit")).returncode, 0)
    client.send_signal(signal.SIGCONT)
    client.send_signal(signal.SIGINT)
    equal(client.wait(5), 130)
