#!/usr/bin/env python3
"""Choose the sequences of instructions to fuse, from profiles.

A profile is what `vmprofile -u -c PROFILE MODULE` wrote; PROFILE=WEIGHT counts
it WEIGHT times. Train on other programs than those that judge the result:
bench/train/ has some, and language engines compiled to WebAssembly, running
scripts, are the best there are.

The emitter gives each instruction the fused handler that reaches the end of
straight code in the fewest dispatches. This does the same with the sequences
chosen so far, follows how often each dispatch happens, and adds those that
would save most; again and again, until there are COUNT. A program's savings
count by their share of its dispatches to a power below 1, so that no program
with one hot loop decides alone.

Whole loops come first: a sequence that ends by a branch to its own beginning
saves all dispatches of the loop.
"""
import argparse
import collections
import random
import re
import sys

LOOP = "loop"		# behind a sequence that is a whole loop
LONGEST_LOOP = 12	# instructions

# The longest sequences, and which share of them is chosen before longer ones
# are: first pairs, which other programs have as well.
LENGTHS = [(2, 0.6), (3, 0.75), (5, 1)]
MAX = LENGTHS[-1][0]
ROUNDS = 20		# after each everything is counted again
LEAST = 1e-3		# share of a program below which a function is left out
SWEEPS = 3		# until what flows back to the beginnings of loops settles

BR = "br_SSS"		# sequences go on where it goes
# What does not go on with the next instruction.
ENDS = re.compile(r"(br_table|call.*|return.*|unreachable)_[SKR]{3}")
# What calls C, or is so large that a dispatch more does not matter.
LARGE = re.compile(r"(memory_.*|table_.*|.*_drop|.*128|.*_any|mov_n|zero|.*_lane|"
                   r".*swizzle.*|.*shuffle.*|.*_wide_.)_[SKR]{3}")


class Function:
    """Instructions by their number: names, what follows (the end is the
    number behind the last), where a branch goes, how often each was executed
    and how often it was come to from the one before it."""

    def __init__(self):
        self.executed, self.fell, self.names, self.next = [], [], [], []
        self.target = []

    def add(self, executed, fell, name, follows, target):
        self.executed.append(executed)
        self.fell.append(fell)
        self.names.append(name)
        self.next.append(follows)
        self.target.append(target)

    def finish(self):
        """How often each was come to in another way than from those that it
        follows, and the chance to go on from each."""
        n = len(self.names)
        self.entered = [e - f for e, f in zip(self.executed, self.fell)]
        self.goes_on = [0.0] * n
        self.back = [0] * (n + 1)	# how often by a br from behind
        for i in range(n):
            to = self.next[i]
            if self.executed[i] == 0 or to >= n:
                continue
            if self.names[i] == BR:
                self.goes_on[i] = 1.0
                self.entered[to] -= self.executed[i]
                if to <= i:
                    self.back[to] += self.executed[i]
            elif not ENDS.fullmatch(self.names[i]):
                self.goes_on[i] = self.fell[to] / self.executed[i]
        return self


def read(path):
    """Functions, and how many instructions were executed."""
    functions, total = [], 0
    for line in open(path):
        if line.startswith("function"):
            functions.append(Function())
            continue
        executed, fell, name, _, follows, target = line.split()
        functions[-1].add(int(executed), int(fell), name, int(follows),
                          int(target))
        total += int(executed)
    least = total * LEAST
    return [f.finish() for f in functions if sum(f.executed) > least], total


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
        varied = Function()
        for executed, fell, name, follows, target in zip(function.executed,
                function.fell, function.names, function.next, function.target):
            op, key = name[:-4], name[-4:]
            if op in others and rng.random() < rate:
                other = rng.choice(others[op]) + key
                name = other if other in known else name
            varied.add(executed, fell, name, follows, target)
        out.append(varied.finish())
    return out


def loops_of(f):
    """Loops without other ways in or out: where each begins, how often its
    branch was taken, and its sequence."""
    for j, i in enumerate(f.target):
        if not 0 < j - i < LONGEST_LOOP or f.executed[j] == 0 or f.next[j] != j + 1:
            continue
        names = f.names[i:j + 1]
        taken = f.executed[j] - (f.fell[j + 1] if j + 1 < len(f.fell) else 0)
        if taken > 0 and not any(f.next[k] != k + 1 or ENDS.fullmatch(name) or
                LARGE.fullmatch(name) for k, name in enumerate(names, i)):
            yield i, taken, (*names, LOOP)


def forget_loops(functions, chosen):
    """The rounds of loops that are one handler are no dispatches."""
    for f in functions:
        for i, taken, seq in loops_of(f):
            if seq in chosen:
                f.entered[i] -= taken


def train_loops(programs, count, power, chosen):
    """Choose the loops that save most dispatches."""
    score = collections.Counter()
    for _, functions, total, weight in programs:
        gains = collections.Counter()
        for f in functions:
            for _, taken, seq in loops_of(f):
                gains[seq] += taken * (len(seq) - 1)
        for seq, saved in gains.items():
            score[seq] += (saved / total) ** power * weight
    chosen.update(seq for seq, _ in score.most_common(count))
    for _, functions, _, _ in programs:
        forget_loops(functions, chosen)


def cover(f, chosen, prefixes):
    """Dispatches from each instruction to the end, and the number that each
    one's handler leads to. As the emitter does it: a br ends in the first
    pass, so that the second has costs for the beginnings of loops."""
    n = len(f.names)
    costs, ends = [0] * (n + 1), [i + 1 for i in range(n)]
    for first in (True, False):
        for i in range(n - 1, -1, -1):
            to = f.next[i]
            stop = first and f.names[i] == BR
            best, end = 0 if stop else costs[to], to
            seq, stop = (f.names[i],), stop or f.executed[i] == 0
            while not stop and len(seq) < MAX and to < n:
                seq += (f.names[to],)
                stop = first and f.names[to] == BR
                to = f.next[to]
                if seq in chosen and (0 if stop else costs[to]) < best:
                    best, end = 0 if stop else costs[to], to
                elif seq not in prefixes:
                    break
            costs[i], ends[i] = 1 + best, end
    return costs, ends


def follow(f, ends):
    """How often each instruction is dispatched to."""
    n = len(f.names)
    back = f.back
    for _ in range(SWEEPS):
        flow = [e + b for e, b in zip(f.entered, back)] + [0]
        back = [0] * (n + 1)
        for i in range(n):
            through = flow[i]
            if through <= 0 or f.executed[i] == 0:
                continue
            j, end = i, ends[i]
            while True:
                through *= f.goes_on[j]
                j = f.next[j]
                if j == end or j >= n:
                    break
            if j <= i:
                back[j] += through
            else:
                flow[j] += through
    return flow


def count_gains(f, costs, flow, gains, longest):
    """What each sequence that is not yet chosen would save."""
    n = len(f.names)
    for i in range(n):
        through = flow[i]
        if through <= 0 or LARGE.fullmatch(f.names[i]) or \
                ENDS.fullmatch(f.names[i]):
            continue
        j, seq = i, (f.names[i],)
        while len(seq) < longest:
            through *= f.goes_on[j]
            j = f.next[j]
            if through <= 0 or j >= n or LARGE.fullmatch(f.names[j]):
                break
            seq += (f.names[j],)
            saved = costs[i] - 1 - costs[f.next[j]]
            if saved > 0:
                gains[seq] += through * saved
            if ENDS.fullmatch(f.names[j]):
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
    for _, functions, total, weight in programs:
        here = collections.Counter()
        for f in functions:
            for i, name in enumerate(f.names):
                to = f.next[i]
                if f.goes_on[i] > 0 and to < len(f.names):
                    here[left_by(name), f.names[to]] += \
                        f.executed[i] * f.goes_on[i] / total
                here["", name] += f.executed[i] / total
        for (left, name), share in here.items():
            after[left][name] += weight * share ** 0.5
    tables = {left: (list(c), list(c.values())) for left, c in after.items()}
    out, left = Function(), ""
    while len(out.names) < length:
        name = rng.choices(*tables[left])[0]
        out.add(1, 1 if left else 0, name, len(out.names) + 1, len(out.names) + 1)
        left = "" if name == BR or ENDS.fullmatch(name) else left_by(name)
        left = left if left in tables else ""
    return [out.finish()], length


def dispatches_of(functions, total, chosen, prefixes):
    """Dispatches for each instruction executed."""
    count = 0
    for f in functions:
        _, ends = cover(f, chosen, prefixes)
        count += sum(follow(f, ends))
    return count / total


def train(programs, count, power, chosen, prefixes):
    """Choose more until there are count. programs: name, functions,
    instructions executed, weight."""
    base = len(chosen)
    while len(chosen) < count:
        longest = next(n for n, share in LENGTHS 
                       if len(chosen) - base < share * (count - base))
        score = collections.Counter()
        for _, functions, total, weight in programs:
            gains = collections.Counter()
            for f in functions:
                costs, ends = cover(f, chosen, prefixes)
                count_gains(f, costs, follow(f, ends), gains, longest)
            for seq, saved in gains.items():
                score[seq] += (saved / total) ** power * weight
        print(len(chosen), file=sys.stderr, flush=True)
        taken = 0
        for seq, _ in score.most_common():
            if taken * ROUNDS >= count - base or len(chosen) == count:
                break
            chosen.add(seq)
            for length in range(2, len(seq)):
                prefixes.add(seq[:length])
            taken += 1
        if taken == 0:
            break


def uses(f, chosen, prefixes):
    """The sequences that a function uses, and the dispatches that each use
    saves, with how often."""
    for _, taken, seq in loops_of(f):
        if seq in chosen:
            yield seq, taken * (len(seq) - 1)
    _, ends = cover(f, chosen, prefixes)
    for i, through in enumerate(follow(f, ends)[:-1]):
        seq, j = (f.names[i],), f.next[i]
        while j != ends[i] and j < len(f.names):
            seq += (f.names[j],)
            j = f.next[j]
        if through > 0 and len(seq) > 1:
            yield seq, through * (len(seq) - 1)


def explain(programs, chosen, prefixes):
    """Why each is there: the share of dispatches that it saves in the mean of
    all programs; the program that it saves most in, and the share there."""
    weights = sum(p[3] for p in programs)
    mean, most = collections.Counter(), {}
    for name, functions, total, weight in programs:
        saved = collections.Counter()
        for f in functions:
            for seq, dispatches in uses(f, chosen, prefixes):
                saved[seq] += dispatches / total
        for seq, share in saved.items():
            mean[seq] += share * weight / weights
            most[seq] = max(most.get(seq, (0, "")), (share, name))
    order = [seq for seq, _ in mean.most_common()]
    return {seq: (mean[seq], *most.get(seq, (0, "-")))
            for seq in order + sorted(chosen - set(order))}


def read_list(path, known=None):
    """The sequences of a list that was written before."""
    chosen, prefixes = set(), set()
    for line in open(path) if path else ():
        seq = tuple(line.split("#")[0].split()[3:])
        if seq and (known is None or known.issuperset(seq)):
            chosen.add(seq)
            prefixes.update(seq[:n] for n in range(2, len(seq)))
    return chosen, prefixes


def write_list(reasons, about):
    print(f"""\
# Sequences of handlers that are joined into one, and why: how many dispatches
# of a thousand each saves in the mean of the programs that they were chosen on;
# how many in the program where that is most, and which this is. With an
# asterisk it is a copy of the program with other operations in places; "chance"
# is a program by chance; with a dash it was chosen on programs that were not at
# hand when the list was written. A sequence that ends with "loop" is a whole
# one: its last branch leads to its beginning.
#
# Written by bench/train.py{', from ' + about if about else ''}.""")
    for seq, (mean, most, program) in reasons.items():
        print(f"{1000 * mean:.3f} {1000 * most:.2f} {program} {' '.join(seq)}")


def judge(paths, chosen, prefixes):
    for path in paths:
        functions, total = read(path)
        forget_loops(functions, chosen)
        rate = dispatches_of(functions, total, chosen, prefixes)
        print(f"{path}: {rate:.3f}", file=sys.stderr)


def main():
    parser = argparse.ArgumentParser(description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--names", required=True,
        help="the build's vm/exec/code_names.h")
    parser.add_argument("--power", type=float, default=0.5)
    parser.add_argument("--variants", type=int, default=3,
        help="varied copies of each program, which together count half")
    parser.add_argument("--chance", type=int, default=60000,
        help="instructions of a program by chance, which counts as a third of all")
    parser.add_argument("--judge", nargs="*", default=[],
        help="profiles to print dispatches for an instruction of")
    parser.add_argument("--list", help="judge this list, and train nothing")
    parser.add_argument("--about", help="the programs, for the list's head")
    parser.add_argument("--loops", type=int, default=500,
        help="how many whole loops to choose first")
    parser.add_argument("--base", help="choose more than there are in this list")
    parser.add_argument("count", type=int)
    parser.add_argument("profile", nargs="+")
    args = parser.parse_args()

    if args.list:
        judge(args.judge, *read_list(args.list))
        return
    known = set(re.findall(r'"(\w+)"', open(args.names).read())) | {LOOP}
    rng = random.Random(1)
    programs = []
    for path in args.profile:
        path, _, weight = path.partition("=")
        weight = float(weight or 1)
        functions, total = read(path)
        if total == 0:
            continue
        name = re.sub(r".*/|\.prof$", "", path)
        programs.append((name, functions, total, weight))
        for _ in range(args.variants):
            programs.append((name + "*", vary(functions, rng, known), total,
                             0.5 * weight / args.variants))
    if args.chance > 0:
        functions, total = by_chance(programs, rng, args.chance)
        programs.append(("chance", functions, total,
                         sum(p[3] for p in programs) / 3))
    chosen, prefixes = read_list(args.base, known)
    train_loops(programs, args.loops, args.power, chosen)
    train(programs, args.count, args.power, chosen, prefixes)
    # By now the loops' rounds are no dispatches any more.
    reasons = explain(programs, chosen, prefixes)
    write_list(reasons, args.about)
    judge(args.judge, set(reasons), prefixes)


if __name__ == "__main__":
    main()
