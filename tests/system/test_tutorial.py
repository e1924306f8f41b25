"""doc/tutorial.md, typed again: what it shows is what happens.

    python3 tests/system/test_tutorial.py

prints it with the output of now; what differs each time is to be marked again."""
import os
import pathlib
import re
import subprocess
import sys

if __name__ == "__main__":
    sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import harness
from harness import BUILD, SOURCE, WASMCTL, Skip, need, run, scratch, test

TUTORIAL = SOURCE / "doc" / "tutorial.md"
ANYTHING = "…"
END = "-- the end of what a command wrote --"

# In the place of ssh: the other machine is this one, another user's daemon.
SSH = """#!/bin/sh
while [ "$1" != -- ]; do shift; done
shift 2
unset WASMD_HOST
XDG_RUNTIME_DIR={there} exec sh -c "exec $*"
"""


def parts(text):
    """What the file is made of: text, or (command, output) of a console."""
    inside, command, output = False, None, []
    for line in text.splitlines():
        if inside and line.startswith(("$ ", "```")) and command is not None:
            yield command, output
            command, output = None, []
        if line.startswith("```"):
            inside = line == "```console"
            yield line
        elif not inside:
            yield line
        elif line.startswith("$ "):
            command = line[2:]
        elif not output and re.match(r"> |>$", line):
            command += "\n" + line[2:]
        else:
            output.append(line)


class Shell:
    """A shell in an empty directory, with daemons of its own."""

    def __init__(self):
        if os.path.exists("/run/wasmd/wasmd.sock"):
            raise Skip("this machine has a daemon of its own")
        need("wat2wasm")
        self.dir = scratch()
        for name in ("work", "here", "there", "state"):
            (self.dir / name).mkdir(mode=0o700)
        ssh = self.dir / "ssh"
        ssh.write_text(SSH.format(there=self.dir / "there"))
        ssh.chmod(0o755)
        env = dict(os.environ, HOME=str(self.dir), WASMD_SSH=str(ssh),
                   XDG_RUNTIME_DIR=str(self.dir / "here"),
                   XDG_STATE_HOME=str(self.dir / "state"),
                   PATH=f"{BUILD}:{os.environ['PATH']}", LC_ALL="C.UTF-8")
        for name in ("WASMD_SOCKET", "WASMD_HOST", "WASMD"):
            env.pop(name, None)
        self.process = harness.start(
            ["bash", "--norc"], stdin=subprocess.PIPE,
            stderr=subprocess.STDOUT, cwd=self.dir / "work", env=env,
            text=True)
        harness.at_end(self.end)
        self.type("echo 'int main(void) { return 0; }' >try.c")
        if self.type("clang --target=wasm32-wasi -o try try.c; rm -f try*"):
            raise Skip("clang has no wasi-libc")

    def type(self, command):
        """The lines of its output."""
        self.process.stdin.write(f"{command}\necho; echo '{END}'\n")
        self.process.stdin.flush()
        output = ""
        while not output.endswith(f"\n{END}\n"):
            line = self.process.stdout.readline()
            if line == "":
                raise AssertionError(f"the shell ended: {output}")
            output += line
        # The newline is ours, unless it is the one that was missing.
        return output[:-len(END) - 2].splitlines()

    def end(self):
        self.process.stdin.close()
        for name in ("here", "there"):
            path = str(self.dir / name / "wasmd" / "wasmd.sock").encode()
            for entry in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
                try:
                    words = entry.read_bytes().split(b"\0")
                except OSError:
                    continue
                if words[0].endswith(b"wasmd") and path in words:
                    os.kill(int(entry.parent.name), 15)


def pattern(output):
    """What the lines of a command's output must be."""
    lines = [".*\n(?:.*\n)*?" if line == ANYTHING else
             ".+?".join(re.escape(part) for part in line.split(ANYTHING)) +
             "\n" for line in output]
    return re.compile("".join(lines))


@test
def test_the_tutorial_is_true():
    shell = Shell()
    commands = [part for part in parts(TUTORIAL.read_text())
                if isinstance(part, tuple)]
    if len(commands) < 50:
        raise AssertionError(f"only {len(commands)} commands were found")
    for command, output in commands:
        got = "".join(line + "\n" for line in shell.type(command))
        if not pattern(output).fullmatch(got):
            expected = "\n".join(output)
            raise AssertionError(
                f"$ {command}\ngave\n{got}\nthe tutorial has\n{expected}")


@test
def test_the_tutorial_has_every_verb():
    text = TUTORIAL.read_text()
    lines = run([WASMCTL, "__complete"]).stdout.decode().splitlines()
    missing = [line.split("\t")[0] for line in lines if not re.search(
        rf"\bwasmctl (-H \S+ )?{line.split(chr(9))[0]}\b", text)]
    harness.equal(missing, ["validate"])


def main():
    shell = Shell()
    for part in parts(TUTORIAL.read_text()):
        if isinstance(part, str):
            print(part)
            continue
        print("$ " + part[0].replace("\n", "\n> ").replace("> \n", ">\n"))
        for line in shell.type(part[0]):
            print(line)
    harness._clean()


if __name__ == "__main__":
    main()
