"""The configuration file of a running wasmd: reload, quotas, access."""
import os
import signal
import threading

import harness
import wire
from daemon import Daemon, test
from harness import contains, equal, until
from test_life import pid_in_ns


class Configured(Daemon):
    """With a configuration file of its own."""

    def __init__(self, text, *options, **named):
        self.conf = harness.scratch() / "wasmd.conf"
        self.conf.parent.chmod(0o755)
        self.reloads = 0
        self.write(text)
        super().__init__("--config", self.conf, *options, **named)

    def write(self, text):
        self.conf.write_text(text)
        self.conf.chmod(0o644)

    def reload(self, text, expected="was read again"):
        self.write(text)
        before = self.log().count(expected)
        self.process.send_signal(signal.SIGHUP)
        until(lambda: self.log().count(expected) > before, what=expected)

    def refusal(self, **params):
        error, _, _ = self.run("exit 0\n", **params)
        return error["name"] if error else None


def as_user(uid, groups, function):
    """What a function returns in a process of another user."""
    if os.geteuid() != 0:
        raise harness.Skip("only root can become another user")
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.setgroups(groups)
            os.setgid(uid)
            os.setuid(uid)
            text = repr(function())
        except BaseException as error:   # pylint: disable=broad-except
            text = repr(error)
        os.write(writer, text.encode())
        os._exit(0)
    os.close(writer)
    os.waitpid(pid, 0)
    with os.fdopen(reader, "rb") as pipe:
        return pipe.read().decode()


@test
def test_reload_changes_limits_of_new_calls():
    d = Configured("max-wall = 1h\n")
    equal(d.refusal(wall_ms=60000), None)
    d.reload("max-wall = 30s\n")
    equal(d.refusal(wall_ms=60000), "too-large")
    equal(d.refusal(wall_ms=30000), None)
    d.reload("")
    equal(d.refusal(wall_ms=60000), None)


@test
def test_reload_of_a_bad_file_changes_nothing():
    d = Configured("max-wall = 1h\n")
    d.reload("max-wall = 1s\nmax-runing = 3\n", "not reloaded")
    contains(d.log(), f"{d.conf}:2: there is no option max-runing")
    equal(d.refusal(wall_ms=60000), None)
    d.conf.unlink()
    d.process.send_signal(signal.SIGHUP)
    until(lambda: d.log().count("not reloaded") == 2, what="the complaint")
    equal(d.refusal(wall_ms=60000), None)


@test
def test_reload_names_what_needs_a_restart():
    d = Configured("max-running = 3\n")
    d.reload("max-running = 4\nsocket = /elsewhere\nmax-wall = 5s\n")
    contains(d.log(), "max-running: a change needs a restart")
    equal(d.refusal(wall_ms=60000), "too-large")
    # The command line passes the file: nothing has changed there.
    equal("socket: a change" in d.log(), False)
    d.reload("max-running = 3\n")
    equal(d.log().count("a change needs"), 1)


@test
def test_worker_can_be_started_after_a_reload():
    d = Configured("")
    d.reload("max-wall = 5s\n")
    d.reload("max-wall = 6s\n")
    zygote = next(pid for pid, _ in d.children() if pid_in_ns(pid) == 2)
    os.kill(zygote, signal.SIGKILL)
    until(lambda: "runs again" in d.log(), what="a new worker")
    equal(d.status("exit 0\n"), "OK")


@test
def test_reload_does_not_disturb_running_calls():
    d = Configured("max-wall = 1h\n")
    conn = d.connect()
    conn.call("submit", {"module": b"sleep 300\nout done\n", "wall_ms": 50000})
    for n in range(20):
        d.reload(f"max-wall = {n + 1}s\nlog-level = debug\n")
    output, record = d.collect(conn)
    equal((output[1], record["status"]), (b"done\n", "OK"))


@test
def test_command_line_passes_the_file_at_a_reload_too():
    d = Configured("")
    d.reload("log-level = err\n")   # said by the command line: debug
    equal(d.status("exit 0\n"), "OK")
    until(lambda: "connection of user" in d.log().rpartition("read again")[2])


@test
def test_users_section_bounds_that_user():
    d = Configured(f"for-user {os.getuid()} {{ max-wall = 5s }}\n")
    equal(d.refusal(wall_ms=6000), "too-large")
    d.reload(f"for-user {os.getuid() + 1} {{ max-wall = 5s }}\n")
    equal(d.refusal(wall_ms=6000), None)


def hello_of(path):
    with wire.Connection.connect(path, greet=False) as conn:
        error, _ = conn.call("hello", {"version": 1})
        return error and error["name"]


@test
def test_access_by_group():
    d = Configured("access = no\nfor-group 77 { access = yes }\n"
                   "for-user 5 { access = no }\n", "--everyone")
    equal(as_user(2, [], lambda: hello_of(d.socket)), "'denied'")
    equal(as_user(2, [3, 77], lambda: hello_of(d.socket)), "None")
    equal(as_user(77, [], lambda: hello_of(d.socket)), "None")
    equal(as_user(5, [77], lambda: hello_of(d.socket)), "'denied'")
    equal(hello_of(d.socket), None, "root")
    contains(d.log(), "user 5, process")


@test
def test_access_that_is_taken_away():
    d = Configured("", "--everyone")
    ask, asked = os.pipe()
    tell, told = os.pipe()

    def use():
        with wire.Connection.connect(d.socket) as conn:
            first = conn.run(b"exit 0\n")[2]["status"]
            os.write(asked, b".")
            os.read(tell, 1)
            return first, conn.run(b"exit 0\n")[0]["name"]

    def take_away():
        os.read(ask, 1)
        d.reload("access = no\n")
        os.write(told, b".")
    helper = threading.Thread(target=take_away)
    helper.start()
    got = as_user(2, [], use)
    os.write(asked, b".")       # if it never got so far
    helper.join()
    for fd in (ask, asked, tell, told):
        os.close(fd)
    equal(got, "('OK', 'denied')")


@test
def test_rate_holds_under_a_burst():
    d = Configured("max-rate-per-user = 5\nmax-burst-per-user = 8\n")
    results = []

    def client():
        with wire.Connection.connect(d.socket) as conn:
            for _ in range(5):
                results.append(conn.run(b"exit 0\n"))
    threads = [threading.Thread(target=client) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    equal(len(results), 50)
    done = [r for r in results if r[0] is None]
    refused = [r[0] for r in results if r[0] is not None]
    # As many as the burst, and a few for the time that it took.
    equal(8 <= len(done) <= 30, True, f"{len(done)} were let through")
    equal({r["name"] for r in refused}, {"too-many-calls"})
    equal(all(0 < r["retry_ms"] <= 201 for r in refused), True)
    # Who does as it was told is served.
    error = d.run("exit 0\n")[0]
    for _ in range(50):
        if error is None:
            break
        threading.Event().wait(error["retry_ms"] / 1000)
        error = d.run("exit 0\n")[0]
    equal(error, None)


@test
def test_quota_of_jobs_holds_under_a_burst():
    d = Configured("max-jobs-per-user = 4\nmax-running-per-user = 2\n")
    conn = d.connect()
    numbers = [conn.request("submit", {"module": b"sleep 200\n"})
               for _ in range(20)]
    answers = {}
    exits = 0
    while len(answers) < 20 or exits < 4:
        message = conn.receive()
        if message[0] == 1:
            answers[message[1]] = message[2]
        elif message[1] == "job.exit":
            exits += 1
    refused = [answers[n] for n in numbers if answers[n] is not None]
    equal(len(refused), 16)
    equal({r["name"] for r in refused}, {"queue-full"})
    equal(all(r["retry_ms"] > 0 for r in refused), True)


@test
def test_everyone_may_open_the_socket():
    d = Configured("everyone = yes\n")
    equal(os.stat(d.socket).st_mode & 0o777, 0o666)
    equal(as_user(2, [], lambda: hello_of(d.socket)), "None")


@test
def test_bad_file_is_explained_at_the_start():
    conf = harness.scratch() / "bad.conf"
    conf.write_text("max-running = 0\n")
    result = harness.run([harness.WASMD, "--config", conf])
    equal(result.returncode, 1)
    contains(result.stderr.decode(), f"{conf}:1: max-running: '0' is out of "
             "bounds: 1 to 4096")
