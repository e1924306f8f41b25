"""What may befall the daemon and its processes: work under way ends with a named
cause, the rest goes on, and nobody has to do anything about it."""
import os
import resource
import signal
import subprocess
import time

import daemon as daemons
import harness
from attacked import (PROBE, command, confined, run, start,
                      status_of, test, wasm)
from daemon import Witness
from harness import contains, equal, until

FAKE = daemons.WORKER
FOREVER = b"forever\n"


def lower(pid, what, soft):
    """Lower a process's soft limit, as another of its user's may; what undoes
    it."""
    fields = status_of(pid)
    uid, gid = (int(fields[name].split()[0]) for name in ("Uid", "Gid"))

    def as_its_user(limits):
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            if os.geteuid() == 0:
                os.setgroups([])
                os.setgid(gid)
                os.setuid(uid)
            old = resource.prlimit(pid, what)
            resource.prlimit(pid, what, (limits(old), old[1]))
            os.write(writer, str(old[0]).encode())
            os._exit(0)
        os.close(writer)
        with os.fdopen(reader, "rb") as pipe:
            text = pipe.read()
        equal(os.waitpid(child, 0)[1], 0, "prlimit")
        return int(text)
    old = as_its_user(lambda limits: soft)
    return lambda: as_its_user(lambda limits: old)


def submit(daemon, script, **params):
    """A call under way: (connection, its number)."""
    conn = daemon.connect(timeout=30)
    error, result = conn.call("submit", {"module": script, **params})
    equal(error, None)
    return conn, result["job"]


def record_of(conn):
    while True:
        message = conn.receive()
        if message[1] == "job.exit":
            return message[2]


def killed(part):
    """Kill that process while a call runs; the record of the call."""
    daemon = start("--ready", "0", worker=FAKE)
    conn, _ = submit(daemon, FOREVER)
    until(lambda: len(confined(daemon)) == 4, what="all processes")
    os.kill(confined(daemon)[part], signal.SIGKILL)
    if part in ("child", "init"):
        record = record_of(conn)
        equal((record["status"], record["signal"]), ("MO", 9))
        contains(record["cause"], "killed")
    until(lambda: daemon.run("exit 3\n")[2]["exit_code"] == 3,
          what="a call that works")
    if part in ("zygote", "template"):
        # What ran, runs: cancelling it is what ends it.
        until(lambda: len(daemon.children()) >= 4, what="the call")
        conn.sock.settimeout(0.2)
        try:
            raise AssertionError(conn.receive())
        except TimeoutError:
            pass
    conn.close()
    until(lambda: not [p for p, s in daemon.children() if s == "Z"],
          what="no zombie")


@test
def test_killed_child():
    killed("child")


@test
def test_killed_template():
    killed("template")


@test
def test_killed_zygote():
    killed("zygote")


@test
def test_killed_init():
    killed("init")


@test
def test_killed_daemon_leaves_nobody():
    daemon = start(worker=FAKE)
    conns = [submit(daemon, script) for script in
             (FOREVER, b"spin\n", b"flood\n", b"load-spin\n")]
    until(lambda: len(daemon.children()) >= 9, what="all processes")
    # Init goes last, when all others have been waited for: that is the
    # business of this machine's init.
    init = confined(daemon)["init"]
    pids = [pid for pid, _ in daemon.children() if pid != init]

    def running(pids):
        left = []
        for pid in pids:
            try:
                with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
                    if stat.read().rpartition(")")[2].split()[0] != "Z":
                        left.append(pid)
            except OSError:
                pass
        return left
    began = time.monotonic()
    daemon.process.kill()
    until(lambda: not running(pids), what="the end of all")
    print(f"        {len(pids)} processes: none after "
          f"{(time.monotonic() - began) * 1000:.0f} ms")
    until(lambda: not running([init]), what="init's end")
    daemon.process.wait(10)
    for conn, _ in conns:
        conn.close()


@test
def test_stopped_child_ends_by_its_wall_limit():
    daemon = start("--ready", "0", worker=FAKE)
    witness = Witness(daemon)
    before = {pid for pid, _ in daemon.children()}
    conn, _ = submit(daemon, b"spin\n", wall_ms=700)
    until(lambda: len(daemon.children()) == len(before) + 2, what="the call")
    child = max({pid for pid, _ in daemon.children()} - before)
    os.kill(child, signal.SIGSTOP)
    record = record_of(conn)
    equal(record["status"], "TO")
    witness.check()


@test
def test_stopped_template_holds_up_its_own_calls_only():
    daemon = start("--ready", "0", worker=FAKE)
    equal(daemon.status("exit 0\n"), "OK")
    template = confined(daemon)["template"]
    os.kill(template, signal.SIGSTOP)
    conn, _ = submit(daemon, b"exit 0\n", wall_ms=500)
    equal(daemon.status("out another\n"), "OK")
    equal(record_of(conn)["status"], "TO")
    os.kill(template, signal.SIGCONT)
    equal(daemon.status("exit 0\n"), "OK")


def fork_fails_in(name, before):
    """The process of that name cannot fork: it is told, and heals."""
    daemon = start("--ready", "0", worker=FAKE)
    witness = Witness(daemon)
    before(daemon)
    undo = lower(confined(daemon)[name], resource.RLIMIT_NPROC, 1)
    _, _, record = daemon.run("exit 0\n")
    equal(record["status"], "XX")
    contains(record["cause"], "temporarily unavailable")
    witness.check()
    undo()
    equal(daemon.status("exit 0\n"), "OK")


@test
def test_fork_that_fails_is_told():
    fork_fails_in("template",
                  lambda daemon: equal(daemon.status("exit 0\n"), "OK"))


@test
def test_zygote_that_cannot_fork_is_told():
    fork_fails_in("zygote", lambda daemon: None)


@test
def test_descriptors_exhausted_is_told():
    daemon = start("--ready", "0", worker=FAKE)
    witness = Witness(daemon)
    conn = daemon.connect(timeout=30)
    pid = daemon.process.pid
    # Room for nothing but what is there.
    most = max(int(fd) for fd in os.listdir(f"/proc/{pid}/fd")) + 1
    undo = lower(pid, resource.RLIMIT_NOFILE, most)
    error, _, record = conn.run(b"out x\n")
    if error is None:
        equal(record["status"], "XX")
        contains(record["cause"], "open files")
    else:
        equal(error["name"], "internal")
    witness.check()
    undo()
    equal(conn.run(b"out x\n")[2]["status"], "OK")


@test
def test_memory_exhausted_is_told():
    """Of the daemon: nothing that it maps or grows by any more is granted."""
    if daemons.SANITIZED:
        raise harness.Skip("a sanitizer ends a program that has no memory")
    daemon = start("--ready", "0", worker=FAKE)
    witness = Witness(daemon)
    conn = daemon.connect(timeout=30)
    pid = daemon.process.pid
    undo = lower(pid, resource.RLIMIT_AS, 1)
    conns = []
    for _ in range(20):
        other = daemon.connect(greet=False)
        conns.append(other)
        try:
            other.request("hello", {"version": 1})
            other.request("submit", {"module": bytes(500000), "credit": 1})
        except BrokenPipeError:
            pass        # refused by closing it, which is its own loss
    witness.check(10)
    undo()
    for other in conns:
        other.close()
    witness.check(10)
    equal(daemon.alive(), True, "the daemon's life")
    with daemon.connect() as after:
        equal(after.run(b"out x\n")[2]["status"], "OK")
    conn.close()


@test
def test_memory_of_a_guest_is_not_the_machines():
    """A child that the kernel kills for its memory: as one would be killed."""
    daemon = start(worker=PROBE)
    conn = daemon.connect()
    number = conn.request("submit", {"module": b"probe", "invoke": "grow",
                                     "params": ["0x1000000000"]})
    equal(conn.receive()[1], number)
    # Beyond what is reserved: refused, the child lives.
    record = record_of(conn)
    equal(record["status"], "OK")
    contains(record["results"][0], "-12")


SHIM = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static long jump(void)
{
    char text[32] = "";
    int fd = open(getenv("JUMP"), O_RDONLY | O_CLOEXEC);
    if (fd != -1) {
        if (read(fd, text, sizeof(text) - 1) < 0) text[0] = 0;
        close(fd);
    }
    return atol(text);
}
int clock_gettime(clockid_t id, struct timespec *ts)
{
    int (*real)(clockid_t, struct timespec *) =
        (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
    int rc = real(id, ts);
    if (id == CLOCK_REALTIME) ts->tv_sec += jump();
    return rc;
}
int gettimeofday(struct timeval *restrict tv, void *restrict tz)
{
    struct timespec ts;
    clock_gettime(CLOCK_REALTIME, &ts);
    tv->tv_sec = ts.tv_sec;
    tv->tv_usec = ts.tv_nsec / 1000;
    return 0;
}
time_t time(time_t *t)
{
    struct timespec ts;
    clock_gettime(CLOCK_REALTIME, &ts);
    if (t) *t = ts.tv_sec;
    return ts.tv_sec;
}
"""


@test
def test_clock_that_jumps_ends_nothing_and_keeps_nothing():
    if daemons.SANITIZED:
        raise harness.Skip("a sanitizer wants to be preloaded first")
    where = harness.scratch()
    where.chmod(0o755)
    (where / "shim.c").write_text(SHIM)
    subprocess.run([harness.need("gcc"), "-shared", "-fPIC", "-o",
                    where / "shim.so", where / "shim.c"], check=True)
    (where / "jump").write_text("0")
    (where / "jump").chmod(0o644)
    daemon = start(worker=FAKE, env={"LD_PRELOAD": str(where / "shim.so"),
                                     "JUMP": str(where / "jump")})
    witness = Witness(daemon)
    for jump in (86400 * 365, -86400 * 365, 0):
        conn, _ = submit(daemon, FOREVER, wall_ms=600)
        (where / "jump").write_text(str(jump))
        began = time.monotonic()
        record = record_of(conn)
        equal(record["status"], "TO")
        equal(600000 <= record["wall_us"] < 5000000, True, record["wall_us"])
        equal(time.monotonic() - began < 5, True, "in time")
        equal(daemon.status("sleep 100\nexit 0\n"), "OK")
        witness.check()


@test
def test_real_guests_survive_a_lost_worker():
    """The same with the real worker: a guest that computes goes on."""
    module = command("(loop $l (br $l))")
    daemon = start()
    conn = daemon.connect(timeout=30)
    conn.call("submit", {"module": module, "cpu_ms": 1500})
    until(lambda: "child" in confined(daemon), what="the call")
    os.kill(confined(daemon)["zygote"], signal.SIGKILL)
    equal(run(daemon, wasm('(module (func (export "_start")))'))[1]["status"],
          "OK")
    equal(record_of(conn)["status"], "TC")
