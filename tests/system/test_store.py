"""wasmctl put, list, info and remove, and what is run by its digest."""
import hashlib
import json
import subprocess

from harness import WASMCTL, contains, equal, one_message, run, test
from service import Daemon, guest, guest_bytes


def wasmctl(daemon, *args, **options):
    return run([WASMCTL, *args], env=daemon.env, **options)


@test
def test_put_run_and_remove():
    daemon = Daemon()
    name = "sha256:" + hashlib.sha256(guest_bytes("args")).hexdigest()
    result = wasmctl(daemon, "put", guest("args"))
    equal((result.returncode, result.stdout, result.stderr),
          (0, name.encode() + b"\n", b""))
    by_file = daemon.run(guest("args"), "a", "b")
    by_name = wasmctl(daemon, "run", name, "a", "b")
    equal(by_name.returncode, by_file.returncode)
    equal(by_name.stdout.count(b"\n"), by_file.stdout.count(b"\n"))
    # The digits alone do, too.
    equal(wasmctl(daemon, "validate", name[7:]).returncode, 0)
    contains(wasmctl(daemon, "list").stdout.decode(), name)
    contains(wasmctl(daemon, "info", name).stdout.decode(), "private")
    equal(wasmctl(daemon, "remove", name).returncode, 0)
    for verb in ("run", "info", "remove"):
        result = wasmctl(daemon, verb, name)
        equal(result.returncode, 127, verb)
        contains(one_message(result.stderr), "no such module")
    equal(wasmctl(daemon, "list").stdout, b"")


@test
def test_json_of_stored_modules():
    daemon = Daemon()
    data = guest_bytes("exit")
    digest = hashlib.sha256(data).hexdigest()
    put = json.loads(wasmctl(daemon, "put", "--share", "--json",
                             guest("exit")).stdout)
    equal(put, {"module": digest, "size": len(data)})
    line = json.loads(wasmctl(daemon, "list", "--json").stdout)
    info = json.loads(wasmctl(daemon, "info", "--json", digest).stdout)
    equal(line, info)
    equal((info["own"], info["shared"], info["size"]), (True, True, len(data)))


@test
def test_several_and_from_standard_input():
    daemon = Daemon()
    result = wasmctl(daemon, "put", guest("exit"), "/nonexistent", guest("cat"))
    equal(result.returncode, 127)
    equal(result.stdout.count(b"sha256:"), 2)
    contains(one_message(result.stderr), "/nonexistent")
    result = wasmctl(daemon, "put", "-", input=guest_bytes("trap"))
    equal(result.returncode, 0)
    equal(len(wasmctl(daemon, "list", "--json").stdout.splitlines()), 3)
    removed = wasmctl(daemon, "remove", *[
        json.loads(line)["module"] for line in
        wasmctl(daemon, "list", "--json").stdout.splitlines()])
    equal(removed.returncode, 0)


@test
def test_wrong_use_of_the_store_is_explained():
    daemon = Daemon("--max-store", "10000")
    for args, word in (
            (("put",), "which module"), (("info",), "which module"),
            (("remove", "sha256:12"), "not a digest"),
            (("list", "x"), "no operands"),
            (("put", "--digest", "12", guest("exit")), "not a digest"),
            (("put", "--digest", "0" * 64, guest("exit")), "SHA-256"),
            (("put", "-"), "empty")):
        result = wasmctl(daemon, *args)
        equal(result.returncode, 125, args)
        contains(one_message(result.stderr), word)
    huge = subprocess.run(["head", "-c", "20000", "/dev/zero"], check=True,
                          capture_output=True).stdout
    result = wasmctl(daemon, "put", "-", input=huge)
    equal(result.returncode, 125)
    contains(one_message(result.stderr), "of 10000")


@test
def test_a_restart_finds_its_modules():
    daemon = Daemon()
    wasmctl(daemon, "put", guest("exit"))
    listed = wasmctl(daemon, "list").stdout
    daemon.process.kill()
    daemon.process.wait()
    again = Daemon("--store", daemon.dir / "store")
    equal(wasmctl(again, "list").stdout, listed)
    name = listed.split()[3].decode()
    equal(wasmctl(again, "run", name).returncode,
          again.run(guest("exit")).returncode)
