"""The real broker of wasmctl, and a test in the place of the child that it
serves: it can be asked whatever a hostile child could ask."""
import array
import os
import pathlib
import socket
import struct
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent /
                       "client"))

import fake     # noqa: E402
import harness  # noqa: E402

REQUEST = struct.Struct("=6I2Q")
ANSWER = struct.Struct("=iIII7QII")
ENTRY = struct.Struct("=QQII")
GRANT = struct.Struct("=III")

(GRANTS, OPEN, CLOSE, STAT, TIMES, FILE_TIMES, READDIR, SYNC, READLINK, MKDIR,
 RMDIR, UNLINK, SYMLINK, LINK, RENAME, SOCKET, ACCEPT,
 SHUTDOWN) = range(1, 19)
(READ, WRITE, CREATE, EXCLUSIVE, TRUNCATE, DIRECTORY, APPEND, NONBLOCK, DSYNC,
 SYNC_WRITES, FOLLOW, ATIME, ATIME_NOW, MTIME, MTIME_NOW) = (
     1 << i for i in range(15))


class Ended(Exception):
    """The broker has ended."""


def request(op, *paths, dirs=(0, 0), flags=0, numbers=(0, 0)):
    """A request's bytes; paths are bytes."""
    lengths = [len(path) for path in paths] + [0, 0]
    return REQUEST.pack(op, flags, *dirs, *lengths[:2], *numbers) + \
        b"".join(paths)


class Broker:
    """Serves these grants, as --dir has them. What it opened is closed with the
    test."""

    def __init__(self, *grants):
        got = []

        def script(job):
            got.append(job.conn.descriptors.pop())
            try:
                job.conn.receive()      # until the client is closed
            except OSError:
                pass
        self.fake = fake.Fake(script)
        dirs = [word for grant in grants for word in ("--dir", str(grant))]
        self.client = self.fake.start("run", *dirs, fake.module())
        harness.until(lambda: got or self.client.poll() is not None,
                      what="the broker's socket")
        self.sock = socket.socket(fileno=got[0])
        self.sock.settimeout(20)
        harness.at_end(self.sock.close)

    def send(self, data, fds=()):
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS,
                   array.array("i", fds))] if fds else []
        self.sock.sendmsg([data], rights)

    def receive(self):
        """(answer's fields, data, descriptor or None)"""
        data, rights, _, _ = self.sock.recvmsg(65536, socket.CMSG_SPACE(64))
        if not data:
            raise Ended()
        fds = array.array("i")
        for _, _, got in rights:
            fds.frombytes(got)
        for fd in fds:
            harness.at_end(lambda fd=fd: os.close(fd))
        harness.equal(len(fds) <= 1, True, "descriptors")
        fields = ANSWER.unpack(data[:ANSWER.size])
        harness.equal(fields[1], len(data) - ANSWER.size, "length of data")
        return fields, data[ANSWER.size:], fds[0] if fds else None

    def ask(self, op, *paths, fds=(), **options):
        """(errno, directory's handle or None, data, descriptor or None)"""
        paths = [os.fsencode(path) for path in paths]
        self.send(request(op, *paths, **options), fds)
        fields, data, fd = self.receive()
        handle = fields[2] if op == OPEN and fields[0] == 0 else None
        if handle == 0xffffffff:
            handle = None
        return fields[0], handle, data, fd

    def errno(self, op, *paths, **options):
        return self.ask(op, *paths, **options)[0]

    def open_dir(self, path, handle=0):
        error, found, _, _ = self.ask(OPEN, path, dirs=(handle, 0),
                                      flags=DIRECTORY)
        harness.equal(error, 0, path)
        return found

    def names(self, handle):
        """All entries of a directory."""
        found, at = [], 0
        while True:
            error, _, data, _ = self.ask(READDIR, dirs=(handle, 0),
                                         numbers=(at, 1))
            harness.equal(error, 0)
            if not data:
                return found
            while data:
                at, _, length, _ = ENTRY.unpack(data[:ENTRY.size])
                found.append(os.fsdecode(data[ENTRY.size:ENTRY.size + length]))
                data = data[ENTRY.size + length:]
