"""Instances that take calls one after the other over a socket of their own."""
import socket
import struct

import wire
from harness import at_end, contains, equal, test, until
from service import Daemon, Witness, guest, guest_bytes

IN_INVOKE, OUT_STDOUT, OUT_RETURN, BYTES = 5, 16, 22, 1
(RETURNED, EXITED, TRAPPED, FUEL) = (1, 2, 3, 4)
(NOT_FOUND, USAGE) = (7, 8)


class Gone(Exception):
    pass


class Instance:
    """As wasmd-protocol(7) tells it."""

    def __init__(self, daemon, name="plugin", **params):
        self.conn = wire.Connection.connect(daemon.socket)
        at_end(self.conn.close)
        error, result = self.conn.call("submit", dict(
            params, module=guest_bytes(name), mode="serve"))
        equal(error, None)
        self.job = result["job"]
        self.attach()

    def attach(self):
        """Take the socket that comes next, and hear how the start went."""
        message = self.conn.receive()
        while message[1] != "job.socket":
            equal(message[1], "job.queued")
            message = self.conn.receive()
        self.sock = socket.socket(fileno=self.conn.descriptors.pop(0))
        self.sock.settimeout(20)
        at_end(self.sock.close)
        self.output = b""
        self.started = self.answer()

    def read(self, n):
        data = b""
        while len(data) < n:
            got = self.sock.recv(n - len(data))
            if not got:
                raise Gone()
            data += got
        return data

    def send(self, name, *args, flags=0, fuel=0):
        payload = struct.pack("<QIIII", fuel, flags, len(args),
                              len(name), 0) + name.encode()
        for arg in args:
            kind, data = (b"b", arg) if isinstance(arg, bytes) else \
                (b"t", str(arg).encode())
            payload += struct.pack("<II", kind[0], len(data)) + data
        self.sock.sendall(struct.pack("<II", IN_INVOKE, len(payload)) + payload)

    def answer(self):
        while True:
            kind, length = struct.unpack("<II", self.read(8))
            payload = self.read(length)
            if kind == OUT_RETURN:
                break
            equal(kind, OUT_STDOUT)
            self.output += payload
        (end, code, nresults, trap, trace, nbytes, last, _, fuel, _pages) = \
            struct.unpack("<8I2Q", payload[:48])
        at = 48
        results = []
        for _ in range(nresults):
            value_kind, _ = struct.unpack("<II", payload[at:at + 8])
            form = {"i": "<i", "l": "<q"}[chr(value_kind)]
            size = struct.calcsize(form)
            results += struct.unpack(form, payload[at + 8:at + 8 + size])
            at += 24
        text = payload[at:at + trap].decode()
        at += trap + trace
        equal(len(payload), at + nbytes)
        return {"end": end, "code": code, "results": results, "text": text,
                "bytes": payload[at:], "last": bool(last), "fuel": fuel}

    def call(self, name, *args, **options):
        self.send(name, *args, **options)
        return self.answer()

    def record(self):
        message = self.conn.receive()
        while message[1] != "job.exit":
            message = self.conn.receive()
        return message[2]


@test
def test_state_stays_in_one_instance():
    daemon = Daemon()
    # What is not asked for may be said.
    one, other = Instance(daemon, stdin=False, credit=0), Instance(daemon)
    equal(one.started["end"], RETURNED)
    equal([one.call("count")["results"] for _ in range(3)],
          [[101], [102], [103]])
    equal(other.call("count")["results"], [101])
    equal(one.call("add", -5, 1 << 40)["results"], [(1 << 40) - 5])
    # The daemon has no part in it.
    one.call("say")
    equal(one.output, b"hello\n")
    one.sock.close()
    record = one.record()
    equal((record["status"], record["cause"]), ("OK", "closed"))
    equal(other.call("count")["results"], [102])


@test
def test_bytes_go_in_and_out():
    instance = Instance(Daemon())
    for data in (b"", b"abc", bytes(range(255)) * 200):
        got = instance.call("shift", data, flags=BYTES)
        equal((got["end"], got["results"]), (RETURNED, []))
        equal(got["bytes"], bytes(b + 1 & 255 for b in data))
    # As numbers they are an address and a length.
    equal(instance.call("shift", b"abc")["results"][1], 3)
    got = instance.call("outside", flags=BYTES)
    equal(got["end"], USAGE)
    contains(got["text"], "not inside")
    got = instance.call("shift", b"x" * 200000, flags=BYTES)
    equal(got["end"], USAGE)
    contains(got["text"], "wasmd_alloc")
    equal(instance.call("count", flags=BYTES)["end"], USAGE)
    equal(instance.call("count")["results"], [102])


@test
def test_wrong_calls_leave_it_alone():
    instance = Instance(Daemon())
    equal(instance.call("nothing")["end"], NOT_FOUND)
    for args in ((), (1,), (1, 2, 3), ("x", 2), (b"abc",), (1, b"abc")):
        equal((args, instance.call("add", *args)["end"]), (args, USAGE))
    equal(instance.call("add", 1, 2)["results"], [3])
    nobytes = Instance(Daemon(), "types")
    equal(nobytes.call("i32", b"x")["end"], USAGE)


@test
def test_limits_of_each_call_and_of_all():
    daemon = Daemon()
    instance = Instance(daemon, fuel=100000)
    got = instance.call("spin")
    equal((got["end"], got["last"]), (FUEL, False))
    equal(99000 < got["fuel"] < 120000, True)
    equal(instance.call("spin", fuel=1000)["fuel"] < 3000, True)
    equal(instance.call("spin", fuel=1 << 60)["fuel"] < 120000, True)
    equal(instance.call("count")["results"], [101])
    few = Instance(daemon, max_calls=2)
    equal(few.call("count")["last"], False)
    equal(few.call("count")["last"], True)
    equal(few.record()["status"], "OK")
    # Its age, and its CPU time, by the daemon and the kernel.
    aged = Instance(daemon, wall_ms=200)
    equal(aged.record()["status"], "TO")
    busy = Instance(daemon, cpu_ms=100)
    busy.send("spin")
    equal(busy.record()["status"], "TC")


@test
def test_traps_end_it_or_reset_it_as_asked():
    daemon = Daemon()
    instance = Instance(daemon)
    got = instance.call("trap")
    equal((got["end"], got["text"], got["last"]),
          (TRAPPED, "unreachable", False))
    equal(instance.call("count")["results"], [101])
    fresh = Instance(daemon, reset=True)
    fresh.call("count")
    got = fresh.call("trap")
    equal((got["end"], got["last"]), (TRAPPED, True))
    old = fresh.sock
    fresh.attach()
    old.close()
    equal(fresh.call("count")["results"], [101])
    got = fresh.call("exit", 7)
    equal((got["end"], got["code"], got["last"]), (EXITED, 7, True))
    equal(fresh.record()["status"], "OK")


@test
def test_it_ends_with_its_connection_or_by_request():
    daemon = Daemon()
    instance = Instance(daemon)
    instance.send("spin")
    instance.conn.close()
    try:
        instance.answer()
        raise AssertionError("it went on")
    except (Gone, OSError):
        pass
    instance = Instance(daemon)
    other = wire.Connection.connect(daemon.socket)
    at_end(other.close)
    number = other.request("jobs", {})
    states = []
    while True:
        message = other.receive()
        if message[:2] == [1, number]:
            break
        states.append(message[2]["state"])
    contains(states, "serving")
    equal(other.call("cancel", {"job": instance.job})[0], None)
    equal(instance.record()["status"], "CA")


@test
def test_hostile_callers_hurt_only_their_own():
    daemon = Daemon()
    witness = Witness(daemon)
    good = Instance(daemon)
    head = struct.pack("<QIIII", 0, 0, 1, 5, 0) + b"count"
    for payload in (b"", b"x", head[:23], head[:27],
                    struct.pack("<QIIII", 0, 0, 0, 1 << 31, 0)):
        bad = Instance(daemon)
        bad.sock.sendall(struct.pack("<II", IN_INVOKE, len(payload)) + payload)
        equal((payload, bad.record()["status"]), (payload, "CR"))
    for frame in (struct.pack("<II", IN_INVOKE, 1 << 31),
                  struct.pack("<II", 99, 0), b"\1"):
        bad = Instance(daemon)
        bad.sock.sendall(frame)
        bad.sock.shutdown(socket.SHUT_WR)
        equal((frame, bad.record()["status"]), (frame, "CR"))
    # Arguments that are cut or of no kind are answered.
    for args in (b"", struct.pack("<II", ord("t"), 1 << 31),
                 struct.pack("<II", ord("b"), 1 << 31),
                 struct.pack("<II", ord("z"), 0)):
        bad = Instance(daemon)
        bad.sock.sendall(struct.pack("<II", IN_INVOKE, len(head + args)) +
                         head + args)
        equal(bad.answer()["end"], USAGE)
    equal(good.call("count")["results"], [101])
    witness.end()


@test
def test_many_instances_hold_no_slots():
    daemon = Daemon("--max-running", "2", "--max-jobs-per-user", "60")
    instances = [Instance(daemon) for _ in range(40)]
    equal(daemon.run(guest("streams")).returncode, 0)
    for _ in range(2):
        for instance in instances:
            instance.send("count")
        equal(len({instance.answer()["results"][0] for instance in instances}),
              1)
    for instance in instances:
        instance.conn.close()
    until(lambda: not [s for s in daemon.children().values() if s == "R"])


@test
def test_what_serving_does_not_take_is_refused():
    daemon = Daemon()
    conn = wire.Connection.connect(daemon.socket)
    at_end(conn.close)
    for params in ({"mode": "serve", "invoke": "count"},
                   {"mode": "serve", "stdin": True},
                   {"mode": "serve", "detach": True},
                   {"max_calls": 1}, {"reset": True},
                   {"mode": "validate", "reset": True}):
        error, _ = conn.call("submit", dict(
            params, module=guest_bytes("plugin")))
        equal((params, error["name"]), (params, "usage"))
