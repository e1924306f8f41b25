"""libwasmd as others have it: what is installed, and nothing else."""
import os
import re
import shlex

from harness import (BUILD, SANITIZED, SOURCE, Skip, equal, need, run,
                     scratch, test)
from service import Daemon, guest
from test_install import make

HEADER = SOURCE / "lib" / "wasmd.h"
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


def declared():
    """The functions of the header."""
    text = re.sub(r"/\*.*?\*/", "", HEADER.read_text(), flags=re.S)
    text = re.sub(r"\(\*\w+\)", "", text)
    return sorted(set(re.findall(r"\b(wasmd_\w+)\(", text)))


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
