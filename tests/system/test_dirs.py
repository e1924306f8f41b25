"""Directories that are granted to a guest: wasmctl's options, its broker, the
daemon and the guest together."""
import os
import pathlib
import signal
import socket
import struct
import subprocess

from harness import contains, equal, one_message, scratch, test, until
from service import Daemon, guest, guest_bytes

ENOENT, EPERM, EPIPE, EROFS = 44, 63, 64, 69


def entries(listing):
    """name -> type, of what fd_readdir gave."""
    found, at = {}, 0
    while at < len(listing):
        _next, _ino, length, kind = struct.unpack_from("<QQIB", listing, at)
        found[listing[at + 24:at + 24 + length].decode()] = kind
        at += 24 + length
    return found


def files(daemon, directory, *args, **options):
    """The guest's exit code and output."""
    done = daemon.run("--dir", directory, guest("files"), *args, **options)
    return done.returncode, done.stdout


@test
def test_a_guest_reads_writes_and_lists_a_directory():
    daemon, where = Daemon(), scratch()
    (where / "sub").mkdir()
    (where / "in").write_bytes(b"x" * 200000)
    equal(files(daemon, where, "r", "in"), (0, b"x" * 200000))
    equal(files(daemon, where, "w", "sub/out", input=b"what it wrote"),
          (0, b""))
    equal((where / "sub" / "out").read_bytes(), b"what it wrote")
    code, listing = files(daemon, where, "l", ".")
    equal((code, entries(listing)),
          (0, {".": 3, "..": 3, "in": 4, "sub": 3}))
    equal(files(daemon, where, "d", "new"), (0, b""))
    equal(files(daemon, where, "m", "in", "new/in"), (0, b""))
    equal((where / "new" / "in").stat().st_size, 200000)
    equal(files(daemon, where, "u", "new/in"), (0, b""))
    equal(list((where / "new").iterdir()), [])
    equal(files(daemon, where, "r", "in"), (ENOENT, b""))


@test
def test_files_are_those_of_the_client():
    """The daemon is another user, who could not open them."""
    daemon, where = Daemon(), scratch()
    (where / "private").write_bytes(b"of the user alone")
    (where / "private").chmod(0o600)
    where.chmod(0o700)
    equal(files(daemon, where, "r", "private"), (0, b"of the user alone"))
    equal(files(daemon, where, "w", "made", input=b""), (0, b""))
    equal((where / "made").stat().st_uid, os.geteuid())
    umask = os.umask(0)
    os.umask(umask)
    equal((where / "made").stat().st_mode & 0o777, 0o666 & ~umask)


@test
def test_read_only_is_read_only():
    daemon, where = Daemon(), scratch()
    (where / "file").write_bytes(b"as it was")
    grant = f"{where}::/:ro"
    equal(files(daemon, grant, "r", "file"), (0, b"as it was"))
    for args in (("w", "file"), ("w", "new"), ("d", "new"), ("u", "file"),
                 ("m", "file", "new")):
        equal(files(daemon, grant, *args), (EROFS, b""), args)
    equal([p.name for p in where.iterdir()], ["file"])
    equal((where / "file").read_bytes(), b"as it was")


@test
def test_nothing_leads_out():
    daemon, where = Daemon(), scratch()
    (where / "secret").write_bytes(b"secret")
    (where / "in").mkdir()
    (where / "in" / "up").symlink_to("../secret")
    (where / "in" / "absolute").symlink_to(where / "secret")
    (where / "in" / "root").symlink_to("/")
    secret = where / "secret"
    for path in ("../secret", secret, "up", "absolute", f"root{secret}",
                 "../in/../secret", "./../secret"):
        equal(files(daemon, where / "in", "r", path), (EPERM, b""), path)
        equal(files(daemon, where / "in", "w", path), (EPERM, b""), path)
    equal((where / "secret").read_bytes(), b"secret")


@test
def test_names_of_grants():
    daemon, where = Daemon(), scratch()
    for bad in ("", "::/x", f"{where}::", "::"):
        done = daemon.run("--dir", bad, guest("files"))
        equal(done.returncode, 125, bad)
        contains(one_message(done.stderr), "--dir: not HOST")
    done = daemon.run("--dir", where / "none", guest("files"))
    equal(done.returncode, 127)
    contains(one_message(done.stderr), "none: No such file")
    (where / "file").touch()
    done = daemon.run("--dir", where / "file", guest("files"))
    equal(done.returncode, 125)
    contains(one_message(done.stderr), "file: Not a directory")
    done = daemon.run(*["--dir", str(where)] * 33, guest("files"))
    equal(done.returncode, 125)
    contains(one_message(done.stderr), "at most 32")
    done = daemon.run(*["--dir", str(where)] * 32, guest("files"), "l", ".")
    equal((done.returncode, done.stderr), (0, b""))


@test
def test_limit_of_open_files_counts_the_grants():
    daemon, where = Daemon(), scratch()
    (where / "file").touch()
    equal(daemon.run("--dir", where, "--max-files", "1", guest("files"), "r",
                     "file").returncode, 33)        # mfile
    equal(daemon.run("--dir", where, "--max-files", "2", guest("files"), "r",
                     "file").returncode, 0)
    done = daemon.run("--dir", where, "--dir", where, "--max-files", "1",
                      guest("files"), "r", "file")
    equal(done.returncode, 125)
    contains(one_message(done.stderr), "granted directories")


@test
def test_fifo_that_nobody_reads_any_more_is_an_error():
    """And no signal that ends the guest."""
    daemon, where = Daemon(), scratch()
    os.mkfifo(where / "fifo")
    reader = os.open(where / "fifo", os.O_RDONLY | os.O_NONBLOCK)
    client = daemon.start("--dir", where, guest("files"), "w", "fifo",
                          stdin=subprocess.PIPE)
    client.stdin.write(b"read")
    client.stdin.flush()
    found = []

    def read():
        try:
            found.append(os.read(reader, 4))
        except BlockingIOError:
            pass
        return b"".join(found) == b"read"
    until(read, what="what the guest wrote")
    os.close(reader)
    client.stdin.write(b"not read")
    client.stdin.close()
    equal(client.wait(20), EPIPE)


@test
def test_broker_ends_with_its_call():
    daemon, where = Daemon(), scratch()
    client = daemon.start("--dir", f"{where}::a directory of this test",
                          guest("sleep"))

    def brokers():
        """Forked from the client, they have its arguments."""
        found = []
        for process in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                line = (process / "cmdline").read_bytes()
            except OSError:
                continue
            if str(where).encode() in line and process.name != str(client.pid):
                found.append(process.name)
        return found
    until(brokers, what="the broker")
    client.send_signal(signal.SIGINT)
    client.wait(20)
    until(lambda: not brokers(), what="the broker's end")


@test
def test_what_is_no_broker_is_refused():
    conn = Daemon().connect()
    module = guest_bytes("exit")
    fds = os.pipe()
    stream, other = socket.socketpair()
    try:
        for passed, text in (([fds[0]], "broker: it is no socket"),
                             ([stream.fileno()], "broker: it is no socket"),
                             ([], "0 descriptors came"),
                             (list(fds), "2 descriptors came")):
            error, _ = conn.call("submit", {"module": module, "broker": True},
                                 passed)
            equal(error["name"], "usage")
            contains(error["text"], text)
        error, _ = conn.call("submit", {
            "module": module, "broker": True, "mode": "inspect"}, [fds[0]])
        contains(error["text"], "takes no broker")
    finally:
        os.close(fds[0])
        os.close(fds[1])
        stream.close()
        other.close()


@test
def test_broker_of_another_make():
    """Answers that are none end the call, or become errors; the daemon does not
    care."""
    daemon = Daemon()
    conn = daemon.connect()
    answer = struct.Struct("<iIII7QII")
    for said in (b"", b"short", answer.pack(-1, *[0] * 12),
                 answer.pack(0, 5, *[0] * 11), b"x" * 40000):
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with ours, theirs:
            conn.request("submit", {
                "module": guest_bytes("exit"), "broker": True, "credit": 1000},
                [theirs.fileno()])
            theirs.close()
            equal(len(ours.recv(100)), 40)      # grants
            if said:
                ours.send(said)
            else:
                ours.close()
            while (message := conn.receive())[1] != "job.exit":
                pass
        equal(message[2]["status"], "XX", said)
        contains(message[2]["cause"], "broker")
    error, _, record = conn.run(guest_bytes("exit"))
    equal((error, record["status"]), (None, "OK"))
