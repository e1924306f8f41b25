"""A new version takes the place of one that runs, as clients see it."""
import os
import pathlib

import harness
from harness import WASMD, equal, run, test, until
from service import EXAMPLES, Daemon, guest


def successor(daemon, *options):
    """A wasmd that takes over from it; its log."""
    log = daemon.dir / "log-of-the-next"
    become = ["--user", "nobody"] if os.geteuid() == 0 else []
    with open(log, "wb") as out:
        process = harness.start([WASMD, "--take-over", "--socket",
                                 daemon.socket, *become, *options],
                                stdout=out, stderr=out, env=daemon.env)

    def end():
        process.terminate()
        equal(process.wait(15), 0, log.read_text())
    harness.at_end(end)
    until(lambda: "takes over" in daemon.log() or process.poll() is not None,
          what="the handover")
    equal(process.poll(), None, log.read_text())
    return log


@test
def test_wasmctl_notices_nothing_of_an_upgrade():
    daemon = Daemon()
    long = daemon.start("--invoke", "sleep", guest("sleep"), "1500")
    until(lambda: len(daemon.children()) > 2, what="the long call")
    before = len(daemon.children())
    echo = daemon.start(guest("cat"), stdin=-1)
    until(lambda: len(daemon.children()) > before, what="the other call")
    log = successor(daemon)
    for n in range(5):
        result = daemon.run(EXAMPLES / "hello.wasm", str(n))
        equal((result.returncode, result.stdout, result.stderr),
              (0, f"Hello, {n}!\n".encode(), b""))
    out, err = echo.communicate(b"through it all\n", timeout=20)
    equal((echo.returncode, out, err), (0, b"through it all\n", b""))
    equal(daemon.process.poll(), None, "the old one, while its call runs")
    out, err = long.communicate(timeout=20)
    equal((long.returncode, out, err), (0, b"", b""))
    until(lambda: daemon.process.poll() is not None, what="the old one's end")
    equal(daemon.process.returncode, 0, daemon.log())
    equal(daemon.log().count("status=OK"), 2)
    equal(log.read_text().count("status=OK"), 5)
    equal(daemon.run(EXAMPLES / "hello.wasm").returncode, 0)


@test
def test_store_passes_to_the_new_version():
    store = harness.scratch()
    store.chmod(0o777)
    daemon = Daemon("--store", store / "modules")
    name = run([harness.WASMCTL, "put", EXAMPLES / "hello.wasm"],
               env=daemon.env).stdout.decode().strip()
    equal(name.startswith("sha256:"), True, name)
    successor(daemon, "--store", store / "modules")
    equal(daemon.process.wait(10), 0, daemon.log())
    result = daemon.run(name, "again")
    equal((result.returncode, result.stdout), (0, b"Hello, again!\n"),
          result.stderr)
    equal(pathlib.Path(daemon.socket).is_socket(), True)
