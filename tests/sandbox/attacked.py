"""A real wasmd for one test, with the worker that attacks or with the real one,
and what is to be seen of its processes."""
import os
import pathlib
import platform
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent /
                       "daemon"))

import daemon as daemons    # noqa: E402
import harness              # noqa: E402
from harness import BUILD   # noqa: E402

test = daemons.test

PROBE = BUILD / "tests" / "guest" / "probe-worker"
REAL = BUILD / "wasmd-worker"
FAKE = daemons.WORKER


def need_release_x86():
    """The golden lists are for this build, on this machine."""
    if daemons.SANITIZED:
        raise harness.Skip("a sanitizer build has a wider policy")
    if platform.machine() != "x86_64":
        raise harness.Skip("the golden lists are for x86-64")


def need_root():
    if os.geteuid() != 0:
        raise harness.Skip("only root may look into these processes")


def start(*options, worker=REAL, **more):
    """A daemon that lets nobody rest, and leaves at once when told."""
    return daemons.Daemon("--worker", worker, "--quarantine", "0",
                          "--drain", "0", *options, **more)


def wasm(text):
    """A module of WebAssembly's text format, as bytes."""
    where = harness.scratch()
    (where / "made.wat").write_text(text)
    subprocess.run([harness.need("wat2wasm"), where / "made.wat", "-o",
                    where / "made.wasm"], check=True)
    return (where / "made.wasm").read_bytes()


def command(body, imports="", memory="(memory (export \"memory\") 1)"):
    """A command whose _start has this body."""
    return wasm(f"(module {imports} {memory} (func (export \"_start\") "
                f"{body}))")


def run(daemon, module, **params):
    """(output of both streams, record)"""
    with daemon.connect() as conn:
        error, output, record = conn.run(module, **params)
    harness.equal(error, None)
    return output[1] + output[2], record


def status_of(pid):
    """The fields of /proc/PID/status."""
    text = pathlib.Path(f"/proc/{pid}/status").read_text()
    return dict(line.split(":\t", 1) for line in text.splitlines()
                if ":\t" in line)


def confined(daemon):
    """Processes of the daemon's by their part: init, zygote, template, child;
    of each the last that was started."""
    found = {}
    for pid, state in sorted(daemon.children()):
        try:
            inner = status_of(pid)["NSpid"].split()[1:]
            leads = os.getpgid(pid) == pid
        except OSError:
            continue        # it has just ended
        if state != "Z" and inner:
            found["init" if inner == ["1"] else "zygote" if inner == ["2"] else
                  "template" if leads else "child"] = pid
    return found
