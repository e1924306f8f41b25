"""libwasmd as others have it: what is installed, and nothing else."""
import os
import re
import shlex

from harness import (BUILD, SANITIZED, SOURCE, Skip, contains, equal, need,
                     run, scratch, test)
from service import EXAMPLES, Daemon, guest
from test_install import make

HEADER = SOURCE / "lib" / "wasmd.h"
MANUAL = SOURCE / "man" / "libwasmd.3"
SANITIZE = ["-fsanitize=address,undefined"] if SANITIZED else []

installed = []


def modules():
    return [guest(name) for name in ("cat", "sleep", "plugin", "values")]


def compiler(kind="cc"):
    return shlex.split(os.environ.get("CC" if kind == "cc" else "CXX", "")) or \
        [need(kind)]


def prefix():
    """Where everything is installed, and what pkg-config says of it."""
    if not installed:
        root = scratch()
        make("install", f"DESTDIR={root}")
        configs = list(root.rglob("wasmd.pc"))
        equal(len(configs), 1, "wasmd.pc")
        installed.append((root, configs[0].parent))
    return installed[0]


def package(*options):
    """The words that pkg-config gives, for what is below the root."""
    root, configs = prefix()
    result = run([need("pkg-config"), *options, "wasmd"], env=dict(
        os.environ, PKG_CONFIG_PATH=str(configs),
        PKG_CONFIG_SYSROOT_DIR=str(root)))
    equal(result.returncode, 0, result.stderr)
    return shlex.split(result.stdout.decode())


def build(source, *words, kind="cc"):
    """A program of the source, by the words of pkg-config."""
    out = scratch() / "program"
    result = run([*compiler(kind), *SANITIZE, "-Wall", "-Wextra", "-Werror",
                  "-Wno-unused-parameter", "-o", out, source, *words])
    equal(result.returncode, 0, result.stderr.decode())
    return out


def code():
    """The header without comments and what is for the preprocessor."""
    text = re.sub(r"/\*.*?\*/", "", HEADER.read_text(), flags=re.S)
    return re.sub(r'^\s*#.*$|extern "C" {', "", text, flags=re.M)


def prototypes():
    """What the header declares outside of braces, each on a line."""
    text = code()
    while re.search(r"{[^{}]*}", text):
        text = re.sub(r"{[^{}]*}", "", text)
    lines = (" ".join(line.split()) for line in text.split(";"))
    return [line for line in lines if "(" in line]


def declared():
    """The functions of the header."""
    return sorted(re.search(r"\b(wasmd_\w+)\(", line)[1]
                  for line in prototypes())


def defined(options, path):
    result = run([need("nm"), *options, "--defined-only", path])
    equal(result.returncode, 0, result.stderr)
    return sorted(line.split()[2] for line in result.stdout.decode().splitlines()
                  if len(line.split()) == 3 and " A " not in line)


@test
def test_a_program_of_the_installed_library_runs():
    installed.clear()
    root, configs = prefix()
    program = build(SOURCE / "tests" / "lib" / "user.c",
                    *package("--cflags", "--libs"))
    needed = run([need("readelf"), "-d", program]).stdout.decode()
    equal("[libwasmd.so.0]" in needed, True, "its name")
    daemon = Daemon()
    result = run([program, daemon.socket, *modules()],
                 env=dict(os.environ, LD_LIBRARY_PATH=str(configs.parent)))
    equal((result.returncode, result.stdout, result.stderr),
          (0, b"all is well\n", b""))


@test
def test_a_program_of_the_archive_runs():
    installed.clear()
    _, configs = prefix()
    program = build(SOURCE / "tests" / "lib" / "user.c",
                    *package("--cflags"), configs.parent / "libwasmd.a")
    daemon = Daemon()
    result = run([program, daemon.socket, *modules()])
    equal((result.returncode, result.stdout, result.stderr),
          (0, b"all is well\n", b""))


@test
def test_the_header_stands_alone_in_c_and_cxx():
    installed.clear()
    flags = package("--cflags")
    for kind, suffix, standards in (("cc", "c", ("c99", "c11", "c17")),
                                    ("c++", "cc", ("c++11", "c++20"))):
        source = scratch() / f"only.{suffix}"
        source.write_text("#include <wasmd.h>\n"
                          "int main() { return wasmd_open == 0; }\n")
        for standard in standards:
            build(source, f"-std={standard}", "-pedantic",
                  "-Wno-unused-parameter", "-Wno-address",
                  *flags, *package("--libs"), kind=kind)


@test
def test_exactly_the_functions_of_the_header_are_exported():
    names = declared()
    equal(len(names) > 30, True, "functions")
    table = re.findall(r"^\t(wasmd_\w+);",
                       (SOURCE / "lib" / "wasmd.map").read_text(), re.M)
    equal(table, names)
    exported = defined(["-D"], BUILD / "libwasmd.so.0")
    equal(exported, [f"{name}@@LIBWASMD_0" for name in names])
    if not SANITIZED:
        equal(defined(["-g"], BUILD / "libwasmd.a"), names)


@test
def test_the_library_has_no_state_of_its_own():
    if SANITIZED:
        raise Skip("sanitizers have state")
    rows = run([need("nm"), "--format=sysv", BUILD / "libwasmd.so.0"])
    variables = set()
    for line in rows.stdout.decode().splitlines():
        cells = [cell.strip() for cell in line.split("|")]
        if len(cells) == 7 and cells[6] in (".data", ".bss"):
            variables.add(cells[0].partition(".")[0])
    # Of the broker's process (three) and of the C run-time.
    equal(variables - {"broker", "p", "from", "completed", "__dso_handle",
                       "__TMC_END__"}, set())


@test
def test_the_manual_has_every_function_as_it_is_declared():
    text = MANUAL.read_text()
    synopsis = text[text.index(".Sh SYNOPSIS"):text.index(".Sh DESCRIPTION")]
    told = []
    for kind, name, arguments in re.findall(
            r"^\.Ft (.*)\n\.Fo (\w+)\n((?:\.Fa .*\n)*)\.Fc", synopsis, re.M):
        arguments = re.findall(r'^\.Fa "(.*)"$', arguments, re.M)
        kind = kind.strip('"')
        told.append(kind + ("" if kind.endswith("*") else " ") + name +
                    "(" + ", ".join(arguments) + ")")
    equal(told, prototypes())
    described = text[text.index(".Sh DESCRIPTION"):]
    for name in declared():
        contains(described, f" {name}")


@test
def test_the_manual_has_every_name_of_the_header():
    text = MANUAL.read_text()
    text = text[text.index(".Sh DESCRIPTION"):]
    constants = set(re.findall(r"\bWASMD_\w+", HEADER.read_text()))
    members = set()
    for body in re.findall(r"^struct \w+ {\n(.*?)^}", code(), re.M | re.S):
        body = re.sub(r"\(\*(\w+)\)\(.*?\)", r"\1", body, flags=re.S)
        members |= set(re.findall(r"\b(\w+)(?:\[\w+\])?\s*[;,]", body))
    equal(len(constants) > 40 and len(members) > 60, True, "names")
    words = set(re.findall(r"\w+", text))
    equal((constants - {"WASMD_H"} | members) - words, set())


@test
def test_the_manuals_example_runs():
    installed.clear()
    _, configs = prefix()
    text = MANUAL.read_text()
    text = text[text.index(".Sh EXAMPLES"):]
    example = re.search(r"\.Bd -literal.*?\n(.*?)\.Ed", text, re.S)[1]
    daemon = Daemon()
    source = scratch() / "example.c"
    source.write_text("#include <stdio.h>\n#include <wasmd.h>\n" +
                      example.replace("/run/wasmd/wasmd.sock", daemon.socket) +
                      """
int
main(void)
{
	static char module[1 << 20];

	return run(module, fread(module, 1, sizeof(module), stdin));
}
""")
    program = build(source, *package("--cflags", "--libs"))
    result = run([program], input=(EXAMPLES / "hello.wasm").read_bytes(),
                 env=dict(os.environ, LD_LIBRARY_PATH=str(configs.parent)))
    equal((result.returncode, result.stdout, result.stderr),
          (0, b"Hello, world!\n", b""))
