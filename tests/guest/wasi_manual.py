#!/usr/bin/env python3
"""Hold wasmd-wasi(7) against guest/wasi.def: every function once, none that
does not exist, and where parameters are named, as many as there are."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
ROW = re.compile(r'^WASI(?:_DIFFERS)?\((\w+), "(\w*):\w*"', re.M)
ITEM = re.compile(r"^\.It Fn (\w+)(.*)$", re.M)


def main():
    table = dict(ROW.findall((ROOT / "guest/wasi.def").read_text()))
    items = ITEM.findall((ROOT / "man/wasmd-wasi.7").read_text())
    names = [name for name, _ in items]
    wrong = [f"{name}: not in the manual" for name in table if name not in names]
    wrong += [f"{name}: not in wasi.def" for name in names if name not in table]
    wrong += [f"{name}: described twice" for name in set(names)
              if names.count(name) > 1]
    for name, parameters in items:
        count = len(parameters.split())
        if count and count != len(table.get(name, "")):
            wrong.append(f"{name}: {count} parameters in the manual")
    print("\n".join(wrong + [f"{len(table)} functions, {len(wrong)} wrong"]))
    return 1 if wrong or len(table) != 46 else 0


if __name__ == "__main__":
    sys.exit(main())
