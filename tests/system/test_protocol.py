"""The protocol as others speak it: with the MessagePack library of their
language, and forty lines."""
import os
import shutil
import subprocess

from harness import SOURCE, Skip, contains, equal, need, run, scratch, test
from service import EXAMPLES, Daemon, binary

CLIENTS = SOURCE / "examples" / "protocol"
PYTHON = "/usr/bin/python3"     # the one that Debian's libraries are for


def python():
    """A command that runs the client in Python."""
    if subprocess.run([PYTHON, "-c", "import msgpack"],
                      capture_output=True).returncode != 0:
        raise Skip(f"{PYTHON} has no module msgpack: python3-msgpack")
    return [PYTHON, str(CLIENTS / "run.py")]


def node():
    """The same for Node, with the library from its registry."""
    program, npm = need("node"), need("npm")
    folder = scratch()
    shutil.copy(CLIENTS / "run.mjs", folder)
    try:
        done = run([npm, "install", "--silent", "--prefix", folder,
                    "--fetch-retries=0", "@msgpack/msgpack"], seconds=50)
    except subprocess.TimeoutExpired:
        raise Skip("npm's registry does not answer") from None
    if done.returncode != 0:
        raise Skip("npm cannot install @msgpack/msgpack")
    return [program, str(folder / "run.mjs")]


def check(command):
    daemon = Daemon()
    env = dict(os.environ, WASMD_SOCKET=str(daemon.socket))
    hello = run([*command, EXAMPLES / "hello.wasm", "you"], env=env)
    equal((hello.returncode, hello.stdout), (0, b"Hello, you!\n"), hello.stderr)
    crash = run([*command, EXAMPLES / "crash.wasm"], env=env)
    equal(crash.returncode == 0, False, "a trap")
    contains(crash.stderr, b"trap")
    broken = run([*command, binary(b"no module")], env=env)
    equal(broken.returncode == 0, False, "no module")
    equal(len(broken.stderr) > 0, True, "a message")


@test
def test_client_in_python():
    check(python())


@test
def test_client_in_node():
    check(node())
