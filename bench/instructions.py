#!/usr/bin/env python3
"""Count the processor's instructions that each kernel takes, by callgrind.

Unlike times, the counts are equal in each run and do not depend on what else
the machine does, so that a change of the interpreter can be judged by them.
They are not times either: an instruction that waits counts as one. What is
counted is the run alone, without loading. The kernels do fewer rounds than
when they are timed: callgrind takes fifty times as long.
"""
import argparse
import math
import pathlib
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
LESS = 40		# times fewer rounds than by default
ROUNDS = {"fib": 22, "mandelbrot": 100, "queens": 8}	# where work is not linear


def rounds_of(kernel):
    source = (HERE / "kernels" / f"{kernel}.c").read_text()
    default = int(re.search(r"default_rounds = (\d+)", source).group(1))
    return ROUNDS.get(kernel, max(1, default // LESS))


def guest_instructions(vm, path, rounds):
    done = subprocess.run([vm, "-t", path, str(rounds)], check=True,
                          stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    return int(re.search(rb"fuel (\d+)", done.stderr).group(1))


def host_instructions(vm, path, rounds):
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            ["valgrind", "--tool=callgrind", "--toggle-collect=code_run",
             f"--callgrind-out-file={folder}/out", vm, path, str(rounds)],
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    found = re.search(rb"Collected\s*:\s*(\d+)", done.stderr)
    if done.returncode != 0 or found is None:
        sys.exit(f"{path}: {done.stderr.decode(errors='replace')[-500:]}")
    return int(found.group(1))


def main():
    parser = argparse.ArgumentParser(description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--compiler", required=True, help="what built it")
    parser.add_argument("vm", help="vmbench")
    parser.add_argument("kernel", nargs="*", help="only these kernels")
    args = parser.parse_args()

    print("# Instructions of the processor by kernel\n")
    print(f"Written by `make bench-instructions`; the interpreter was built with\n"
          f"{args.compiler}. In millions; *host / guest* is what an instruction\n"
          "of the kernel's WebAssembly takes.\n")
    print("| kernel | rounds | guest | host | host / guest |")
    print("|---|---:|---:|---:|---:|")
    ratios = []
    for path in sorted((HERE / "kernels" / "wasm").glob("*.wasm")):
        if args.kernel and path.stem not in args.kernel:
            continue
        rounds = rounds_of(path.stem)
        guest = guest_instructions(args.vm, path, rounds)
        host = host_instructions(args.vm, path, rounds)
        ratios.append(host / guest)
        print(f"| {path.stem} | {rounds} | {guest / 1e6:.3f} | {host / 1e6:.3f} | "
              f"{ratios[-1]:.2f} |", flush=True)
    mean = math.exp(sum(map(math.log, ratios)) / len(ratios))
    print(f"| **geometric mean** | | | | **{mean:.2f}** |")


if __name__ == "__main__":
    main()
