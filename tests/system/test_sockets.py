"""Sockets that a guest is granted: wasmctl's --fd, its broker, the daemon and
the guest together."""
import socket

from harness import contains, equal, one_message, scratch, test, until
from service import Daemon, guest

SOME = b"something to send back " * 10000


def listener():
    """As a service manager opens it for a program that it starts."""
    sock = socket.create_server(("127.0.0.1", 0))
    return sock, sock.getsockname()


def exchange(conn):
    """What comes back, up to the end."""
    got = bytearray()
    conn.settimeout(20)
    for at in range(0, len(SOME), 10000):
        conn.sendall(SOME[at:at + 10000])
        while len(got) < min(at + 10000, len(SOME)):
            got += conn.recv(65536)
    conn.shutdown(socket.SHUT_WR)
    while more := conn.recv(65536):
        got += more
    return bytes(got)


@test
def test_a_guest_accepts_a_connection():
    daemon = Daemon()
    sock, address = listener()
    with sock:
        fd = sock.fileno()
        client = daemon.start("--fd", str(fd), guest("echo"), pass_fds=[fd])
    with socket.create_connection(address) as conn:
        equal(exchange(conn), SOME)
    equal(client.wait(20), 0)
    # Nobody holds it any more.
    until(lambda: refused(address), what="the end of what listened")


def refused(address):
    try:
        socket.create_connection(address).close()
    except ConnectionRefusedError:
        return True
    return False


@test
def test_a_guest_is_given_a_connection():
    daemon = Daemon()
    ours, theirs = socket.socketpair()
    with ours:
        with theirs:
            fd = theirs.fileno()
            client = daemon.start("--fd", str(fd), "--dir", scratch(),
                                  guest("echo"), pass_fds=[fd])
        equal(exchange(ours), SOME)
        equal(client.wait(20), 0)


@test
def test_the_broker_ends_with_a_guest_that_accepts():
    daemon = Daemon()
    sock, address = listener()
    with sock:
        fd = sock.fileno()
        client = daemon.start("--fd", str(fd), "--timeout", "1s",
                              guest("echo"), pass_fds=[fd])
    equal(client.wait(20), 124)
    until(lambda: refused(address), what="the broker's end")


@test
def test_a_guest_that_writes_to_nobody_is_told():
    daemon = Daemon()
    ours, theirs = socket.socketpair()
    with theirs:
        ours.sendall(b"x")
        ours.close()
        fd = theirs.fileno()
        done = daemon.run("--fd", str(fd), guest("echo"), pass_fds=[fd])
    equal((done.returncode, done.stderr), (64, b""))        # pipe


@test
def test_what_is_no_socket_is_refused():
    daemon = Daemon()
    for bad in ("x", "", "2", "-1", "99999999999"):
        done = daemon.run("--fd", bad, guest("echo"))
        equal(done.returncode, 125, bad)
        contains(one_message(done.stderr), "not the number of a descriptor")
    done = daemon.run("--fd", "77", guest("echo"))
    equal(done.returncode, 125)
    contains(one_message(done.stderr), "--fd 77: Bad file descriptor")
    with open(guest("echo"), "rb") as file:
        fd = file.fileno()
        done = daemon.run("--fd", str(fd), guest("echo"), pass_fds=[fd])
    equal(done.returncode, 125)
    contains(one_message(done.stderr), "no stream socket")
    done = daemon.run(*["--fd", "3"] * 33, guest("echo"))
    contains(one_message(done.stderr), "at most 32")
    done = daemon.run("--detach", "--fd", "3", guest("echo"))
    contains(one_message(done.stderr), "--detach: not with")
