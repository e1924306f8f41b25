"""make install, and the installed programs."""
import os
import pathlib
import signal

from harness import BUILD, at_end, equal, need, run, scratch, test
from service import EXAMPLES


def make(*args):
    # Not those of the make that runs us.
    env = {name: value for name, value in os.environ.items()
           if name not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")}
    result = run([need("make"), "-C", BUILD, *args], seconds=55, env=env)
    equal(result.returncode, 0, result.stderr.decode())


def end_daemon(root):
    """End the private daemon that was started from there."""
    for entry in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        try:
            program = entry.read_bytes().split(b"\0")[0]
        except OSError:
            continue
        if program.startswith(str(root).encode()):
            os.kill(int(entry.parent.name), signal.SIGTERM)


@test
def test_installed_programs_run():
    root = scratch()
    make("install", f"DESTDIR={root}", "prefix=/usr")
    bindir = root / "usr" / "bin"
    for name in ("usr/bin/wasmctl", "usr/sbin/wasmd",
                 "usr/share/man/man1/wasmctl.1",
                 "usr/share/man/man5/wasmd.conf.5",
                 "usr/etc/wasmd/wasmd.conf",
                 "usr/lib/systemd/system/wasmd.service",
                 "usr/lib/systemd/system/wasmd.socket",
                 "usr/lib/systemd/user/wasmd.service",
                 "usr/lib/systemd/user/wasmd.socket",
                 "usr/lib/sysusers.d/wasmd.conf",
                 "usr/lib/tmpfiles.d/wasmd.conf",
                 "usr/share/bash-completion/completions/wasmctl",
                 "usr/share/fish/vendor_completions.d/wasmctl.fish",
                 "usr/share/zsh/vendor-completions/_wasmctl"):
        equal((root / name).exists(), True, name)
    worker = next(root.glob("usr/lib*/wasmd/wasmd-worker"))
    if (BUILD / "wasmd-worker-v3").exists():
        equal(worker.with_name("wasmd-worker-v3").exists(), True, "v3")
    # Under another root than the one that they were built for.
    wasmd = scratch() / "wasmd"
    wasmd.write_text(f'#!/bin/sh\nexec {root}/usr/sbin/wasmd "$@" '
                     f'--worker {worker}\n')
    wasmd.chmod(0o755)
    env = dict(os.environ, XDG_RUNTIME_DIR=str(scratch()), WASMD=str(wasmd))
    env.pop("WASMD_SOCKET", None)
    at_end(lambda: end_daemon(root))
    result = run([bindir / "wasmctl", "run", EXAMPLES / "hello.wasm"], env=env)
    equal((result.returncode, result.stdout), (0, b"Hello, world!\n"),
          result.stderr)


@test
def test_install_keeps_a_changed_configuration():
    root = scratch()
    conf = root / "usr" / "etc" / "wasmd" / "wasmd.conf"
    conf.parent.mkdir(parents=True)
    conf.write_text("max-jobs = 5\n")
    make("install", f"DESTDIR={root}", "prefix=/usr")
    make("uninstall", f"DESTDIR={root}", "prefix=/usr")
    equal(conf.read_text(), "max-jobs = 5\n")


@test
def test_uninstall_leaves_nothing():
    root = scratch()
    make("install", f"DESTDIR={root}", "prefix=/usr")
    make("uninstall", f"DESTDIR={root}", "prefix=/usr")
    left = [str(p) for p in root.rglob("*") if not p.is_dir()]
    equal(left, [])
