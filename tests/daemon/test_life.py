"""How wasmd starts, ends, and outlives its own processes' deaths."""
import os
import signal
import socket
import stat
import time

import harness
import wire
from daemon import WORKER, Daemon, Witness, _user, test
from harness import WASMD, contains, equal, run, until


def refused(*options, env=None):
    """The text with which it does not start."""
    result = run([WASMD, "--store", harness.scratch() / "store", *options],
                 seconds=10,
                 env=dict(os.environ, **(env or {})))
    equal(result.returncode, 1)
    equal(result.stderr.decode().count("\n"), 1, "one message")
    return result.stderr.decode()


@test
def test_bad_options_are_explained():
    contains(refused("--nonsense"), "--nonsense")
    contains(refused("--max-running"), "missing")
    contains(refused("--max-running", "0"), "bounds")
    contains(refused("--max-running", "x"), "not a number")
    contains(refused("--max-memory", "1Q"), "unit")
    contains(refused("--max-memory", "99999999999999999999"), "number")
    contains(refused("--require", "luck"), "no layer")
    contains(refused("--log-level", "loud"), "no level")
    contains(refused("operand"), "operand")
    equal(run([WASMD, "--help"]).returncode, 0)
    contains(run([WASMD, "--version"]).stdout, b"wasmd")


@test
def test_bad_places_are_explained():
    where = str(harness.scratch())
    os.chmod(where, 0o755)
    worker = ("--worker", WORKER, "--user", _user())
    contains(refused("--socket", "/nonexistent/s", *worker), "/nonexistent")
    contains(refused("--socket", where + "/" + "x" * 200, *worker), "at most 107")
    contains(refused("--socket", where + "/s", "--user", _user(), "--worker",
                     "/nonexistent/worker"), "/nonexistent/worker")
    if os.geteuid() == 0:
        contains(refused("--socket", where + "/s", "--user", "no-such-user"),
                 "no-such-user")
        contains(refused("--socket", where + "/s", "--user", "root"), "root")
    contains(refused("--socket", where + "/s", "--group", "no-such-group",
                     *worker), "no-such-group")
    open_dir = harness.scratch()
    open_dir.chmod(0o777)
    contains(refused("--private", "--socket", f"{open_dir}/s", *worker),
             "nobody else")
    # A worker that is no worker.
    contains(refused("--socket", where + "/s", "--user", _user(),
                     "--worker", "/bin/true"), "worker")


@test
def test_gives_up_root():
    d = Daemon()
    equal(d.status("exit 0\n"), "OK")
    status = open(f"/proc/{d.process.pid}/status").read()
    uid = [l for l in status.splitlines() if l.startswith("Uid")][0].split()
    equal("0" in uid[1:], False, "not root")
    contains(status, "NoNewPrivs:\t1")
    contains(status, "CapEff:\t0000000000000000")
    equal(stat.S_IMODE(os.stat(d.socket).st_mode), 0o600)


def pid_in_ns(pid):
    """1: the worker's init; 2: the zygote; then templates and children."""
    try:
        status = open(f"/proc/{pid}/status").read()
    except OSError:
        return 0
    return int([l for l in status.splitlines()
                if l.startswith("NSpid")][0].split()[-1])


@test
def test_worker_is_restarted():
    d = Daemon()
    witness = Witness(d)
    equal(d.status("exit 0\n"), "OK")
    for n in range(3):
        zygote = next(pid for pid, state in d.children()
                      if state != "Z" and pid_in_ns(pid) == 2)
        os.kill(zygote, signal.SIGKILL)
        until(lambda: d.log().count("runs again") == n + 1, what="restart")
        witness.check()
        equal(d.status(f"out {n}\n"), "OK")


@test
def test_template_that_is_killed_is_made_again():
    d = Daemon()
    for _ in range(30):
        equal(d.status("out x\n"), "OK")
        for pid, _ in d.children():
            if pid_in_ns(pid) > 2:
                os.kill(pid, signal.SIGKILL)
    equal(d.status("out x\n"), "OK")


@test
def test_sigterm_lets_running_calls_end():
    d = Daemon()
    conn, other = d.connect(), d.connect()
    conn.call("submit", {"module": b"sleep 300\nout done\n"})
    d.process.send_signal(signal.SIGTERM)
    time.sleep(0.1)
    error, _ = other.call("submit", {"module": b"exit 0\n"})
    equal(error["name"], "unavailable")
    output, record = d.collect(conn)
    equal((output[1], record["status"]), (b"done\n", "OK"))
    equal(d.process.wait(5), 0)


@test
def test_sigterm_during_the_start_ends_in_order():
    for _ in range(20):
        d = Daemon()
        d.process.send_signal(signal.SIGTERM)
        equal(d.process.wait(5), 0)


@test
def test_sigterm_cancels_what_does_not_end():
    d = Daemon("--drain", "300ms")
    conn = d.connect()
    conn.call("submit", {"module": b"spin\n"})
    conn.call("submit", {"module": b"load-spin\n"})
    began = time.monotonic()
    d.process.send_signal(signal.SIGTERM)
    statuses = [conn.receive()[2] for _ in range(2)]
    for record in statuses:
        equal(record["status"], "CA")
        contains(record["cause"], "wasmd ends")
    equal(d.process.wait(5), 0)
    equal(0.25 < time.monotonic() - began < 2, True, "in time")


@test
def test_second_signal_does_not_wait():
    d = Daemon("--drain", "60s")
    conn = d.connect()
    conn.call("submit", {"module": b"forever\n"})
    d.process.send_signal(signal.SIGTERM)
    time.sleep(0.1)
    d.process.send_signal(signal.SIGINT)
    equal(conn.receive()[2]["status"], "CA")
    equal(d.process.wait(5), 0)


@test
def test_killed_daemon_leaves_no_process():
    d = Daemon()
    conn = d.connect()
    for script in (b"spin\n", b"forever\n", b"flood\n"):
        conn.call("submit", {"module": script})
    until(lambda: len(d.children()) >= 8, what="running calls")
    children = [pid for pid, _ in d.children()]
    d.process.kill()
    until(lambda: not [p for p in children if runs(p) and pid_in_ns(p) > 1],
          seconds=1, what="the end of guests")
    # Init goes when this machine's own init has reaped the others.
    until(lambda: not [p for p in children if runs(p)], what="init's end")


def runs(pid):
    try:
        return " Z " not in open(f"/proc/{pid}/stat").read()
    except OSError:
        return False


@test
def test_second_daemon_on_the_same_socket():
    d = Daemon()
    contains(refused("--socket", d.socket, "--worker", WORKER,
                     "--user", _user()), "another wasmd")
    equal(d.status("exit 0\n"), "OK")


@test
def test_private_daemon_leaves_when_idle():
    where = harness.scratch()
    os.chmod(where, 0o755)
    home = where / "runtime"
    d = Daemon("--private", "--idle-exit", "400ms",
               socket_path=str(home / "wasmd.sock"))
    equal(stat.S_IMODE(os.stat(home).st_mode), 0o700)
    conn = d.connect() if os.geteuid() != 0 else None
    if conn:
        equal(conn.run(b"exit 0\n")[2]["status"], "OK")
        time.sleep(0.6)
        equal(d.alive(), True, "while someone is there")
        conn.close()
    equal(d.process.wait(5), 0)


@test
def test_private_daemon_serves_who_started_it():
    where = harness.scratch()
    os.chmod(where, 0o755)
    d = Daemon("--private", socket_path=str(where / "p" / "s"))
    equal(d.status("exit 0\n"), "OK")


@test
def test_private_daemon_serves_nobody_else():
    if os.geteuid() != 0:
        raise harness.Skip("only root can become another user")
    where = harness.scratch()
    os.chmod(where, 0o755)
    # A socket that everybody can reach, so that it is not the file's mode.
    process, _ = hand_over(where, "--private", "--log-level", "debug")
    os.chmod(where / "s", 0o666)
    equal(as_other_user(str(where / "s")), b"", "closed at once")
    with wire.Connection.connect(str(where / "s")) as conn:
        equal(conn.run(b"exit 4\n")[2]["exit_code"], 4)
    process.send_signal(signal.SIGTERM)
    contains(process.communicate(timeout=5)[1], b"user 2, process")


def as_other_user(path):
    """What another user reads after connecting."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.setuid(2)
        sock = socket.socket(socket.AF_UNIX)
        sock.settimeout(10)
        sock.connect(path)
        os.write(writer, b"<" + sock.recv(100) + b">")
        os._exit(0)
    os.close(writer)
    os.waitpid(pid, 0)
    with os.fdopen(reader, "rb") as pipe:
        text = pipe.read()
    equal(text[:1] + text[-1:], b"<>", "it connected")
    return text[1:-1]


def hand_over(where, *options, env=None):
    """A daemon that is given its socket and tells when it is ready."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(where / "s"))
    listener.listen()
    told = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    told.bind(str(where / "notify"))
    os.chmod(where / "notify", 0o666)
    told.settimeout(10)
    harness.at_end(told.close)

    def give():
        os.dup2(listener.fileno(), 3)
        os.set_inheritable(3, True)
    process = harness.start(
        ["/bin/sh", "-c", 'LISTEN_PID=$$ exec "$@"', "sh", WASMD, "--store",
         harness.scratch() / "store", "--worker",
         WORKER, "--user", _user(), *options], preexec_fn=give,
        close_fds=False, env=dict(os.environ, LISTEN_FDS="1",
                                  NOTIFY_SOCKET=str(where / "notify"), **(env or {})))
    equal(told.recv(100), b"READY=1")
    listener.close()
    return process, told


@test
def test_socket_handed_over_and_readiness_told():
    where = harness.scratch()
    os.chmod(where, 0o755)
    process, told = hand_over(where)
    with wire.Connection.connect(str(where / "s")) as conn:
        equal(conn.run(b"exit 4\n")[2]["exit_code"], 4)
    process.send_signal(signal.SIGTERM)
    # The drain's 5 s, and what the end itself may take.
    equal(told.recv(100), b"STOPPING=1\nEXTEND_TIMEOUT_USEC=7500000")
    equal(process.wait(5), 0)
    equal((where / "s").exists(), True, "not ours to remove")


@test
def test_reload_is_told():
    where = harness.scratch()
    os.chmod(where, 0o755)
    conf = where / "wasmd.conf"
    conf.write_text("max-jobs = 5\n")
    process, told = hand_over(where, "--config", conf)
    before = time.monotonic_ns() // 1000
    process.send_signal(signal.SIGHUP)
    words = told.recv(200).decode().split("\n")
    equal(words[0], "RELOADING=1")
    name, _, when = words[1].partition("=")
    equal(name, "MONOTONIC_USEC")
    equal(before <= int(when) <= time.monotonic_ns() // 1000, True)
    equal(told.recv(200), b"READY=1\nSTATUS=")
    conf.write_text("max-jobs = 0\n")
    process.send_signal(signal.SIGHUP)
    contains(told.recv(200), b"RELOADING=1")
    contains(told.recv(200), b"READY=1\nSTATUS=The configuration is bad")
    process.send_signal(signal.SIGTERM)
    equal(process.wait(5), 0)


@test
def test_watchdog_is_kept_quiet():
    where = harness.scratch()
    os.chmod(where, 0o755)
    process, told = hand_over(where, env={"WATCHDOG_USEC": "200000"})
    for _ in range(3):
        equal(told.recv(100), b"WATCHDOG=1")
    process.send_signal(signal.SIGTERM)
    equal(process.wait(5), 0)


@test
def test_watchdog_of_another_process_is_not_ours():
    where = harness.scratch()
    os.chmod(where, 0o755)
    process, told = hand_over(where, env={"WATCHDOG_USEC": "100000",
                                          "WATCHDOG_PID": "1"})
    told.settimeout(0.4)
    try:
        text = told.recv(100)
    except TimeoutError:
        text = b""
    equal(text, b"")
    process.send_signal(signal.SIGTERM)
    equal(process.wait(5), 0)


@test
def test_priorities_are_for_the_journal_only():
    conf = harness.scratch() / "bad.conf"
    conf.write_text("max-jobs = 5\n")
    reader, writer = os.pipe()
    st = os.fstat(writer)
    argv = [WASMD, "--config", conf, "--socket", "/nonexistent/s", "--user",
            _user()]
    for stream, expected in ((f"{st.st_dev}:{st.st_ino}", b"<3>"),
                             (f"{st.st_dev}:{st.st_ino + 1}", b"wasmd: "),
                             ("nonsense", b"wasmd: ")):
        run(argv, stderr=writer, env=dict(os.environ, JOURNAL_STREAM=stream))
        line = os.read(reader, 1000)
        equal(line[:len(expected)], expected)
    os.close(reader)
    os.close(writer)


@test
def test_out_of_descriptors_accepting_waits():
    where = harness.scratch()
    os.chmod(where, 0o755)
    import resource

    def few():
        resource.setrlimit(resource.RLIMIT_NOFILE, (52, 52))
    path = str(where / "s")
    log = where / "log"
    with open(log, "wb") as out:
        process = harness.start(
            [WASMD, "--socket", path, "--worker", WORKER, "--user", _user(),
             "--store", where / "store", "--log-level", "debug",
             "--hello-timeout", "1s"],
            preexec_fn=few, stderr=out)
    until(lambda: os.path.exists(path))
    time.sleep(0.2)
    socks = []
    for _ in range(60):
        sock = socket.socket(socket.AF_UNIX)
        sock.connect(path)
        socks.append(sock)
    until(lambda: b"new connections wait" in log.read_bytes())
    equal(process.poll(), None, "it lives")
    # The silent ones are closed in time; then there is room again.
    try:
        with wire.Connection.connect(path) as conn:
            equal(conn.run(b"exit 0\n")[2]["status"], "OK")
    except OSError as error:
        raise AssertionError(log.read_text()) from error
    for sock in socks:
        sock.close()
    process.send_signal(signal.SIGTERM)
    equal(process.wait(10), 0)


@test
def test_layers_can_be_required_and_left_out():
    d = Daemon("--without", "landlock", "--require", "seccomp")
    _, result = d.connect().call("check", {})
    equal("landlock off" in result["layers"], True)
    equal("seccomp in-force" in result["layers"], True)
    _, _, record = d.run("exit 0\n")
    equal("landlock" in record["layers"], False)
