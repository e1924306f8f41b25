"""The static probes: they are in the program, the manual names them, and they
tell a tracer of each job."""
import os
import pathlib
import re
import subprocess

import harness
from daemon import BUILD, Daemon, test
from harness import SOURCE, WASMD, Skip, contains, equal, need, until

TRACING = pathlib.Path("/sys/kernel/tracing")
WORD = "+0({}):ustring"     # what a tracer makes of a pointer to text


def probes():
    """{name: (address, arguments)} as the linker left them in the program."""
    if "#define HAVE_SYS_SDT_H 1" not in (BUILD / "config.h").read_text():
        raise Skip("built without <sys/sdt.h>")
    notes = subprocess.run([need("readelf"), "-n", BUILD / "wasmd"], check=True,
                           capture_output=True, text=True).stdout
    return {name: (int(at, 16), args.split()) for name, at, args in re.findall(
        r"Provider: wasmd\s+Name: (\S+)\s+Location: (\S+),.*\s+"
        r"Arguments: (.*)", notes)}


@test
def test_probes_are_in_the_program_and_in_the_manual():
    found = probes()
    equal({name: len(args) for name, (_, args) in found.items()},
          {"job__event": 3, "job__end": 3})
    manual = (SOURCE / "man" / "wasmd.8").read_text()
    for name in found:
        contains(manual, f"wasmd:{name}")


def file_offset(address):
    """Where in the program's file this address is."""
    segments = subprocess.run([need("readelf"), "-lW", BUILD / "wasmd"],
                              check=True, capture_output=True,
                              text=True).stdout
    for offset, start, size in re.findall(
            r"LOAD\s+(0x\w+) (0x\w+) 0x\w+ (0x\w+)", segments):
        begin = int(start, 16)
        if begin <= address < begin + int(size, 16):
            return address - begin + int(offset, 16)
    raise AssertionError(f"no segment has {address:#x}")


def fetch(argument):
    """An argument's place in the words of the kernel's tracer: 8@104(%rbx) is
    +104(%bx)."""
    match = re.fullmatch(r"-?8@(?:(-?\d*)\()?%r(\w+)\)?", argument)
    if match is None:
        raise Skip(f"a place that the tracer cannot name: {argument}")
    register = re.sub(r"^(?=\d)", "r", match[2])
    return f"%{register}" if match[1] is None else \
        f"{int(match[1] or 0):+d}(%{register})"


class Tracer:
    """Probes of the program in the kernel, with a buffer of their own."""

    def __init__(self):
        if not os.access(TRACING / "uprobe_events", os.W_OK):
            raise Skip("only root can trace, where the kernel has probes of "
                       "programs")
        if os.uname().machine != "x86_64":
            raise Skip("registers have other names here")
        self.group = f"wasmd{os.getpid()}"
        self.instance = TRACING / "instances" / self.group
        self.instance.mkdir()
        harness.at_end(self.instance.rmdir)

    def _say(self, line):
        fd = os.open(TRACING / "uprobe_events", os.O_WRONLY | os.O_APPEND)
        try:
            os.write(fd, line.encode() + b"\n")
        finally:
            os.close(fd)

    def add(self, name, address, *arguments):
        offset = file_offset(address)
        self._say(f"p:{self.group}/{name} {BUILD / 'wasmd'}:{offset:#x} " +
                  " ".join(arguments))
        enable = self.instance / "events" / self.group / name / "enable"
        harness.at_end(lambda: self._say(f"-:{self.group}/{name}"))
        harness.at_end(lambda: enable.write_text("0"))
        enable.write_text("1")

    def text(self):
        return (self.instance / "trace").read_text()


@test
def test_probes_tell_of_a_job():
    found = probes()
    tracer = Tracer()
    at, (number, event, state) = found["job__event"]
    tracer.add("event", at, "job=" + fetch(number) + ":u64",
               "event=" + WORD.format(fetch(event)),
               "state=" + WORD.format(fetch(state)))
    at, (number, letters, wall) = found["job__end"]
    tracer.add("end", at, "job=" + fetch(number) + ":u64",
               "status=" + WORD.format(fetch(letters)),
               "us=" + fetch(wall) + ":u64")
    daemon = Daemon()
    equal(daemon.status("out x\nexit 3\n"), "RE")
    until(lambda: "end:" in tracer.text(), what="the probes")
    text = tracer.text()
    for state in ("queued", "starting", "running", "done"):
        contains(text, f'state="{state}"')
    equal(len(re.findall(r'end: \(.*\) job=1 status="RE" us=[1-9]\d*', text)),
          1, text)
