"""A small harness: functions marked @test, one line per test, and a last line
`N passed, N failed, N skipped`. A test fails by any exception.

    python3 tests/system/harness.py FILE... [-k WORD]

Programs come from $BUILD (the build tree) and sources from $SOURCE."""
import atexit
import importlib.util
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback

# A job in the background may have been started with SIGINT ignored, and what
# it starts would inherit that: programs here are to be interrupted.
signal.signal(signal.SIGINT, signal.default_int_handler)

SOURCE = pathlib.Path(os.environ.get(
    "SOURCE", pathlib.Path(__file__).resolve().parents[2])).resolve()
BUILD = pathlib.Path(os.environ.get("BUILD", SOURCE / "build")).resolve()


def _wrapped(name):
    """The program, or with $WASMD_WRAP ("valgrind -q", say) a script that runs
    it so. Neither is what a private daemon is started with."""
    wrap = os.environ.get("WASMD_WRAP")
    if not wrap:
        return str(BUILD / name)
    script = pathlib.Path(tempfile.mkdtemp(prefix="wasmd-wrap-")) / name
    atexit.register(shutil.rmtree, script.parent, True)
    script.write_text(f'#!/bin/sh\nexec {wrap} "{BUILD / name}" "$@"\n')
    script.chmod(0o755)
    script.parent.chmod(0o755)
    return str(script)


WASMCTL = _wrapped("wasmctl")
WASMD = _wrapped("wasmd")

# Private daemons keep their modules there, not where the user's are.
os.environ["XDG_STATE_HOME"] = tempfile.mkdtemp(prefix="wasmd-test-")
atexit.register(shutil.rmtree, os.environ["XDG_STATE_HOME"], True)

# A test that hangs is a test that fails.
TEST_SECONDS = int(os.environ.get("WASMD_TEST_SECONDS", "60"))

# What is freed is kept for a while, and everything takes longer.
SANITIZED = "\n#define WITH_SANITIZERS 1" in (
    BUILD / "config.h").read_text(encoding="utf-8")
WRAPPED = "WASMD_WRAP" in os.environ
WATCHED = SANITIZED or WRAPPED      # by what has memory of its own
PATIENCE = 10 if WRAPPED else 1     # times what a test would wait

# When run as a program this file is __main__; the tests import it by name.
sys.modules.setdefault("harness", sys.modules[__name__])


class Skip(Exception):
    """The test cannot be run here; the text says what is lacking."""


tests = []


def test(function):
    """Mark a function as a test. Its name says the behaviour."""
    tests.append(function)
    return function


def need(program):
    """Skip the test unless the program is installed; its path."""
    path = shutil.which(program)
    if path is None:
        raise Skip(f"{program} is not installed")
    return path


def equal(got, expected, what="value"):
    if got != expected:
        raise AssertionError(f"{what}: got {got!r}, expected {expected!r}")


def contains(text, part):
    if part not in text:
        raise AssertionError(f"{part!r} is not in {text!r}")


def one_message(stderr):
    """Standard error holds exactly one message of wasmctl, its advice aside."""
    text = stderr.decode() if isinstance(stderr, bytes) else stderr
    lines = [line for line in text.splitlines() if not line.startswith("    ")]
    if len(lines) != 1 or not lines[0].startswith("wasmctl: "):
        raise AssertionError(f"not one message: {text!r}")
    return lines[0]


def until(condition, seconds=10, what="condition"):
    """Wait for it; its value."""
    end = time.monotonic() + seconds * PATIENCE
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"{what} did not come true in {seconds} s")
        time.sleep(0.01)


def scratch():
    """A directory for the test that runs; removed after it."""
    path = tempfile.mkdtemp(prefix="wasmd-test-")
    _cleanups.append(lambda: shutil.rmtree(path, ignore_errors=True))
    return pathlib.Path(path)


def at_end(function):
    """Call it when the test that runs is over, last come first."""
    _cleanups.append(function)


class _Process(subprocess.Popen):
    def wait(self, timeout=None):
        return super().wait(timeout and timeout * PATIENCE)

    def communicate(self, input=None, timeout=None):
        return super().communicate(input, timeout and timeout * PATIENCE)


def start(argv, **options):
    """subprocess.Popen, killed when the test is over."""
    options.setdefault("stdin", subprocess.DEVNULL)
    options.setdefault("stdout", subprocess.PIPE)
    options.setdefault("stderr", subprocess.PIPE)
    process = _Process([str(arg) for arg in argv], **options)

    def end():
        if process.poll() is None:
            process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream:
                stream.close()
    at_end(end)
    return process


def run(argv, seconds=30, **options):
    """subprocess.run with both outputs as bytes."""
    if "input" not in options:
        options.setdefault("stdin", subprocess.DEVNULL)
    options.setdefault("stdout", subprocess.PIPE)
    options.setdefault("stderr", subprocess.PIPE)
    return subprocess.run([str(arg) for arg in argv], timeout=seconds * PATIENCE,
                          check=False, **options)


_cleanups = []


def _on_alarm(_signal, _frame):
    raise AssertionError(f"still running after {TEST_SECONDS} s")


def _clean():
    """Do what is to be done after a test; what went wrong, or "". The others
    are done all the same."""
    why = ""
    while _cleanups:
        try:
            _cleanups.pop()()
        except Exception:
            why += "\n" + traceback.format_exc()
    return why


def _run_one(function):
    """"passed", "failed" or "skipped", after saying which."""
    name = f"{function.__module__}.{function.__name__}"
    began = time.monotonic()
    try:
        signal.alarm(TEST_SECONDS)
        function()
        outcome, why = "passed", ""
    except Skip as skip:
        outcome, why = "skipped", f": {skip}"
    except Exception:
        outcome, why = "failed", "\n" + traceback.format_exc()
    signal.alarm(TEST_SECONDS)
    left = _clean()
    signal.alarm(0)
    if left:
        outcome, why = "failed", why + left
    seconds = time.monotonic() - began
    print(f"{outcome:8}{name} ({seconds:.2f} s){why}", flush=True)
    return outcome


def _load(path):
    name = pathlib.Path(path).stem
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)


def main(argv):
    word = ""
    if "-k" in argv:
        at = argv.index("-k")
        word = argv[at + 1]
        del argv[at:at + 2]
    sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
    for path in argv:
        sys.path.insert(0, str(pathlib.Path(path).resolve().parent))
        _load(path)
    signal.signal(signal.SIGALRM, _on_alarm)
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    for function in sys.modules["harness"].tests:
        if word in f"{function.__module__}.{function.__name__}":
            counts[_run_one(function)] += 1
    print(", ".join(f"{counts[o]} {o}" for o in counts))
    return 1 if counts["failed"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
