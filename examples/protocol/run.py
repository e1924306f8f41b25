#!/usr/bin/env python3
"""usage: run.py MODULE [ARGUMENT...]: run a module by wasmd, with nothing but
a MessagePack library; see wasmd-protocol(7)."""
import os
import pathlib
import socket
import struct
import sys

import msgpack

path = os.environ.get("WASMD_SOCKET", "/run/wasmd/wasmd.sock")
wasmd = socket.socket(socket.AF_UNIX)
wasmd.connect(path)
frames = wasmd.makefile("rwb")


def send(*message):
    data = msgpack.packb(message)
    frames.write(struct.pack(">I", len(data)) + data)
    frames.flush()


def receive():
    length, = struct.unpack(">I", frames.read(4))
    return msgpack.unpackb(frames.read(length))


module = pathlib.Path(sys.argv[1]).read_bytes()
send(0, 1, "hello", {"version": 1, "client": "run.py"})
send(0, 2, "submit", {"module": module, "args": sys.argv[1:]})
while True:
    match receive():
        case [1, _, dict(error), _]:
            sys.exit(f"run.py: {error['message']}")
        case [2, "job.output", {"fd": fd, "data": data}]:
            (sys.stdout if fd == 1 else sys.stderr).buffer.write(data)
        case [2, "job.exit", {"status": status, "cause": cause, **rest}]:
            if status not in ("OK", "RE"):
                sys.exit(f"run.py: {cause}")
            sys.exit(rest.get("exit_code", 0) & 255)
