"""What clients of wasmd get: outcomes, streams, limits, cancelling."""
import os
import time

import wire
from daemon import Daemon, Witness, sealed, test
from harness import contains, equal, until


def expect(daemon, script, status, **fields):
    params = fields.pop("params", {})
    error, output, record = daemon.run(script, **params)
    equal(error, None)
    equal(record["status"], status, script)
    for name, value in fields.items():
        if isinstance(value, str) and name != "module":
            contains(record.get(name, ""), value)
        else:
            equal(record.get(name), value, name)
    return output, record


# ---- outcomes ----------------------------------------------------------------

@test
def test_output_and_exit_code():
    d = Daemon()
    output, record = expect(d, "out hello\nerr there\nexit 7\n", "RE",
                            exit_code=7, bytes_out=6, bytes_err=6, fuel=77,
                            memory_pages_peak=2)
    equal(output, {1: b"hello\n", 2: b"there\n"})
    contains(record["layers"], "seccomp")
    equal(len(record["module"]), 64)
    expect(d, "exit 0\n", "OK", exit_code=0)
    expect(d, "exit 4294967295\n", "RE", exit_code=4294967295)
    expect(d, "out only\n", "OK", exit_code=0)


@test
def test_arguments_and_environment_arrive():
    d = Daemon()
    output, _ = expect(d, "args\n", "OK", params={
        "args": ["prog", "", "ü"], "env": ["A=", "B=x y"]})
    equal(output[1], "prog\n\nü\nA=\nB=x y\n".encode())
    args = ["x" * 1000] * 120
    output, _ = expect(d, "args\n", "OK", params={"args": args})
    equal(output[1], ("x" * 1000 + "\n").encode() * 120)


def submit_with(conn, names, scripts, **params):
    """Submit "preloaded" with further modules; its number."""
    fds = [sealed(script.encode()) for script in scripts]
    number = conn.request("submit", {"module": b"preloaded\n",
                                     "preload": names, **params}, fds)
    for fd in fds:
        os.close(fd)
    return number


@test
def test_preloaded_modules_arrive_in_order():
    d = Daemon()
    names = [str(n) * 63 for n in range(7)]
    for order in (names, names[::-1], names[:1], names, []):
        with d.connect() as conn:
            number = submit_with(conn, order, [name[:4] for name in order])
            equal(conn.receive()[1:3], [number, None])
            output, record = d.collect(conn)
            equal(output[1].decode(),
                  "".join(f"{name}={name[:4]}\n" for name in order))
            equal(record["status"], "OK")


@test
def test_programs_that_differ_do_not_share_a_template():
    d = Daemon()
    # Each of them often enough that children are forked ahead.
    for _ in range(5):
        for names, scripts in ((["a"], ["x"]), (["a"], ["y"]), (["b"], ["x"]),
                               (["a", "b"], ["x", "y"]),
                               (["b", "a"], ["y", "x"])):
            with d.connect() as conn:
                submit_with(conn, names, scripts)
                output, _ = d.collect(conn)
                equal(output[1].decode(),
                      "".join(f"{n}={s}\n" for n, s in zip(names, scripts)))


@test
def test_preload_also_beside_a_descriptor():
    d = Daemon()
    with d.connect() as conn:
        main = sealed(b"preloaded\n")
        lib = os.memfd_create("lib")    # not sealed: it is copied
        os.write(lib, b"text")
        conn.request("submit", {"module_fd": True, "preload": ["lib"]},
                     [main, lib])
        output, record = d.collect(conn)
        equal((output[1], record["status"]), (b"lib=text\n", "OK"))
        for fd in (main, lib):
            os.close(fd)


@test
def test_preload_that_is_wrong_is_refused():
    d = Daemon("--max-module", "64K")
    equal(d.status("out all has started\n"), "OK")
    before = d.descriptors()
    for names, count, word in (
            (["x" * 64], 1, "63"), ([""], 1, "63"), (["a\0b"], 1, "NUL"),
            (["a", "a"], 2, "two modules a"), (["a"], 0, "descriptors"),
            (["a"], 2, "descriptors"), ([], 1, "descriptors"),
            (list("abcdefgh"), 8, "at most 7")):
        with d.connect() as conn:
            submit_with(conn, names, ["x"] * count)
            contains(conn.receive()[2]["text"], word)
    with d.connect() as conn:
        submit_with(conn, ["a", "b"], ["x" * 40000] * 2)
        error = conn.receive()[2]
        equal(error["name"], "too-large")
        contains(error["text"], "preload b")
        submit_with(conn, ["a"], ["x"], mode="validate")
        contains(conn.receive()[2]["text"], "takes no preload")
        reader, writer = os.pipe()
        conn.request("submit", {"module": b"out x\n", "preload": ["pipe"]},
                     [reader])
        error = conn.receive()[2]
        equal(error["name"], "usage")
        contains(error["text"], "preload pipe")
        os.close(reader)
        os.close(writer)
    until(lambda: d.descriptors() <= before, what="closed descriptors")
    equal(d.status("out still here\n"), "OK")


@test
def test_module_by_descriptor():
    d = Daemon()
    data = b"out by descriptor\n" + b"#" * (3 << 20)
    for fd in (sealed(data), os.memfd_create("m")):
        os.pwrite(fd, data, 0) if os.fstat(fd).st_size == 0 else None
        with d.connect() as conn:
            number = conn.request("submit", {"module_fd": True}, [fd])
            os.close(fd)
            equal(conn.receive()[1:3], [number, None])
            output, record = d.collect(conn)
        equal((output[1], record["status"]), (b"by descriptor\n", "OK"))


@test
def test_deaths_are_told_apart():
    d = Daemon()
    expect(d, "trap unreachable\n", "TR", trap="unreachable", cause="trap")
    expect(d, "fuel\n", "TF")
    expect(d, "memory-end\n", "MO")
    expect(d, "not-found no export 'x'\n", "NF", cause="no export 'x'")
    expect(d, "crash\n", "CR", signal=11)
    expect(d, "check\n", "CR", signal=4)
    expect(d, "violation\n", "SV", signal=31)
    contains(d.log(), "status=SV")
    expect(d, "vanish\n", "CR", cause="no result")
    expect(d, "results\n", "OK", results=["i32:-2", "f64:0.5"])


@test
def test_modules_that_do_not_load():
    d = Daemon()
    expect(d, "malformed\n", "IV", cause="at byte 0x4")
    expect(d, "", "IV", cause="malformed")
    expect(d, "invalid\n", "IV", cause="type mismatch")
    expect(d, "unlinkable\n", "IV", cause="unknown import")
    expect(d, "memory\n", "MO")
    expect(d, "load-violation\n", "SV", signal=31)
    expect(d, "load-spin\n", "TO", params={"wall_ms": 300})
    expect(d, "out still here\n", "OK")


@test
def test_module_that_crashes_templates_is_not_loaded_for_ever():
    d = Daemon()
    for _ in range(3):
        expect(d, "load-crash\n", "CR", signal=11)
    equal(d.run("load-crash\n")[0]["name"], "quarantined")
    equal(d.log().count("template of user"), 3)
    expect(d, "out another\n", "OK")


@test
def test_limits_end_a_call():
    d = Daemon()
    _, record = expect(d, "out before\nspin\n", "TO",
                       params={"wall_ms": 200}, cause="200 ms")
    equal(200000 <= record["wall_us"] < 1000000, True, "wall time")
    expect(d, "forever\n", "TO", params={"wall_ms": 200})
    expect(d, "spin\n", "TC", params={"cpu_ms": 100}, cause="CPU time")
    output, _ = expect(d, "flood\n", "OL", params={"output_bytes": 100000})
    equal(len(output[1]), 100000)
    output, _ = expect(d, "raw-flood\n", "OL", params={"output_bytes": 100000})
    equal(len(output[1]), 100000, "of a child that does not count")
    expect(d, "out x\n", "OL", params={"output_bytes": 0})
    expect(d, "hang\n", "TO", params={"wall_ms": 200})


@test
def test_limits_above_what_is_allowed_are_refused():
    d = Daemon("--max-wall", "5s", "--max-memory", "64M")
    error, _, _ = d.run("exit 0\n", wall_ms=5001)
    equal(error["name"], "too-large")
    error, _, _ = d.run("exit 0\n", memory_bytes=(64 << 20) + 1)
    equal(error["name"], "too-large")
    error, _, _ = d.run("exit 0\n", wall_ms=0)
    equal(error["name"], "usage")
    expect(d, "exit 0\n", "OK", params={"wall_ms": 5000})


@test
def test_guest_sleeps():
    d = Daemon()
    _, record = expect(d, "sleep 150\nout awake\n", "OK")
    equal(150000 <= record["wall_us"] < 1000000, True, "it slept")
    equal(record["cpu_us"] < 100000, True, "without computing")
    for ms in range(1, 30):
        _, record = expect(d, f"sleep {ms}\n", "OK")
        equal(record["wall_us"] >= ms * 1000, True, "never woken early")


# ---- streams -----------------------------------------------------------------

@test
def test_output_comes_at_once_and_unbuffered():
    d = Daemon()
    conn = d.connect()
    conn.request("submit", {"module": b"put prompt> \nforever\n"})
    conn.receive()
    message = conn.receive()
    equal((message[1], message[2]["data"]), ("job.output", b"prompt> "))


@test
def test_streams_keep_their_order():
    d = Daemon()
    script = "".join(f"out {n}\nerr {n}\n" for n in range(200))
    conn = d.connect()
    conn.request("submit", {"module": script.encode()})
    got = []
    while True:
        message = conn.receive()
        if message[1] == "job.output":
            got.append((message[2]["fd"], message[2]["data"]))
        if message[1] == "job.exit":
            break
    joined = []
    for fd, data in got:
        if joined and joined[-1][0] == fd:
            data = joined.pop()[1] + data
        joined.append((fd, data))
    equal(joined == [(fd, b"%d\n" % n) for n in range(200) for fd in (1, 2)],
          True, "order")


@test
def test_credit_is_kept_to_the_byte():
    d = Daemon()
    conn = d.connect()
    number = conn.request("submit", {"module": b"burst 3\n", "credit": 10})
    message = conn.receive()
    equal(message[1], number)
    job = message[3]["job"]
    total = 0
    for credit in (10, 1, 65536, 70000, 1 << 20):
        if total:
            conn.notify("job.credit", {"job": job, "bytes": credit})
        want = min(total + credit, 3 * 65536)
        while total < want:
            message = conn.receive()
            equal(message[1], "job.output")
            total += len(message[2]["data"])
        equal(total, want)
        if total < 3 * 65536:
            equal(silent(conn), True, "nothing beyond the credit")
    equal(conn.receive()[1], "job.exit")


def silent(conn, seconds=0.1):
    conn.sock.settimeout(seconds)
    try:
        conn.receive()
        return False
    except TimeoutError:
        return True
    finally:
        conn.sock.settimeout(20)


@test
def test_exit_needs_no_credit():
    d = Daemon()
    conn = d.connect()
    conn.request("submit", {"module": b"exit 3\n", "credit": 0})
    conn.receive()
    equal(conn.receive()[1], "job.exit")


@test
def test_input_flows_as_the_guest_reads():
    d = Daemon()
    conn = d.connect()
    data = os.urandom(1 << 20)
    conn.request("submit", {"module": b"cat\n", "stdin": True})
    job = conn.receive()[3]["job"]
    sent, got, wanted, record = 0, b"", 0, None
    while record is None:
        message = conn.receive()
        if message[1] == "job.want_input":
            wanted += message[2]["bytes"]
        elif message[1] == "job.output":
            got += message[2]["data"]
        elif message[1] == "job.exit":
            record = message[2]
        while wanted > 0 and sent < len(data):
            part = data[sent:sent + min(wanted, 5000)]
            sent += len(part)
            wanted -= len(part)
            conn.notify("job.input", {"job": job, "data": part})
            if sent == len(data):
                conn.notify("job.input", {"job": job, "eof": True})
    equal(got == data, True, "all came back")
    equal(record["bytes_in"], len(data))
    equal(record["status"], "OK")


@test
def test_input_that_nobody_gives_has_ended():
    d = Daemon()
    expect(d, "cat\nout end\n", "OK")
    conn = d.connect()
    conn.request("submit", {"module": b"cat\nout end\n", "stdin": True})
    job = conn.receive()[3]["job"]
    conn.notify("job.input", {"job": job, "eof": True})
    output, record = d.collect(conn)
    equal((output[1], record["status"]), (b"end\n", "OK"))


@test
def test_many_jobs_on_one_connection():
    d = Daemon()
    conn = d.connect()
    numbers = [conn.request("submit", {"module": b"out %d\nexit %d\n" %
                                       (n % 7, n % 7)}) for n in range(100)]
    jobs, output, ended = {}, {}, {}
    while len(ended) < 100:
        message = conn.receive()
        if message[0] == 1:
            equal(message[2], None)
            jobs[message[1]] = message[3]["job"]
        elif message[1] == "job.output":
            output.setdefault(message[2]["job"], b"")
            output[message[2]["job"]] += message[2]["data"]
        else:
            ended[message[2]["job"]] = message[2]["exit_code"]
    for n, number in enumerate(numbers):
        equal(output[jobs[number]], b"%d\n" % (n % 7))
        equal(ended[jobs[number]], n % 7)


# ---- cancelling --------------------------------------------------------------

@test
def test_cancel_in_every_phase():
    d = Daemon("--max-running", "1")
    conn = d.connect()
    running = conn.call("submit", {"module": b"out x\nspin\n"})[1]["job"]
    waiting = conn.call("submit", {"module": b"exit 0\n"})[1]["job"]
    equal(conn.call("cancel", {"job": waiting}), (None, {}))
    records = {}

    def collect(job):
        while job not in records:
            message = conn.receive()
            if message[1] == "job.exit":
                records[message[2]["job"]] = message[2]
        return records[job]
    equal(collect(waiting)["status"], "CA")
    began = time.monotonic()
    number = conn.request("cancel", {"job": running})
    equal(collect(running)["status"], "CA")
    equal(time.monotonic() - began < 1, True, "at once")
    del number
    error, _ = conn.call("cancel", {"job": running})
    equal(error["name"], "no-such-job")
    loading = conn.call("submit", {"module": b"load-spin\n"})[1]["job"]
    time.sleep(0.1)
    conn.request("cancel", {"job": loading})
    equal(collect(loading)["status"], "CA")
    until(lambda: all(state != "R" for _, state in d.children()),
          what="the end of loading")


@test
def test_cancelled_job_ends_without_credit():
    d = Daemon()
    conn = d.connect()
    job = conn.call("submit", {"module": b"flood\n", "credit": 1000})[1]["job"]
    equal(conn.receive()[1], "job.output")
    conn.request("cancel", {"job": job})
    names = [conn.receive()[1:2][0] for _ in range(2)]
    equal(names[1], "job.exit")


@test
def test_jobs_of_others_are_not_there():
    d = Daemon()
    one, other = d.connect(), d.connect()
    job = one.call("submit", {"module": b"forever\n"})[1]["job"]
    other.notify("job.credit", {"job": job, "bytes": 5})
    other.notify("job.input", {"job": job, "data": b"x"})
    equal(other.call("check", {})[0], None)


@test
def test_client_that_leaves_takes_its_jobs_along():
    d = Daemon()
    before = d.descriptors()
    witness = Witness(d)
    conn = d.connect()
    for script in (b"spin\n", b"forever\n", b"flood\n", b"load-spin\n"):
        conn.call("submit", {"module": script})
    conn.close()
    until(lambda: d.log().count("the client is gone") == 4, what="their end")
    until(lambda: all(state != "R" for _, state in d.children()),
          what="the end of all that computed")
    witness.check()
    equal(d.descriptors() < before + 40, True, "descriptors are closed")


# ---- queue -------------------------------------------------------------------

@test
def test_full_queue_answers_at_once():
    d = Daemon("--max-running", "2", "--max-jobs", "5")
    conn = d.connect()
    jobs = [conn.call("submit", {"module": b"forever\n"})[1]["job"]
            for _ in range(5)]
    began = time.monotonic()
    error, _ = conn.call("submit", {"module": b"forever\n"})
    equal(error["name"], "queue-full")
    equal(error["retry_ms"] > 0, True)
    equal(time.monotonic() - began < 0.5, True, "at once")
    for job in jobs:
        conn.request("cancel", {"job": job})
    until(lambda: conn.call("submit", {"module": b"exit 0\n"})[0] is None)


@test
def test_hot_module_forks_ahead_and_stays_right():
    d = Daemon("--ready", "2")
    for n in range(30):
        output, record = expect(d, "args\nexit 5\n", "RE",
                                params={"args": [str(n)]})
        equal(output[1], b"%d\n" % n)
    time.sleep(0.1)
    equal(len(d.children()) <= 6, True, "few children wait")


@test
def test_templates_are_bounded():
    d = Daemon("--max-templates", "3")
    for n in range(12):
        expect(d, f"out {n}\n", "OK")
    until(lambda: len(d.children()) <= 3 + 3 + 2, what="few templates")
    equal(d.descriptors() < 60, True, "few descriptors")
