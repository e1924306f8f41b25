#!/usr/bin/env python3
"""Choose the sequences of handlers to fuse, from profiles.

usage: fuse.py PAIRS LONGER PROFILE... > vm/exec/fused.list

A profile is what bench/vmprofile wrote, in a tree that was built with
`make FUSED_LIST=/dev/null bench/vmprofile`. Train on other programs than those
that measure the result.

A sequence scores, summed over the programs, the square root of its share of
the program's steps, times the dispatches it saves: so that no program
decides alone. PAIRS pairs and LONGER of three are kept, and
written with their steps per thousand.
"""
import collections
import math
import re
import sys

MAX = 3
# what does not go on with the next instruction
ENDS = re.compile(r"^(br|br_table|call|call_import|call_indirect|"
                  r"call_indirect64|call_ref|return.*|unreachable|exit)_[SKR]{3}$")


def sequences(path):
    """Steps of each sequence, and of all."""
    found = collections.Counter()
    total = 0
    line = []	# (handler, times it ran right behind the one before)
    for text in open(path):
        if text.startswith("function"):
            line = []
            continue
        ran, followed, name = text.split()
        total += int(ran)
        line.append((name, int(followed)))
        line = line[-MAX:]
        least = int(followed)
        for n in range(2, len(line) + 1):
            first = line[-n][0]
            least = min(least, line[-n + 1][1])
            if least == 0 or ENDS.match(first):
                break
            found[tuple(h for h, _ in line[-n:])] += least
    return found, total


def main():
    npairs, nlonger = int(sys.argv[1]), int(sys.argv[2])
    score = collections.Counter()
    share = collections.Counter()
    for path in sys.argv[3:]:
        found, total = sequences(path)
        for names, steps in found.items():
            score[names] += math.sqrt(steps / total) * (len(names) - 1)
            share[names] += steps / total / (len(sys.argv) - 3)
    ranked = [names for names, _ in score.most_common()]
    chosen = [n for n in ranked if len(n) == 2][:npairs]
    chosen += [n for n in ranked if len(n) > 2][:nlonger]
    print("# Sequences of handlers that are joined into one, most useful first; and how\n"
          "# often each ran per thousand steps of the programs they were chosen on.\n"
          "# Written by bench/fuse.py.\n"
          "# PER-THOUSAND HANDLER HANDLER...")
    chosen.sort(key=lambda n: -score[n])
    for names in chosen:
        print(f"{1000 * share[names]:.2f} {' '.join(names)}")


if __name__ == "__main__":
    main()
