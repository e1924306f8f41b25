"""Programs of tests/system/languages, compiled by stock compilers where they
are installed."""
import os
import pathlib
import shutil

import harness
from harness import SOURCE, Skip, equal

LANGUAGES = SOURCE / "tests" / "system" / "languages"
COMPILE_SECONDS = 50

GO = {"GOOS": "wasip1", "GOARCH": "wasm", "GO111MODULE": "off"}
RUST = ["rustc", "-O", "--edition=2021"]
# Suffix: commands to try in turn (rustc's target was renamed), environment,
# and a program that a complete compiler can make.
COMPILERS = {
    ".c": ([["clang", "--target=wasm32-wasi", "-O2"]], {},
           "#include <stdio.h>\nint main(void) { return puts(\"\"); }\n"),
    ".cpp": ([["clang++", "--target=wasm32-wasi", "-O2", "-std=c++17",
               "-fno-exceptions"]], {},
             "#include <iostream>\nint main() { std::cout << 1; }\n"),
    ".go": ([["go", "build"]], GO, "package main\nfunc main() {}\n"),
    ".rs": ([[*RUST, "--target=wasm32-wasip1"],
             [*RUST, "--target=wasm32-wasi"]], {}, "fn main() {}\n"),
}

_compilers = {}


def compile_with(command, env, source, out):
    return harness.run([*command, "-o", out, source], seconds=COMPILE_SECONDS,
                       env=dict(os.environ, **env))


def find_compiler(suffix):
    """The first command that makes the probe, or why there is none."""
    commands, env, probe = COMPILERS[suffix]
    source = harness.scratch() / ("probe" + suffix)
    source.write_text(probe)
    for command in commands:
        if shutil.which(command[0]) is None:
            return None, f"{command[0]} is not installed"
        result = compile_with(command, env, source, str(source) + ".wasm")
        if result.returncode == 0:
            return command, None
    why = result.stderr.decode(errors="replace").strip().splitlines()
    return None, f"{command[0]} does not compile for WASI: {why[0]}"


def compiled(name, *options):
    """The module of a source in languages/; skips without a compiler."""
    suffix = pathlib.Path(name).suffix
    if suffix not in _compilers:
        _compilers[suffix] = find_compiler(suffix)
    command, lacking = _compilers[suffix]
    if command is None:
        raise Skip(lacking)
    out = harness.scratch() / (name + ".wasm")
    result = compile_with([*command, *options], COMPILERS[suffix][1],
                          LANGUAGES / name, out)
    equal(result.returncode, 0, result.stderr.decode(errors="replace"))
    return out
