"""The programs in examples/embed, as they are."""
import concurrent.futures
import os
import socket
import subprocess
import urllib.error
import urllib.request

from harness import BUILD, Skip, contains, equal, run, start, test, until
from service import EXAMPLES, Daemon, guest

PROGRAMS = BUILD / "examples" / "embed"


def program(name):
    path = PROGRAMS / name
    if not os.access(path, os.X_OK):
        raise Skip(f"{path} is not built: make check builds it")
    return path


@test
def test_plugin_host_passes_text_and_plugin_keeps_its_state():
    daemon = Daemon()
    host = start([program("plugin"), daemon.socket, EXAMPLES / "shout.wasm",
                  "shout"], stdin=subprocess.PIPE)
    for text in (b"some text", b"", b"\xc3\xa4 1", b"x" * 5000):
        host.stdin.write(text + b"\n")
        host.stdin.flush()
        equal(host.stdout.readline(), text.upper() + b"\n")
    host.stdin.close()
    equal(host.wait(10), 0)
    # All at once, and one after the other.
    lines = b"".join(b"line %d\n" % n for n in range(500))
    result = run([program("plugin"), daemon.socket, EXAMPLES / "shout.wasm",
                  "shout"], input=lines)
    equal((result.returncode, result.stdout), (0, lines.upper()))


@test
def test_plugin_host_survives_its_plugins():
    daemon = Daemon()
    result = run([program("plugin"), daemon.socket, guest("plugin"), "trap"],
                 input=b"\n")
    contains(result.stderr, b"plugin: the function takes no address")
    equal(result.returncode, 0)
    result = run([program("plugin"), daemon.socket, guest("plugin"), "none"],
                 input=b"x\n")
    contains(result.stderr, b"no function none")
    result = run([program("plugin"), daemon.socket, EXAMPLES / "embed",
                  "none"], input=b"x\n")
    equal(result.returncode, 1)
    contains(result.stderr, b"Is a directory")
    result = run([program("plugin"), "/nowhere", guest("plugin"), "none"])
    equal(result.returncode, 1)


class Gateway:
    def __init__(self, daemon, module):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.process = start([program("gateway"), daemon.socket, module,
                              self.port])
        until(self.answers, what="the gateway")

    def answers(self):
        with socket.socket() as sock:
            return sock.connect_ex(("127.0.0.1", self.port)) == 0

    def ask(self, path="/", body=None):
        """(code, body) of an answer."""
        url = f"http://127.0.0.1:{self.port}{path}"
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(urllib.request.Request(url, data=body),
                             timeout=30) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()


@test
def test_gateway_answers_with_what_the_function_writes():
    daemon = Daemon()
    gateway = Gateway(daemon, EXAMPLES / "upper.wasm")
    equal(gateway.ask(body=b"some text\n"), (200, b"SOME TEXT\n"))
    equal(gateway.ask(), (200, b""))
    large = b"0123456789abcdef" * 40000
    equal(gateway.ask(body=large), (200, large.upper()))
    with concurrent.futures.ThreadPoolExecutor(10) as pool:
        texts = [b"text %d\n" % n for n in range(100)]
        answers = list(pool.map(lambda text: gateway.ask(body=text), texts))
    equal(answers, [(200, text.upper()) for text in texts])
    hello = Gateway(daemon, EXAMPLES / "hello.wasm")
    equal(hello.ask("/you"), (200, b"Hello, /you!\n"))


@test
def test_gateway_outlives_functions_and_clients():
    daemon = Daemon()
    gateway = Gateway(daemon, EXAMPLES / "crash.wasm")
    equal(gateway.ask()[0], 500)
    equal(gateway.ask()[0], 500)
    loop = Gateway(daemon, guest("loop"))
    # A client that does not wait for its answer.
    with socket.create_connection(("127.0.0.1", loop.port)) as sock:
        sock.sendall(b"GET / HTTP/1.0\r\n\r\n")
    gateway.process.terminate()
    equal(loop.process.poll(), None)
    equal(daemon.run(EXAMPLES / "hello.wasm").returncode, 0)
