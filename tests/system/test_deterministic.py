"""Calls that are to be the same each time: --deterministic and --seed."""
import signal
import struct
import subprocess
import time

from compilers import compiled
from harness import contains, equal, test, until
from service import Daemon, guest

HOUR = 3600 * 10**9
START = 1735689600 * 10**9      # what the real-time clock reads at first


def chance(daemon, *options, data=b""):
    result = daemon.run(*options, guest("chance"), input=data)
    equal(result.stderr, b"")
    equal(result.returncode, 0)
    return result.stdout


@test
def test_two_runs_are_equal_bit_for_bit():
    daemon = Daemon()
    first = chance(daemon, "--deterministic", data=b"abc")
    equal(chance(daemon, "--deterministic", data=b"abc"), first)
    # Another daemon, which loads the module anew.
    equal(chance(Daemon(), "--deterministic", data=b"abc"), first)
    equal(chance(daemon, "--seed", "0", data=b"abc"), first)


@test
def test_time_is_made_up_and_passes():
    out = chance(Daemon(), "--deterministic")
    real, mono, process, thread, after = struct.unpack_from("<5Q", out, 32)
    equal(START < real < START + HOUR, True, "real-time clock")
    equal(10**9 < mono < 2 * 10**9, True, "monotonic clock")
    equal(0 < process < thread < 10**9, True, "CPU time")
    equal(HOUR < after - mono < HOUR + 10**9, True, "the sleep of an hour")


@test
def test_nans_are_the_canonical_one():
    out = chance(Daemon(), "--deterministic")
    equal(struct.unpack_from("<2Q", out, 72), (0x7ff8 << 48, 0x7ff8 << 48))


@test
def test_seeds_give_other_randomness_and_nothing_else():
    daemon = Daemon()
    outs = [chance(daemon, "--seed", n) for n in
            ("0", "1", "2", "18446744073709551615")]
    equal(len({out[:32] for out in outs}), 4, "different bytes")
    equal(len({out[32:] for out in outs}), 1, "different rest")
    equal(chance(daemon, "--seed", "1"), outs[1])


def catches(pid, number):
    """Whether the process handles the signal by now."""
    with open(f"/proc/{pid}/status") as lines:
        caught = next(int(line.split()[1], 16) for line in lines
                      if line.startswith("SigCgt:"))
    return caught >> (number - 1) & 1 == 1


@test
def test_without_it_time_and_randomness_are_real():
    daemon = Daemon()
    # The template of a deterministic call is not taken for another one.
    chance(daemon, "--deterministic")
    process = daemon.start(guest("chance"), stdin=subprocess.DEVNULL)
    until(lambda: catches(process.pid, signal.SIGTERM) and
          len(daemon.children()) > 1, what="a child")
    process.send_signal(signal.SIGTERM)     # it sleeps for an hour
    equal(process.wait(10), 143)


@test
def test_input_does_not_tell_how_fast_it_comes():
    daemon = Daemon()
    whole = chance(daemon, "--deterministic", data=b"one two three")
    process = daemon.start("--deterministic", guest("chance"),
                           stdin=subprocess.PIPE)
    for piece in (b"one", b" two", b" three"):
        process.stdin.write(piece)
        process.stdin.flush()
        time.sleep(0.05)
    process.stdin.close()
    equal(process.stdout.read(), whole)
    equal(process.wait(10), 0)


@test
def test_bad_seeds_are_refused():
    daemon = Daemon()
    for seed in ("", "-1", "x", "18446744073709551616", "1.5"):
        result = daemon.run("--seed", seed, guest("chance"))
        equal(result.returncode, 125, seed)
        contains(result.stderr, b"--seed")


@test
def test_go_program_with_maps_and_hashes():
    module = compiled("chance.go")
    daemon = Daemon()
    first = daemon.run("--deterministic", module)
    equal((first.returncode, first.stderr), (0, b""))
    contains(first.stdout, b"word39")
    contains(first.stdout, b"7ff8000000000000")
    equal(daemon.run("--deterministic", module).stdout, first.stdout)
    other = daemon.run("--seed", "7", module)
    equal(other.returncode, 0)
    equal(other.stdout != first.stdout, True, "another seed differs")
