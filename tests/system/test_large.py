"""Modules with so much code that functions are translated as they are called:
in the child, under its filter, and later once and for all."""
from harness import contains, equal, test
from service import HEAD, Daemon, binary, leb, section

FUNCTIONS = 6000
CHAIN = 2000    # functions 0 to CHAIN call each other


def body(number):
    """(i) -> i + 1, by way of the next function in the chain."""
    code = b"\x20\0\x41\1\x6a"
    if number < CHAIN:
        code = b"\x20\0\x10" + leb(number + 1) + b"\x41\1\x6a"
    elif number == CHAIN + 1:
        code = b"\x20\0\x10" + leb(CHAIN + 2)
    elif number == CHAIN + 2:
        code = b"\0"
    code += b"\x20\0\x20\0\x6b\x6a" * 2 + b"\x0b"
    return leb(len(code) + 1) + b"\0" + code


def module():
    names = {b"chain": 0, b"one": CHAIN, b"trap": CHAIN + 1,
             b"last": FUNCTIONS - 1}
    exports = b"".join(leb(len(n)) + n + b"\0" + leb(i)
                       for n, i in names.items())
    return (HEAD + section(1, b"\1\x60\1\x7f\1\x7f") +
            section(3, leb(FUNCTIONS) + b"\0" * FUNCTIONS) +
            section(7, leb(len(names)) + exports) +
            section(10, leb(FUNCTIONS) +
                    b"".join(body(i) for i in range(FUNCTIONS))))


@test
def test_large_module_answers_the_same_however_often_it_is_called():
    daemon = Daemon()
    path = binary(module())
    equal(path.stat().st_size > 100_000, True, "it is large")
    for _ in range(6):
        for name, value in (("one", 42), ("chain", 41 + CHAIN + 1),
                            ("last", 42)):
            result = daemon.run("--invoke", name, path, "41")
            equal(result.returncode, 0, result.stderr)
            equal(result.stdout.strip(), str(value).encode(), name)
        result = daemon.run("--invoke", "trap", path, "1")
        equal(result.returncode, 134)
        contains(result.stderr, b"unreachable")
        contains(result.stderr, f"func {CHAIN + 2}".encode())
        contains(result.stderr, f"func {CHAIN + 1}".encode())


@test
def test_first_and_later_calls_of_a_large_module_use_the_same_fuel():
    daemon = Daemon()
    path = binary(module())
    fuel = {daemon.record("--invoke", "chain", path, "1")[1]["fuel"]
            for _ in range(6)}
    equal(len(fuel), 1, fuel)
