#!/usr/bin/env python3
"""Choose the sequences of instructions to fuse, from profiles.

A profile is what `vmprofile -p -c PROFILE MODULE` wrote. Train on other programs
than those that judge the result: bench/train/ has some, and language engines
compiled to WebAssembly, running scripts, are the best there are.

The emitter gives each instruction the fused handler that reaches the end of
straight code in the fewest dispatches. This does the same with the sequences
chosen so far, follows how often each dispatch happens, and adds those that
would save most; again and again, until there are COUNT. A program's savings
count by their share of its dispatches to a power below 1, so that no program
with one hot loop decides alone.
"""
import argparse
import collections
import random
import re
import sys

MAX = 5			# longest sequence
ROUNDS = 20		# after each everything is counted again
LEAST = 1e-3		# share of a program below which a function is left out

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
        executed, fell, name, _ = line.split()
        functions[-1].append((int(executed), int(fell), name))
        total += int(executed)
    least = total * LEAST
    return [f for f in functions if sum(x[0] for x in f) > least], total


# Other programs will do to other operations what these do: with xor what one
# here does with add. Operations that stand in for each other so:
ALIKE = [
    ("i32_add", "i32_and", "i32_or", "i32_xor"),
    ("i64_add", "i64_and", "i64_or", "i64_xor"),
    ("i32_shl", "i32_shr_u", "i32_shr_s", "i32_rotl"),
    ("i64_shl", "i64_shr_u", "i64_shr_s", "i64_rotl"),
    ("f32_add", "f32_mul", "f32_sub"), ("f64_add", "f64_mul", "f64_sub"),
    ("i32_load", "i32_load8_u", "i32_load16_u", "i32_load8_s", "i32_load16_s"),
    ("i32_load_index", "i32_load8_u_index", "i32_load16_u_index"),
    ("i32_load", "i64_load", "f64_load", "f32_load"),
    ("i32_store", "i32_store8", "i32_store16"),
    ("br_i32_eq", "br_i32_ne"), ("br_if", "br_unless"),
    ("br_i32_lt_s", "br_i32_lt_u", "br_i32_gt_s", "br_i32_gt_u",
     "br_i32_le_s", "br_i32_ge_u"),
    ("inc_br_i32_ne", "inc_br_i32_lt_u", "inc_br_i32_lt_s", "inc_br_i32_gt_u"),
]


def vary(functions, rng, known, rate=0.3):
    """The same functions with some operations replaced."""
    others = collections.defaultdict(list)
    for group in ALIKE:
        for name in group:
            others[name] += [x for x in group if x != name]
    out = []
    for function in functions:
        varied = []
        for executed, fell, name in function:
            op, key = name[:-4], name[-4:]
            if op in others and rng.random() < rate:
                other = rng.choice(others[op]) + key
                name = other if other in known else name
            varied.append((executed, fell, name))
        out.append(varied)
    return out


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


def left_by(name):
    """Where a handler leaves its result: what may follow depends on that."""
    op, key = name[:-4], name[-3:]
    if re.match(r"f(32|64)_", op) and not re.match(r"f.._(eq|ne|lt|gt|le|ge)$", op):
        return op[:3] + key[2]
    return ("none" if op.startswith(("br", "mov")) or "store" in op else "int") + key[2]


def by_chance(programs, rng, length):
    """A program in which what follows an instruction was drawn from all that
    follow such as leave their result in the same place: most pairs of other
    programs occur, and the likely ones often."""
    after = collections.defaultdict(collections.Counter)
    for functions, total, _ in programs:
        here = collections.Counter()
        for function, names in functions:
            for i in range(1, len(names)):
                if function[i][1] > 0:
                    here[left_by(names[i - 1]), names[i]] += function[i][1] / total
                here["", names[i]] += function[i][0] / total
        for (left, name), share in here.items():
            after[left][name] += share ** 0.5
    tables = {left: (list(c), list(c.values())) for left, c in after.items()}
    out, left = [], ""
    while len(out) < length:
        name = rng.choices(*tables[left])[0]
        out.append((1, 1 if left else 0, name))
        left = "" if ENDS.fullmatch(name) else left_by(name)
        left = left if left in tables else ""
    return [out], length


def dispatches_of(functions, total, chosen, prefixes):
    """Dispatches for each instruction executed."""
    count = 0
    for function, names in functions:
        _, covers = costs_of(names, chosen, prefixes)
        count += sum(follow(function, covers))
    return count / total


def train(programs, count, power):
    """Sequences and the share of all dispatches they saved, best first.
    programs: functions with names, instructions executed, weight."""
    chosen, prefixes = {}, set()
    while len(chosen) < count:
        score, shares = collections.Counter(), collections.Counter()
        for functions, total, weight in programs:
            gains = collections.Counter()
            for function, names in functions:
                costs, covers = costs_of(names, chosen, prefixes)
                flow = follow(function, covers)
                count_gains(function, names, costs, flow, gains)
            for seq, saved in gains.items():
                score[seq] += (saved / total) ** power * weight
                shares[seq] += saved / total / len(programs)
        print(len(chosen), file=sys.stderr, flush=True)
        taken = 0
        for seq, _ in score.most_common():
            if taken * ROUNDS >= count or len(chosen) == count:
                break
            chosen[seq] = shares[seq]
            for length in range(2, len(seq)):
                prefixes.add(seq[:length])
            taken += 1
        if taken == 0:
            break
    return chosen, prefixes


def with_names(functions):
    return [(f, tuple(x[2] for x in f)) for f in functions]


def main():
    parser = argparse.ArgumentParser(description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--names", required=True,
        help="the build's vm/exec/code_names.h")
    parser.add_argument("--power", type=float, default=0.5)
    parser.add_argument("--variants", type=int, default=3,
        help="varied copies of each program")
    parser.add_argument("--chance", type=int, default=60000,
        help="instructions of a program by chance, which counts as a third of all")
    parser.add_argument("--judge", nargs="*", default=[],
        help="profiles to print dispatches for an instruction of")
    parser.add_argument("count", type=int)
    parser.add_argument("profile", nargs="+")
    args = parser.parse_args()

    known = set(re.findall(r'"(\w+)"', open(args.names).read()))
    rng = random.Random(1)
    programs = []
    for path in args.profile:
        functions, total = read(path)
        if total == 0:
            continue
        programs.append((with_names(functions), total, 1))
        for _ in range(args.variants):
            varied = vary(functions, rng, known)
            programs.append((with_names(varied), total, 0.5 / args.variants))
    if args.chance > 0:
        functions, total = by_chance(programs, rng, args.chance)
        programs.append((with_names(functions), total, len(args.profile) / 3))
    chosen, prefixes = train(programs, args.count, args.power)
    print("# Sequences of handlers that are joined into one, and how many dispatches of a\n"
          "# thousand each saved when it was chosen, in the programs it was chosen on.\n"
          "# Written by bench/train.py.")
    for seq, share in chosen.items():
        print(f"{1000 * share:.3f} {' '.join(seq)}")
    for path in args.judge:
        functions, total = read(path)
        rate = dispatches_of(with_names(functions), total, chosen, prefixes)
        print(f"{path}: {rate:.3f}", file=sys.stderr)


if __name__ == "__main__":
    main()
