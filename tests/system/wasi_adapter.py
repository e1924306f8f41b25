"""wasmctl for the runner of the official WASI test suite, which loads this file
as a module (doc/adapters.md of the suite):

    python3 run-tests --runtime tests/system/wasi_adapter.py ...

$WASMCTL is the command, wasmctl by itself; tests/system/test_wasi_suite.py runs
the same commands without that runner."""
import os
import shlex
import subprocess

COMMAND = shlex.split(os.environ.get("WASMCTL", "wasmctl"))


def get_name():
    return "wasmd"


def get_version():
    said = subprocess.run(COMMAND[:1] + ["--version"], check=True,
                          capture_output=True, encoding="UTF-8")
    return said.stdout.split()[-1]


def get_wasi_versions():
    return ["wasm32-wasip1"]


def get_wasi_worlds():
    return ["wasi:cli/command"]


def compute_argv(test_path, args_env_root, _proposals, _world, _version):
    args, env, root = args_env_root
    argv = COMMAND + ["run", "--quiet"]
    for name, value in env.items():
        argv += ["--env", f"{name}={value}"]
    if root:
        argv += ["--dir", f"{root}::/"]
    return argv + ["--", str(test_path)] + list(args)
