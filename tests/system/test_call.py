"""wasmctl call: typed arguments and results, each call in a fresh instance."""
import json

from harness import WASMCTL, contains, equal, one_message, run, test
from service import Daemon, guest


def call(daemon, *args):
    return run([WASMCTL, "call", *args], env=daemon.env)


def printed(daemon, *args):
    result = call(daemon, *args)
    equal((result.returncode, result.stderr), (0, b""), args)
    return result.stdout.decode().splitlines()


ALL = ("-1", "-9223372036854775808", "-nan:0x200001", "nan:0x4000000000001",
       "0x000102030405060708090a0b0c0d0e0f", "null", "null")


@test
def test_every_type_goes_in_and_comes_out():
    daemon = Daemon()
    # Options end at the first operand: numbers may be negative.
    equal(printed(daemon, guest("values"), "all", *ALL), list(ALL))
    others = ("4294967295", "1", "inf", "-0", "0x" + "f" * 32, "null", "null")
    equal(printed(daemon, guest("values"), "all", *others),
          ["-1", "1", "inf", "-0", "0x" + "f" * 32, "null", "null"])
    equal(printed(daemon, guest("values"), "some"), ["opaque"])


@test
def test_results_as_json():
    daemon = Daemon()
    found = json.loads(call(daemon, "--json", guest("values"), "all",
                            *ALL).stdout)
    equal([r["value"] for r in found["results"]], list(ALL))
    equal([r["type"] for r in found["results"]],
          ["i32", "i64", "f32", "f64", "v128", "ref", "ref"])
    equal(found["record"]["status"], "OK")
    result = call(daemon, "--json", guest("values"), "trap")
    equal((result.returncode, result.stderr), (134, b""))
    found = json.loads(result.stdout)
    equal((found["results"], found["record"]["status"]), ([], "TR"))


@test
def test_each_call_is_a_fresh_instance():
    daemon = Daemon()
    name = run([WASMCTL, "put", guest("values")],
               env=daemon.env).stdout.decode().strip()
    for _ in range(5):
        equal(printed(daemon, name, "count"), ["1"])
    equal(printed(daemon, name[7:], "count"), ["1"])


@test
def test_wrong_calls_are_explained():
    daemon = Daemon()
    for args, code, word in (
            ((guest("values"),), 125, "which function"),
            ((guest("values"), "none"), 127, "no function none"),
            ((guest("values"), "count", "1"), 125, "takes 0"),
            ((guest("values"), "all", *ALL[:6], "1"), 125, "is no"),
            ((guest("values"), "all", "x", *ALL[1:]), 125, "is no i32"),
            (("sha256:" + "0" * 64, "count"), 127, "no such module"),
            (("-t", "100ms", guest("loop"), "_start"), 124, "wall time")):
        result = call(daemon, *args)
        equal(result.returncode, code, args)
        contains(one_message(result.stderr), word)
