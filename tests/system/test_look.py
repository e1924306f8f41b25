"""wasmctl validate, inspect and disasm: what a module is, told by the confined
process that reads it."""
import json
import re

from harness import (SOURCE, WASMCTL, contains, equal, one_message, run, test)
from service import (EXAMPLES, HEAD, Daemon, bad_input, binary, guest, leb,
                     section)

TYPES = section(1, b"\1\x60\0\0")       # [] -> []
HELLO = EXAMPLES / "hello.wasm"


def look(daemon, *args, **options):
    return run([WASMCTL, *args], env=daemon.env, **options)


def module_with(body, *sections):
    """A module with one function of these instructions."""
    code = b"\0" + body
    return binary(HEAD + TYPES + section(3, b"\1\0") +
                  section(10, b"\1" + leb(len(code)) + code) +
                  b"".join(sections))


# ---- validate ----------------------------------------------------------------

@test
def test_a_valid_module_is_met_with_silence():
    daemon = Daemon()
    for path in (HELLO, guest("types"), guest("import")):
        result = look(daemon, "validate", path)
        equal((result.returncode, result.stdout, result.stderr), (0, b"", b""))


@test
def test_validate_names_byte_and_function():
    daemon = Daemon()
    names = section(0, b"\4name\1\6\1\0\3bad")
    result = look(daemon, "validate", module_with(b"\x6a\x0b", names))
    equal((result.returncode, result.stdout), (126, b""))
    message = one_message(result.stderr)
    contains(message, "invalid module: type mismatch")
    contains(message, "(function 0, bad)")
    contains(message, "(at byte 0x17)")
    result = look(daemon, "validate", module_with(b"\x01\xff\x0b"))
    equal(result.returncode, 126)
    message = one_message(result.stderr)
    contains(message, "malformed module: illegal opcode ff")
    contains(message, "(at byte 0x18)")


@test
def test_what_is_no_file_is_not_found():
    daemon = Daemon()
    for verb in ("validate", "inspect", "disasm"):
        result = look(daemon, verb, "/nowhere.wasm")
        equal(result.returncode, 127, verb)
        one_message(result.stderr)


@test
def test_a_module_may_come_from_standard_input():
    result = look(Daemon(), "validate", "-", input=HELLO.read_bytes())
    equal(result.returncode, 0)


# ---- inspect -----------------------------------------------------------------

@test
def test_inspect_shows_imports_and_exports():
    result = look(Daemon(), "inspect", guest("import"))
    equal((result.returncode, result.stderr), (0, b""))
    text = result.stdout.decode()
    contains(text, '"env" "nowhere"  (func 0 $nowhere (type 0) (param i32))\n')
    contains(text, '"_start"  (func 1 (type 1))\n')


@test
def test_inspect_json_is_json():
    result = look(Daemon(), "inspect", "--json", guest("types"))
    equal((result.returncode, result.stderr), (0, b""))
    module = json.loads(result.stdout)
    swap = [item for item in module["exports"] if item["name"] == "swap"]
    equal(swap, [{"index": 4, "name": "swap", "kind": "func", "func": 4,
                  "type": swap[0]["type"],
                  "signature": "(func (param i32 i64) (result i64 i32))"}])
    equal(module["types"][swap[0]["type"]]["results"], ["i64", "i32"])
    equal(module["bytes"], guest("types").stat().st_size)


def keys(value):
    """All names of fields in it."""
    if isinstance(value, list):
        return set().union(*map(keys, value))
    if isinstance(value, dict):
        return set(value).union(*map(keys, value.values()))
    return set()


@test
def test_manual_has_every_field_of_the_json():
    daemon = Daemon()
    found = set()
    for path in (HELLO, guest("types"), EXAMPLES / "upper.wasm"):
        found |= keys(json.loads(
            look(daemon, "inspect", "--json", path).stdout))
    equal(len(found) > 25, True, "fields")
    manual = (SOURCE / "man" / "wasmctl.1").read_text()
    part = manual[manual.index(".Ss What inspect writes as JSON"):
                  manual.index(".Ss Which daemon")]
    told = {word for line in part.splitlines()
            if line.startswith((".Va ", ".It Va "))
            for word in re.findall(r"\w+", line)}
    kinds = {"func", "table", "memory", "global", "tag"}
    equal(found - kinds - told, set(), "fields that the manual lacks")


@test
def test_what_is_invalid_is_shown_all_the_same():
    daemon = Daemon()
    path = module_with(b"\x6a\x10\x63\x0b")     # i32.add, call 99
    equal(look(daemon, "validate", path).returncode, 126)
    equal(look(daemon, "inspect", path).returncode, 0)
    result = look(daemon, "disasm", path)
    equal((result.returncode, result.stderr), (0, b""))
    contains(result.stdout.decode(), "i32.add\n  0x000018  call 99\n")


# ---- disasm ------------------------------------------------------------------

@test
def test_disasm_shows_all_or_one_function():
    daemon = Daemon()
    everything = look(daemon, "disasm", guest("types"))
    equal((everything.returncode, everything.stderr), (0, b""))
    equal(everything.stdout.count(b"func "), 6)
    swap = look(daemon, "disasm", guest("types"), "swap")
    equal((swap.returncode, swap.stderr), (0, b""))
    equal(re.sub(r"0x\w+", "0x", swap.stdout.decode()),
          'func 4 (export "swap") (type 4) (param i32 i64) (result i64 i32)\n'
          "  0x  local.get 1\n  0x  local.get 0\n  0x  end @0\n")
    contains(everything.stdout, swap.stdout)
    equal(look(daemon, "disasm", guest("types"), "4").stdout, swap.stdout)
    result = look(daemon, "disasm", guest("types"), "swop")
    equal((result.returncode, result.stdout), (127, b""))
    contains(one_message(result.stderr), "no function swop")


@test
def test_disasm_shows_translated_code():
    daemon = Daemon()
    everything = look(daemon, "disasm", "--internal", guest("types"))
    equal((everything.returncode, everything.stderr), (0, b""))
    equal(everything.stdout.count(b"func "), 6)
    swap = look(daemon, "disasm", "--internal", guest("types"), "swap")
    equal((swap.returncode, swap.stderr), (0, b""))
    contains(everything.stdout, swap.stdout)
    header, *lines = swap.stdout.decode().splitlines()
    equal(header, 'func 4 (export "swap") (type 4) (param i32 i64)'
                  " (result i64 i32)")
    equal(len(lines) > 1, True, lines)
    for line in lines:
        equal(bool(re.fullmatch(r"  0x\w{6}  0x\w{6}  \w+( \w=-?\d+)*( \+\d+)?",
                                line)), True, line)
    contains(lines[-1], "return_n")
    result = look(daemon, "disasm", "--internal", guest("types"), "swop")
    equal((result.returncode, result.stdout), (127, b""))


@test
def test_translated_code_is_that_of_valid_modules():
    path = module_with(b"\x6a\x0b")
    result = look(Daemon(), "disasm", "--internal", path)
    equal((result.returncode, result.stdout), (126, b""))
    contains(one_message(result.stderr), "invalid module: type mismatch")


@test
def test_floats_are_shown_in_the_confinement():
    body = (b"\x44\x9a\x99\x99\x99\x99\x99\xb9\x3f\x1a" +    # f64 0.1
            b"\x43\xff\xff\x7f\x7f\x1a" +                    # largest f32
            b"\x44\xff\xff\xff\xff\xff\xff\xef\x7f\x1a\x0b") # largest f64
    result = look(Daemon(), "disasm", module_with(body))
    equal((result.returncode, result.stderr), (0, b""))
    contains(result.stdout, b"f64.const 0x1.999999999999ap-4 (;=0.1;)\n")
    contains(result.stdout, b"f32.const 0x1.fffffep+127 (;=3.40282e+38;)\n")
    contains(result.stdout,
             b"f64.const 0x1.fffffffffffffp+1023 (;=1.79769e+308;)\n")


@test
def test_malformed_code_is_shown_up_to_there():
    result = look(Daemon(), "disasm", module_with(b"\x01\xff\x0b"))
    equal(result.returncode, 126)
    equal(result.stdout, b"func 0 (type 0)\n  0x000017  nop\n")
    contains(one_message(result.stderr),
             "malformed module: function 0: illegal opcode ff (at byte 0x18)")


# ---- hostile -----------------------------------------------------------------

@bad_input
def test_a_module_of_a_million_blocks(daemon):
    n = 1_000_000
    path = module_with(b"\x02\x40" * n + b"\x0b" * (n + 1))
    for line in (["inspect"], ["disasm"], ["disasm", "--internal"],
                 ["validate"]):
        result = look(daemon, *line, path)
        equal((line, result.returncode), (line, 0))
        equal(len(result.stdout) < 100 * 3 * n, True, "length")


@bad_input
def test_names_cannot_command_the_terminal(daemon):
    evil = b"\x1b[2J\r\xc2\x9b"
    path = module_with(b"\x0b", section(0, b"\4name\1" + leb(3 + len(evil)) +
                                        b"\1\0" + leb(len(evil)) + evil))
    for line in (["inspect", path], ["inspect", "--json", path],
                 ["disasm", path]):
        text = look(daemon, *line).stdout.decode()
        equal([c for c in text if c != "\n" and not c.isprintable()], [])
    contains(text, "\\u{1b}[2J\\u{d}\\u{9b}")


@bad_input
def test_modes_take_nothing_that_they_do_not_use(daemon):
    conn = daemon.connect()
    module = guest("types").read_bytes()
    for params, word in (({"mode": "dance"}, "no such mode"),
                         ({"mode": "inspect", "invoke": "f"}, "invoke"),
                         ({"mode": "disasm", "deterministic": True},
                          "deterministic"),
                         ({"mode": "disasm", "trace": True}, "trace"),
                         ({"mode": "disasm", "invoke": "f", "params": ["1"]},
                          "params")):
        error, _ = conn.call("submit", {"module": module, **params})
        contains(error["text"], word)


@test
def test_a_look_does_not_change_how_a_module_runs():
    daemon = Daemon()
    for _ in range(2):
        equal(look(daemon, "validate", guest("exit")).returncode, 0)
        equal(look(daemon, "disasm", guest("exit")).returncode, 0)
        equal(daemon.run(guest("exit")).returncode, 0)


@test
def test_output_has_its_limit():
    daemon = Daemon("--max-output", "1000")
    result = look(daemon, "disasm", HELLO)
    equal((result.returncode, len(result.stdout)), (137, 1000))
    contains(one_message(result.stderr), "output")
