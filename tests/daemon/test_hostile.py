"""What bad clients and broken children get: their own end, and no one else's."""
import os
import socket
import struct
import time

import wire
from daemon import SANITIZED, Daemon, Witness, sealed, test
from harness import at_end, contains, equal, until


def raw(daemon, greet=False):
    conn = daemon.connect(greet=greet)
    return conn


def closed(conn, seconds=5):
    """Whether the daemon closes the connection; messages before are read."""
    conn.sock.settimeout(seconds)
    try:
        while True:
            conn.receive()
    except (wire.Closed, ConnectionResetError, BrokenPipeError):
        return True
    except TimeoutError:
        return False


# ---- bytes -------------------------------------------------------------------

@test
def test_garbage_closes_its_connection_only():
    d = Daemon()
    witness = Witness(d)
    for data in (b"GET / HTTP/1.1\r\n\r\n", b"\0" * 100, b"\xff" * 100,
                 b"\0\0\0\x01\xc1", struct.pack(">I", 5) + b"\xdd\xff\xff\xff\xff",
                 struct.pack(">I", 0x100001),
                 struct.pack(">I", 60000) + b"\x91" * 60000, os.urandom(1000)):
        for greet in (False, True):
            conn = raw(d, greet)
            try:
                conn.sock.sendall(data)
                if data[0] != 0 or len(data) > 4:
                    conn.sock.shutdown(socket.SHUT_WR)
            except OSError:
                pass
            equal(closed(conn), True, repr(data[:20]))
            conn.close()
        witness.check()


@test
def test_frames_cut_at_every_byte():
    d = Daemon()
    witness = Witness(d)
    data = wire.frame([0, 1, "hello", {"version": 1}]) + \
        wire.frame([0, 2, "submit", {"module": b"out cut\n"}])
    # The rest comes later ...
    for cut in range(1, len(data), 3):
        with wire.Connection.connect(d.socket, greet=False) as conn:
            conn.sock.sendall(data[:cut])
            time.sleep(0.001)
            conn.sock.sendall(data[cut:])
            equal(d.collect(conn)[0][1], b"cut\n")
    # ... or never.
    for cut in range(len(data)):
        with wire.Connection.connect(d.socket, greet=False) as conn:
            conn.sock.sendall(data[:cut])
    witness.check()


@test
def test_every_message_in_every_state():
    d = Daemon()
    params = {
        "hello": {"version": 1}, "submit": {"module": b"exit 0\n"},
        "cancel": {"job": 60000}, "check": {},
    }
    notes = {"job.credit": {"job": 1, "bytes": 1},
             "job.input": {"job": 1, "data": b"x"},
             "job.want_input": {"job": 1, "bytes": 1},
             "job.output": {"job": 1, "fd": 1, "data": b""}, "job.exit": {}}
    for name, value in params.items():
        conn = raw(d)
        error, _ = conn.call(name, value)
        equal(error is None, name == "hello", name)
        if name != "hello":
            equal(error["name"], "protocol")
            equal(closed(conn), True)
        conn = raw(d, True)
        error, _ = conn.call(name, value)
        equal(error is None, name not in ("hello", "cancel"), name)
    for name, value in notes.items():
        conn = raw(d)
        conn.notify(name, value)
        equal(closed(conn), True, name)
        conn = raw(d, True)
        conn.notify(name, value)
        equal(closed(conn, 0.3), name not in ("job.credit", "job.input"), name)


@test
def test_wrong_version_is_told():
    d = Daemon()
    conn = raw(d)
    error, _ = conn.call("hello", {"version": 2})
    equal(error["name"], "version")
    equal(conn.call("hello", {"version": 1})[0], None)


@test
def test_bad_requests_are_answered_and_forgotten():
    d = Daemon()
    conn = d.connect()
    for params, name in (
            ({}, "usage"), ({"module": b"", "module_fd": True}, "usage"),
            ({"module_fd": True}, "usage"), ({"module": "text"}, "usage"),
            ({"module": b"x", "unknown": 1}, "usage"),
            ({"module": b"x", "args": ["a", 1]}, "usage"),
            ({"module": b"x", "env": ["NOVALUE"]}, "usage"),
            ({"module": b"x", "params": ["1"]}, "usage"),
            ({"module": b"x", "seed": 1}, "usage"),
            ({"module": b"x", "seed": 1, "deterministic": False}, "usage"),
            ({"module": b"x", "stdin": True, "closed": 5}, "usage"),
            ({"module": b"x", "closed": 8}, "too-large"),
            ({"module": b"x", "tty": 8}, "too-large"),
            ({"module": b"x", "args": ["x" * 200000]}, "too-large"),
            ({"module": b"x" * 800000}, "too-large"),
            ({"module": b"x", "args": ["a\0b"]}, "usage")):
        error, _ = conn.call("submit", params)
        equal(error["name"], name, str(params)[:60])
        equal(bool(error["text"]), True)
    error, _ = conn.call("reboot", {})
    equal(error["name"], "usage")
    contains(error["text"], "reboot")
    equal(conn.run(b"exit 0\n")[2]["status"], "OK")


# ---- descriptors -------------------------------------------------------------

@test
def test_descriptors_that_are_no_memfd():
    d = Daemon()
    reader, writer = os.pipe()
    at_end(lambda: (os.close(reader), os.close(writer)))
    for path in ("/dev/zero", "/etc/passwd", "/proc/self/mem", "/"):
        fd = os.open(path, os.O_RDONLY)
        error, _ = d.connect().call("submit", {"module_fd": True}, [fd])
        os.close(fd)
        equal(error["name"], "usage", path)
    error, _ = d.connect().call("submit", {"module_fd": True}, [reader])
    equal(error["name"], "usage")
    big = os.memfd_create("big")
    os.truncate(big, 10 << 30)
    error, _ = d.connect().call("submit", {"module_fd": True}, [big])
    os.close(big)
    equal(error["name"], "too-large")


@test
def test_descriptors_that_nobody_wants_are_closed():
    d = Daemon()
    conn = d.connect()
    conn.call("check", {})
    before = d.descriptors()
    fds = [sealed(b"exit 0\n") for _ in range(10)]
    for fds_sent, message in (
            (fds[:1], [0, 9, "check", {}]), (fds[:2], [0, 9, "check", {}]),
            (fds, [0, 9, "submit", {"module_fd": True}]),
            (fds[:1], [0, 9, "submit", {"module": b"x"}]),
            (fds[:1], [0, 9, "nonsense", {}])):
        other = d.connect()
        try:
            other.send(message, fds_sent)
            closed(other, 0.3)
        except OSError:
            pass
        other.close()
    for fd in fds:
        os.close(fd)
    until(lambda: d.descriptors() <= before, what="closed descriptors")


@test
def test_module_changed_while_it_is_read():
    d = Daemon()
    fd = os.memfd_create("m")
    os.write(fd, b"exit 0\n" + b"#" * (20 << 20))
    conn = d.connect()
    conn.request("submit", {"module_fd": True}, [fd])
    os.truncate(fd, 5)
    message = conn.receive()
    os.close(fd)
    # Either it had been read, or it cannot be had: never anything else.
    if message[2] is not None:
        contains(message[2]["text"], "shorter")
    conn.run(b"exit 0\n")


# ---- quantity ----------------------------------------------------------------

@test
def test_clients_that_leave_while_their_module_is_read():
    d = Daemon()
    witness = Witness(d)
    for n in range(200):
        with wire.Connection.connect(d.socket) as conn:
            conn.request("submit", {"module": b"out x\n"})
            if n % 2:   # what is read in the same turn as the end
                conn.sock.shutdown(socket.SHUT_WR)
    witness.check()


@test
def test_a_thousand_silent_connections():
    d = Daemon("--hello-timeout", "2")
    witness = Witness(d)
    memory, descriptors = d.memory(), d.descriptors()
    socks = []
    for _ in range(1000):
        sock = socket.socket(socket.AF_UNIX)
        sock.connect(d.socket)
        socks.append(sock)
    until(lambda: d.descriptors() >= descriptors + 1000, what="all accepted")
    witness.check()
    equal(d.status("out in between\n"), "OK")
    equal((d.memory() - memory) / 1000 < 4096, True, "memory of each")
    until(lambda: d.descriptors() <= descriptors + 5, what="all closed")
    for sock in socks:
        equal(sock.recv(1), b"")
        sock.close()
    witness.check()


@test
def test_silent_connections_make_room():
    d = Daemon("--max-connections", "20")
    socks = [socket.socket(socket.AF_UNIX) for _ in range(50)]
    for sock in socks:
        sock.connect(d.socket)
    at_end(lambda: [sock.close() for sock in socks])
    equal(d.status("exit 0\n"), "OK")
    conns = [d.connect() for _ in range(20)]
    # All places are taken by clients that speak: one more is sent away.
    other = socket.socket(socket.AF_UNIX)
    at_end(other.close)
    other.connect(d.socket)
    other.settimeout(5)
    equal(other.recv(1), b"")
    equal(conns[0].call("check", {})[0], None)


@test
def test_client_that_never_reads_stalls_its_own_guests_only():
    d = Daemon()
    witness = Witness(d)
    memory = d.memory()
    conn = d.connect()
    for _ in range(8):
        conn.request("submit", {"module": b"flood\n"})
    time.sleep(1)
    witness.check()
    equal(d.memory() - memory < 8 << 20, True,
          f"bounded memory: {d.memory() - memory}")
    equal(d.status("out other\n"), "OK")
    # Its requests wait, too, and cost nothing more.
    conn.sock.settimeout(0.5)
    try:
        for _ in range(100000):
            conn.send([0, 5, "check", {}])
    except TimeoutError:
        pass
    witness.check()
    equal(d.memory() - memory < 8 << 20, True, "bounded memory")
    conn.close()
    until(lambda: d.log().count("the client is gone") == 8, what="their end")


@test
def test_unread_stream_stalls_only_its_own_job():
    d = Daemon()
    conn = d.connect()
    conn.call("submit", {"module": b"flood\n", "credit": 0})
    _, output, record = conn.run(b"burst 10\n")
    equal((len(output[1]), record["status"]), (655360, "OK"))


@test
def test_flood_of_requests():
    d = Daemon()
    witness = Witness(d)
    memory = d.memory()
    conn = d.connect()
    conn.sock.sendall(wire.frame([0, 7, "cancel", {"job": 99}]) * 1000)
    for _ in range(1000):
        equal(conn.receive()[2]["name"], "no-such-job")
    witness.check()
    equal(d.memory() - memory < 8 << 20, True, "bounded memory")


@test
def test_input_that_was_not_wanted():
    d = Daemon()
    for size in (1, 65536):
        conn = d.connect()
        job = conn.call("submit", {"module": b"forever\n",
                                   "stdin": True})[1]["job"]
        conn.notify("job.input", {"job": job, "data": b"x" * size})
        equal(closed(conn), True)
    conn = d.connect()
    job = conn.call("submit", {"module": b"forever\n"})[1]["job"]
    conn.notify("job.input", {"job": job, "data": b"x"})
    equal(closed(conn), True)


# ---- children ----------------------------------------------------------------

@test
def test_children_that_break_their_protocol():
    d = Daemon()
    witness = Witness(d)
    for script in ("garbage\nforever\n", "unknown-frame\nspin\n",
                   "bad-result\n", "late-data\nspin\n"):
        error, _, record = d.run(script, wall_ms=5000)
        equal(error, None)
        equal(record["status"], "CR", script)
        contains(record["cause"], "protocol")
        witness.check()
    _, output, record = d.run("half-frame\n")
    equal((output[1], record["status"]), (b"half", "CR"))
    _, output, _ = d.run("trap bad \x01\x1b[31m text\n")
    contains(_["trap"], "bad ??[31m text")


@test
def test_templates_that_break_their_protocol():
    d = Daemon()
    witness = Witness(d)
    descriptors = d.descriptors()
    for n in range(20):     # a packet of no bytes, but with a descriptor
        error, _, record = d.run(f"load-empty\n{n}\n", wall_ms=5000)
        equal((error, record["status"]), (None, "CR"))
    witness.check()
    until(lambda: d.descriptors() <= descriptors, what="descriptors")
    # Nobody waits for one that has closed its socket.
    _, _, record = d.run("load-deaf\n", wall_ms=5000)
    equal(record["status"] in ("MO", "CR"), True, record["status"])
    witness.check()


@test
def test_child_that_asks_to_be_woken_for_ever():
    d = Daemon()
    witness = Witness(d)
    memory = d.memory()
    # It is found out when its input has piled up, or runs out of time.
    _, _, record = d.run("wait-flood\n", wall_ms=2000)
    equal(record["status"] in ("CR", "TO"), True, record["status"])
    witness.check()
    equal(d.memory() - memory < 8 << 20, True, "bounded memory")


@test
def test_ten_thousand_calls_leave_nothing():
    d = Daemon("--quarantine", "0", "--ready", "1")
    count = int(os.environ.get("WASMD_TEST_CALLS",
                               "500" if SANITIZED else "10000"))
    with d.connect() as conn:
        conn.run(b"out x\n")
        descriptors, memory = d.descriptors(), None
        for n in range(count):
            _, _, record = conn.run(b"out x\n" if n % 10 else b"crash\n")
            equal(record["status"], "OK" if n % 10 else "CR")
            if n == 50:
                memory = d.memory()
    # A sanitizer keeps what was freed for a while.
    equal(d.memory() - memory < (64 << 20 if SANITIZED else 1 << 20), True,
          "memory")
    until(lambda: d.descriptors() <= descriptors + 12, what="descriptors")
    until(lambda: not [c for c in d.children() if c[1] == "Z"],
          what="no zombies")
