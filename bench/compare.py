#!/usr/bin/env python3
"""Run the kernels on every engine that is here, and print how they compare.

The same .wasm runs everywhere; the native column is the same C file compiled
by the system's compiler. Runs alternate between engines, so that a machine
whose speed drifts drifts for all; the figure is the median of each engine's
processor time (user + system of the whole process, less that of one with an
empty module, which of node is more than many a kernel takes) as a ratio to a
baseline of the same run. A kernel whose engines do not print the same checksum fails.

An engine is found on PATH, or named by an environment variable: see ENGINES.
"""
import argparse
import math
import os
import pathlib
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent

# name, environment variable, program on PATH, arguments before the module
ENGINES = [
    ("wasmd", "WASMD_VM", None, []),
    ("wasmd-v3", "WASMD_V3", None, []),
    ("wasmd-clang", "WASMD_CLANG", None, []),
    ("unchecked", "WASMD_UNCHECKED", None, []),
    ("wasm3", "WASM3", "wasm3", []),
    ("wasmi", "WASMI", "wasmi_cli", []),
    ("silverfir", "SILVERFIR", "sf-nano-cli", []),
    ("wamr", "IWASM", "iwasm", []),
    ("toywasm", "TOYWASM", "toywasm", ["--wasi"]),
    ("liftoff", "NODE", "node", ["--no-warnings", "--liftoff",
                                 "--no-wasm-tier-up", str(HERE / "wasi.mjs")]),
    ("turbofan", "NODE", "node", ["--no-warnings", "--no-liftoff",
                                  str(HERE / "wasi.mjs")]),
    ("wasmtime", "WASMTIME", "wasmtime", ["run"]),
]


HEAD = b"\0asm\1\0\0\0"
EMPTY = (HEAD + b"\1\4\1\x60\0\0" + b"\3\2\1\0" + b"\5\3\1\0\1" +
         b"\7\x13\2\6_start\0\0\6memory\2\0" + b"\x0a\4\1\2\0\x0b")


def find_engines(wanted, vm):
    found = {}
    for name, variable, program, args in ENGINES:
        path = vm if name == "wasmd" else None
        path = os.environ.get(variable) or path or (program and shutil.which(program))
        if path and (not wanted or name in wanted):
            found[name] = [path] + args
    return found


def run(command):
    """Processor seconds and the output of one run."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = (after.ru_utime - before.ru_utime) + (after.ru_stime - before.ru_stime)
    if done.returncode != 0:
        text = done.stderr.decode(errors="replace").strip()[:200]
        raise RuntimeError(f"{command[0]} exited {done.returncode}: {text}")
    return seconds, done.stdout.strip()


def measure(kernel, commands, rounds):
    """Median seconds by engine; engines that fail are left out, by name."""
    times = {name: [] for name in commands}
    outputs, failures = {}, {}
    for _ in range(rounds):
        for name, command in commands.items():
            if name in failures:
                continue
            try:
                seconds, outputs[name] = run(command)
            except (RuntimeError, OSError) as e:
                failures[name] = str(e)
                continue
            times[name].append(seconds)
    for name, text in failures.items():
        print(f"{kernel}: {name}: {text}", file=sys.stderr)
        times.pop(name)
        outputs.pop(name, None)
    if len(set(outputs.values())) > 1:
        sys.exit(f"{kernel}: the engines disagree: {outputs}")
    return {name: statistics.median(t) for name, t in times.items()}


def start_up(engines, rounds):
    """Median seconds of a process with an empty module, by engine."""
    with tempfile.NamedTemporaryFile(suffix=".wasm") as empty:
        empty.write(EMPTY)
        empty.flush()
        return measure("empty", {name: command + [empty.name]
                                 for name, command in engines.items()}, rounds)


def geometric_mean(values):
    return math.exp(sum(map(math.log, values)) / len(values)) if values else None


def cell(value):
    return "-" if value is None else f"{value:.2f}"


def print_table(rows, names, base):
    print(f"Speed relative to {base} = 1.00 (larger is faster).\n")
    print("| kernel | " + " | ".join(names) + " |")
    print("|---|" + "---:|" * len(names))
    columns = {name: [] for name in names}
    for kernel, medians in rows:
        speeds = []
        for name in names:
            ok = name in medians and base in medians
            speed = medians[base] / max(medians[name], 1e-4) if ok else None
            speeds.append(speed)
            if speed is not None:
                columns[name].append(speed)
        print(f"| {kernel} | " + " | ".join(map(cell, speeds)) + " |")
    means = [geometric_mean(columns[name]) for name in names]
    print("| **geometric mean** | " + " | ".join(f"**{cell(m)}**" for m in means) + " |")


def main():
    parser = argparse.ArgumentParser(description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--vm", help="the program that runs a module in wasmd's VM")
    parser.add_argument("--native", help="folder of the native builds")
    parser.add_argument("--wasm", default=str(HERE / "kernels" / "wasm"))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--base", default="wasm3", help="the engine that is 1.00")
    parser.add_argument("--engine", action="append", help="only these engines")
    parser.add_argument("kernel", nargs="*", help="only these kernels")
    args = parser.parse_args()

    engines = find_engines(args.engine, args.vm)
    names = list(engines) + (["native"] if args.native else [])
    if args.base not in names:
        args.base = names[0] if names else sys.exit("no engine found")
    starts = start_up(engines, args.rounds)
    rows = []
    for path in sorted(pathlib.Path(args.wasm).glob("*.wasm")):
        if args.kernel and path.stem not in args.kernel:
            continue
        commands = {name: command + [str(path)] for name, command in engines.items()}
        if args.native:
            commands["native"] = [str(pathlib.Path(args.native) / path.stem)]
        medians = measure(path.stem, commands, args.rounds)
        rows.append((path.stem, {
            name: max(seconds - starts.get(name, 0), 1e-4)
            for name, seconds in medians.items()}))
        print(f"{path.stem} done", file=sys.stderr)
    if not rows:
        sys.exit("no kernel found")
    print_table(rows, names, args.base)


if __name__ == "__main__":
    main()
