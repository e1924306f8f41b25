#!/usr/bin/env python3
"""Hold the tree against its own rules: who may include whom, where system
libraries may be used, and that every source begins with a comment that says
what it owns. Prints each breach; exits 1 if there is one."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent

# folder -> folders whose headers it may include (besides its own)
MAY_INCLUDE = {
    "base": set(),
    "proto": {"base"},
    "vm": {"base"},
    "sandbox": {"base"},
    "guest": {"base", "vm", "sandbox"},
    "daemon": {"base", "proto", "sandbox"},
    "lib": {"base", "proto"},
    "client": {"base"},
}
# headers that a folder may include besides
MAY_ALSO_INCLUDE = {
    "guest": {"proto/broker.h", "proto/serve.h"},
    # wasmctl is a program like others: it has what is installed
    "client": {"lib/wasmd.h"},
}
# headers for others, which include nothing of ours
PUBLIC = {"lib/wasmd.h"}
# inside vm: chapter -> chapters it may include
VM_MAY_INCLUDE = {
    "syntax": set(),
    "binary": {"syntax"},
    "valid": {"syntax"},
    "dump": {"syntax", "binary", "runtime", "exec"},
    "runtime": {"syntax"},
    "exec": {"syntax", "binary", "valid", "runtime"},
}
# system header -> folders that may use it
SYSTEM_ONLY_IN = {
    r"event2/": {"daemon"},
    r"msgpack": {"proto"},
    r"seccomp\.h$": {"sandbox"},
    r"nettle/": {"daemon"},
    r"confuse\.h$": {"daemon"},
}
INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]', re.M)


def chapter(path):
    """The chapter of a vm path, or None for the files in vm/ itself."""
    return path[1] if len(path) > 2 else None


def check_ours(parts, target):
    to = target.split("/")
    if to[0] not in MAY_INCLUDE:
        # generated or local headers must be folder-qualified too
        return None if target == "config.h" else "not folder-qualified"
    if to[0] != parts[0]:
        if (to[0] not in MAY_INCLUDE[parts[0]] and
                target not in MAY_ALSO_INCLUDE.get(parts[0], ())):
            return f"{parts[0]}/ may not include {to[0]}/"
        return None
    if parts[0] == "vm":
        mine, other = chapter(parts), chapter(to)
        if mine and other and mine != other and other not in VM_MAY_INCLUDE[mine]:
            return f"vm/{mine}/ may not include vm/{other}/"
    return None


def check_file(path):
    rel = path.relative_to(ROOT)
    parts = rel.parts
    text = path.read_text()
    found = []
    if not text.lstrip().startswith("/*"):
        found.append("does not begin with a comment")
    for kind, target in INCLUDE.findall(text):
        if kind == '"' and str(rel) in PUBLIC:
            found.append(f'"{target}": others do not have it')
        elif kind == '"':
            why = check_ours(parts, target)
            if why:
                found.append(f'"{target}": {why}')
        for pattern, folders in SYSTEM_ONLY_IN.items():
            if (kind == "<" and re.match(pattern, target) and
                    parts[0] not in folders):
                found.append(f"<{target}> belongs to {', '.join(sorted(folders))}")
    return [f"{rel}: {f}" for f in found]


def main():
    breaches, nfiles = [], 0
    for folder in MAY_INCLUDE:
        for pattern in ("*.c", "*.h", "*.def"):
            for path in sorted((ROOT / folder).rglob(pattern)):
                nfiles += 1
                breaches += check_file(path)
    for breach in breaches:
        print(breach)
    print(f"{nfiles} files, {len(breaches)} breaches")
    return 1 if breaches or nfiles == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
