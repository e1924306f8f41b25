"""The units: rated, checked, and wasmd run with their restrictions."""
import os
import pathlib
import pwd
import re
import signal
import socket

import harness
from harness import BUILD, SOURCE, WASMCTL, WASMD, Skip, contains, equal, need
from harness import run, test, until
from service import EXAMPLES, guest

AS_UNIT = BUILD / "tests" / "systemd" / "as-unit"
UNIT = BUILD / "systemd" / "wasmd.service"
USER_UNIT = BUILD / "systemd" / "user" / "wasmd.service"

EXPOSURE_MAX = 1.5


def settings(unit, key):
    return re.findall(rf"^{key}=(.*)$", unit.read_text(), re.M)


def calls_of_set(name, sets={}):
    """A set of system calls, as this systemd knows it."""
    if name not in sets:
        sets[name] = set()
        text = run([need("systemd-analyze"), "--no-pager", "syscall-filter",
                    name]).stdout.decode()
        words = [line.strip() for line in text.splitlines()
                 if line.startswith("    ") and "#" not in line]
        for word in words:
            sets[name] |= expand(word)
    return sets[name]


def expand(word):
    return calls_of_set(word) if word.startswith("@") else {word}


def allowed_calls(unit):
    """What SystemCallFilter= leaves: lists are added, those with ~ taken away."""
    allowed = set(calls_of_set("@default"))
    for line in settings(unit, "SystemCallFilter"):
        named = set().union(*(expand(word)
                              for word in line.lstrip("~").split()))
        allowed = allowed - named if line.startswith("~") else allowed | named
    equal("read" in allowed and "reboot" not in allowed, True)
    return allowed


def units(where):
    """Copies that name this build's program."""
    text = UNIT.read_text()
    program = settings(UNIT, "ExecStart")[0].split()[0]
    (where / "wasmd.service").write_text(text.replace(program, WASMD))
    sockets = [where / "wasmd.socket", where / "wasmd-metrics.socket"]
    for path in sockets:
        path.write_text((SOURCE / "systemd" / path.name).read_text())
    return [where / "wasmd.service", *sockets]


@test
def test_exposure_of_the_unit():
    service = units(harness.scratch())[0]
    result = run([need("systemd-analyze"), "--no-pager", "security",
                  "--offline=true", service])
    contains(result.stdout.decode(), "Overall exposure level")
    equal(result.stderr, b"", "what it does not know")
    level = re.search(r"exposure level for wasmd\.service: ([0-9.]+)",
                      result.stdout.decode())
    equal(float(level[1]) <= EXPOSURE_MAX, True, level[0])


@test
def test_units_are_what_systemd_knows():
    where = harness.scratch()
    result = run([need("systemd-analyze"), "--no-pager", "--man=no", "verify",
                  *units(where)])
    equal((result.returncode, result.stderr.decode()), (0, ""))


@test
def test_units_name_the_installed_program():
    for unit in (UNIT, USER_UNIT):
        program = settings(unit, "ExecStart")[0].split()[0]
        equal(re.fullmatch(r"/.*/sbin/wasmd", program) is not None, True,
              program)


@test
def test_user_unit_filters_as_the_systems_does():
    key = "SystemCallFilter"
    equal(settings(USER_UNIT, key), settings(UNIT, key))


@test
def test_time_to_stop_covers_the_drain():
    stop = int(settings(UNIT, "TimeoutStopSec")[0])
    text = (SOURCE / "daemon" / "wasmd.conf").read_text()
    drain = int(re.search(r"^#drain = (\d+)s$", text, re.M)[1])
    equal(stop > drain + 5, True)


class UnitDaemon:
    """wasmd with a socket that was handed over, and the unit's restrictions."""

    def __init__(self, restricted=True):
        if os.geteuid() != 0:
            raise Skip("only root can restrict as systemd does")
        if not os.access(AS_UNIT, os.X_OK):
            raise Skip("tests/systemd/as-unit is not built")
        self.dir = harness.scratch()
        self.dir.chmod(0o755)
        uid = pwd.getpwnam("nobody").pw_uid
        os.chown(self.dir, uid, -1)
        names = self.dir / "syscalls"
        names.write_text("\n".join(sorted(allowed_calls(UNIT))) + "\n")
        self.socket = str(self.dir / "wasmd.sock")
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(self.socket)
        listener.listen()
        self.log_path = self.dir / "log"

        def give():
            os.dup2(listener.fileno(), 3)
            os.set_inheritable(3, True)
            if not restricted:
                os.setgroups([])
                os.setgid(uid)
                os.setuid(uid)
        prefix = [AS_UNIT, uid, names] if restricted else []
        with open(self.log_path, "wb") as log:
            self.process = harness.start(
                ["/bin/sh", "-c", 'LISTEN_PID=$$ exec "$@"', "sh", *prefix,
                 WASMD, "--config", "none", "--log-level", "debug",
                 "--store", self.dir / "store"],
                stdout=log, stderr=log, cwd=self.dir, preexec_fn=give,
                close_fds=False, env=dict(os.environ, LISTEN_FDS="1"))
        listener.close()
        self.env = dict(os.environ, WASMD_SOCKET=self.socket)

    def run(self, *args, **options):
        result = run([WASMCTL, *args], env=self.env, **options)
        if self.process.poll() is not None:
            raise AssertionError("wasmd ended:\n" + self.log_path.read_text())
        return result

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        equal(self.process.wait(15), 0, self.log_path.read_text())


@test
def test_unit_lets_every_layer_be_put_in_force():
    if harness.WATCHED:
        raise Skip("the sanitizers make system calls of their own")
    plain, restricted = UnitDaemon(False), UnitDaemon()
    expected = plain.run("check").stdout
    contains(expected.decode(), "seccomp")
    contains(expected.decode(), "in-force")
    equal(restricted.run("check").stdout, expected)
    plain.end()
    restricted.end()


@test
def test_unit_lets_guests_run():
    if harness.WATCHED:
        raise Skip("the sanitizers make system calls of their own")
    d = UnitDaemon()
    hello = EXAMPLES / "hello.wasm"
    for _ in range(8):      # the later ones by children that were forked ahead
        result = d.run("run", hello, "you")
        equal((result.returncode, result.stdout), (0, b"Hello, you!\n"),
              result.stderr)
    equal(d.run("run", guest("trap")).returncode, 134)
    equal(d.run("run", "--timeout", "100ms", guest("loop")).returncode, 124)
    equal(d.run("run", "--cpu", "50ms", guest("loop")).returncode, 124)
    equal(d.run("run", guest("cat"), input=b"x" * 300000).stdout,
          b"x" * 300000)
    equal(d.run("inspect", hello).returncode, 0)
    stored = d.run("put", hello).stdout.decode().strip()
    equal(d.run("run", stored, "you").stdout, b"Hello, you!\n")
    equal(d.run("remove", stored).returncode, 0)
    d.process.send_signal(signal.SIGHUP)
    until(lambda: "was read again" in d.log_path.read_text(), what="reload")
    # A new worker, made when the daemon has run for a while.
    zygote = next(int(p.parent.name) for p in
                  pathlib.Path("/proc").glob("[0-9]*/stat")
                  if is_zygote(p, d.process.pid))
    os.kill(zygote, signal.SIGKILL)
    until(lambda: "runs again" in d.log_path.read_text(), what="a new worker")
    equal(d.run("run", hello).returncode, 0)
    d.end()


def is_zygote(stat, parent):
    """The second process of the pid namespace, a child of the daemon."""
    try:
        if int(stat.read_text().rpartition(")")[2].split()[1]) != parent:
            return False
        status = (stat.parent / "status").read_text()
    except OSError:
        return False
    return re.search(r"^NSpid:.*\t2$", status, re.M) is not None


@test
def test_restrictions_of_the_test_bite():
    """What the unit forbids fails there, or the tests above say nothing."""
    if os.geteuid() != 0:
        raise Skip("only root can restrict as systemd does")
    where = harness.scratch()
    where.chmod(0o777)
    names = where / "syscalls"
    names.write_text("\n".join(allowed_calls(UNIT)) + "\n")
    uid = pwd.getpwnam("nobody").pw_uid
    script = ("import os,socket,mmap,sys\n"
              "def no(f):\n"
              "    try: f()\n"
              "    except OSError as e: print(e.errno, end=' ')\n"
              "    else: print('allowed', end=' ')\n"
              "no(lambda: socket.socket(socket.AF_INET))\n"
              "no(lambda: mmap.mmap(-1, 4096, prot=7))\n"
              "no(lambda: os.sched_setscheduler(0, 2, os.sched_param(1)))\n"
              "no(lambda: open('/etc/x', 'w'))\n"
              "no(lambda: open('/proc/1/status'))\n"
              "no(lambda: os.setuid(0))\n"
              "no(lambda: open('here', 'w'))\n")
    python = "/usr/bin/python3"     # one that every user can run
    if not os.access(python, os.X_OK) or not os.access(AS_UNIT, os.X_OK):
        raise Skip(f"{python} and tests/systemd/as-unit are needed")
    result = run([AS_UNIT, uid, names, python, "-c", script], cwd=where)
    equal((result.stdout.decode(), result.stderr.decode()),
          ("97 1 1 30 2 1 allowed ", ""))
