"""wasmctl -H: the daemon of another machine, by way of ssh. Most tests play ssh
with a script that runs the command here; some have a real sshd."""
import fcntl
import hashlib
import json
import os
import pathlib
import pwd
import shutil
import signal
import socket
import subprocess
import time

from harness import (BUILD, WASMCTL, Skip, at_end, contains, equal, need,
                     one_message, run, scratch, start, test, until)
from service import EXAMPLES, Daemon, binary, guest, section

F_SETPIPE_SZ = 1031     # fcntl.F_SETPIPE_SZ since Python 3.10

# As ssh does it: options, a host, and a command for a shell. Its words and its
# process are kept for the test.
FAKE = """#!/bin/sh
printf '%s\\n' "$@" >{dir}/words
echo $$ >{dir}/pid
while [ "$1" != -- ]; do shift; done
shift 2
unset WASMD_HOST
PATH={path}:$PATH
{before}
exec sh -c "exec $*"
"""


class Remote:
    """A daemon that is reached through a script in the place of ssh."""

    def __init__(self, before="", path=BUILD, daemon=None):
        self.daemon = daemon or Daemon()
        self.dir = scratch()
        ssh = self.dir / "ssh"
        ssh.write_text(FAKE.format(dir=self.dir, path=path, before=before))
        ssh.chmod(0o755)
        self.env = dict(self.daemon.env, WASMD_SSH=str(ssh))

    def argv(self, *args):
        return [WASMCTL, "-H", "ssh://there", *args]

    def run(self, *args, **options):
        return run(self.argv(*args), env=self.env, **options)

    def start(self, *args, **options):
        return start(self.argv(*args), env=self.env, **options)

    def words(self):
        return (self.dir / "words").read_text().splitlines()

    def pid(self):
        return int((self.dir / "pid").read_text())


def jobs(remote):
    """Those of the daemon behind it, asked here."""
    result = run([WASMCTL, "ps", "--json"], env=remote.daemon.env)
    equal((result.returncode, result.stderr), (0, b""))
    return [json.loads(line) for line in result.stdout.splitlines()]


def until_it_runs(remote, process):
    """The job of a wasmctl that was started."""
    def look():
        code = process.poll()
        if code is not None:
            raise AssertionError(f"it exited with {code}: " +
                                 process.stderr.read().decode())
        return jobs(remote)
    return until(look, seconds=20, what="the job")


def large():
    """A valid module that is too large to go in one message, and its digest."""
    data = pathlib.Path(guest("exit")).read_bytes() + section(
        0, b"\7padding" + os.urandom(2 << 20))
    return binary(data), hashlib.sha256(data).hexdigest()


# ---- all as it is here -------------------------------------------------------

@test
def test_what_a_guest_writes_and_ends_with_is_the_same():
    remote = Remote()
    for args, options in (
            ((guest("args"), "a", "", "ä b"), {}),
            ((guest("cat"),), {"input": os.urandom(3 << 20)}),
            ((guest("streams"),), {"input": b"x\n"}),
            ((guest("trap"),), {}), ((guest("exit"), "7"), {}),
            (("--fuel", "1000", guest("loop")), {}),
            (("-i", "nosuch", guest("exit")), {}),
            (("-e", "A=1", "-n", guest("cat")), {}),
            (("/nowhere.wasm",), {})):
        here = remote.daemon.run(*args, **options)
        there = remote.run("run", *args, **options)
        equal((there.returncode, there.stdout == here.stdout, there.stderr),
              (here.returncode, True, here.stderr), args)


@test
def test_every_verb_works():
    remote = Remote()
    equal(remote.run("call", EXAMPLES / "math.wasm", "gcd", "84",
                     "36").stdout, b"12\n")
    name = remote.run("put", EXAMPLES / "hello.wasm").stdout.decode().strip()
    contains(remote.run("list").stdout.decode(), name)
    contains(remote.run("info", name).stdout.decode(), "private")
    equal(remote.run("run", name, "you").stdout, b"Hello, you!\n")
    for verb in ("validate", "inspect", "disasm"):
        here = run([WASMCTL, verb, EXAMPLES / "math.wasm"],
                   env=remote.daemon.env)
        there = remote.run(verb, EXAMPLES / "math.wasm")
        equal((there.returncode, there.stdout),
              (here.returncode, here.stdout), verb)
    job = remote.run("submit", "-d", name, "me").stdout.decode().strip()
    equal(remote.run("wait", job).returncode, 0)
    equal(remote.run("logs", job).stdout, b"Hello, me!\n")
    contains(remote.run("status", job).stdout, job.encode())
    equal(remote.run("rm", job).returncode, 0)
    slow = remote.run("submit", "-d", guest("sleep")).stdout.decode().strip()
    attached = remote.start("attach", slow)
    contains(remote.run("ps").stdout, slow.encode())
    equal(remote.run("kill", slow).returncode, 0)
    equal(attached.wait(10), 143)
    contains(remote.run("stats").stdout, b"refused")
    contains(remote.run("top").stdout, b"refused")
    contains(remote.run("check").stdout, b"seccomp")
    equal(remote.run("remove", name).returncode, 0)
    equal(remote.run("list").stdout, b"")


@test
def test_ssh_is_told_machine_user_port_and_socket():
    remote = Remote()
    env = dict(remote.env, WASMD_HOST="ssh://me@there:2222"
               + remote.daemon.socket)
    env.pop("WASMD_SOCKET")
    equal(run([WASMCTL, "run", guest("exit")], env=env).returncode, 0)
    equal(remote.words(), ["-T", "-l", "me", "-p", "2222", "--", "there",
                           f"wasmctl proxy --socket {remote.daemon.socket}"])
    for spelling in (["-H", "ssh://there"], ["--host", "ssh://there"],
                     ["--host=ssh://there/"]):
        for argv in ([*spelling, "ps"], ["ps", *spelling]):
            equal(run([WASMCTL, *argv], env=remote.env).returncode, 0, argv)
            equal(remote.words(), ["-T", "--", "there", "wasmctl proxy"])
    equal(run([WASMCTL, "-H", "ssh://a@b@[fe80::1%eth0]:22", "ps"],
              env=remote.env).returncode, 0)
    equal(remote.words()[1:7], ["-l", "a@b", "-p", "22", "--",
                                "fe80::1%eth0"])


# ---- what must not be said to ssh --------------------------------------------

@test
def test_nothing_can_be_taken_for_an_option_or_a_command():
    remote = Remote()
    for name in ("ssh://-oProxyCommand=id", "ssh://u@-oX", "ssh://-l@h",
                 "ssh://h;id", "ssh://h $(id)", "ssh://`id`@h", "ssh://h:2x",
                 "ssh://h:-2", "ssh://h:", "ssh://", "ssh://@h", "ssh://u@",
                 "ssh://u@/x", "ssh://[::1", "ssh://[::1]x", "ssh://h\nid",
                 "ssh://h/a b", "ssh://h/a;id", "ssh://h/$(id)", "ssh://h/'",
                 "ssh://" + "h" * 300, "ssh://h/" + "s" * 200, "there",
                 "http://h", "SSH://h"):
        result = run([WASMCTL, "-H", name, "ps"], env=remote.env)
        equal((result.returncode, result.stdout), (125, b""), name)
        one_message(result.stderr)
        equal((remote.dir / "words").exists(), False, name)


# ---- what cannot be passed ---------------------------------------------------

@test
def test_directories_and_sockets_are_refused():
    remote = Remote()
    with socket.create_server(("127.0.0.1", 0)) as sock:
        fd = sock.fileno()
        for args in (["--dir", "."], ["--fd", str(fd)]):
            result = remote.run("run", *args, guest("exit"), pass_fds=[fd])
            equal(result.returncode, 125, args)
            contains(one_message(result.stderr), "cannot be passed")
    equal((remote.dir / "words").exists(), False, "ssh was not asked")


@test
def test_large_modules_are_sent_and_not_kept():
    remote = Remote()
    path, digest = large()
    meta = scratch() / "record"
    equal(remote.run("run", "--meta", meta, path).returncode, 0)
    equal(json.loads(meta.read_text())["module"], digest)
    equal(remote.run("list").stdout, b"")
    equal(remote.run("run", digest).returncode, 127)
    result = remote.run("put", path)
    equal(result.stdout.decode(), f"sha256:{digest}\n")
    result = remote.run("put", "--digest", "0" * 64, path)
    equal(result.returncode, 125)
    contains(one_message(result.stderr), "SHA-256")


@test
def test_preloaded_modules_are_sent():
    remote = Remote()
    equal(remote.run("run", "--preload", f"lib={guest('library')}",
                     guest("linked")).stdout, b"library\n")
    equal(remote.run("list").stdout, b"")


@test
def test_module_that_is_too_large_is_refused_before_it_is_sent():
    remote = Remote(daemon=Daemon("--max-module", "1M"))
    path = binary(bytes(64 << 20))
    for verb in ("run", "put"):
        result = remote.run(verb, path)
        equal(result.returncode, 125, verb)
        contains(one_message(result.stderr), "this daemon allows 1048576")


# ---- interrupting and losing -------------------------------------------------

def interrupt_a_job(remote):
    process = remote.start("run", guest("sleep"), start_new_session=True)
    until_it_runs(remote, process)
    # As a terminal does it: ssh and the proxy get the signal, too.
    os.killpg(process.pid, signal.SIGINT)
    equal(process.wait(10), 130)
    until(lambda: not jobs(remote), what="the job's end")


@test
def test_ctrl_c_cancels_the_job():
    interrupt_a_job(Remote())


@test
def test_a_stopped_reader_stops_the_guest():
    remote = Remote()
    reader, writer = os.pipe()
    fcntl.fcntl(writer, F_SETPIPE_SZ, 4096)
    process = remote.start("run", guest("flood"), stdout=writer)
    os.close(writer)

    def written():
        return [job["bytes_out"] for job in jobs(remote)]
    until(lambda: written() and written()[0] > 0)
    seen = None
    while seen != written():
        seen = written()
        time.sleep(0.3)
    equal(seen[0] < 4 << 20, True, f"{seen[0]} bytes for nobody")
    # Some more is taken, some more comes.
    taken = 0
    while taken < seen[0] + (1 << 20):
        taken += len(os.read(reader, 65536))
    os.close(reader)
    equal(process.wait(10), 143)
    until(lambda: not jobs(remote), what="the job's end")


@test
def test_a_client_that_dies_takes_job_and_ssh_along():
    remote = Remote()
    process = remote.start("run", guest("sleep"))
    until_it_runs(remote, process)
    pid = remote.pid()
    process.kill()
    until(lambda: not jobs(remote), what="the job's end")
    until(lambda: not os.path.exists(f"/proc/{pid}"), what="ssh's end")


@test
def test_a_lost_connection_is_told_and_the_job_ends():
    remote = Remote()
    process = remote.start("run", guest("sleep"))
    until_it_runs(remote, process)
    os.kill(remote.pid(), signal.SIGKILL)
    _, err = process.communicate(timeout=10)
    equal(process.returncode, 125)
    contains(one_message(err), "connection to the daemon was lost")
    until(lambda: not jobs(remote), what="the job's end")


@test
def test_a_daemon_that_dies_is_told():
    remote = Remote()
    process = remote.start("run", guest("sleep"))
    until_it_runs(remote, process)
    remote.daemon.process.kill()
    remote.daemon.process.wait()
    _, err = process.communicate(timeout=10)
    equal(process.returncode, 125)
    contains(one_message(err), "lost")


@test
def test_what_goes_wrong_with_ssh_is_told():
    empty = scratch()
    for before, word in (
            ("exit 255", "ssh failed"), ("exit 127", "no wasmctl in the PATH"),
            ("exit 3", "exit code 3"), ("kill -9 $$", "ssh was ended"),
            ("echo Welcome", "print something"),
            ("export WASMD_SOCKET=/nowhere", "found no daemon")):
        result = Remote(before=before).run("run", guest("exit"))
        equal(result.returncode, 125, before)
        lines = [line for line in result.stderr.decode().splitlines()
                 if line.startswith("wasmctl: ssh://there: ")]
        equal(len(lines), 1, result.stderr)
        contains(lines[0], word)
    missing = Remote(path=empty).run("ps")
    if shutil.which("wasmctl") is None:
        contains(missing.stderr.decode(), "no wasmctl in the PATH")
    remote = Remote()
    remote.env["WASMD_SSH"] = str(empty / "ssh")
    result = remote.run("ps")
    equal(result.returncode, 125)
    contains(one_message(result.stderr), "cannot run")


@test
def test_ssh_that_never_answers_goes_with_us():
    remote = Remote(before="exec sleep 1000")
    process = remote.start("run", guest("exit"), start_new_session=True)
    until((remote.dir / "pid").exists)
    until(lambda: (remote.dir / "pid").read_text())
    pid = remote.pid()
    os.killpg(process.pid, signal.SIGINT)
    equal(process.wait(10), -signal.SIGINT)
    until(lambda: not os.path.exists(f"/proc/{pid}"), what="ssh's end")


# ---- the proxy ---------------------------------------------------------------

@test
def test_proxy_copies_both_ways_and_ends_with_the_daemon():
    daemon = Daemon()
    process = start([WASMCTL, "proxy"], env=daemon.env, stdin=subprocess.PIPE)
    # Garbage: the daemon closes, which ends the proxy.
    process.stdin.write(b"\0\0\0\0")
    process.stdin.flush()
    equal(process.wait(10), 0)
    equal(process.stdout.read(), b"")
    # An end of input is passed on, and answered by an end.
    equal(run([WASMCTL, "proxy"], env=daemon.env).returncode, 0)


@test
def test_proxy_is_for_programs():
    daemon = Daemon()
    for args in (["x"], ["-H", "ssh://there"]):
        result = run([WASMCTL, "proxy", *args], env=daemon.env)
        equal(result.returncode, 125, args)
        one_message(result.stderr)
    master, slave = os.openpty()
    result = run([WASMCTL, "proxy"], env=daemon.env, stdin=slave)
    equal(result.returncode, 125)
    contains(one_message(result.stderr), "terminal")
    os.close(master)
    os.close(slave)


# ---- a real one --------------------------------------------------------------

SSHD = """
ListenAddress 127.0.0.1
Port {port}
HostKey {dir}/host
PidFile none
AuthorizedKeysFile {dir}/user.pub
AuthenticationMethods publickey
PermitRootLogin yes
StrictModes no
UsePAM no
SetEnv PATH={build}:/usr/bin:/bin WASMD_SOCKET={socket}
"""

SSH = """#!/bin/sh
exec {ssh} -F none -i {dir}/user -o IdentitiesOnly=yes -o BatchMode=yes \
    -o StrictHostKeyChecking=no -o UserKnownHostsFile={dir}/known \
    -o LogLevel=ERROR "$@"
"""


def listens(port):
    with socket.socket() as sock:
        return sock.connect_ex(("127.0.0.1", port)) == 0


class Sshd:
    """An sshd of our own, on this machine, and a daemon behind it."""

    def __init__(self):
        sshd = shutil.which("sshd", path="/usr/sbin:/sbin:/usr/bin")
        if sshd is None:
            raise Skip("sshd is not installed")
        self.daemon = Daemon()
        self.dir = scratch()
        if os.geteuid() == 0 and not os.path.isdir("/run/sshd"):
            os.mkdir("/run/sshd", 0o755)    # where it encloses itself
            at_end(lambda: os.rmdir("/run/sshd"))
        for key in ("host", "user"):
            subprocess.run([need("ssh-keygen"), "-q", "-t", "ed25519", "-N",
                            "", "-f", self.dir / key], check=True)
        with socket.create_server(("127.0.0.1", 0)) as sock:
            port = sock.getsockname()[1]
        (self.dir / "config").write_text(SSHD.format(
            port=port, dir=self.dir, build=BUILD, socket=self.daemon.socket))
        self.log = self.dir / "log"
        self.process = start([sshd, "-D", "-f", self.dir / "config", "-E",
                              self.log])
        until(lambda: listens(port), what="sshd")
        ssh = self.dir / "ssh"
        ssh.write_text(SSH.format(ssh=need("ssh"), dir=self.dir))
        ssh.chmod(0o755)
        user = pwd.getpwuid(os.geteuid()).pw_name
        self.env = dict(os.environ, WASMD_SSH=str(ssh),
                        WASMD_HOST=f"ssh://{user}@127.0.0.1:{port}")

    def argv(self, *args):
        return [WASMCTL, *args]

    def run(self, *args, **options):
        return run(self.argv(*args), env=self.env, **options)

    def start(self, *args, **options):
        return start(self.argv(*args), env=self.env, **options)


@test
def test_through_a_real_sshd():
    remote = Sshd()
    result = remote.run("run", EXAMPLES / "hello.wasm", "you")
    equal((result.returncode, result.stdout, result.stderr),
          (0, b"Hello, you!\n", b""))
    data = os.urandom(5 << 20)
    result = remote.run("run", guest("cat"), input=data)
    equal((result.returncode, result.stdout == data), (0, True))
    path, digest = large()
    equal(remote.run("put", path).stdout.decode(), f"sha256:{digest}\n")
    equal(remote.run("run", path).returncode, 0)
    equal(remote.run("run", guest("trap")).returncode, 134)
    interrupt_a_job(remote)


@test
def test_a_real_ssh_that_is_killed():
    remote = Sshd()
    process = remote.start("run", guest("sleep"))
    until_it_runs(remote, process)
    ssh = pathlib.Path(f"/proc/{process.pid}/task/{process.pid}/children")
    for pid in ssh.read_text().split():
        os.kill(int(pid), signal.SIGKILL)
    _, err = process.communicate(timeout=10)
    equal(process.returncode, 125)
    contains(one_message(err), "lost")
    until(lambda: not jobs(remote), what="the job's end")
    remote.env["WASMD_HOST"] = "ssh://nobody-at-all@127.0.0.1:1"
    result = remote.run("ps")
    equal(result.returncode, 125)
    contains(result.stderr.decode(), "ssh failed")
