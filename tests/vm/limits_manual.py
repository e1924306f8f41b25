#!/usr/bin/env python3
"""Hold wasmd-limits(7) against vm/limits.h: every limit once, in the words and
with the number that it has there, and no other."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
DEFINE = re.compile(r"^#define LIMIT_\w+\s+(\d+)u\s+/\* (.+) \*/$", re.M)
ANY = re.compile(r"^#define LIMIT_", re.M)
ITEM = re.compile(r"^\.It (?!Sy)(.+) Ta ([\d,]+)$", re.M)


def main():
    header = (ROOT / "vm/limits.h").read_text()
    limits = [(what, int(most)) for most, what in DEFINE.findall(header)]
    manual = [(what, int(most.replace(",", ""))) for what, most in
              ITEM.findall((ROOT / "man/wasmd-limits.7").read_text())]
    wrong = [f"{what}, {most}: not in the manual"
             for what, most in limits if (what, most) not in manual]
    wrong += [f"{what}, {most}: not in vm/limits.h"
              for what, most in manual if (what, most) not in limits]
    wrong += [f"{what}: told twice" for what, _ in manual
              if [w for w, _ in manual].count(what) > 1]
    if len(ANY.findall(header)) != len(limits):
        wrong.append("vm/limits.h: a limit without a number or words")
    print("\n".join(wrong + [f"{len(limits)} limits, {len(wrong)} wrong"]))
    return 1 if wrong or len(limits) < 20 else 0


if __name__ == "__main__":
    sys.exit(main())
