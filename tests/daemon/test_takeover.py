"""A new wasmd takes the place of one that runs; nobody loses a call."""
import array
import os
import signal
import socket
import struct
import threading
import time

import harness
import wire
from daemon import OPEN_TO_ALL, Daemon, Witness, _user, test, WORKER
from harness import WASMD, contains, equal, run, until
from test_reload import as_user


class Successor(Daemon):
    """Listens where another one does."""

    def __init__(self, old, *options):
        super().__init__("--take-over", *options, socket_path=old.socket)
        self.handed_over = False    # it owns the socket's path now
        self.dir = old.dir
        until(lambda: "takes over" in old.log() or not self.alive(),
              what="the handover")
        equal(self.alive(), True, self.log())


def has_gone(old):
    equal(old.process.wait(10), 0, old.log())
    equal(os.path.exists(old.socket), True, "the path stays")


@test
def test_successor_serves_and_the_old_one_goes():
    old = Daemon()
    equal(old.status("exit 0\n"), "OK")
    new = Successor(old)
    has_gone(old)
    equal(new.status("exit 0\n"), "OK")
    contains(new.log(), "job=")
    third = Successor(new)
    has_gone(new)
    equal(third.status("exit 0\n"), "OK")


@test
def test_no_call_of_a_stream_is_lost():
    old = Daemon()
    ends, failures = [], []
    stop = threading.Event()

    def anew(n):
        while not stop.is_set():
            with wire.Connection.connect(old.socket) as conn:
                ends.append(conn.run(f"out {n}\n".encode())[2]["status"])

    def on_one(n):
        with wire.Connection.connect(old.socket) as conn:
            while not stop.is_set():
                error, output, record = conn.run(f"out {n}\n".encode())
                equal((error, output[1]), (None, f"{n}\n".encode()))
                ends.append(record["status"])

    def guarded(function, n):
        try:
            function(n)
        except BaseException as error:      # pylint: disable=broad-except
            failures.append(repr(error))
    threads = [threading.Thread(target=guarded, args=(f, n)) for n, f in
               enumerate([anew, anew, anew, on_one, on_one, on_one])]
    for thread in threads:
        thread.start()
    daemon = old
    for _ in range(3):
        before = len(ends)
        until(lambda b=before: len(ends) > b + 20 or failures, what="calls")
        successor = Successor(daemon)
        has_gone(daemon)
        daemon = successor
    before = len(ends)
    until(lambda: len(ends) > before + 20 or failures, what="calls")
    stop.set()
    for thread in threads:
        thread.join()
    equal(failures, [])
    equal(set(ends), {"OK"})


@test
def test_long_call_ends_under_the_old_one():
    old = Daemon()
    conn = old.connect()
    conn.call("submit", {"module": b"sleep 700\nout done\n"})
    witness = Witness(old)
    new = Successor(old)
    equal(new.status("exit 0\n"), "OK")
    equal(old.alive(), True, "while its call runs")
    witness.check()
    output, record = old.collect(conn)
    equal((output[1], record["status"]), (b"done\n", "OK"))
    contains(old.log(), f"job={record['job']} ")
    # Its connection is the new one's now; the witness's still the old one's.
    equal(conn.run(b"out again\n")[1][1], b"again\n")
    witness.check()
    equal(old.alive(), True)
    witness.conn.close()
    has_gone(old)


@test
def test_idle_connections_pass_on_unnoticed():
    old = Daemon()
    conns = [old.connect() for _ in range(50)]
    silent = socket.socket(socket.AF_UNIX)      # has not said hello
    silent.connect(old.socket)
    cut = old.connect()
    whole = wire.frame([0, 9, "check", {}])
    cut.sock.sendall(whole[:7])
    until(lambda: old.descriptors() > 50)
    new = Successor(old)
    for conn in conns:
        equal(conn.run(b"out x\n")[1][1], b"x\n")
    with wire.Connection(silent) as late:
        equal(late.call("hello", {"version": 1})[0], None)
        equal(late.run(b"exit 0\n")[2]["status"], "OK")
    # In the middle of a frame it stays where the first half is.
    equal(old.alive(), True)
    cut.sock.sendall(whole[7:])
    equal(cut.receive()[:3], [1, 9, None])
    has_gone(old)
    equal(cut.run(b"exit 0\n")[2]["status"], "OK")
    equal(new.alive(), True)


@test
def test_numbers_of_calls_do_not_come_again():
    old = Daemon()
    conn = old.connect()
    numbers = [conn.run(b"exit 0\n")[2]["job"] for _ in range(3)]
    Successor(old)
    has_gone(old)
    numbers += [conn.run(b"exit 0\n")[2]["job"] for _ in range(3)]
    equal(len(set(numbers)), 6)
    equal(numbers, sorted(numbers))


def detach(conn, script, **params):
    error, result = conn.call("submit", dict(params, module=script.encode(),
                                             detach=True))
    equal(error, None)
    return result["job"]


def listed(conn):
    """The jobs that the client knows of: number -> item."""
    number, found = conn.request("jobs", {}), {}
    while True:
        message = conn.receive()
        if message[0] == 1 and message[1] == number:
            return found
        equal(message[2].pop("call"), number)
        found[message[2]["job"]] = message[2]


def followed(conn, job, **params):
    """(output, bytes dropped, record or None if it is gone)."""
    error, _ = conn.call("follow", dict(params, job=job))
    if error is not None:
        return error["name"]
    output, dropped = b"", 0
    while True:
        message = conn.receive()
        if message[1] == "job.output":
            output += message[2]["data"]
        elif message[1] == "job.dropped":
            dropped += message[2]["bytes"]
        elif message[1] == "job.exit":
            return output, dropped, message[2]


@test
def test_what_has_ended_is_the_successors():
    old = Daemon()
    conn = old.connect()
    jobs = [detach(conn, f"out {n}\nexit {n}\n") for n in range(30)]
    loud = detach(conn, "out y\n" * 500, keep_bytes=900)
    until(lambda: all(item["state"] == "done"
                      for item in listed(conn).values()))
    before = listed(conn)
    records = [followed(conn, job) for job in jobs + [loud]]
    equal(records[-1][1] > 0, True, "some of its output was dropped")
    new = Successor(old)
    has_gone(old)
    equal(listed(conn), before)
    for job, record in zip(jobs + [loud], records):
        equal(followed(conn, job), record)
    equal(conn.call("forget", {"job": loud}), (None, {}))
    equal(conn.call("forget", {"job": jobs[3]}), (None, {}))
    equal(len(listed(conn)), 29)
    # Numbers go on, and so do its bounds.
    equal(detach(conn, "exit 0\n") > max(jobs), True)
    third = Successor(new)
    has_gone(new)
    equal(len(listed(third.connect())), 30)


@test
def test_what_ends_later_is_the_successors_too():
    old = Daemon()
    conn = old.connect()
    job = detach(conn, "out before\nsleep 700\nout after\nexit 7\n")
    new = Successor(old)
    has_gone(old)
    output, dropped, record = followed(new.connect(), job)
    equal((output, dropped, record["exit_code"]), (b"before\nafter\n", 0, 7))
    equal(listed(conn)[job]["status"], "RE")


@test
def test_what_still_runs_is_reached_through_the_successor():
    old = Daemon()
    conn = old.connect()
    slow = detach(conn, "out begin\nsleep 600\nout end\nexit 3\n")
    endless = detach(conn, "forever\n")
    new = Successor(old)
    reader, other = new.connect(), new.connect()
    error, _ = other.call("jobs", {"job": slow})
    equal(error, None)
    output, dropped, record = followed(reader, slow)
    equal((output, dropped, record["exit_code"]), (b"begin\nend\n", 0, 3))
    equal(other.call("forget", {"job": endless})[0]["name"], "usage")
    equal(other.call("follow", {"job": 77777})[0]["name"], "no-such-job")
    # One on which something goes on stays where it is.
    busy = new.connect()
    busy.call("submit", {"module": b"sleep 300\n"})
    equal(busy.call("cancel", {"job": endless})[0]["name"], "unavailable")
    equal(old.alive(), True)
    equal(other.call("cancel", {"job": endless}), (None, {}))
    has_gone(old)
    # All of them are the new one's again.
    for connection in (conn, reader, other):
        equal(connection.run(b"out x\n")[1][1], b"x\n")
    found = listed(other)
    equal((found[slow]["status"], found[endless]["status"]), ("RE", "CA"))


@test
def test_what_is_said_behind_a_request_goes_with_it():
    old = Daemon()
    job = detach(old.connect(), "out one\nsleep 400\nout two\n")
    new = Successor(old)
    conn = new.connect()
    conn.sock.sendall(
        wire.frame([0, 5, "follow", {"job": job, "credit": 1}]) +
        wire.frame([2, "job.credit", {"job": job, "bytes": 100}]) +
        wire.frame([0, 6, "stats", {}])[:9])
    conn.last = 6
    output, seen = b"", []
    while "job.exit" not in seen:
        message = conn.receive()
        seen.append(message[1])
        if message[1] == "job.output":
            output += message[2]["data"]
    equal(output, b"one\ntwo\n")
    conn.sock.sendall(wire.frame([0, 6, "stats", {}])[9:])
    equal(conn.receive()[:3], [1, 6, None])
    has_gone(old)
    equal(conn.run(b"exit 0\n")[2]["status"], "OK")


@test
def test_bounds_hold_for_what_is_handed_over():
    old = Daemon()
    conn = old.connect()
    jobs = [detach(conn, f"exit {n}\n") for n in range(20)]
    until(lambda: all(item["state"] == "done"
                      for item in listed(conn).values()))
    conf = old.dir / "conf"
    conf.write_text("max-kept = 5\n")
    Successor(old, "--config", conf)
    has_gone(old)
    equal(sorted(listed(conn)), jobs[-5:])


@test
def test_other_users_jobs_stay_theirs():
    old = Daemon(*OPEN_TO_ALL)
    alice = old.connect_as(12345)
    job = detach(alice, "out secret\n")
    until(lambda: listed(alice)[job]["state"] == "done")
    new = Successor(old, *OPEN_TO_ALL)
    alice.close()
    has_gone(old)
    bob = new.connect_as(12346)
    equal(listed(bob), {})
    equal(followed(bob, job), "no-such-job")
    equal(followed(new.connect_as(12345), job)[0], b"secret\n")


@test
def test_metrics_pass_on():
    where = harness.scratch()
    where.chmod(0o777)
    path = str(where / "m.sock")
    old = Daemon("--metrics-socket", path)
    new = Successor(old, "--metrics-socket", path)
    has_gone(old)
    with socket.socket(socket.AF_UNIX) as sock:
        sock.connect(path)
        sock.sendall(b"GET / HTTP/1.0\r\n\r\n")
        contains(sock.recv(100), b"200 OK")
    equal(new.status("exit 0\n"), "OK")


@test
def test_successor_that_cannot_start_changes_nothing():
    old = Daemon()
    for options, words in ((["--worker", "/bin/true"], "worker"),
                           (["--require", "luck"], "luck"),
                           (["--user", "no-such-user"], "no-such-user")):
        if options[0] == "--user" and os.geteuid() != 0:
            continue
        result = run([WASMD, "--take-over", "--socket", old.socket,
                      "--worker", WORKER, "--user", _user(), *options])
        equal(result.returncode, 1)
        contains(result.stderr.decode(), words)
        equal(old.status("exit 0\n"), "OK")
    equal(os.path.exists(old.socket), True)
    equal("takes over" in old.log(), False)


@test
def test_nobody_to_take_over_from():
    where = harness.scratch()
    result = run([WASMD, "--take-over", "--socket", where / "s", "--worker",
                  WORKER, "--user", _user()])
    equal(result.returncode, 1)
    contains(result.stderr.decode(), f"there is no wasmd at {where}/s")


def ask(conn):
    """(error, our end of the socket)."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    ours.settimeout(10)
    error, _ = conn.call("handover", {}, [theirs.fileno()])
    theirs.close()
    harness.at_end(ours.close)
    return error, ours


def packet(kind):
    return struct.pack("=6IQ", 2, kind, 0, 0, 0, 0, 0)


@test
def test_successor_that_goes_away_leaves_all_as_it_was():
    old = Daemon("--ready", "0")
    equal(old.status("exit 0\n"), "OK")
    descriptors = old.descriptors()
    for last_words in (b"", b"x", packet(7), packet(3) + b"."):
        with wire.Connection.connect(old.socket) as conn:
            error, ours = ask(conn)
            equal(error, None)
            data, rights, _, _ = ours.recvmsg(100, 1000)
            equal(struct.unpack("=6IQ", data)[1], 1)
            fds = array.array("i")
            fds.frombytes(rights[0][2])
            equal(len(fds), 2, "the socket and its lock")
            for fd in fds:
                os.close(fd)
            # While it thinks about it, a second one is refused.
            equal(ask(conn)[0]["name"], "unavailable")
            if last_words:
                ours.send(last_words)
            ours.close()
        until(lambda: old.status("exit 0\n") == "OK", what="the old one")
    equal(old.log().count("this one stays"), 4)
    # The first count may have seen a connection that was about to end.
    until(lambda: old.descriptors() <= descriptors, what="no descriptor left")


@test
def test_sigterm_while_a_successor_gets_ready():
    old = Daemon()
    with wire.Connection.connect(old.socket) as conn:
        _, ours = ask(conn)
        old.process.send_signal(signal.SIGTERM)
        equal(old.process.wait(10), 0)
        ours.recv(100)
        equal(ours.recv(100), b"", "it is told by the end")


@test
def test_sigterm_ends_the_old_ones_calls():
    old = Daemon("--drain", "100ms")
    conn = old.connect()
    conn.call("submit", {"module": b"forever\n"})
    new = Successor(old)
    old.process.send_signal(signal.SIGTERM)
    equal(conn.receive()[2]["status"], "CA")
    has_gone(old)
    equal(new.status("exit 0\n"), "OK")


@test
def test_handover_is_for_who_started_it():
    d = Daemon("--everyone")

    def try_it():
        with wire.Connection.connect(d.socket) as conn:
            return ask(conn)[0]["name"]
    equal(as_user(2, [], try_it), "'denied'")
    error, _ = d.connect().call("handover", {})
    equal(error["name"], "usage")
    time.sleep(0.05)
    equal(d.status("exit 0\n"), "OK")
