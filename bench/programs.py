#!/usr/bin/env python3
"""Whole programs on every engine that is here: how fast they compute, how soon
they say something, how fast they are loaded, and what the smallest of them takes
from start to end.

Programs are not kept here: WASMD_PROGRAMS names a folder with lua.wasm,
quickjs.wasm, sqlite.wasm, python.wasm, esbuild.wasm, yaegi.wasm, yosys.wasm
or any of these. Engines are found as bench/compare.py finds them. Runs
alternate between engines; figures are medians, and ratios to wasmd in the same
run. Engines must agree on what a program prints; one that cannot run it
has no figure, and what it said is on standard error.
"""
import argparse
import contextlib
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import loading
from compare import ENGINES, cell, find_engines, geometric_mean

LUA = b"""\
local function fib(n) if n < 2 then return n end return fib(n-1) + fib(n-2) end
local t, words = {}, {}
for i = 1, 60000 do t[i] = (i * 7919) % 100003 end
table.sort(t)
for i = 1, 20000 do words[i] = ('w%d'):format(t[i] % 997) end
local text, n = table.concat(words, ' '), 0
for w in text:gmatch('w1%d+') do n = n + #w end
local x = 0.0
for i = 1, 400000 do x = x + math.sin(i) / i end
print(fib(25), t[1], t[60000], n, ('%.9f'):format(x))
"""
JAVASCRIPT = """\
const fib = n => n < 2 ? n : fib(n - 1) + fib(n - 2);
const a = Array.from({ length: 30000 }, (_, i) => (i * 7919) % 100003);
a.sort((x, y) => x - y);
const m = new Map();
for (const x of a) m.set('k' + x % 997, (m.get('k' + x % 997) || 0) + x);
let s = 0;
for (let i = 0; i < 500000; i++) s = (s * 31 + i) % 1000003;
const o = JSON.parse(JSON.stringify([...m].slice(0, 500)));
console.log(fib(22), a[0], a[29999], o.length, s);
"""
SQL = b"""\
create table t(a integer primary key, b text, c real);
with recursive n(x) as (select 1 union all select x + 1 from n where x < 40000)
  insert into t select x, 'row ' || (x * 7919 % 1000), x / 7.0 from n;
create index i on t(b);
select count(*), sum(a), round(avg(c), 3) from t where b like 'row 1%';
select b, count(*) from t group by b order by 2 desc, 1 limit 3;
select count(*) from t x join t y on x.b = y.b where x.a < 500;
"""
PYTHON = """\
def fib(n): return n if n < 2 else fib(n - 1) + fib(n - 2)
d = {}
for i in range(40000): d[f'k{i * 7919 % 997}'] = d.get(f'k{i % 997}', 0) + i
s = sorted((v, k) for k, v in d.items())
print(fib(18), len(d), s[0][0], sum(x * x % 7 for x in range(60000)))
"""

# program, arguments, standard input
COMPUTE = (
    ("lua", [], LUA),
    ("quickjs", ["-e", JAVASCRIPT], b""),
    ("sqlite", [], SQL),
    ("python", ["-c", PYTHON], b""),
)
FIRST = (
    ("sqlite", [], b"select 1;\n"),
    ("quickjs", ["-e", "console.log(1)"], b""),
    ("python", ["-c", "print(1)"], b""),
    ("esbuild", ["--version"], b""),
    ("yaegi", ["-e", "1"], b""),
    ("yosys", ["-V"], b""),
)


class Failure(Exception):
    """An engine that cannot run a program."""


def run(command, data):
    """(seconds to the first byte, of the processor, output)."""
    before = os.times()
    began = time.monotonic()
    with subprocess.Popen(command, stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE) as process:
        process.stdin.write(data)
        process.stdin.close()
        first = process.stdout.read(1)
        seconds = time.monotonic() - began
        output = first + process.stdout.read()
        errors = process.stderr.read()
    after = os.times()
    if process.returncode != 0 or not output:
        raise Failure(errors.decode(errors="replace").strip()[-200:])
    used = (after.children_user + after.children_system -
            before.children_user - before.children_system)
    return seconds, used, output


class Wasmctl:
    """A module that the daemon has never seen: each run has another one."""

    def __init__(self, wasmctl, folder):
        self.wasmctl, self.folder, self.number = wasmctl, folder, 0

    def __add__(self, arguments):
        module, *rest = arguments
        self.number += 1
        path = pathlib.Path(self.folder) / f"new{self.number % 4}.wasm"
        note = self.number.to_bytes(4, "big")
        # A custom section makes it new.
        path.write_bytes(pathlib.Path(module).read_bytes() +
                         b"\0\6\1n" + note)
        return [self.wasmctl, "run", "-m", "2G", str(path), *rest]


def measure(name, engines, module, args, data, rounds, which):
    """Median figure by engine; which: 0 first byte, 1 processor time."""
    figures, outputs, broken = {e: [] for e in engines}, {}, set()
    for _ in range(rounds):
        for engine, command in engines.items():
            if engine in broken:
                continue
            try:
                result = run(command + [str(module), *args], data)
            except Failure as failure:
                print(f"{name}: {engine}: {failure}", file=sys.stderr)
                broken.add(engine)
                continue
            figures[engine].append(result[which])
            outputs[engine] = result[2]
    if len(set(outputs.values())) > 1:
        sys.exit(f"{name}: the engines disagree: {outputs}")
    return {e: statistics.median(f) for e, f in figures.items()
            if f and e not in broken}


def print_rows(rows, engines, extra="", base="wasmd"):
    names = list(engines)
    print(f"| program {extra}| " + " | ".join(names) + " |")
    print("|---|" + ("---:|" if extra else "") + "---:|" * len(names))
    columns = {n: [] for n in names}
    for label, medians in rows:
        cells = []
        for n in names:
            ok = n in medians and base in medians
            speed = medians[base] / max(medians[n], 1e-5) if ok else None
            cells.append(cell(speed))
            if ok:
                columns[n].append(speed)
        print(f"| {label} | " + " | ".join(cells) + " |")
    means = (cell(geometric_mean(columns[n])) for n in names)
    print("| **geometric mean** " + ("| " if extra else "") + "| " +
          " | ".join(f"**{m}**" for m in means) + " |\n")


def found(folder, table):
    for name, args, data in table:
        module = pathlib.Path(folder) / f"{name}.wasm" if folder else None
        if module is not None and module.exists():
            yield name, module, args, data


def compute(folder, engines, rounds):
    rows = [(name, measure(name, engines, module, args, data, rounds, 1))
            for name, module, args, data in found(folder, COMPUTE)]
    if rows:
        print("Computing: speed by processor time, wasmd = 1.00 (larger is "
              "faster).\n")
        print_rows(rows, engines)


def first_output(folder, engines, rounds):
    rows = []
    for name, module, args, data in found(folder, FIRST):
        medians = measure(name, engines, module, args, data, rounds, 0)
        size = module.stat().st_size / 1e6
        speed = (f"{size / medians['wasmd']:.0f}" if "wasmd" in medians else "-")
        rows.append((f"{name}, {size:.1f} MB | {speed}", medians))
    if rows:
        print("First byte of output of a whole process: wasmd = 1.00 (larger "
              "is sooner).\nMB/s: the module's size by wasmd's time.\n")
        print_rows(rows, engines, "| MB/s ")


def load(folder, engines, scratch, rounds):
    modules = [(name, module) for name, module, _, _ in found(folder, FIRST)]
    if modules:
        loading.table(modules, engines, scratch, rounds)


def hello(engines, wasmctl, module, rounds):
    engines = {"wasmctl": [wasmctl, "run"], **engines}
    engines.pop("new to wasmctl", None)
    medians = measure("hello", engines, module, [], b"", rounds * 10, 0)
    print("Hello: a whole process to its first byte, wasmctl (whose daemon "
          "runs) = 1.00\n(larger is later).\n")
    print("| " + " | ".join(medians) + " |\n" + "|---:" * len(medians) + "|")
    print("| " + " | ".join(cell(m / medians["wasmctl"])
                            for m in medians.values()) + " |\n")


@contextlib.contextmanager
def daemon(wasmd, folder):
    """A daemon of our own for wasmctl."""
    path = f"{folder}/wasmd.sock"
    os.environ["WASMD_SOCKET"] = path
    with subprocess.Popen([wasmd, "--private", "--socket", path,
                           "--max-module", "128M", "--log-level",
                           "warning"]) as process:
        while not os.path.exists(path):
            if process.poll() is not None:
                sys.exit("wasmd did not start")
            time.sleep(0.01)
        try:
            yield
        finally:
            process.terminate()


def main():
    parser = argparse.ArgumentParser(description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--vm", required=True)
    parser.add_argument("--wasmctl", required=True)
    parser.add_argument("--wasmd", required=True)
    parser.add_argument("--hello", required=True, help="the smallest program")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--engine", action="append", help="only these engines")
    parser.add_argument("--table", action="append",
                        choices=("compute", "first", "load", "hello"))
    args = parser.parse_args()
    tables = args.table or ("compute", "first", "load", "hello")
    wanted = args.engine or [e[0] for e in ENGINES if e[0] not in
                             ("unchecked", "wasmd-v3", "wasmd-clang")]
    engines = find_engines(wanted, args.vm)
    folder = os.environ.get("WASMD_PROGRAMS")
    if not folder:
        print("WASMD_PROGRAMS names no folder with programs: only hello.",
              file=sys.stderr)
    with tempfile.TemporaryDirectory() as scratch, daemon(args.wasmd, scratch):
        if "compute" in tables:
            compute(folder, engines, args.rounds)
        lazy = dict(engines, wasmd=[args.vm, "-l"])
        lazy["new to wasmctl"] = Wasmctl(args.wasmctl, scratch)
        if "first" in tables:
            first_output(folder, lazy, args.rounds)
        if "load" in tables:
            load(folder, engines, scratch, args.rounds)
        if "hello" in tables:
            hello(engines, args.wasmctl, args.hello, args.rounds)


if __name__ == "__main__":
    main()
