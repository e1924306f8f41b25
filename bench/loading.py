"""How fast engines load modules that do nothing: decoding, validating and
translating alone.

A program's module gets a _start that returns at once, and everything else of it
stays, its functions above all. What a whole process with it takes of the
processor, less what one with an empty module takes, is loading; bytes are those
of the code section. Engines that put off work until a function is called have
not done it then: the columns say which do.
"""
import pathlib
import sys

from compare import EMPTY, HEAD, cell, geometric_mean, run

TYPE, FUNCTION, EXPORT, START, CODE = 1, 3, 7, 8, 10
IMPORT = 2


class Module:
    """The sections of a binary module, and what is needed to add a function."""

    def __init__(self, data):
        if data[:8] != HEAD:
            raise ValueError("not a binary module")
        self.sections, at = [], 8
        while at < len(data):
            size, begin = leb(data, at + 1)
            self.sections.append([data[at], data[begin:begin + size]])
            at = begin + size

    def get(self, number):
        for kind, data in self.sections:
            if kind == number:
                return data
        return None

    def put(self, number, data):
        for section in self.sections:
            if section[0] == number:
                section[1] = data

    def binary(self):
        return HEAD + b"".join(bytes([kind]) + to_leb(len(data)) + data
                               for kind, data in self.sections)


def leb(data, at):
    """An unsigned number and where it ends."""
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return value, at


def to_leb(value):
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def append(data, item):
    """One more item of a vector; and the number that it has."""
    count, at = leb(data, 0)
    return to_leb(count + 1) + data[at:] + item, count


def skip_limits(data, at):
    flags = data[at]
    _, at = leb(data, at + 1)
    return leb(data, at)[1] if flags & 1 else at


def imported_functions(data):
    if data is None:
        return 0
    count, at = leb(data, 0)
    functions = 0
    for _ in range(count):
        for _ in range(2):
            length, at = leb(data, at)
            at += length
        kind = data[at]
        at += 1
        if kind == 0:
            functions += 1
            _, at = leb(data, at)
        elif kind == 1:
            at = skip_limits(data, at + 1)
        elif kind == 2:
            at = skip_limits(data, at)
        else:
            at += 2
    return functions


def export_start(data, function):
    """The exports with _start, which there is, as another function."""
    count, at = leb(data, 0)
    out = bytearray(to_leb(count))
    for _ in range(count):
        length, begin = leb(data, at)
        name, at = data[begin:begin + length], begin + length
        kind = data[at]
        index, at = leb(data, at + 1)
        if name == b"_start":
            index = function
        out += to_leb(length) + name + bytes([kind]) + to_leb(index)
    return bytes(out)


def idle(data):
    """The module with a _start that returns at once, and the bytes of its code
    section."""
    m = Module(data)
    types, kind = append(m.get(TYPE), b"\x60\0\0")
    functions, index = append(m.get(FUNCTION), to_leb(kind))
    code, _ = append(m.get(CODE), b"\2\0\x0b")
    m.put(TYPE, types)
    m.put(FUNCTION, functions)
    m.put(CODE, code)
    m.put(EXPORT, export_start(m.get(EXPORT),
                               imported_functions(m.get(IMPORT)) + index))
    m.sections = [s for s in m.sections if s[0] != START]
    return m.binary(), len(code)


# Whose command line has which form: the options that make it do all at once,
# and those that let it put off what it can. What is done then.
MODES = {
    "wasmd": ([("", "all"), ("-l", "validates all")]),
    "wasm3": ([("", "decodes all")]),
    "wasmi": ([("--compilation-mode=eager", "all"),
               ("--compilation-mode=lazy-translation", "validates all")]),
    "silverfir": ([("", "all")]),
    "wamr": ([("", "all")]),
    "liftoff": ([("--no-wasm-lazy-compilation", "all, by threads"),
                 ("", "validates all")]),
}


def commands(engines):
    """(name, what it does, command) of each engine in each of its modes."""
    for name, command in engines.items():
        for option, does in MODES.get(name, []):
            words = [option] if option else []
            yield (f"{name} {option}".strip(), does,
                   [command[0], *words, *command[1:]])


def least(command, rounds):
    """Processor seconds; the least, as what disturbs only adds."""
    return min(run(command)[0] for _ in range(rounds))


def measure(modes, module, empty, rounds):
    figures = {}
    for name, _, command in modes:
        try:
            figures[name] = max(least([*command, str(module)], rounds) -
                                least([*command, str(empty)], rounds), 1e-4)
        except RuntimeError as failure:
            print(f"{module.name}: {name}: {failure}", file=sys.stderr)
    return figures


def table(programs, engines, folder, rounds):
    modes = list(commands(engines))
    empty = pathlib.Path(folder) / "empty.wasm"
    empty.write_bytes(EMPTY)
    speeds = {name: [] for name, _, _ in modes}
    rows = []
    for name, module in programs:
        data, size = idle(module.read_bytes())
        path = pathlib.Path(folder) / "idle.wasm"
        path.write_bytes(data)
        seconds = measure(modes, path, empty, rounds)
        for mode, taken in seconds.items():
            speeds[mode].append(size / taken / 1e6)
        rows.append((f"{name}, {size / 1e6:.1f} MB", size, seconds))
    print("Loading: MB of code section for a second of the processor, all "
          "threads together.\n")
    print("| program | " + " | ".join(speeds) + " |")
    print("|---|" + "---:|" * len(speeds))
    print("| what is done | " + " | ".join(does for _, does, _ in modes) + " |")
    for label, size, seconds in rows:
        print(f"| {label} | " + " | ".join(
            f"{size / seconds[mode] / 1e6:.0f}" if mode in seconds else "-"
            for mode in speeds) + " |")
    print("| **geometric mean** | " + " | ".join(
        f"**{cell(geometric_mean(s))}**" for s in speeds.values()) + " |\n")
