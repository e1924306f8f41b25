"""The real daemon and the real client, for one test: a socket of its own, the
guests translated on demand, and witnesses that other jobs go on."""
import json
import os
import pathlib
import re
import socket
import subprocess

import harness
import wire
from harness import BUILD, SOURCE, WASMCTL, WASMD, equal

GUESTS = SOURCE / "tests" / "system" / "guests"
EXAMPLES = SOURCE / "examples"

HEAD = b"\0asm\1\0\0\0"      # of a binary module

_translated = {}


def guest(name):
    """The path of tests/system/guests/NAME.wat as a binary module."""
    if name not in _translated:
        out = BUILD / "tests" / "system" / "guests"
        out.mkdir(parents=True, exist_ok=True)
        path = out / f"{name}.wasm"
        subprocess.run([harness.need("wat2wasm"), GUESTS / f"{name}.wat",
                        "--debug-names", "--enable-all", "-o", path], check=True)
        _translated[name] = path
    return _translated[name]


def guest_bytes(name):
    return pathlib.Path(guest(name)).read_bytes()


def binary(data, name="made.wasm"):
    """A file with these bytes."""
    path = harness.scratch() / name
    path.write_bytes(data)
    return path


def leb(n):
    """An unsigned LEB128 number."""
    out = b""
    while n >= 128:
        out += bytes([n & 127 | 128])
        n >>= 7
    return out + bytes([n])


def section(number, body, length=None):
    return bytes([number]) + leb(len(body) if length is None else length) + body


class Daemon:
    """A wasmd that ends with the test."""

    def __init__(self, *options, env=None):
        if not os.access(WASMD, os.X_OK):
            raise harness.Skip("wasmd is not built")
        self.dir = harness.scratch()
        self.dir.chmod(0o755)
        self.socket = str(self.dir / "wasmd.sock")
        self.log_path = self.dir / "log"
        self.env = dict(os.environ, WASMD_SOCKET=self.socket, **(env or {}))
        # Root's daemon becomes another user; there may be no wasmd here.
        become = ["--user", "nobody"] if os.geteuid() == 0 else []
        with open(self.log_path, "wb") as log:
            self.process = harness.start(
                [WASMD, "--socket", self.socket, "--store",
                 self.dir / "store", *become, *options],
                stdout=log, stderr=log, env=self.env)
        harness.at_end(self._end)
        harness.until(self._answers, what="the daemon's socket")

    def _answers(self):
        if self.process.poll() is not None:
            raise AssertionError("wasmd did not start:\n" + self.log())
        with socket.socket(socket.AF_UNIX) as sock:
            return sock.connect_ex(self.socket) == 0

    def _end(self):
        """It goes when it is told, with all in order: a sanitizer's report is
        an exit code."""
        if self.process.poll() is None:
            self.process.terminate()
            code = self.process.wait(15)
            if code != 0:
                raise AssertionError(f"wasmd exited with {code}:\n" +
                                     self.log())

    def log(self):
        return self.log_path.read_text(errors="replace")

    def connect(self, **options):
        conn = wire.Connection.connect(self.socket, **options)
        harness.at_end(conn.close)
        return conn

    def run(self, *args, **options):
        """wasmctl run ARGS."""
        options.setdefault("env", self.env)
        return harness.run([WASMCTL, "run", *args], **options)

    def start(self, *args, **options):
        options.setdefault("env", self.env)
        return harness.start([WASMCTL, "run", *args], **options)

    def record(self, *args, **options):
        """(exit code, record) of wasmctl run ARGS."""
        meta = harness.scratch() / "record.json"
        result = self.run("--meta", meta, *args, **options)
        return result.returncode, json.loads(meta.read_text())

    def memory(self):
        """Bytes of memory of its own that the daemon holds."""
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"^RssAnon:\s+(\d+) kB", status, re.M)[1]) << 10

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def children(self):
        """The states of its children by pid: Z is a zombie."""
        states = {}
        for entry in pathlib.Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = entry.read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(fields[1]) == self.process.pid:
                states[int(entry.parent.name)] = fields[0]
        return states


class Witness:
    """A job of another client that must not notice what happens meanwhile: it
    repeats each line it is told."""

    def __init__(self, daemon):
        self.process = daemon.start(guest("cat"), stdin=subprocess.PIPE)
        self.lines = 0
        self.check()

    def check(self):
        self.lines += 1
        line = f"line {self.lines}\n".encode()
        self.process.stdin.write(line)
        self.process.stdin.flush()
        got = b""
        while len(got) < len(line):
            data = os.read(self.process.stdout.fileno(), 100)
            if not data:
                raise AssertionError("another job ended: " +
                                     self.process.stderr.read().decode())
            got += data
        equal(got, line)

    def end(self):
        self.check()
        self.process.stdin.close()
        equal(self.process.wait(10), 0, "another job's exit code")


def bad_input(function):
    """A test with a daemon and a witness: function(daemon). Afterwards the
    other job is untouched and the daemon works."""
    def run():
        daemon = Daemon()
        witness = Witness(daemon)
        function(daemon)
        witness.end()
        equal(daemon.run(guest("exit")).returncode, 0, "a job afterwards")
        equal(daemon.process.poll(), None, "the daemon's end")
    run.__name__ = function.__name__
    run.__module__ = function.__module__
    run.__doc__ = function.__doc__
    return harness.test(run)
