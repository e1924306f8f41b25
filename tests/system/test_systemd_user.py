"""The user's units under a real service manager: `systemd --user`, which is
started for this as an ordinary user, in control groups that are its own: it
cannot write to any other. Where that is not possible the tests are skipped, with
the reason."""
import os
import pathlib
import pwd
import shutil
import signal
import subprocess

import harness
from harness import (BUILD, SOURCE, WASMCTL, WASMD, Skip, at_end, contains,
                     equal, need, run, scratch, test, until)
from service import EXAMPLES, guest

SYSTEMD = "/lib/systemd/systemd"
TARGETS = ("basic", "default", "exit", "paths", "shutdown", "sockets", "timers")

# It wants to have been booted by systemd, and looks there for that.
START = """
mount -t tmpfs tmpfs /run && mkdir -p /run/systemd/system || exit 77
for group in {groups}; do echo $$ >$group/cgroup.procs || exit 77; done
exec setpriv --reuid {uid} --regid {gid} --clear-groups {systemd} --user \
    >{dir}/log 2>&1 </dev/null
"""

# What a test cannot wait for, or look at, otherwise.
DROP_IN = """
[Service]
ExecStart=
ExecStart={wasmd} --private --idle-exit 5m --config {dir}/wasmd.conf
WatchdogSec=1
StandardError=append:{dir}/daemon.log
"""


def control_groups(user):
    """New ones that belong to the user, where systemd keeps its own: in the
    unified hierarchy, or in that and its own, or in its own."""
    groups = []
    for base in ("", "unified", "systemd"):
        base = pathlib.Path("/sys/fs/cgroup") / base
        path = base / f"wasmd-test-{os.getpid()}"
        if not (base / "cgroup.procs").exists():
            continue
        try:
            path.mkdir()
        except OSError as error:
            raise Skip(f"no control group can be made: {error}") from error
        at_end(lambda path=path: remove_group(path))
        for each in (path, *path.iterdir()):
            os.chown(each, user.pw_uid, user.pw_gid)
        groups.append(str(path))
    if not groups:
        raise Skip("there are no control groups")
    return groups


def remove_group(path):
    """With what is below it, once that is empty."""
    def rmdir():
        try:
            for inner, _, _ in os.walk(path, topdown=False):
                os.rmdir(inner)
        except OSError:
            return False
        return True
    until(rmdir, what="the control group's end")


class Manager:
    """A service manager with our two units."""

    def __init__(self):
        if os.geteuid() != 0:
            raise Skip("only root can give it control groups")
        if not os.access(SYSTEMD, os.X_OK):
            raise Skip("systemd is not installed")
        for program in ("setpriv", "systemctl", "unshare"):
            need(program)
        self.dir = scratch()
        self.units = self.dir / "units"
        self.runtime = self.dir / "run"
        self.user = pwd.getpwnam("nobody")
        for path in (self.dir, self.units, self.runtime):
            path.mkdir(mode=0o700, exist_ok=True)
        self.env = dict(os.environ, XDG_RUNTIME_DIR=str(self.runtime),
                        HOME=str(self.dir), SYSTEMD_PAGER="cat",
                        SYSTEMD_UNIT_PATH=str(self.units),
                        SYSTEMD_GENERATOR_PATH="/nowhere",
                        SYSTEMD_ENVIRONMENT_GENERATOR_PATH="/nowhere",
                        SYSTEMD_LOG_TARGET="console")
        for name in ("WASMD_SOCKET", "WASMD_HOST", "DBUS_SESSION_BUS_ADDRESS"):
            self.env.pop(name, None)
        self.write_units()
        for path in (self.dir, *self.dir.rglob("*")):
            os.chown(path, self.user.pw_uid, self.user.pw_gid)
        self.start()

    def write_units(self):
        for name in [f"{name}.target" for name in TARGETS] + [
                "systemd-exit.service"]:
            path = pathlib.Path("/usr/lib/systemd/user") / name
            if not path.exists():
                raise Skip(f"{path} is not installed")
            shutil.copy(path, self.units)
        shutil.copy(BUILD / "systemd" / "user" / "wasmd.service", self.units)
        shutil.copy(SOURCE / "systemd" / "user" / "wasmd.socket", self.units)
        more = self.units / "wasmd.service.d"
        more.mkdir()
        (more / "test.conf").write_text(DROP_IN.format(wasmd=WASMD,
                                                       dir=self.dir))
        self.conf = self.dir / "wasmd.conf"
        self.conf.write_text("log-level = info\n")

    def as_user(self):
        """What makes a program that user's, in this environment."""
        return {"env": self.env, "user": self.user.pw_uid,
                "group": self.user.pw_gid, "extra_groups": []}

    def start(self):
        groups = control_groups(self.user)
        self.process = harness.start(
            ["unshare", "--mount", "--propagation", "private", "sh",
             "-c", START.format(groups=" ".join(groups), systemd=SYSTEMD,
                                dir=self.dir, uid=self.user.pw_uid,
                                gid=self.user.pw_gid)],
            env=self.env)
        at_end(self.end)
        until(self.is_up, what="the service manager")

    def is_up(self):
        code = self.process.poll()
        if code is not None:
            log = self.dir / "log"
            why = log.read_text().strip().splitlines() if log.exists() else []
            raise Skip("systemd --user does not start here: " +
                       (why[-1] if why else f"exit code {code}"))
        return run(["systemctl", "--user", "is-active", "default.target"],
                   **self.as_user()).stdout == b"active\n"

    def end(self):
        """Services first: it waits for them."""
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()

    def systemctl(self, *args):
        result = run(["systemctl", "--user", *args], **self.as_user())
        equal((result.returncode, args), (0, args),
              result.stderr.decode() + self.log())
        return result.stdout.decode().strip()

    def show(self, name, unit="wasmd.service"):
        return self.systemctl("show", unit, "--value", "-p", name)

    def log(self):
        path = self.dir / "daemon.log"
        return path.read_text() if path.exists() else ""

    def hello(self):
        result = run([WASMCTL, "run", "-v", EXAMPLES / "hello.wasm", "you"],
                     **self.as_user())
        equal((result.returncode, result.stdout), (0, b"Hello, you!\n"),
              result.stderr.decode() + self.log())
        if b"using the daemon" not in result.stderr:
            raise AssertionError("the service did not start: " + self.log() +
                                 (self.dir / "log").read_text()[-2000:])


@test
def test_started_by_its_socket_notified_reloaded_and_drained():
    manager = Manager()
    manager.systemctl("start", "wasmd.socket")
    equal(manager.show("ActiveState"), "inactive")
    manager.hello()
    equal((manager.show("ActiveState"), manager.show("SubState"),
           manager.show("Type")), ("active", "running", "notify"))
    pid = manager.show("MainPID")
    manager.conf.write_text("log-level = debug\nmax-running = 3\n")
    manager.systemctl("reload", "wasmd.service")
    until(lambda: "configuration was read again" in manager.log())
    manager.conf.write_text("max-running = none\n")
    manager.systemctl("reload", "wasmd.service")
    until(lambda: "not reloaded" in manager.log())
    contains(manager.show("StatusText"), "configuration is bad")
    equal(manager.show("MainPID"), pid)
    manager.hello()
    # What runs is let end, what comes meanwhile waits for the next one.
    long = harness.start([WASMCTL, "run", "--invoke", "sleep", guest("sleep"),
                          "1500"], **manager.as_user())
    until(lambda: b"running" in run([WASMCTL, "ps"],
                                    **manager.as_user()).stdout)
    manager.conf.write_text("")
    manager.systemctl("stop", "wasmd.service")
    equal((long.wait(10), long.stderr.read()), (0, b""))
    equal((manager.show("ActiveState"), manager.show("Result")),
          ("inactive", "success"))
    manager.hello()
    equal(manager.show("MainPID") in ("0", pid), False)


@test
def test_watchdog_replaces_one_that_hangs():
    manager = Manager()
    manager.systemctl("start", "wasmd.socket")
    manager.hello()
    pid = int(manager.show("MainPID"))
    first = manager.show("WatchdogTimestampMonotonic")
    until(lambda: manager.show("WatchdogTimestampMonotonic") != first,
          what="a sign of life")
    equal(int(manager.show("MainPID")), pid)
    os.kill(pid, signal.SIGSTOP)
    until(lambda: manager.show("NRestarts") == "1", seconds=20,
          what="a new start")
    manager.hello()
    equal(int(manager.show("MainPID")) in (0, pid), False)
