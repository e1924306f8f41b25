"""A daemon played by the test: what a client sends can be looked at, and it can
be answered what no real daemon would say."""
import socket
import threading

import harness
import wire

RECORD = {"status": "OK", "exit_code": 0, "cause": "exited with code 0",
          "wall_us": 1234, "cpu_us": 567, "queued_us": 8, "max_rss": 1 << 20,
          "fuel": 99, "memory_pages_peak": 2, "bytes_out": 0, "bytes_err": 0,
          "bytes_in": 0, "module": "0" * 64, "layers": ["seccomp"]}


class Job:
    """What a script sees of a job: the submit's parameters, and what it may do
    with it."""

    def __init__(self, conn, number, params):
        self.conn = conn
        self.number = number
        self.params = params
        self.id = 7

    def accept(self):
        self.conn.send([1, self.number, None,
                        {"job": self.id, "module": "0" * 64}])

    def refuse(self, code, name, text):
        self.conn.send([1, self.number,
                        {"code": code, "name": name, "text": text}, None])

    def output(self, data, fd=1):
        self.conn.notify("job.output", {"job": self.id, "fd": fd, "data": data})

    def want_input(self, count):
        self.conn.notify("job.want_input", {"job": self.id, "bytes": count})

    def exit(self, **record):
        self.conn.notify("job.exit", {"job": self.id, **RECORD, **record})

    def receive(self, method):
        """The parameters of the next message, which must be this one; requests
        are answered."""
        message = self.conn.receive()
        if message[0] == 0:
            self.conn.send([1, message[1], None, {}])
            message = message[1:]
        harness.equal(message[1], method, "message")
        return message[2]


class Fake:
    """Listens, greets each client, and plays the script with each job. What
    goes wrong in the script fails the test at close()."""

    def __init__(self, script, greet=True):
        self.dir = harness.scratch()
        self.path = str(self.dir / "sock")
        self.script = script
        self.greet = greet
        self.jobs = []
        self.error = None
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.path)
        self.listener.listen(16)
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()
        harness.at_end(self.close)

    def _serve(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            try:
                self._play(wire.Connection(sock))
            except (wire.Closed, ConnectionError):
                pass
            except Exception as error:
                self.error = error
            finally:
                sock.close()

    def _play(self, conn):
        if not self.greet:
            self.script(conn)
            return
        hello = conn.receive()
        harness.equal(hello[2], "hello", "first message")
        conn.send([1, hello[1], None,
                   {"version": 1, "server": "fake", "uid": 0}])
        submit = conn.receive()
        harness.equal(submit[2], "submit", "second message")
        job = Job(conn, submit[1], submit[3])
        self.jobs.append(job)
        self.script(job)

    def close(self):
        # shutdown(2) wakes accept(2); close(2) alone does not.
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join(10)

    def check(self):
        """Fail the test if the script has failed."""
        if self.error is not None:
            raise self.error

    def wasmctl(self, *args, **options):
        """Run wasmctl against it."""
        result = harness.run([harness.WASMCTL, *self.argv(args)], **options)
        self.check()
        return result

    def start(self, *args, **options):
        return harness.start([harness.WASMCTL, *self.argv(args)], **options)

    def argv(self, args):
        return [args[0], "--socket", self.path, *args[1:]]


def module():
    """Some module; the fake does not look at it."""
    path = harness.scratch() / "some.wasm"
    path.write_bytes(b"\0asm\1\0\0\0")
    return path


def finish(job):
    """The shortest script."""
    job.accept()
    job.exit()
