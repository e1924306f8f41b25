"""Detached jobs: they go on without their clients, are followed, waited for,
ended and forgotten; and are nobody else's business."""
import os
import re
import signal
import time

import harness
import wire
from daemon import OPEN_TO_ALL, SANITIZED, Daemon, Witness, test
from harness import SOURCE, equal, until

ALICE, BOB = 12345, 12346


def submit(conn, script, **params):
    """Detached; its number."""
    error, result = conn.call("submit", dict(params, module=script.encode(),
                                             detach=True))
    equal(error, None)
    return result["job"]


def jobs(conn, **params):
    """The list, whole: number -> item."""
    found, more = {}, True
    while more:
        number = conn.request("jobs", params)
        while True:
            message = conn.receive()
            if message[0] == 1 and message[1] == number:
                if message[2]:
                    return message[2]
                more = message[3]["more"]
                break
            if message[1] == "job.item":
                equal(message[2]["call"], number)
                found[message[2]["job"]] = message[2]
                params = dict(params, after=message[2]["job"])
    return found


def follow(conn, job, credit=None, **params):
    """(error, output, dropped, record or None) until it is over."""
    if credit is not None:
        params["credit"] = credit
    number = conn.request("follow", dict(params, job=job))
    output, dropped = {1: b"", 2: b""}, 0
    while True:
        message = conn.receive()
        if message[0] == 1 and message[1] == number:
            if message[2]:
                return message[2], None, None, None
            continue
        kind, body = message[1], message[2]
        if kind == "job.output":
            output[body["fd"]] += body["data"]
            if credit is not None:
                conn.notify("job.credit", {"job": job,
                                           "bytes": len(body["data"])})
        elif kind == "job.dropped":
            dropped += body["bytes"]
        elif kind == "job.caught_up" and params.get("wait") is False:
            return None, output, dropped, None
        elif kind == "job.exit":
            return None, output, dropped, body
        elif kind == "job.gone":
            return None, output, dropped, "gone"


@test
def test_output_and_record_are_kept():
    daemon = Daemon()
    with wire.Connection.connect(daemon.socket) as conn:
        job = submit(conn, "out one\nerr two\nout three\nexit 7\n")
    conn = daemon.connect()
    for _ in range(2):
        error, output, dropped, record = follow(conn, job)
        equal(error, None)
        equal((output, dropped), ({1: b"one\nthree\n", 2: b"two\n"}, 0))
        equal((record["status"], record["exit_code"]), ("RE", 7))
    equal(follow(conn, job, wait=False)[1:], (
        {1: b"one\nthree\n", 2: b"two\n"}, 0, None))
    equal(follow(conn, job, output=False)[3]["exit_code"], 7)
    item = jobs(conn)[job]
    equal((item["state"], item["status"], item["exit_code"],
           item["detached"], item["bytes_out"]), ("done", "RE", 7, True, 10))
    equal(conn.call("forget", {"job": job}), (None, {}))
    equal(jobs(conn), {})
    for method in ("forget", "follow", "cancel"):
        equal(conn.call(method, {"job": job})[0]["name"], "no-such-job")


@test
def test_it_goes_on_without_its_client_and_is_ended_by_another():
    daemon = Daemon()
    with wire.Connection.connect(daemon.socket) as conn:
        job = submit(conn, "out here\nforever\n")
    conn = daemon.connect()
    until(lambda: jobs(conn)[job]["state"] == "running")
    until(lambda: jobs(conn)[job]["bytes_out"] == 5)
    equal(conn.call("forget", {"job": job})[0]["name"], "usage")
    follower = daemon.connect()
    follower.request("follow", {"job": job})
    equal(conn.call("cancel", {"job": job}), (None, {}))
    while True:
        message = follower.receive()
        if message[0] == 2 and message[1] == "job.exit":
            equal(message[2]["status"], "CA")
            break
    until(lambda: jobs(conn)[job]["state"] == "done")


@test
def test_followers_see_it_as_it_comes():
    daemon = Daemon()
    conn, other = daemon.connect(), daemon.connect()
    job = submit(conn, "cat\n", stdin=True)
    number = conn.request("follow", {"job": job, "stdin": True})
    other.request("follow", {"job": job, "credit": 3})
    wanted = 0
    while wanted == 0:
        message = conn.receive()
        if message[1] == "job.want_input":
            wanted = message[2]["bytes"]
    # Nobody else may feed it; who did may leave, and another go on.
    third = daemon.connect()
    equal(third.call("follow", {"job": job, "stdin": True})[0]["name"],
          "usage")
    equal(conn.call("follow", {"job": job})[0]["name"], "usage")
    conn.notify("job.input", {"job": job, "data": b"abcdef"})
    seen = b""
    while len(seen) < 6:
        message = conn.receive()
        if message[1] == "job.output":
            seen += message[2]["data"]
    conn.close()
    got = b""
    while len(got) < 3:
        message = other.receive()
        if message[1] == "job.output":
            got += message[2]["data"]
    equal(got, b"abc")
    other.notify("job.credit", {"job": job, "bytes": 100})
    while len(got) < 6:
        message = other.receive()
        if message[1] == "job.output":
            got += message[2]["data"]
    equal(got, b"abcdef")
    until(lambda: third.call("follow", {"job": job, "stdin": True})[0] is None)
    granted = 0
    while granted == 0:
        message = third.receive()
        if message[0] == 2 and message[1] == "job.want_input":
            granted = message[2]["bytes"]
    third.notify("job.input", {"job": job, "data": b"gh", "eof": True})
    while True:
        message = other.receive()
        if message[1] == "job.output":
            got += message[2]["data"]
        if message[1] == "job.exit":
            break
    equal(got, b"abcdefgh")
    equal(number > 0, True)


@test
def test_input_that_was_not_wanted_ends_the_connection():
    daemon = Daemon()
    conn = daemon.connect()
    job = submit(conn, "forever\n", stdin=True)
    conn.call("follow", {"job": job})
    conn.notify("job.input", {"job": job, "data": b"x"})
    try:
        while True:
            conn.receive()
    except (wire.Closed, OSError):
        pass
    conn = daemon.connect()
    equal(conn.call("follow", {"job": job, "stdin": True})[0], None)
    equal(conn.call("cancel", {"job": job})[0], None)
    job = submit(conn, "forever\n")
    equal(conn.call("follow", {"job": job, "stdin": True})[0]["name"], "usage")
    equal(conn.call("cancel", {"job": job})[0], None)


@test
def test_what_is_too_much_is_dropped_and_counted():
    daemon = Daemon()
    conn = daemon.connect()
    lines = "".join(f"out line {i:06}\n" for i in range(9000))
    job = submit(conn, lines, keep_bytes=20000, credit=5)
    error, output, dropped, record = follow(conn, job, output=False)
    equal(record["status"], "OK")
    error, output, dropped, record = follow(conn, job)
    total = 9000 * len("line 000000\n")
    equal(len(output[1]) + dropped, total)
    equal(len(output[1]) <= 20000, True)
    equal(len(output[1]) > 1000, True)
    equal(output[1].endswith(b"line 008999\n"), True)
    equal(jobs(conn)[job]["dropped"], dropped)
    equal(follow(conn, submit(conn, "out x\n", keep_bytes=0))[1][1], b"")
    error, _ = conn.call("submit", {"module": b"exit 0\n", "keep_bytes": 1})
    equal(error["name"], "usage")


@test
def test_a_follower_that_does_not_read_holds_nobody_up():
    daemon = Daemon()
    witness = Witness(daemon)
    conn, lazy = daemon.connect(), daemon.connect()
    job = submit(conn, "burst 300\nexit 3\n", keep_bytes=100000)
    lazy.request("follow", {"job": job})
    before = daemon.memory()
    error, output, dropped, record = follow(conn, job, output=False)
    equal(record["exit_code"], 3)
    equal(record["bytes_out"] >= 300 * 65536, True)
    witness.check()
    grown = daemon.memory() - before
    # A sanitizer keeps what was freed.
    equal(grown < 8 << 20 or SANITIZED, True, f"{grown} bytes more")
    got = dropped = 0
    while True:
        message = lazy.receive()
        if message[1] == "job.output":
            got += len(message[2]["data"])
        if message[1] == "job.dropped":
            dropped += message[2]["bytes"]
        if message[1] == "job.exit":
            break
    equal(got + dropped, record["bytes_out"])
    equal(dropped > 1000000, True)


@test
def test_others_cannot_see_end_or_follow():
    daemon = Daemon(*OPEN_TO_ALL)
    alice, bob = daemon.connect_as(ALICE), daemon.connect_as(BOB)
    watcher = daemon.connect_as(BOB)
    equal(watcher.call("events", {})[0], None)
    running = submit(alice, "forever\n")
    ended = submit(alice, "out secret\n")
    follow(alice, ended)
    equal(jobs(bob), {})
    equal(sorted(jobs(alice)), [running, ended])
    for job in (running, ended):
        for method in ("cancel", "follow", "forget"):
            equal(bob.call(method, {"job": job})[0]["name"], "no-such-job")
        equal(jobs(bob, job=job)["name"], "no-such-job")
    # Attached ones neither.
    number = alice.request("submit", {"module": b"forever\n"})
    message = alice.receive()
    while message[:2] != [1, number]:
        message = alice.receive()
    equal(bob.call("cancel", {"job": message[3]["job"]})[0]["name"],
          "no-such-job")
    # Root sees and ends all; what is alice's own, from anywhere, alice may.
    root = daemon.connect()
    equal(len(jobs(root)), 3)
    equal(jobs(root)[running]["uid"], ALICE)
    equal(daemon.connect_as(ALICE).call("cancel", {
        "job": message[3]["job"]})[0], None)
    equal(root.call("cancel", {"job": running})[0], None)
    equal(root.call("forget", {"job": ended})[0], None)
    until(lambda: len(jobs(root)) == 1)
    mine = submit(bob, "exit 0\n")
    seen = []
    while not seen or seen[-1][1] != "done":
        event = watcher.receive()[2]
        seen.append((event["job"], event["state"]))
        equal(event["uid"], BOB)
    equal(seen[0], (mine, "queued"))


@test
def test_events_tell_of_every_state():
    daemon = Daemon()
    conn, watcher = daemon.connect(), daemon.connect()
    equal(watcher.call("events", {}), (None, {}))
    equal(watcher.call("events", {})[0]["name"], "usage")
    conn.run(b"exit 5\n")
    states = []
    while not states or states[-1] != "done":
        event = watcher.receive()[2]
        states.append(event["state"])
        equal("status" in event, event["state"] == "done")
    equal(states[:3], ["queued", "starting", "running"])
    equal(event["status"], "RE")


@test
def test_a_watcher_that_does_not_read_is_told_what_it_missed():
    daemon = Daemon("--max-jobs", "4096", "--max-jobs-per-user", "4096")
    conn, watcher = daemon.connect(), daemon.connect()
    watcher.call("events", {})
    jobs_wanted = 900
    for _ in range(jobs_wanted):
        conn.request("submit", {"module": b"exit 0\n", "detach": True})
    for _ in range(jobs_wanted):
        while conn.receive()[0] != 1:
            pass
    until(lambda: all(item["state"] == "done" for item in
                      jobs(conn).values()), seconds=40)
    conn.run(b"exit 0\n")
    events = missed = 0
    while missed == 0 or events + missed < 4 * jobs_wanted:
        message = watcher.receive()
        if message[1] == "job.missed":
            missed += message[2]["events"]
        events += message[1] == "job.event"


@test
def test_what_has_ended_is_kept_for_a_time_and_number():
    daemon = Daemon("--max-kept-per-user", "3")
    conn = daemon.connect()
    numbers = []
    for i in range(5):      # each ends before the next
        numbers.append(submit(conn, f"out {i}\n"))
        until(lambda: jobs(conn)[numbers[-1]]["state"] == "done")
    equal(sorted(jobs(conn)), numbers[2:])
    equal(follow(conn, numbers[4])[1][1], b"4\n")
    daemon = Daemon("--keep-time", "1s")
    conn = daemon.connect()
    submit(conn, "exit 0\n")
    until(lambda: jobs(conn) == {})
    daemon = Daemon("--max-kept-output", "100000")
    conn = daemon.connect()
    first = submit(conn, "put " + "x" * 60000)
    follow(conn, first)
    second = submit(conn, "put " + "y" * 60000)
    follow(conn, second)
    equal(list(jobs(conn)), [second])
    # One alone makes room for itself.
    third = submit(conn, "burst 5\nforever\n")
    until(lambda: jobs(conn)[third]["bytes_out"] == 5 * 65536)
    equal(jobs(conn)[third]["dropped"] >= 200000, True)
    equal(conn.call("cancel", {"job": third})[0], None)


@test
def test_a_follower_is_told_when_it_is_forgotten():
    daemon = Daemon()
    conn, other = daemon.connect(), daemon.connect()
    job = submit(conn, "out " + "x" * 100 + "\n")
    follow(conn, job)
    number = other.request("follow", {"job": job, "credit": 10})
    got = other.receive()
    equal(got[:3], [1, number, None])
    equal(other.receive()[1], "job.output")
    equal(conn.call("forget", {"job": job})[0], None)
    equal(other.receive(), [2, "job.gone", {"job": job}])


@test
def test_a_thousand_of_them():
    daemon = Daemon("--max-jobs", "2000", "--max-jobs-per-user", "2000")
    conn = daemon.connect()
    for i in range(1000):
        conn.request("submit", {"module": b"out hello\nexit %d\n" % (i % 7),
                                "detach": True})
    numbers = []
    while len(numbers) < 1000:
        message = conn.receive()
        if message[0] == 1:
            equal(message[2], None)
            numbers.append(message[3]["job"])
    equal(len(set(numbers)), 1000)
    until(lambda: all(item["state"] == "done" for item in
                      jobs(conn).values()), seconds=50)
    found = jobs(conn)
    equal(sorted(found), sorted(numbers))
    equal({item["bytes_out"] for item in found.values()}, {6})


@test
def test_waiting_jobs_are_told_their_place_and_priorities_hold():
    daemon = Daemon("--max-running", "1")
    conn = daemon.connect()
    blocker = submit(conn, "forever\n")
    until(lambda: jobs(conn)[blocker]["state"] == "running")
    low = submit(conn, "out low\n", priority=1)
    usual = submit(conn, "out usual\n")
    high = submit(conn, "out high\n", priority=9)
    waiter = daemon.connect()
    number = waiter.request("submit", {"module": b"exit 0\n", "priority": 2})
    told = None
    while told is None:
        message = waiter.receive()
        if message[0] == 2 and message[1] == "job.queued":
            told = message[2]["ahead"]
    equal(told, 3)
    equal(jobs(conn)[low]["position"], 1)
    watcher = daemon.connect()
    watcher.call("events", {})
    equal(conn.call("cancel", {"job": blocker})[0], None)
    order = []
    while len(order) < 5:
        event = watcher.receive()[2]
        if event["state"] == "done":
            order.append(event["job"])
    equal(order[:3], [blocker, high, usual])
    equal(order[4], low)
    equal(number > 0, True)


@test
def test_a_private_daemon_stays_for_what_is_kept():
    daemon = Daemon("--private", "--idle-exit", "200ms", "--keep-time", "1s") \
        if os.geteuid() != 0 else Daemon("--idle-exit", "200ms",
                                         "--keep-time", "1s")
    with wire.Connection.connect(daemon.socket) as conn:
        job = submit(conn, "out x\n")
        follow(conn, job)
    time.sleep(0.5)
    equal(daemon.alive(), True)
    equal(daemon.process.wait(10), 0)


@test
def test_the_daemons_end_ends_them():
    daemon = Daemon("--drain", "100ms")
    conn = daemon.connect()
    job = submit(conn, "forever\n")
    until(lambda: jobs(conn)[job]["state"] == "running")
    conn.request("follow", {"job": job, "output": False})
    daemon.process.send_signal(signal.SIGTERM)
    while True:
        message = conn.receive()
        if message[0] == 2 and message[1] == "job.exit":
            equal(message[2]["status"], "CA")
            break
    equal(daemon.process.wait(10), 0)


MESSAGES = SOURCE / "proto" / "msgs.def"


def to_daemon():
    """(id, name, kind, states) of each message that clients send."""
    return re.findall(
        r'^MSG\((\w+), \d+, "([\w.]+)", (\w+), TO_DAEMON, (\w+)\)',
        MESSAGES.read_text(), re.M)


@test
def test_clients_killed_at_every_message_boundary():
    """A client's whole conversation, cut behind each message, and again while
    its answers are on their way."""
    daemon = Daemon()
    witness = Witness(daemon)
    conversation = [
        [0, 1, "hello", {"version": 1}],
        [0, 2, "put", {"size": 7}],
        [2, "put.data", {"call": 2, "data": b"exit 0\n"}],
        [0, 3, "submit", {"module": b"out x\nforever\n", "credit": 1}],
        [0, 4, "submit", {"module": b"cat\n", "stdin": True}],
        [0, 5, "list", {}], [0, 6, "jobs", {}], [0, 7, "events", {}],
        [0, 8, "submit", {"module": b"burst 2\n", "detach": True}],
        [0, 9, "follow", {"job": 1}],
        [2, "job.credit", {"job": 2, "bytes": 10}],
        [2, "job.input", {"job": 3, "eof": True}],
        [0, 10, "remove", {"module": "0" * 64}],
        [0, 11, "cancel", {"job": 2}], [0, 12, "forget", {"job": 1}],
        [0, 13, "check", {}], [0, 14, "stats", {}],
        [0, 15, "info", {"module": "0" * 64}],
    ]
    equal({m[2 if m[0] == 0 else 1] for m in conversation},
          {name for _, name, *_ in to_daemon()} - {"handover"})
    for cut in range(len(conversation) + 1):
        for wait in (0, 0.01):
            conn = wire.Connection.connect(daemon.socket, greet=False)
            conn.sock.sendall(b"".join(wire.frame(m)
                                       for m in conversation[:cut]))
            time.sleep(wait)
            conn.close()
    witness.check()
    conn = daemon.connect()
    until(lambda: all(item["detached"] or item["job"] == witness.job
                      for item in jobs(conn).values()))
    equal(daemon.alive(), True)


@test
def test_frames_cut_at_every_byte():
    """Each message of a conversation in two pieces, cut at every byte: what
    comes of it is always the same."""
    daemon = Daemon()
    witness = Witness(daemon)
    frames = [wire.frame(m) for m in (
        [0, 1, "hello", {"version": 1, "client": "cut"}],
        [0, 2, "put", {"size": 7}],
        [2, "put.data", {"call": 2, "data": b"exit 6\n"}],
        [0, 3, "submit", {"module": b"exit 5\n", "args": ["a"]}],
        [0, 4, "jobs", {}])]
    whole = b"".join(frames)
    for cut in range(1, len(whole)):
        conn = wire.Connection.connect(daemon.socket, greet=False)
        conn.sock.sendall(whole[:cut])
        if cut % 8 == 0:
            time.sleep(0.002)
        conn.sock.sendall(whole[cut:])
        answers, code = set(), None
        while answers != {1, 2, 3, 4} or code is None:
            message = conn.receive()
            if message[0] == 1:
                equal((cut, message[2]), (cut, None))
                answers.add(message[1])
            elif message[1] == "job.exit":
                code = message[2]["exit_code"]
        equal(code, 5)
        conn.close()
    witness.check()


@test
def test_every_message_in_every_state_of_a_connection():
    """Before hello only hello is taken, after it everything else: requests are
    answered, and what is not in season ends the connection."""
    text = MESSAGES.read_text()
    table = to_daemon()
    equal(len(table) >= 15, True)
    values = {"UINT": 60000, "BOOL": True, "STR": "x", "BIN": b"x", "STRS": []}
    daemon = Daemon()
    witness = Witness(daemon)
    for ident, name, kind, state in table:
        params = {field: values[of] for field, of in re.findall(
            rf'^FIELD\({ident}, \w+, "(\w+)", (\w+), REQUIRED', text, re.M)}
        if name == "hello":
            params["version"] = 1
        for greeted in (False, True):
            conn = wire.Connection.connect(daemon.socket, greet=greeted)
            conn.send([0, 9, name, params] if kind == "REQUEST" else
                      [2, name, params])
            in_season = greeted == (state == "READY")
            told = None
            try:
                if kind == "REQUEST":
                    message = conn.receive()
                    while message[:2] != [1, 9]:
                        message = conn.receive()
                    told = message[2] and message[2]["name"]
                if in_season:
                    error, _ = conn.call(*(("check", {}) if greeted or
                                           name == "hello" else
                                           ("hello", {"version": 1})))
                    equal((name, error), (name, None))
                else:
                    conn.receive()
                lives = True
            except (wire.Closed, OSError):
                lives = False
            equal((name, greeted, lives), (name, greeted, in_season))
            equal((name, told == "protocol"),
                  (name, kind == "REQUEST" and not in_season))
            conn.close()
    witness.check()
