"""The preview 1 programs of the official WASI test suite, where $WASI_TESTSUITE
names a copy of its branch prod/testsuite-base."""
import json
import os
import pathlib
import shutil

import wasi_adapter
from harness import Skip, equal, scratch, test
from service import Daemon

PROGRAMS = "tests/*/testsuite/wasm32-wasip1/*.wasm"


def suite():
    path = os.environ.get("WASI_TESTSUITE")
    if not path:
        raise Skip("WASI_TESTSUITE does not name the suite")
    return pathlib.Path(path)


def fails(program, where, daemon):
    """Why the program did not do what its description says, or None."""
    described = program.with_suffix(".json")
    spec = json.loads(described.read_text()) if described.exists() else {}
    root = None
    if "root" in spec:
        # Each has a copy of its own to leave its files in.
        root = where / program.stem
        shutil.copytree(program.parent / spec["root"], root)
    argv = wasi_adapter.compute_argv(
        program, (spec.get("args", []), spec.get("env", {}), root), [],
        "wasi:cli/command", "wasm32-wasip1")
    done = daemon.run(*argv[len(wasi_adapter.COMMAND) + 1:])
    if done.returncode != spec.get("exit_code", 0):
        return f"exit {done.returncode}: {done.stderr.decode()}"
    for stream in ("stdout", "stderr"):
        got = getattr(done, stream).decode()
        if got != spec.get(stream, got):
            return f"{stream}: {got!r}"
    return None


@test
def test_every_program_of_the_official_suite():
    programs = sorted(suite().glob(PROGRAMS))
    where = scratch()
    daemon = Daemon()
    wrong = {p.name: why for p in programs
             if (why := fails(p, where, daemon)) is not None}
    equal(wrong, {}, "programs that failed")
    equal(len(programs), 72, "programs")
