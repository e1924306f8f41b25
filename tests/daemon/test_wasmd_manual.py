"""wasmd(8) held against wasmd --help, and wasmd-protocol(7)'s example against
the daemon."""
import os
import re
import subprocess
import sys

import harness
from daemon import Daemon, test
from harness import SOURCE, WASMD, contains, equal, run

MANUAL = SOURCE / "man" / "wasmd.8"
CONF_MANUAL = SOURCE / "man" / "wasmd.conf.5"
PROTOCOL = SOURCE / "man" / "wasmd-protocol.7"


def help_options():
    """option -> (has an argument, default) as --help tells it."""
    text = run([WASMD, "--help"]).stdout.decode()
    rows = re.findall(r"^  --([a-z-]+)( [A-Z]+)?  +(.*)$", text, re.M)
    equal(len(rows) > 20, True, "options")
    found = {}
    for name, arg, words in rows:
        default = re.search(r"\[(.*)\]$", words)
        found[name] = (bool(arg), default[1] if default else None)
    return found


@test
def test_manual_has_every_option_and_no_other():
    text = MANUAL.read_text()
    rows = re.findall(r"^\.It Fl -(\S+)( Ar \S+)?$", text, re.M)
    equal({name: bool(arg) for name, arg in rows},
          {name: arg for name, (arg, _) in help_options().items()})
    equal(len(rows), len({name for name, _ in rows}), "each once")


@test
def test_manual_has_every_default():
    text = MANUAL.read_text()
    for name, (_, default) in help_options().items():
        if default is None:
            continue
        entry = re.search(rf"^\.It Fl -{name}\b.*?(?=^\.It|^\.El)", text,
                          re.M | re.S)[0]
        contains(entry, default)


def printed_config():
    """option -> what --print-config says of it: kind, bounds, default."""
    text = run([WASMD, "--print-config"]).stdout.decode()
    rows = re.findall(r"^# .*\n# (.*)\n#([a-z-]+) = ", text, re.M)
    equal(len(rows) > 20, True, "options")
    return {name: words for words, name in rows}


@test
def test_manual_of_the_file_has_every_option_and_no_other():
    text = CONF_MANUAL.read_text()
    rows = re.findall(r"^\.It Ic (\S+)\n(?:(?!\.It).*\n)*?\.br\n(.*)$", text,
                      re.M)
    equal(dict(rows), printed_config())
    equal(len(rows), text.count(".It Ic "), "each once, with its kind")


@test
def test_shipped_file_is_what_is_printed():
    shipped = (SOURCE / "daemon" / "wasmd.conf").read_text()
    equal(shipped, run([WASMD, "--print-config"]).stdout.decode())


@test
def test_shipped_file_is_good_with_every_default_in_force():
    where = harness.scratch() / "wasmd.conf"
    text = (SOURCE / "daemon" / "wasmd.conf").read_text()
    lines = [line[1:] if re.match(r"#[a-z-]+ = ([0-9]|[a-z])", line) else line
             for line in text.splitlines()]
    where.write_text("\n".join(lines) + "\n")
    contains(where.read_text(), "\nmax-running = 32\n")
    result = run([WASMD, "--check-config", where])
    equal((result.returncode, result.stdout), (0, f"{where}: good\n".encode()),
          result.stderr)


@test
def test_example_of_the_files_manual_is_good():
    where = harness.scratch() / "wasmd.conf"
    examples = re.findall(r"^\.Bd -literal.*?\n(.*?)^\.Ed",
                          CONF_MANUAL.read_text(), re.M | re.S)
    equal(len(examples), 2)
    for example in examples:
        for name in ("students", "alice", "plugins"):   # nobody's, here
            example = example.replace(name, "1")
        where.write_text(example)
        result = run([WASMD, "--check-config", where])
        equal(result.returncode, 0, result.stderr)


@test
def test_manual_has_every_limit():
    text = MANUAL.read_text()
    table = (SOURCE / "daemon" / "limits.def").read_text()
    rows = re.findall(r'^LIMIT\(\w+, \w+, "(\w+)".*?"([^"]*)"\)', table,
                      re.M | re.S)
    equal(len(rows), 8)
    for name, words in rows:
        equal(bool(re.search(rf"^\.It {name} Ta .* Ta {re.escape(words)}$",
                             text, re.M)), True, name)


@test
def test_manual_has_every_kind_of_death():
    text = MANUAL.read_text()
    table = (SOURCE / "daemon" / "death.def").read_text()
    rows = re.findall(r'^DEATH\(\w+, "(\w+)", "([^"]*)"\)', table, re.M)
    equal(len(rows), 8)
    for name, words in rows:
        contains(text, f".It Li {name}\n{words}\n")


@test
def test_example_of_the_protocol_works():
    d = Daemon()
    script = re.search(r"^\.Sh EXAMPLES.*?^\.Bd -literal.*?\n(.*?)^\.Ed",
                       PROTOCOL.read_text(), re.M | re.S)[1].replace("\\e", "\\")
    contains(script, "/run/wasmd/wasmd.sock")
    script = script.replace("/run/wasmd/wasmd.sock", d.socket)
    # The library's two functions, by the tests' own few lines.
    (d.dir / "msgpack.py").write_text("from wire import pack as packb\n"
                                      "from wire import unpack as unpackb\n")
    path = f"{d.dir}:{SOURCE}/tests/system"
    module = d.dir / "module"
    module.write_bytes(b"args\nerr done\nexit 5\n")
    result = subprocess.run([sys.executable, "-c", script, module, "x"],
                            capture_output=True, check=False, timeout=20,
                            env=dict(os.environ, PYTHONPATH=path))
    equal((result.returncode, result.stdout, result.stderr),
          (5, f"{module}\nx\n".encode(), b"done\n"))
