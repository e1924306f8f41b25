"""What is said of modules that are wrong: malformed and invalid told apart, the
specification's words, byte and function; features that there are not by name;
and every trap with its place."""
import re

from harness import contains, equal, one_message, test
from service import HEAD, Daemon, bad_input, binary, guest, leb, section

TYPES = section(1, b"\1\x60\0\0")       # [] -> []


def module_with(*bodies, name=None):
    """A module of functions [] -> [] with these instructions; the last one has
    a name."""
    last = len(bodies) - 1
    code = b"".join(leb(len(body) + 1) + b"\0" + body for body in bodies)
    names = b"" if name is None else section(
        0, b"\4name\1" + leb(3 + len(name)) + b"\1" + leb(last) +
        leb(len(name)) + name)
    return (HEAD + TYPES + section(3, leb(len(bodies)) + b"\0" * len(bodies)) +
            section(10, leb(len(bodies)) + code) + names)


def verdict(daemon, data, code=126):
    """What wasmctl says of a module's bytes."""
    path = binary(data)
    result = daemon.run(path)
    equal(result.returncode, code, data)
    message = one_message(result.stderr)
    start = f"wasmctl: {path}: "
    equal(message[:len(start)], start)
    return message[len(start):]


@bad_input
def test_malformed_is_told_from_invalid(daemon):
    equal(verdict(daemon, b"text"),
          "malformed module: magic header not detected (at byte 0x0)")
    equal(verdict(daemon, b"\0asm\2\0\0\0"),
          "malformed module: unknown binary version (at byte 0x4)")
    equal(verdict(daemon, HEAD + b"\1"),
          "malformed module: unexpected end (at byte 0x9)")
    equal(verdict(daemon, HEAD + section(1, b"\1\x60\0\0") +
                  section(1, b"\1\x60\0\0")),
          "malformed module: unexpected content after last section "
          "(at byte 0xe)")
    equal(verdict(daemon, HEAD + section(3, b"\1\0") + section(10, b"\0")),
          "malformed module: function and code section have inconsistent "
          "lengths (at byte 0xe)")
    equal(verdict(daemon, HEAD + section(3, b"\1\7") +
                  section(10, b"\1\2\0\x0b")),
          "invalid module: unknown type 7 (function 0) (at byte 0x10)")


@bad_input
def test_byte_and_function_of_what_is_wrong(daemon):
    body = bytes.fromhex("0b")
    wrong = bytes.fromhex("41006a0b")           # i32.const 0, i32.add
    message = verdict(daemon, module_with(body, wrong, name=b"sum"))
    contains(message, "invalid module: type mismatch: ")
    contains(message, "(function 1, sum) ")
    where = int(re.search(r"\(at byte 0x([0-9a-f]+)\)$", message)[1], 16)
    equal(module_with(body, wrong)[where], 0x6a)
    # Without a name its index must do.
    contains(verdict(daemon, module_with(body, wrong)), "(function 1) ")
    message = verdict(daemon, module_with(body, b"\xff\x0b", name=b"junk"))
    contains(message, "malformed module: illegal opcode ff (function 1, junk)")
    # Malformed comes first, wherever it is.
    message = verdict(daemon, module_with(wrong, b"\xff\x0b"))
    contains(message, "malformed module: illegal opcode ff")
    # A name that would write to the terminal does not.
    message = verdict(daemon, module_with(wrong, name=b"a\x1b[31mb"))
    equal("\x1b" in message, False)


@bad_input
def test_specifications_words_for_what_is_invalid(daemon):
    for body, words in (
            ("20000b", "unknown local 0"), ("23000b", "unknown global 0"),
            ("10090b", "unknown function 9"), ("0c050b", "unknown label 5"),
            ("4100280200" "1a0b", "unknown memory 0"),
            ("410025001a0b", "unknown table 0"), ("1a0b", "type mismatch")):
        message = verdict(daemon, module_with(bytes.fromhex(body), name=b"f"))
        contains(message, f"invalid module: {words}")
        contains(message, "(function 0, f) (at byte 0x")


@bad_input
def test_features_that_there_are_not_are_named(daemon):
    shared = section(5, b"\1\3\1\1")
    for data, words in (
            (HEAD + shared, "shared memory (threads) is not supported"),
            (HEAD + section(2, b"\1\1a\1b\2\3\1\1"),
             "shared memory (threads) is not supported"),
            (module_with(b"\xfe\x03\x00\x0b"),
             "atomic instructions (threads) are not supported"),
            (module_with(b"\x06\x40\x0b\x0b"),
             "legacy exceptions are not supported"),
            (module_with(b"\x09\x00\x0b"),
             "legacy exceptions are not supported"),
            (b"\0asm\x0d\0\1\0" + section(0, b"\1x"),
             "components are not supported")):
        message = verdict(daemon, data)
        contains(message, "malformed module: ")
        contains(message, words)


@bad_input
def test_limits_are_told_as_limits(daemon):
    body = leb(1) + leb(60_000) + b"\x7f\x0b"
    data = (HEAD + TYPES + section(3, b"\1\0") +
            section(10, b"\1" + leb(len(body)) + body))
    message = verdict(daemon, data)
    contains(message, "the module passes a limit: ")
    contains(message, "locals")


TRAPS = {
    "unreachable": "unreachable", "memory": "out of bounds memory access",
    "table": "out of bounds table access", "zero": "integer divide by zero",
    "overflow": "integer overflow",
    "convert": "invalid conversion to integer",
    "undefined": "undefined element",
    "uninitialized": "uninitialized element",
    "mistyped": "indirect call type mismatch",
    "deep": "call stack exhausted",
}


@test
def test_traps_have_the_specifications_words_and_a_place():
    daemon = Daemon()
    path = guest("traps")
    size = path.stat().st_size
    for name, words in TRAPS.items():
        result = daemon.run("-i", name, path)
        equal(result.returncode, 134, name)
        equal(one_message(result.stderr),
              f"wasmctl: {path}: trapped: {words}")
        frame = result.stderr.decode().splitlines()[1]
        match = re.fullmatch(rf" +#0 {name}\+0x[0-9a-f]+ \(func \d+, "
                             r"offset 0x([0-9a-f]+)\)", frame)
        equal(bool(match), True, frame)
        equal(0 < int(match[1], 16) < size, True, frame)
