"""The manual and the completion, held against the tables of options."""
import os
import re
import subprocess

from harness import SOURCE, WASMCTL, equal, need, run, scratch, test

MANUAL = SOURCE / "man" / "wasmctl.1"


def words(*verb):
    """word -> argument, as wasmctl tells a shell."""
    lines = run([WASMCTL, "__complete", *verb]).stdout.decode().splitlines()
    rows = [line.split("\t") for line in lines]
    equal({len(row) for row in rows} - {3}, set(), "columns")
    return {row[0]: row[1] for row in rows}


def manual_options():
    """option -> has an argument, of the lines `.It Fl e , Fl -env Ar name`."""
    options = {}
    for line in MANUAL.read_text().splitlines():
        if line.startswith(".It Fl "):
            for letter in re.findall(r"Fl (\S+)", line):
                options["-" + letter] = " Ar " in line
    return options


@test
def test_manual_has_every_option_and_no_other():
    table = {}
    for verb in words():
        table.update({word: bool(arg) for word, arg in words(verb).items()})
    equal(len(table) > 20, True, "options")
    equal(manual_options(), table)


@test
def test_manual_and_help_have_every_verb():
    text = MANUAL.read_text()
    for verb in words():
        equal(bool(re.search(rf"^\.It Cm {verb}\b", text, re.M)), True, verb)


@test
def test_help_fits_the_width_of_a_terminal():
    for verb in ["", *words()]:
        text = run([WASMCTL, *([verb] if verb else []), "--help"]).stdout
        equal([line for line in text.decode().splitlines()
               if len(line) > 79], [], verb)


@test
def test_manual_has_every_exit_code():
    table = re.findall(r'^STATUS\(\w+, "(..)", (\d+)',
                       (SOURCE / "proto" / "status.def").read_text(), re.M)
    equal(len(table) > 10, True, "rows")
    rows = re.findall(r"^\.It (\w+) Ta (\w\w(?:, \w\w)*) Ta",
                      MANUAL.read_text(), re.M)
    told = {(status, code) for code, all_of in rows
            for status in all_of.split(", ")}
    for status, code in table:
        # The guest's own exit code is called n.
        equal((status, "n" if code == "0" else code) in told, True, status)


@test
def test_manuals_are_clean():
    need("mandoc")
    for page in sorted((SOURCE / "man").glob("*.[1-8]")):
        result = run(["mandoc", "-T", "lint", "-W", "warning", page])
        equal(result.stdout, b"", page.name)


def completed_by_fish(line):
    """What fish offers at the end of a line."""
    result = run([need("fish"), "--no-config", "-c",
                  f'source {SOURCE}/client/wasmctl.fish; complete -C "$argv"',
                  line], env=dict(os.environ, PATH=f"{os.path.dirname(WASMCTL)}:"
                                  f"{os.environ['PATH']}",
                                  HOME=str(scratch())))
    equal(result.stderr, b"")
    return [row.split("\t")[0]
            for row in result.stdout.decode().splitlines()]


def completed_by_zsh(*words):
    """What zsh's own functions are asked for, for the last of the words."""
    script = """
        _describe() { local row; for row in "${(@P)2}"; do
            [[ $row != "$words[CURRENT]"* ]] || print -r -- "${row%%:*}"; done }
        _files() { print -r -- files "$@" "${words[CURRENT]#${~cut}}" }
        compset() { cut=${~2}; [[ $words[CURRENT] == *=* ]] }
        program=$1; shift
        words=("$@"); CURRENT=$#words
        set --
        source $program """
    result = run([need("zsh"), "-f", "-c", script, "zsh",
                  SOURCE / "client" / "wasmctl.zsh", WASMCTL, *words])
    equal(result.stderr, b"")
    return result.stdout.decode().split("\n")[:-1]


@test
def test_fish_offers_verbs_options_and_files():
    equal(completed_by_fish("wasmctl su"), ["submit"])
    equal(completed_by_fish("wasmctl run --max-m"), ["--max-memory"])
    directory = scratch()
    path = directory / "a.wasm"
    path.touch()
    for line in (f"run {directory}/a", f"run --fuel 9 {directory}/a",
                 f"run --meta {directory}/a", f"put {directory}/a"):
        equal(completed_by_fish(f"wasmctl {line}"), [str(path)], line)
    equal(completed_by_fish(f"wasmctl run --fuel {directory}/a"), [])
    equal(completed_by_fish("wasmctl help ch"), ["check"])
    equal(completed_by_fish("wasmctl -H ssh://me@there:22 su"), ["submit"])
    equal(completed_by_fish("wasmctl --host ssh://there run --max-m"),
          ["--max-memory"])
    equal(completed_by_fish("wasmctl -H s"), [])


@test
def test_zsh_offers_verbs_options_and_files():
    equal(completed_by_zsh("su"), ["submit"])
    equal(completed_by_zsh("run", "--max-m"), ["--max-memory"])
    for line in (("run", "a"), ("run", "--fuel", "9", "a"),
                 ("run", "--meta", "a"), ("put", "a")):
        equal(completed_by_zsh(*line), ["files a"], line)
    equal(completed_by_zsh("run", "--dir", "a"), ["files -/ a"])
    equal(completed_by_zsh("run", "--preload", "lib=a"), ["files a"])
    equal(completed_by_zsh("run", "--fuel", "a"), [])
    equal(completed_by_zsh("help", "ch"), ["check"])
    equal(completed_by_zsh("-H", "ssh://me@there:22", "su"), ["submit"])
    equal(completed_by_zsh("--host", "ssh://there", "run", "--max-m"),
          ["--max-memory"])
    equal(completed_by_zsh("-H", "s"), [])


def completed(line, *more):
    """What bash offers for the words of a line, the last one unfinished."""
    need("bash")
    script = f"""
        compopt() {{ :; }}
        source {SOURCE}/client/wasmctl.bash
        COMP_WORDS=({' '.join(line)} "$1")
        COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
        _wasmctl
        printf '%s\\n' "${{COMPREPLY[@]}}" """
    result = run(["bash", "-c", script, "bash", *more])
    equal(result.stderr, b"")
    return [word.strip() for word in result.stdout.decode().split("\n")
            if word.strip()]


@test
def test_completion_offers_verbs_options_and_files():
    equal(completed([WASMCTL], "su"), ["submit"])
    equal(completed([WASMCTL, "run"], "--max-"),
          ["--max-memory", "--max-output", "--max-stack", "--max-table",
           "--max-files"])
    directory = scratch()
    (directory / "a b.wasm").touch()
    path = f"{directory}/a"
    equal(completed([WASMCTL, "run"], path), [f"{directory}/a b.wasm"])
    equal(completed([WASMCTL, "run", "--fuel", "9"], path),
          [f"{directory}/a b.wasm"])
    equal(completed([WASMCTL, "run", "--fuel"], ""), [])
    equal(completed([WASMCTL, "run", "--meta"], path),
          [f"{directory}/a b.wasm"])
    preload = [WASMCTL, "run", "--preload", "lib", "="]
    equal(completed(preload, path), [f"{directory}/a b.wasm"])
    equal(completed([*preload, "x.wasm"], path), [f"{directory}/a b.wasm"])
    equal(completed([*preload, "x.wasm"], "--fu"), ["--fuel"])
    equal(completed([WASMCTL, "run", "--preload"], path), [])
    trace = [WASMCTL, "run", "--trace-hostcalls"]
    equal(completed(trace, path), [f"{directory}/a b.wasm"])
    equal(completed([*trace, "="], path), [f"{directory}/a b.wasm"])
    equal(completed([*trace, "=", "x"], "--fu"), ["--fuel"])
    equal(completed([WASMCTL, "help"], "ch"), ["check"])
    machine = ["ssh", ":", "//me", "@", "there", ":", "22"]
    for before in ([WASMCTL, "-H", *machine], [WASMCTL, "--host", "ssh", ":",
                                               "//there"]):
        equal(completed(before, "su"), ["submit"])
        equal(completed([*before, "run"], "--max-m"), ["--max-memory"])
        equal(completed([*before, "run"], path), [f"{directory}/a b.wasm"])
        equal(completed(before[:2], "s"), [])
    equal(completed([WASMCTL, "run", "-H", *machine], "--max-m"),
          ["--max-memory"])
    equal(completed([WASMCTL, "run", "-H", *machine], path),
          [f"{directory}/a b.wasm"])
    for verb in ("validate", "inspect", "disasm", "put"):
        equal(completed([WASMCTL, verb], path), [f"{directory}/a b.wasm"])


@test
def test_completion_is_a_script_that_bash_takes():
    need("bash")
    result = subprocess.run(["bash", "-n", SOURCE / "client" / "wasmctl.bash"],
                            check=False, capture_output=True)
    equal((result.returncode, result.stderr), (0, b""))
