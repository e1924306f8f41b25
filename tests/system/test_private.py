"""The private daemon that a client starts when no other answers."""
import os
import pathlib
import signal
import time

from harness import (WASMCTL, WASMD, Skip, at_end, contains, equal, run,
                     scratch, start, test, until)
from service import guest


class Home:
    """A user's runtime directory, without a daemon."""

    def __init__(self):
        if not os.access(WASMD, os.X_OK):
            raise Skip("wasmd is not built")
        if os.path.exists("/run/wasmd/wasmd.sock"):
            raise Skip("this machine has a daemon of its own")
        self.runtime = scratch()
        self.dir = self.runtime / "wasmd"
        self.env = dict(os.environ, XDG_RUNTIME_DIR=str(self.runtime))
        self.env.pop("WASMD_SOCKET", None)
        self.env.pop("WASMD", None)
        at_end(self.end)

    def daemons(self):
        """Process ids of the daemons that serve it."""
        found = []
        socket_path = str(self.dir / "wasmd.sock").encode()
        for entry in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
            try:
                words = entry.read_bytes().split(b"\0")
            except OSError:
                continue
            if words[0].endswith(b"wasmd") and socket_path in words:
                found.append(int(entry.parent.name))
        return found

    def end(self):
        for pid in self.daemons():
            os.kill(pid, signal.SIGTERM)
        until(lambda: not self.daemons(), what="the private daemon's end")

    def run(self, *args, **options):
        return run([WASMCTL, "run", *args], env=self.env, **options)


def with_idle_exit(after):
    """A program that is wasmd with another time of patience."""
    path = scratch() / "wasmd"
    path.write_text(f'#!/bin/sh\nexec {WASMD} "$@" --idle-exit {after}\n')
    path.chmod(0o755)
    return str(path)


@test
def test_client_starts_a_private_daemon():
    home = Home()
    result = home.run("-v", guest("exit"))
    equal(result.returncode, 0)
    contains(result.stderr, b"started a daemon")
    equal(len(home.daemons()), 1)
    equal(os.stat(home.dir).st_mode & 0o777, 0o700)
    result = home.run("-v", guest("exit"))
    contains(result.stderr, b"using the daemon")
    equal(len(home.daemons()), 1)


@test
def test_clients_that_race_start_one_daemon():
    home = Home()
    clients = [start([WASMCTL, "run", guest("exit")], env=home.env)
               for _ in range(16)]
    for client in clients:
        _, err = client.communicate(timeout=30)
        equal((client.returncode, err), (0, b""))
    equal(len(home.daemons()), 1)


@test
def test_dead_daemons_socket_is_replaced():
    home = Home()
    equal(home.run(guest("exit")).returncode, 0)
    for pid in home.daemons():
        os.kill(pid, signal.SIGKILL)
    until(lambda: not home.daemons())
    equal((home.dir / "wasmd.sock").exists(), True)
    equal(home.run(guest("exit")).returncode, 0)


@test
def test_private_daemon_outlives_ctrl_c_and_its_terminal():
    home = Home()
    client = start([WASMCTL, "run", guest("sleep")], env=home.env,
                   start_new_session=True)
    until(home.daemons, what="the private daemon")
    time.sleep(0.2)
    os.killpg(client.pid, signal.SIGINT)
    equal(client.wait(5), 130)
    equal(len(home.daemons()), 1)


@test
def test_private_daemon_keeps_nothing_of_the_clients():
    home = Home()
    reader, writer = os.pipe()
    process = start([WASMCTL, "run", guest("exit")], env=home.env,
                    stdout=writer, pass_fds=[writer])
    os.close(writer)
    equal(process.wait(10), 0)
    # The daemon holds no copy of our pipe: its end is seen.
    equal(os.read(reader, 10), b"")
    os.close(reader)


@test
def test_private_daemon_leaves_when_idle():
    home = Home()
    home.env["WASMD"] = with_idle_exit("300ms")
    equal(home.run(guest("exit")).returncode, 0)
    equal(len(home.daemons()), 1)
    until(lambda: not home.daemons(), what="leaving")
    equal(home.run(guest("exit")).returncode, 0)
