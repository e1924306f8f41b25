"""Traces of the host's functions: --trace-hostcalls."""
import re
import subprocess

from harness import contains, equal, test
from service import Daemon, guest

LINE = re.compile(rb"\d+\.\d{6} \w+\(.*\) = (0|\?|E[A-Z0-9]+)( .*)? "
                  rb"<\d+\.\d{6}>")


def lines(trace):
    """The lines of a trace, without their times."""
    out = []
    for line in trace.splitlines():
        equal(bool(LINE.fullmatch(line)), True, line)
        out.append(b" ".join(line.split(b" ")[1:-1]))
    return out


@test
def test_trace_goes_to_standard_error():
    result = Daemon().run("--trace-hostcalls", guest("cat"), input=b"a\nb\x1b")
    equal(result.stdout, b"a\nb\x1b")
    equal(lines(result.stderr), [
        b'fd_read(fd=0, iovs=[65536]) = 0 iovs=["a\\nb\\x1b"] nread=4',
        b'fd_write(fd=1, iovs=["a\\nb\\x1b"]) = 0 nwritten=4',
        b'fd_read(fd=0, iovs=[65536]) = 0 iovs=[] nread=0'])


@test
def test_trace_goes_to_a_file():
    daemon = Daemon()
    path = daemon.dir / "trace"
    path.write_bytes(b"old")
    result = daemon.run(f"--trace-hostcalls={path}", "-e", "A=1",
                        guest("args"), "x")
    equal((result.returncode, result.stdout, result.stderr),
          (0, b"args.wasm\0x\0", b"A=1\0"))
    equal([line.split(b"(")[0] for line in lines(path.read_bytes())],
          [b"args_sizes_get", b"args_get", b"fd_write", b"environ_sizes_get",
           b"environ_get", b"fd_write"])
    result = daemon.run("--trace-hostcalls=/nonexistent/x", guest("args"))
    equal(result.returncode, 125)
    contains(result.stderr, b"/nonexistent/x")


@test
def test_only_calls_that_ask_are_traced():
    daemon = Daemon()
    contains(daemon.run("--trace-hostcalls", guest("args")).stderr,
             b"args_get")
    equal(daemon.run(guest("args")).stderr, b"")


@test
def test_a_call_that_does_not_return_is_in_the_trace():
    daemon = Daemon()
    path = daemon.dir / "trace"
    process = daemon.start(f"--trace-hostcalls={path}", "-t", "1s",
                           guest("cat"), stdin=subprocess.PIPE)
    equal(process.wait(20), 124)
    equal(path.read_bytes().split(b" ", 1)[1],
          b"fd_read(fd=0, iovs=[65536])\n")


@test
def test_trace_of_a_deterministic_call_is_the_same_each_time():
    daemon = Daemon()
    args = ("--deterministic", "--trace-hostcalls", guest("chance"))
    first = daemon.run(*args, input=b"abc")
    equal(len(lines(first.stderr)) > 5, True, "lines")
    again = daemon.run(*args, input=b"abc")
    equal((again.stdout, again.stderr), (first.stdout, first.stderr))
    # It does not change what the guest sees.
    equal(daemon.run("--deterministic", guest("chance"), input=b"abc").stdout,
          first.stdout)


@test
def test_a_long_trace_has_an_end_and_the_guest_goes_on():
    daemon = Daemon()
    path = daemon.dir / "trace"
    code, record = daemon.record(f"--trace-hostcalls={path}", guest("chatty"))
    equal((code, record["cause"]), (5, "exited with 5"))
    equal(63 << 20 < path.stat().st_size < 64 << 20, True, "the trace's size")
    with open(path, "rb") as file:
        equal(len(file.readline()) > 1900, True, "a long line")
        file.seek(-100, 2)
        equal(file.read().splitlines()[-1],
              b"... and no more: the trace is too long")


@test
def test_trace_that_cannot_be_written_does_not_stop_the_guest():
    result = Daemon().run("--trace-hostcalls=/dev/full", guest("cat"),
                          input=b"text")
    equal((result.returncode, result.stdout), (0, b"text"))
    contains(result.stderr, b"cannot write the trace: ")
