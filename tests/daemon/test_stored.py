"""Modules that are put into the daemon's store: over every way, into bounds,
through its death, and out of reach of others."""
import hashlib
import os
import random
import signal
import subprocess
import time

import harness
import wire
from daemon import OPEN_TO_ALL, Daemon, Witness, sealed, test
from harness import contains, equal, until

ALICE, BOB = 12345, 12346


def digest(data):
    return hashlib.sha256(data).hexdigest()


def put(conn, data, **params):
    """(error, result) of a put of these bytes."""
    return conn.call("put", dict(params, module=data))


def stored(conn):
    """The list, whole: digest -> item."""
    found, more, params = {}, True, {}
    while more:
        number = conn.request("list", params)
        while True:
            message = conn.receive()
            if message[0] == 1 and message[1] == number:
                equal(message[2], None)
                more = message[3]["more"]
                break
            equal((message[1], message[2]["call"]), ("module.item", number))
            found[message[2]["module"]] = message[2]
            params = {"after": message[2]["module"]}
    return found


def stream(conn, data, size=None, piece=1000, **params):
    """Send a put piece by piece; the number of its request."""
    number = conn.request("put", dict(
        params, size=len(data) if size is None else size))
    for at in range(0, len(data), piece):
        conn.notify("put.data", {"call": number, "data": data[at:at + piece]})
    return number


def answer(conn, number):
    while True:
        message = conn.receive()
        if message[0] == 1 and message[1] == number:
            return message[2], message[3]


def run_stored(conn, hexdigest, **params):
    """(error, output, record) of a job of a stored module."""
    number = conn.request("submit", dict(params, digest=hexdigest))
    output = b""
    while True:
        message = conn.receive()
        if message[0] == 1 and message[1] == number and message[2]:
            return message[2], None, None
        if message[0] == 2 and message[1] == "job.output":
            output += message[2]["data"]
        if message[0] == 2 and message[1] == "job.exit":
            return None, output, message[2]


@test
def test_put_over_every_way_and_run():
    daemon = Daemon()
    conn = daemon.connect()
    script = b"out hello\nexit 3\n" + b"x" * 100000
    expected = {"module": digest(script), "size": len(script)}
    equal(put(conn, script), (None, expected))
    equal(answer(conn, stream(conn, script)), (None, expected))
    fd = sealed(script)
    equal(conn.call("put", {"module_fd": True, "digest": digest(script)},
                    [fd]), (None, expected))
    os.close(fd)
    error, output, record = run_stored(conn, digest(script))
    equal((error, output), (None, b"hello\n"))
    equal((record["status"], record["exit_code"]), ("RE", 3))
    equal(record["module"], digest(script))
    equal(len(list((daemon.dir / "store").iterdir())), 2)
    error, info = conn.call("info", {"module": digest(script)})
    equal(error, None)
    equal(abs(info.pop("put_s") - time.time()) < 60, True)
    equal(info, {"module": digest(script), "size": len(script), "own": True,
                 "shared": False})
    equal(conn.call("remove", {"module": digest(script)}), (None, {}))
    equal(stored(conn), {})
    equal(run_stored(conn, digest(script))[0]["name"], "no-such-module")
    equal(list((daemon.dir / "store").iterdir()), [])


@test
def test_temporary_modules_are_their_connections_alone():
    daemon = Daemon("--max-module", "200000")
    conn, other = daemon.connect(), daemon.connect()
    script = b"out hello\nexit 3\n" + b"x" * 100000
    expected = {"module": digest(script), "size": len(script)}
    number = stream(conn, script, temporary=True, digest=digest(script))
    equal(answer(conn, number), (None, expected))
    for _ in range(2):
        error, output, record = run_stored(conn, digest(script))
        equal((error, output, record["module"]),
              (None, b"hello\n", digest(script)))
    equal(stored(conn), {})
    for method in ("info", "remove"):
        equal(conn.call(method, {"module": digest(script)})[0]["name"],
              "no-such-module")
    equal(run_stored(other, digest(script))[0]["name"], "no-such-module")
    # What comes behind the end is nobody's.
    conn.notify("put.data", {"call": number, "data": b"zzz"})
    equal(answer(other, stream(other, script, temporary=True,
                               digest=digest(b"")))[0]["name"],
          "digest-mismatch")
    conn.close()
    until(lambda: "closed: by the client" in daemon.log())
    equal(run_stored(other, digest(script))[0]["name"], "no-such-module")


@test
def test_temporary_modules_have_a_budget_of_their_user():
    daemon = Daemon("--max-module", "1000")
    conns = [daemon.connect() for _ in range(3)]
    for conn, size in ((conns[0], 1000), (conns[0], 1000), (conns[1], 1000),
                       (conns[1], 900)):
        equal(answer(conn, stream(conn, b"x" * size, temporary=True))[0], None)
    error, _ = conns[2].call("put", {"size": 101, "temporary": True})
    equal(error["name"], "queue-full")
    equal(error["retry_ms"] > 0, True)
    equal(answer(conns[2], stream(conns[2], b"x" * 100,
                                  temporary=True))[0], None)
    conns[0].close()
    until(lambda: conns[2].call("put", {"size": 1000, "temporary": True,
                                        "digest": "x"})[0]["name"] == "usage")
    until(lambda: answer(conns[2], stream(conns[2], b"x" * 1000,
                                          temporary=True))[0] is None)
    # One that was begun counts, too, until its connection is gone.
    begun = daemon.connect()
    begun.request("put", {"size": 900, "temporary": True})
    begun.call("stats", {})
    equal(conns[2].call("put", {"size": 200, "temporary": True})[0]["name"],
          "queue-full")
    begun.close()
    until(lambda: answer(conns[2], stream(conns[2], b"y" * 200,
                                          temporary=True))[0] is None)


@test
def test_temporary_goes_with_size_only():
    conn = Daemon().connect()
    for params in ({"module": b"x"}, {"size": 1, "share": True},
                   {"module_fd": True}):
        error, _ = conn.call("put", dict(params, temporary=True))
        equal(error["name"], "usage", params)


@test
def test_the_list_comes_in_pages():
    daemon = Daemon()
    conn = daemon.connect()
    modules = [b"exit %d\n" % i for i in range(300)]
    numbers = [conn.request("put", {"module": m}) for m in modules[:2]]
    for number in numbers:
        equal(answer(conn, number)[0], None)
    for module in modules[2:]:
        equal(put(conn, module)[0], None)
    equal(sorted(stored(conn)), sorted(digest(m) for m in modules))


@test
def test_what_is_not_expected_is_refused():
    daemon = Daemon()
    conn = daemon.connect()
    for params, name in (
            ({}, "usage"),
            ({"module": b"x", "size": 1}, "usage"),
            ({"module": b"x", "digest": digest(b"y")}, "digest-mismatch"),
            ({"module": b"x", "digest": digest(b"x").upper()}, "usage"),
            ({"module": b""}, "usage"),
            ({"size": 0}, "usage"),
            ({"size": 1 << 40}, "too-large"),
            ({"module_fd": True}, "usage")):
        error, _ = conn.call("put", params)
        equal((params, error["name"]), (params, name))
    number = stream(conn, b"abc", size=2)
    equal(answer(conn, number)[0]["name"], "usage")
    # What still comes for it is dropped, also when another one has begun.
    other = conn.request("put", {"size": 3})
    conn.notify("put.data", {"call": number, "data": b"zzz"})
    conn.notify("put.data", {"call": other, "data": b"abc"})
    equal(answer(conn, other), (None, {"module": digest(b"abc"), "size": 3}))
    for method in ("info", "remove"):
        equal(conn.call(method, {"module": "0" * 64})[0]["name"],
              "no-such-module")
        equal(conn.call(method, {"module": "0" * 63})[0]["name"], "usage")
    equal(run_stored(conn, "0" * 63)[0]["name"], "usage")
    equal(list(stored(conn)), [digest(b"abc")])


@test
def test_budgets_refuse_and_say_so():
    daemon = Daemon("--max-store", "50000", "--max-store-per-user", "30000",
                    *OPEN_TO_ALL)
    conn = daemon.connect()
    equal(put(conn, b"exit 0\n" + b"a" * 20000)[0], None)
    error, _ = put(conn, b"b" * 20000)
    equal(error["name"], "store-full")
    contains(error["text"], "30000")
    # Before a byte of it has been sent.
    equal(conn.call("put", {"size": 20000})[0]["name"], "store-full")
    other = daemon.connect_as(ALICE)
    equal(put(other, b"c" * 20000)[0], None)
    third = daemon.connect_as(BOB)
    error, _ = put(third, b"d" * 20000)
    equal(error["name"], "store-full")
    contains(error["text"], "50000")
    equal(len(stored(other)), 1)
    equal(conn.call("remove", {"module": digest(b"c" * 20000)})[0], None)
    equal(put(third, b"d" * 20000)[0], None)


@test
def test_budgets_hold_under_a_burst_of_users_and_connections():
    """Everyone puts and submits over many connections at once: nobody gets more
    than the quotas, and nobody keeps another from his own."""
    conf = harness.scratch()
    conf.chmod(0o755)
    (conf / "conf").write_text("max-store-per-user = 30000\n"
                               "max-running-per-user = 2\n"
                               "max-jobs-per-user = 6\n"
                               "for-user %d {\n max-running-per-user = 3\n"
                               " max-store-per-user = 50000\n}\n" % BOB)
    daemon = Daemon("--config", conf / "conf", *OPEN_TO_ALL)
    watcher = daemon.connect()
    equal(watcher.call("events", {})[0], None)
    conns = {uid: [daemon.connect_as(uid) for _ in range(10)]
             for uid in (ALICE, BOB)}
    asked = []
    for n in range(10):
        for uid, of_user in conns.items():
            conn = of_user[n]
            asked.append((uid, "put", conn, conn.request(
                "put", {"module": random.randbytes(9000)})))
            asked.append((uid, "submit", conn, conn.request(
                "submit", {"module": b"sleep 100\n"})))
    taken = {(uid, what): 0 for uid, what, _, _ in asked}
    jobs, answers = 0, {}
    for uid, what, conn, number in asked:
        while (conn, number) not in answers:
            message = conn.receive()
            if message[0] == 1:
                answers[conn, message[1]] = message[2]
        error = answers[conn, number]
        equal(error is None or error["name"] in ("store-full", "queue-full"),
              True, error)
        taken[uid, what] += error is None
        jobs += error is None and what == "submit"
    # 4 puts may be under way at once, of which 3 or 5 fit.
    equal(1 <= taken[ALICE, "put"] <= 3 and 1 <= taken[BOB, "put"] <= 5, True,
          taken)
    for uid, most in ((ALICE, 30000), (BOB, 50000)):
        kept = stored(daemon.connect_as(uid)).values()
        equal(sum(item["size"] for item in kept) <= most, True)
        equal(taken[uid, "submit"] >= 6, True, taken)
    running, ended = {ALICE: set(), BOB: set()}, 0
    while ended < jobs:
        event = watcher.receive()[2]
        of_user = running[event["uid"]]
        if event["state"] == "running":
            of_user.add(event["job"])
        else:       # what it is after that takes no slot
            of_user.discard(event["job"])
            ended += event["state"] == "done"
        equal(len(running[ALICE]) <= 2 and len(running[BOB]) <= 3, True,
              running)


@test
def test_a_user_has_few_puts_under_way():
    daemon = Daemon()
    conn = daemon.connect()
    numbers = [conn.request("put", {"size": 1}) for _ in range(4)]
    error, _ = conn.call("put", {"size": 1})
    equal(error["name"], "queue-full")
    equal(error["retry_ms"] > 0, True)
    for i, number in enumerate(numbers):
        conn.notify("put.data", {"call": number, "data": b"%d" % i})
        equal(answer(conn, number)[0], None)
    conn.request("put", {"size": 1})
    conn.close()
    conn = daemon.connect()
    until(lambda: conn.call("put", {"module": b"x"})[0] is None)


@test
def test_others_see_only_what_is_shared():
    daemon = Daemon(*OPEN_TO_ALL)
    alice, bob = daemon.connect_as(ALICE), daemon.connect_as(BOB)
    secret, common = b"out secret\n", b"out common\n"
    equal(put(alice, secret)[0], None)
    equal(put(alice, common, share=True)[0], None)
    equal(list(stored(bob)), [digest(common)])
    equal(stored(bob)[digest(common)]["own"], False)
    for method in ("info", "remove"):
        equal(bob.call(method, {"module": digest(secret)})[0]["name"],
              "no-such-module")
    equal(run_stored(bob, digest(secret))[0]["name"], "no-such-module")
    equal(run_stored(bob, digest(common))[1], b"common\n")
    equal(bob.call("remove", {"module": digest(common)})[0]["name"], "denied")
    # The same bytes, put by both, belong to both.
    equal(put(bob, secret)[0], None)
    equal(alice.call("remove", {"module": digest(secret)})[0], None)
    equal(run_stored(bob, digest(secret))[1], b"secret\n")
    equal(run_stored(alice, digest(secret))[0]["name"], "no-such-module")
    # Shared no longer; root has all.
    equal(put(alice, common)[0], None)
    equal(list(stored(bob)), [digest(secret)])
    root = daemon.connect()
    equal(len(stored(root)), 2)
    equal(root.call("remove", {"module": digest(common)})[0], None)
    equal(stored(alice), {})


@test
def test_killed_in_the_middle_of_puts_nothing_acknowledged_is_lost():
    """Some modules are put again and again, and the daemon is killed at any
    time: what was acknowledged is there and runs, the rest is there whole or
    not at all."""
    store = harness.scratch()
    store.chmod(0o755)
    acknowledged = set()
    rng = random.Random(1)
    for turn in range(12):
        daemon = Daemon("--store", store / "modules")
        conn = daemon.connect()
        known = stored(conn)
        equal(acknowledged - set(known), set(), "lost")
        names = {path.name for path in (store / "modules").iterdir()}
        uid = os.geteuid()
        equal(names, {f"{d}.wasm" for d in known} |
              {f"{d}.{uid}" for d in known}, "files")
        for hexdigest in sorted(known)[turn % 3::3]:
            equal(run_stored(conn, hexdigest)[2]["status"], "OK")
        numbers = {}
        for i in range(20):
            data = b"out %d %d\n" % (turn, i) + rng.randbytes(
                rng.choice((10, 5000, 200000)))
            data = data.replace(b"\0", b"x")
            equal(put(conn, data)[0] is None, True) if i == 0 else None
            if i == 0:
                acknowledged.add(digest(data))
                continue
            number = conn.request("put", {"size": len(data)}) if i % 2 else \
                conn.request("put", {"module": data})
            if i % 2:
                for at in range(0, len(data), 60000):
                    conn.notify("put.data", {"call": number,
                                             "data": data[at:at + 60000]})
            numbers[number] = digest(data)
            if i % 4 == 3:
                for _ in range(rng.randrange(4)):
                    message = conn.receive()
                    if message[2] is None:
                        acknowledged.add(numbers[message[1]])
        time.sleep(rng.random() * 0.02)
        daemon.process.send_signal(signal.SIGKILL)
        daemon.process.wait(5)
        try:
            while True:
                message = conn.receive()
                if message[2] is None:
                    acknowledged.add(numbers[message[1]])
        except (wire.Closed, OSError):
            pass
    equal(len(acknowledged) > 24, True, "acknowledged")
    daemon = Daemon("--store", store / "modules")
    equal(acknowledged - set(stored(daemon.connect())), set(), "lost")


@test
def test_a_full_disk_refuses_and_keeps_nothing_half():
    if os.geteuid() != 0:
        raise harness.Skip("only root can mount a small file system")
    where = harness.scratch()
    mounted = harness.run(["mount", "-t", "tmpfs", "-o", "size=256k,mode=755",
                           "tmpfs", where])
    if mounted.returncode != 0:
        raise harness.Skip("cannot mount: " + mounted.stderr.decode().strip())
    harness.at_end(lambda: subprocess.run(["umount", "-l", where], check=True))
    daemon = Daemon("--store", where / "modules")
    witness = Witness(daemon)
    conn = daemon.connect()
    small, large = b"exit 0\n", b"exit 0\n" + b"y" * 300000
    equal(put(conn, small)[0], None)
    error, _ = put(conn, large)
    equal(error["name"], "store-full")
    contains(error["text"], "No space left")
    equal(list(stored(conn)), [digest(small)])
    equal(len(list((where / "modules").iterdir())), 2)
    equal(run_stored(conn, digest(small))[2]["status"], "OK")
    equal(put(conn, b"exit 1\n")[0], None)
    witness.check()


@test
def test_a_store_in_use_is_not_used_twice():
    daemon = Daemon()
    other = harness.run(
        [harness.WASMD, "--socket", daemon.dir / "s2", "--worker",
         "/nonexistent", "--store", daemon.dir / "store"])
    equal(other.returncode, 1)


@test
def test_without_a_store_there_is_everything_else():
    where = harness.scratch()
    blocked = where / "file"
    blocked.touch()
    env = {"XDG_STATE_HOME": str(blocked), "XDG_RUNTIME_DIR": str(where)}
    where.chmod(0o700)
    from daemon import WORKER, _user
    process = harness.start(
        [harness.WASMD, "--private", "--socket", where / "s", "--worker",
         WORKER, "--user", _user()], env=dict(os.environ, **env))
    until(lambda: (where / "s").exists())
    with wire.Connection.connect(str(where / "s")) as conn:
        equal(put(conn, b"exit 0\n")[0]["name"], "unavailable")
        equal(conn.call("list", {})[0]["name"], "unavailable")
        equal(run_stored(conn, "0" * 64)[0]["name"], "unavailable")
        equal(conn.run(b"exit 0\n")[2]["status"], "OK")
    process.terminate()
    equal(process.wait(10), 0)


@test
def test_clients_killed_while_they_put():
    daemon = Daemon()
    witness = Witness(daemon)
    data = b"exit 0\n" + b"z" * 5000
    message = wire.frame([0, 2, "put", {"size": len(data)}]) + wire.frame(
        [2, "put.data", {"call": 2, "data": data}])
    for cut in (*range(0, 60), 500, len(message) - 1, len(message)):
        conn = daemon.connect()
        conn.sock.sendall(message[:cut])
        conn.close()
    witness.check()
    conn = daemon.connect()
    until(lambda: set(stored(conn)) <= {digest(data)})
    descriptors = daemon.descriptors()
    equal(descriptors < 40, True, f"{descriptors} descriptors")
