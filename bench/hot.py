#!/usr/bin/env python3
"""Choose the handlers that stand side by side in the worker, from profiles.

usage: hot.py PROFILE... > guest/handlers.ld

A profile is what `vmprofile -c PROFILE MODULE` wrote. Unlike train.py this
counts what a program runs at all, not how often: each piece of code that a
child has not run before costs it a page fault, once. So take many programs
that do little: the beginnings of those that do much are the same.
"""
import collections
import sys


def functions(path):
    """The lines of each function."""
    code = []
    for line in open(path):
        words = line.split()
        if words[0] == "function":
            yield code
            code = []
        else:
            code.append(words)
    yield code


def ran(path):
    """Handlers that the program ran; what is fused has all parts' names, which
    go on where a br goes."""
    for code in functions(path):
        for i, words in enumerate(code):
            if int(words[0]) == 0:
                continue
            parts = [words]
            while len(parts) < int(words[3]):
                parts.append(code[int(parts[-1][4])])
            name = "__".join(part[2] for part in parts)
            yield name
            if len(parts) > 1 and int(parts[-1][5]) == i:
                yield name + "__loop"	# if there is a handler of that


def main():
    programs = collections.Counter()
    for path in sys.argv[1:]:
        programs.update(set(ran(path)))
    print("/* Handlers that small programs run, those of most programs first. "
          "Written by\n * bench/hot.py; a name that is no handler any more "
          "does no harm. */")
    for name, count in sorted(programs.items(), key=lambda p: (-p[1], p[0])):
        if count > 1:
            print(f"*libvm.a:(.text.h_{name})")
    return 0 if programs else 1


if __name__ == "__main__":
    sys.exit(main())
