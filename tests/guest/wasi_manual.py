#!/usr/bin/env python3
"""Hold wasmd-wasi(7) against guest/wasi.def: every function once, none that
does not exist, and where parameters are named, as many as there are. What the
text on a function calls an error is in the manual's list of its errors, which
tests/guest/test_wasi_errnos.c holds against what was reached."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
ROW = re.compile(r'^WASI(?:_DIFFERS)?\((\w+), "(\w*):\w*"', re.M)
ITEM = re.compile(r"^\.It Fn (\w+)(.*)$", re.M)

GROUP = re.compile(r"((?:^\.It Fn \w+.*\n)+)((?:(?!\.It |\.El).*\n)*)", re.M)
LISTED = re.compile(r"^\.It Sy (\w+)\n\.(?:Er|Em) (.*)$", re.M)


def errors(manual):
    """What is said of a function's errors, and is not in their list."""
    listed = {name: codes.split() for name, codes in LISTED.findall(manual)}
    for heads, text in GROUP.findall(manual):
        said = set(re.findall(r"^\.Er (\w+)", text, re.M))
        names = [name for name, _ in ITEM.findall(heads)]
        has = {code for name in names for code in listed.get(name, [])}
        for code in sorted(said - has):
            yield f"{', '.join(names)}: {code} is not in the list of errors"


def main():
    table = dict(ROW.findall((ROOT / "guest/wasi.def").read_text()))
    manual = (ROOT / "man/wasmd-wasi.7").read_text()
    items = ITEM.findall(manual)
    names = [name for name, _ in items]
    wrong = [f"{name}: not in the manual" for name in table if name not in names]
    wrong += [f"{name}: not in wasi.def" for name in names if name not in table]
    wrong += [f"{name}: described twice" for name in set(names)
              if names.count(name) > 1]
    for name, parameters in items:
        count = len(parameters.split())
        if count and count != len(table.get(name, "")):
            wrong.append(f"{name}: {count} parameters in the manual")
    wrong += errors(manual)
    print("\n".join(wrong + [f"{len(table)} functions, {len(wrong)} wrong"]))
    return 1 if wrong or len(table) != 46 else 0


if __name__ == "__main__":
    sys.exit(main())
