"""A wasmd with the stand-in for the virtual machine (tests/daemon/fake_run.c),
for one test; what it holds and what it leaves behind is looked at."""
import functools
import grp
import os
import pathlib
import pwd
import signal
import socket
import time

import harness
import wire
from harness import BUILD, WASMD, equal, until

WORKER = BUILD / "tests" / "daemon" / "fake-worker"
SANITIZED = "#define WITH_SANITIZERS" in (BUILD / "config.h").read_text()


# So that users without a group of their own can connect.
OPEN_TO_ALL = ("--group", "nogroup") if os.geteuid() == 0 else ()


def _user():
    """What a daemon that was started as root becomes."""
    try:
        return pwd.getpwnam("wasmd").pw_name
    except KeyError:
        return "nobody"


_daemons = []


def test(function):
    """A test whose daemons must end well when it is over."""
    @functools.wraps(function)
    def checked():
        _daemons.clear()
        function()
        for daemon in _daemons:
            daemon.check_end()
    harness.test(checked)
    return checked


class Daemon:
    """Ends with the test; it must then have left nothing behind."""

    def __init__(self, *options, env=None, private=False, socket_path=None,
                 prefix=()):
        self.dir = harness.scratch()
        self.dir.chmod(0o755)
        if os.geteuid() == 0:   # so that the socket can be removed
            os.chown(self.dir, pwd.getpwnam(_user()).pw_uid, -1)
        self.socket = socket_path or str(self.dir / "wasmd.sock")
        self.log_path = self.dir / "log"
        argv = [*prefix, WASMD, "--socket", self.socket, "--worker", WORKER,
                "--store", self.dir / "store",
                "--user", _user(), "--log-level", "debug", *options]
        with open(self.log_path, "wb") as log:
            self.process = harness.start(
                argv, stdout=log, stderr=log,
                env=dict(os.environ, **(env or {})))
        _daemons.append(self)
        until(self._answers, what="the daemon's socket")
        self.handed_over = socket_path is not None

    def _answers(self):
        if self.process.poll() is not None:
            raise AssertionError("wasmd did not start:\n" + self.log())
        with socket.socket(socket.AF_UNIX) as sock:
            return sock.connect_ex(self.socket) == 0

    def log(self):
        return self.log_path.read_text(errors="replace")

    def connect(self, **options):
        conn = wire.Connection.connect(self.socket, **options)
        harness.at_end(conn.close)
        return conn

    def connect_as(self, uid, **options):
        """A connection of another user, for a daemon with OPEN_TO_ALL."""
        if os.geteuid() != 0:
            raise harness.Skip("only root can be another user")
        egid = os.getegid()
        os.setegid(grp.getgrnam("nogroup").gr_gid)
        os.seteuid(uid)
        try:
            return self.connect(**options)
        finally:
            os.seteuid(0)
            os.setegid(egid)

    def run(self, script, **params):
        """(error, output, record) of a job on a connection of its own."""
        with wire.Connection.connect(self.socket) as conn:
            return conn.run(script.encode(), **params)

    def collect(self, conn):
        """Everything until job.exit: (output by descriptor, record)."""
        output = {1: b"", 2: b""}
        while True:
            message = conn.receive()
            if message[1] == "job.output":
                output[message[2]["fd"]] += message[2]["data"]
            if message[1] == "job.exit":
                return output, message[2]

    def status(self, script, **params):
        error, _, record = self.run(script, **params)
        equal(error, None)
        return record["status"]

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def memory(self):
        """Bytes of memory of its own."""
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        line = next(l for l in status.splitlines() if l.startswith("RssAnon"))
        return int(line.split()[1]) << 10

    def children(self):
        """(pid, state) of each child."""
        found = []
        for entry in pathlib.Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = entry.read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(fields[1]) == self.process.pid:
                found.append((int(entry.parent.name), fields[0]))
        return found

    def alive(self):
        return self.process.poll() is None

    def check_end(self):
        """SIGTERM ends it in time, in order, with all its processes."""
        if not self.alive():
            return
        children = [pid for pid, _ in self.children()]
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(15)
        except Exception:
            raise AssertionError("wasmd does not end:\n" + self.log())
        if code != 0:
            raise AssertionError(f"wasmd ended with {code}:\n" + self.log())
        for word in ("Assertion", "Sanitizer", "runtime error"):
            if word in self.log():
                raise AssertionError(self.log())
        left = [pid for pid in children if os.path.exists(f"/proc/{pid}")]
        equal(left, [], "processes left behind")
        if not self.handed_over:
            equal(os.path.exists(self.socket), False, "the socket is removed")


def sealed(data):
    """A memfd that cannot be changed any more."""
    import fcntl
    fd = os.memfd_create("module", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    os.write(fd, data)
    fcntl.fcntl(fd, 1033, 0x1 | 0x2 | 0x4 | 0x8)    # F_ADD_SEALS
    return fd


class Witness:
    """Another client's job, which must not notice what happens meanwhile."""

    def __init__(self, daemon):
        self.conn = daemon.connect()
        number = self.conn.request("submit", {"module": b"cat\n",
                                              "stdin": True})
        self.job = None
        self.wanted = 0
        while self.job is None:
            message = self.conn.receive()
            if message[0] == 1 and message[1] == number:
                equal(message[2], None)
                self.job = message[3]["job"]
        self.check()

    def check(self, seconds=2):
        began = time.monotonic()
        line = os.urandom(20).hex().encode()
        while self.wanted < len(line):
            message = self.conn.receive()
            equal(message[1], "job.want_input")
            self.wanted += message[2]["bytes"]
        self.wanted -= len(line)
        self.conn.notify("job.input", {"job": self.job, "data": line})
        got = b""
        while len(got) < len(line):
            message = self.conn.receive()
            if message[1] == "job.output":
                got += message[2]["data"]
            elif message[1] == "job.want_input":
                self.wanted += message[2]["bytes"]
            else:
                raise AssertionError(f"the witness got {message}")
        equal(got, line)
        if time.monotonic() - began > seconds:
            raise AssertionError("another job had to wait")
