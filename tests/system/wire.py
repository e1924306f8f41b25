"""The protocol in Python, as wasmd-protocol(7) tells it to a stranger: enough
MessagePack for it, frames, and a connection. Shared by the tests of the client,
which play the daemon, and those of the daemon, which play a client."""
import array
import os
import socket
import struct


def pack(value):
    """MessagePack of None, bool, int >= 0, str, bytes, list and dict."""
    if value is None:
        return b"\xc0"
    if value is False or value is True:
        return b"\xc3" if value else b"\xc2"
    if isinstance(value, int):
        return _pack_int(value)
    if isinstance(value, str):
        data = value.encode("utf-8", "surrogateescape")
        return _head(len(data), 0xA0, 32, (0xD9, 0xDA, 0xDB)) + data
    if isinstance(value, (bytes, bytearray)):
        return _head(len(value), None, 0, (0xC4, 0xC5, 0xC6)) + value
    if isinstance(value, (list, tuple)):
        head = _head(len(value), 0x90, 16, (None, 0xDC, 0xDD))
        return head + b"".join(pack(item) for item in value)
    head = _head(len(value), 0x80, 16, (None, 0xDE, 0xDF))
    return head + b"".join(pack(k) + pack(v) for k, v in value.items())


def _pack_int(n):
    if n < 0:
        return b"\xd3" + struct.pack(">q", n)
    if n < 128:
        return bytes([n])
    for code, form, limit in ((0xCC, ">B", 8), (0xCD, ">H", 16),
                              (0xCE, ">I", 32), (0xCF, ">Q", 64)):
        if n < 1 << limit:
            return bytes([code]) + struct.pack(form, n)
    raise ValueError(n)


def _head(length, fix, fix_limit, codes):
    if fix is not None and length < fix_limit:
        return bytes([fix | length])
    for code, form, limit in zip(codes, (">B", ">H", ">I"), (8, 16, 32)):
        if code is not None and length < 1 << limit:
            return bytes([code]) + struct.pack(form, length)
    raise ValueError(length)


def unpack(data):
    """The one value that the bytes hold."""
    value, rest = _unpack(data)
    if rest:
        raise ValueError("bytes behind the value")
    return value


_FIXED = {0xCC: ">B", 0xCD: ">H", 0xCE: ">I", 0xCF: ">Q",
          0xD0: ">b", 0xD1: ">h", 0xD2: ">i", 0xD3: ">q"}
_SIZED = {0xC4: (">B", bytes), 0xC5: (">H", bytes), 0xC6: (">I", bytes),
          0xD9: (">B", str), 0xDA: (">H", str), 0xDB: (">I", str),
          0xDC: (">H", list), 0xDD: (">I", list),
          0xDE: (">H", dict), 0xDF: (">I", dict)}


def _unpack(data):
    code, data = data[0], data[1:]
    if code < 0x80:
        return code, data
    if code >= 0xE0:
        return code - 256, data
    if code in (0xC0, 0xC2, 0xC3):
        return {0xC0: None, 0xC2: False, 0xC3: True}[code], data
    if code in _FIXED:
        size = struct.calcsize(_FIXED[code])
        return struct.unpack(_FIXED[code], data[:size])[0], data[size:]
    if code < 0x90:
        return _unpack_sized(dict, code & 15, data)
    if code < 0xA0:
        return _unpack_sized(list, code & 15, data)
    if code < 0xC0:
        return _unpack_sized(str, code & 31, data)
    form, kind = _SIZED[code]
    size = struct.calcsize(form)
    length = struct.unpack(form, data[:size])[0]
    return _unpack_sized(kind, length, data[size:])


def _unpack_sized(kind, length, data):
    if kind in (str, bytes):
        if length > len(data):
            raise ValueError("cut short")
        taken = bytes(data[:length])
        if kind is str:
            taken = taken.decode("utf-8", "surrogateescape")
        return taken, data[length:]
    items = []
    for _ in range(length * (2 if kind is dict else 1)):
        item, data = _unpack(data)
        items.append(item)
    if kind is dict:
        return dict(zip(items[::2], items[1::2])), data
    return items, data


def frame(message):
    """A message as it goes over the wire."""
    data = pack(message)
    return struct.pack(">I", len(data)) + data


class Closed(Exception):
    """The other side closed the connection."""


class Connection:
    """One side of a connection: messages as Python lists."""

    def __init__(self, sock, timeout=20):
        self.sock = sock
        self.data = b""
        self.last = 0
        self.descriptors = []
        sock.settimeout(timeout)

    @classmethod
    def connect(cls, path, greet=True, timeout=20):
        sock = socket.socket(socket.AF_UNIX)
        sock.settimeout(timeout)
        sock.connect(path)
        conn = cls(sock, timeout)
        if greet:
            conn.call("hello", {"version": 1, "client": "test"})
        return conn

    def close(self):
        self.sock.close()
        for fd in self.descriptors:
            os.close(fd)
        self.descriptors = []

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()

    def send(self, message, fds=()):
        data = frame(message)
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS,
                   array.array("i", fds))] if fds else []
        sent = self.sock.sendmsg([data], rights)
        if sent < len(data):    # of nothing, even, a closed peer complains
            self.sock.sendall(data[sent:])

    def _fill(self, need):
        while len(self.data) < need:
            data, rights, _, _ = self.sock.recvmsg(
                65536, socket.CMSG_SPACE(4 * 8))
            for level, kind, fds in rights:
                if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                    got = array.array("i")
                    got.frombytes(fds[:len(fds) - len(fds) % 4])
                    self.descriptors += got
            if not data:
                raise Closed()
            self.data += data

    def receive(self):
        self._fill(4)
        length = struct.unpack(">I", self.data[:4])[0]
        self._fill(4 + length)
        body, self.data = self.data[4:4 + length], self.data[4 + length:]
        return unpack(body)

    def request(self, method, params, fds=()):
        """Send a request; its number."""
        self.last += 1
        self.send([0, self.last, method, params], fds)
        return self.last

    def call(self, method, params, fds=()):
        """Send a request and wait for (error, result); other messages that come
        before are lost."""
        number = self.request(method, params, fds)
        while True:
            message = self.receive()
            if message[0] == 1 and message[1] == number:
                return message[2], message[3]

    def notify(self, method, params):
        self.send([2, method, params])

    def run(self, module, credit=1 << 20, **params):
        """Submit a module's bytes and collect (error or None, output by
        descriptor, record)."""
        params.update(module=module, credit=credit)
        number = self.request("submit", params)
        output = {1: b"", 2: b""}
        while True:
            message = self.receive()
            if message[0] == 1 and message[1] == number and message[2]:
                return message[2], output, None
            if message[0] == 2 and message[1] == "job.output":
                got = message[2]
                output[got["fd"]] += got["data"]
                self.notify("job.credit", {"job": got["job"],
                                           "bytes": len(got["data"])})
            if message[0] == 2 and message[1] == "job.exit":
                return None, output, message[2]
