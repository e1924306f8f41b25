"""What dies takes down no more than it must."""
import os
import signal
import subprocess
import time

from harness import contains, equal, one_message, test, until
from service import Daemon, Witness, guest


def processes(daemon):
    """The confined processes of a daemon that is still there."""
    return list(daemon.children())


def alive(pids):
    """Those of the processes that have not ended."""
    left = []
    for pid in pids:
        try:
            with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
                state = stat.read().rpartition(")")[2].split()[0]
        except OSError:
            continue
        if state != "Z":
            left.append(pid)
    return left


@test
def test_killed_daemon_takes_all_its_processes_along():
    daemon = Daemon()
    clients = [daemon.start(guest(name), stdin=subprocess.PIPE)
               for name in ("loop", "sleep", "cat", "flood")]
    until(lambda: len(processes(daemon)) >= 2 + 2 * len(clients),
          what="the jobs")
    # The first one is init. It has ended when the others have been waited for,
    # which is now the business of this machine's init.
    init, *confined = sorted(processes(daemon))
    daemon.process.kill()
    began = time.monotonic()
    until(lambda: not alive(confined), what="their end")
    seconds = time.monotonic() - began
    equal(seconds < 1, True, f"{seconds} s")
    until(lambda: not alive([init]), what="init's end")
    for client in clients[:3]:
        _, err = client.communicate(timeout=10)
        equal(client.returncode, 125)
        contains(one_message(err), "daemon")


@test
def test_terminated_daemon_ends_its_jobs_and_goes():
    daemon = Daemon("--drain", "0")
    client = daemon.start(guest("sleep"))
    until(lambda: len(processes(daemon)) >= 4, what="the job")
    confined = processes(daemon)
    daemon.process.terminate()
    equal(daemon.process.wait(10), 0)
    until(lambda: not alive(confined), what="the processes' end")
    equal(client.wait(5) in (125, 143), True, client.returncode)
    equal(os.path.exists(daemon.socket) and os.geteuid() != 0, False,
          "the socket's file is left")


@test
def test_killed_zygote_or_init_is_replaced():
    daemon = Daemon()
    equal(daemon.run(guest("exit")).returncode, 0)
    for pid in sorted(processes(daemon)):
        if pid not in processes(daemon):
            continue        # ended with one that was killed before
        os.kill(pid, signal.SIGKILL)
        # What ran in the namespaces of a killed init has ended with it.
        until(lambda: daemon.run("-q", guest("exit")).returncode == 0,
              what="a call that works")
    equal(daemon.process.poll(), None, "the daemon's end")
    equal("Z" in daemon.children().values(), False, "a zombie")


@test
def test_killed_child_ends_its_own_call_only():
    daemon = Daemon("--ready", "0")
    witness = Witness(daemon)
    before = set(processes(daemon))
    client = daemon.start(guest("sleep"))
    until(lambda: len(processes(daemon)) == len(before) + 2, what="the job")
    child = max(set(processes(daemon)) - before)
    os.kill(child, signal.SIGKILL)
    _, err = client.communicate(timeout=10)
    equal(client.returncode, 137)
    contains(one_message(err), "killed")
    witness.end()
