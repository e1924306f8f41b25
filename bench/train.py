#!/usr/bin/env python3
"""Choose the sequences of instructions to fuse, from profiles.

usage: train.py COUNT PROFILE... > vm/exec/fused.list

A profile is what `vmprofile -c PROFILE MODULE` wrote. Train on other programs
than those that judge the result: bench/train/ has some, and language engines
compiled to WebAssembly, running scripts, are the best there are.

The emitter gives each instruction the fused handler that reaches the end of
straight code in the fewest dispatches. This does the same with the sequences
chosen so far, follows how often each dispatch happens, and adds those that
would save most; again and again, until there are COUNT. A program's savings
count by their share of its dispatches to the power below, so that no program
with one hot loop decides alone.
"""
import collections
import re
import sys

MAX = 5			# longest sequence
PER_ROUND = 75		# added before everything is counted again
POWER = 0.6
LEAST = 2e-6		# share below which an instruction is not looked at

# What does not go on with the next instruction.
ENDS = re.compile(r"(br|br_table|call.*|return.*|unreachable)_[SKR]{3}")
# What calls C, or is so large that a dispatch more does not matter.
LARGE = re.compile(r"(memory_.*|table_.*|.*_drop|.*128|.*_any|mov_n|zero|.*_lane|"
                   r".*swizzle.*|.*shuffle.*|.*_wide_.)_[SKR]{3}")


def read(path):
    """Functions: lists of (executed, fell, name)."""
    functions, total = [], 0
    for line in open(path):
        if line.startswith("function"):
            functions.append([])
            continue
        executed, fell, name = line.split()
        functions[-1].append((int(executed), int(fell), name))
        total += int(executed)
    least = total * LEAST
    return [f for f in functions if max(x[0] for x in f) > least], total


def costs_of(names, chosen, prefixes):
    """Dispatches from each instruction to the end, and how many instructions
    its handler covers."""
    n = len(names)
    costs, covers = [0] * (n + 1), [1] * n
    for i in range(n - 1, -1, -1):
        best, cover = costs[i + 1], 1
        for length in range(2, min(MAX, n - i) + 1):
            seq = names[i:i + length]
            if seq in chosen and costs[i + length] < best:
                best, cover = costs[i + length], length
            elif seq not in prefixes:
                break
        costs[i], covers[i] = 1 + best, cover
    return costs, covers


def follow(function, covers):
    """How often each instruction is dispatched to."""
    flow = [executed - fell for executed, fell, _ in function] + [0] * MAX
    for i, (executed, _, _) in enumerate(function):
        if flow[i] <= 0 or executed == 0:
            continue
        through = flow[i]
        for j in range(i + 1, min(i + covers[i] + 1, len(function))):
            through = through * function[j][1] / max(function[j - 1][0], 1)
        flow[i + covers[i]] += through
    return flow


def count_gains(function, names, costs, flow, gains):
    """What each sequence that is not yet chosen would save."""
    n = len(function)
    for i in range(n):
        through = flow[i]
        if through <= 0 or LARGE.fullmatch(names[i]) or ENDS.fullmatch(names[i]):
            continue
        for length in range(2, min(MAX, n - i) + 1):
            last = i + length - 1
            if LARGE.fullmatch(names[last]):
                break
            through = through * function[last][1] / max(function[last - 1][0], 1)
            if through <= 0:
                break
            saved = costs[i] - 1 - costs[i + length]
            if saved > 0:
                gains[names[i:i + length]] += through * saved
            if ENDS.fullmatch(names[last]):
                break


def train(programs, count):
    """Sequences and the share of all dispatches they saved, best first."""
    chosen, prefixes = {}, set()
    while len(chosen) < count:
        score, shares = collections.Counter(), collections.Counter()
        dispatches = 0
        for functions, total in programs:
            gains = collections.Counter()
            for function, names in functions:
                costs, covers = costs_of(names, chosen, prefixes)
                flow = follow(function, covers)
                dispatches += sum(flow) / total / len(programs)
                count_gains(function, names, costs, flow, gains)
            for seq, saved in gains.items():
                score[seq] += (saved / total) ** POWER
                shares[seq] += saved / total / len(programs)
        print(f"{len(chosen)} sequences: {dispatches:.3f} dispatches for an "
              "instruction", file=sys.stderr, flush=True)
        taken = 0
        for seq, _ in score.most_common():
            if taken == PER_ROUND or len(chosen) == count:
                break
            chosen[seq] = shares[seq]
            for length in range(2, len(seq)):
                prefixes.add(seq[:length])
            taken += 1
        if taken == 0:
            break
    return chosen


def main():
    programs = []
    for path in sys.argv[2:]:
        functions, total = read(path)
        if total > 0:
            programs.append(([(f, tuple(x[2] for x in f)) for f in functions], total))
    print("# Sequences of handlers that are joined into one, and how many dispatches of a\n"
          "# thousand each saved when it was chosen, in the programs it was chosen on.\n"
          "# Written by bench/train.py.")
    for seq, share in train(programs, int(sys.argv[1])).items():
        print(f"{1000 * share:.3f} {' '.join(seq)}")


if __name__ == "__main__":
    main()
