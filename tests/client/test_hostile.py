"""wasmctl open against an instance that does not keep to the rules. The daemon is
played, too."""
import socket
import struct

from fake import Fake, module
from harness import contains, equal, one_message, test

WAKE, INVOKE, STDOUT, WAIT, RETURN = 4, 5, 16, 19, 22
COUNT = b"count\n"


def frame(kind, payload):
    return struct.pack("<II", kind, len(payload)) + payload


def ending(end=1, code=0, results=b"", nresults=0, trap=b"", trace=b"",
           data=b"", last=0, lengths=None):
    """The payload of a call's end; lengths: what it claims of the last three."""
    lengths = lengths or (len(trap), len(trace), len(data))
    return struct.pack("<8I2Q", end, code, nresults, *lengths, last, 0, 7,
                       2) + results + trap + trace + data


def value(kind, data=b""):
    return struct.pack("<II", ord(kind), 0) + data.ljust(16, b"\0")


class Instance:
    """The other end of its socket."""

    def __init__(self, job):
        job.accept()
        self.job = job
        self.sock, theirs = socket.socketpair()
        self.sock.settimeout(10)
        job.conn.send([2, "job.socket", {"job": job.id}],
                      fds=[theirs.fileno()])
        theirs.close()

    def send(self, kind, payload):
        self.sock.sendall(frame(kind, payload))

    def begin(self):
        self.send(RETURN, ending())
        return self.receive(INVOKE)

    def receive(self, kind):
        got, length = struct.unpack("<II", self.read(8))
        equal(got, kind, "frame")
        return self.read(length)

    def read(self, n):
        data = b""
        while len(data) < n:
            part = self.sock.recv(n - len(data))
            if not part:
                raise ConnectionError("wasmctl left")
            data += part
        return data


def played(play, text=COUNT, **options):
    """wasmctl open with that text, while play(instance) is the instance."""
    def script(job):
        instance = Instance(job)
        try:
            play(instance)
            # The daemon stays as long as its client.
            while True:
                job.conn.receive()
        finally:
            instance.sock.close()
    return Fake(script).wasmctl("open", module(), input=text, **options)


def broken(what, *frames):
    def play(instance):
        instance.begin()
        for data in frames:
            instance.sock.sendall(data)
        instance.job.receive("cancel")
    result = played(play)
    equal((what, result.returncode, result.stdout), (what, 125, b""))
    contains(one_message(result.stderr), "sent what it must not")


@test
def test_what_is_no_end_of_a_call_is_refused():
    good = ending()
    for what, payload in (
            ("nothing", b""), ("cut", good[:-1]), ("more", good + b"x"),
            ("no end", ending(end=0)), ("unknown end", ending(end=9)),
            ("huge end", ending(end=0xffffffff)),
            ("results that are not there", ending(nresults=1)),
            ("too many results", ending(nresults=17, results=value("i") * 17)),
            ("huge count", ending(nresults=0xffffffff)),
            ("unknown kind", ending(nresults=1, results=value("x"))),
            ("bytes as result", ending(nresults=1, results=value("b"))),
            ("long cause", ending(end=3, trap=b"x", lengths=(2, 0, 0))),
            ("huge cause", ending(end=3, lengths=(0xffffffff, 1, 0))),
            ("huge bytes", ending(lengths=(0, 0, 0xffffffff))),
            ("overlapping", ending(trap=b"abc", lengths=(2, 2, 0)))):
        broken(what, frame(RETURN, payload))
    broken("a huge frame", struct.pack("<II", RETURN, 0xffffffff))
    broken("a frame above the limit", struct.pack("<II", STDOUT, 2 << 20))
    broken("a short wait", frame(WAIT, b"1234567"))
    broken("a long wait", frame(WAIT, bytes(24)))


@test
def test_an_end_that_nobody_waits_for_is_refused():
    def play(instance):
        instance.begin()
        instance.sock.sendall(frame(RETURN, ending()) * 2)
        instance.job.receive("cancel")
    result = played(play)
    equal(result.returncode in (0, 125), True, result)
    # Before the first call, too.
    result = played(lambda instance: (
        instance.sock.sendall(frame(RETURN, ending()) * 2),
        instance.job.receive("cancel")))
    equal(result.returncode, 125)


@test
def test_frames_may_come_in_any_pieces():
    def play(instance):
        instance.begin()
        data = frame(99, b"of no known kind") + frame(STDOUT, b"out") + \
            frame(WAIT, struct.pack("<QQ", 5, 2**64 - 1)) + \
            frame(RETURN, ending(results=value("i", b"\7"), nresults=1))
        for n in range(len(data)):
            instance.sock.sendall(data[n:n + 1])
    result = played(play)
    equal((result.returncode, result.stdout), (0, b"out7\n"), result.stderr)


@test
def test_sleep_is_answered():
    def play(instance):
        instance.begin()
        for number in (1, 2**64 - 1):
            instance.send(WAIT, struct.pack("<QQ", number, 3000000))
            equal(instance.receive(WAKE), struct.pack("<Q", number))
        instance.send(RETURN, ending(results=value("l", b"\1"), nresults=1))
    result = played(play)
    equal((result.returncode, result.stdout), (0, b"1\n"), result.stderr)


@test
def test_last_words_are_read_after_its_record():
    def play(instance):
        instance.begin()
        # Both are there before either is read.
        instance.send(RETURN, ending(results=value("i", b"\5"), nresults=1,
                                     last=1))
        instance.job.exit()
    result = played(play)
    equal((result.returncode, result.stdout), (0, b"5\n"), result.stderr)


@test
def test_its_end_in_the_middle_of_a_call_is_told():
    whole = frame(RETURN, ending(results=value("i", b"\5"), nresults=1))
    for cut in range(0, len(whole), 7):
        def play(instance, cut=cut):
            instance.begin()
            instance.sock.sendall(whole[:cut])
            instance.sock.shutdown(socket.SHUT_RDWR)
            instance.job.exit(status="CR", cause="killed by signal 11",
                              signal=11)
        result = played(play)
        equal((cut, result.returncode, result.stdout), (cut, 139, b""))


@test
def test_a_socket_that_does_not_come_is_waited_for():
    def script(job):
        job.accept()
        job.conn.send([2, "job.socket", {"job": job.id}])
        job.exit(status="TO", cause="wall time limit")
    equal(Fake(script).wasmctl("open", module(), input=COUNT).returncode, 124)

    def refused(job):
        job.refuse(4, "queue-full", "too many")
    result = Fake(refused).wasmctl("open", module(), input=COUNT)
    equal(result.returncode, 125)
    contains(one_message(result.stderr), "too many")


@test
def test_a_new_socket_replaces_the_one_before():
    def play(instance):
        instance.begin()
        instance.send(RETURN, ending(end=3, trap=b"unreachable", last=1))
        # The next one, on a socket of its own.
        old, (instance.sock, theirs) = instance.sock, socket.socketpair()
        instance.sock.settimeout(10)
        instance.job.conn.send([2, "job.socket", {"job": instance.job.id}],
                               fds=[theirs.fileno()])
        theirs.close()
        instance.begin()
        instance.send(RETURN, ending(results=value("i", b"\1"), nresults=1))
        old.close()
    result = played(play, COUNT * 2)
    equal((result.returncode, result.stdout), (134, b"1\n"), result.stderr)
    contains(one_message(result.stderr), "unreachable")
