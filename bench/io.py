#!/usr/bin/env python3
"""What a guest's input and output cost on their way through wasmd and wasmctl,
and its files, against dd(1), cat(1) and ls(1) with chunks of the same size.

    bench/io.py WASMD WASMCTL [ROUNDS]

Each figure is the median of runs that alternate with those of its baseline."""
import os
import pathlib
import resource
import statistics
import subprocess
import sys
import tempfile
import time

WAT = pathlib.Path(__file__).resolve().parent / "io.wat"
BYTES = 256 << 20
FILE = 1 << 30          # bytes of the large file
CHUNKS = ((65536, BYTES), (4096, BYTES >> 2), (256, BYTES >> 6))
PIPE = 65536
SMALL = 10000           # files


class Meter:
    """Seconds, and seconds of processor time: of what is started here, and of
    the daemon and its children."""

    def __init__(self, daemon):
        self.stat = f"/proc/{daemon.pid}/stat"

    def _cpu(self):
        with open(self.stat, encoding="ascii") as stat:
            ticks = stat.read().rpartition(")")[2].split()[11:15]
        mine = resource.getrusage(resource.RUSAGE_CHILDREN)
        return (sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK") +
                mine.ru_utime + mine.ru_stime)

    def run(self, move, argv, **options):
        """MiB per second, and per second of processor time, or 0 when that is
        too short for its clock."""
        cpu, began = self._cpu(), time.monotonic()
        count = move(argv, **options) / (1 << 20)
        seconds, cpu = time.monotonic() - began, self._cpu() - cpu
        return count / seconds, count / cpu if cpu >= 0.03 else 0


def drain(argv, **options):
    """Read all that a program writes to a pipe."""
    with subprocess.Popen(argv, stdout=subprocess.PIPE,
                          stdin=subprocess.DEVNULL, **options) as process:
        count = 0
        while data := os.read(process.stdout.fileno(), PIPE):
            count += len(data)
    if process.returncode != 0:
        sys.exit(f"{argv[0]} failed")
    return count


def work(argv, amount=0, **options):
    """Just run it: it does so much."""
    subprocess.run(argv, check=True, stdin=subprocess.DEVNULL,
                   stdout=subprocess.DEVNULL, **options)
    return amount


def feed(argv, size=0, **options):
    """Write so many bytes to a pipe that a program reads."""
    data = bytes(PIPE)
    with subprocess.Popen(argv, stdin=subprocess.PIPE,
                          stdout=subprocess.DEVNULL, **options) as process:
        for _ in range(size // PIPE):
            process.stdin.write(data)
        process.stdin.close()
    if process.returncode != 0:
        sys.exit(f"{argv[0]} failed")
    return size


def compare(what, ours, base, rounds):
    """Run both in turn; a line with the rates of both and their ratios."""
    runs = [(ours(), base()) for _ in range(rounds)]
    figures = []
    for i in range(2):      # of time, of processor time
        mine = statistics.median(run[0][i] for run in runs)
        its = statistics.median(run[1][i] for run in runs)
        figures += [f"{mine:.0f}", f"{its:.0f}", f"{mine / its:.2f}"] \
            if mine and its else ["-"] * 3
    print(f"| {what} | {' | '.join(figures)} |", flush=True)


def measure(meter, run, guest, env, rounds):
    print("| stream, chunk | MiB/s | dd | ratio | MiB per CPU second | dd "
          "| ratio |\n|---|---|---|---|---|---|---|")
    for chunk, total in CHUNKS:
        count = str(total // chunk)
        compare(f"stdout, {chunk}",
                lambda: meter.run(drain, [*run, "write", guest, str(chunk),
                                          count], env=env),
                lambda: meter.run(drain, ["dd", "if=/dev/zero", f"bs={chunk}",
                                          f"count={count}", "status=none"]),
                rounds)
    for chunk, total in CHUNKS:
        compare(f"stdin, {chunk}",
                lambda: meter.run(feed, [*run, "read", guest, str(chunk)],
                                  size=total, env=env),
                lambda: meter.run(feed, ["dd", "of=/dev/null", f"bs={chunk}",
                                         "status=none"], size=total), rounds)


def make_files(folder):
    """A large file, and many small ones in a folder of their own."""
    os.mkdir(folder + "/small")
    with open(folder + "/big", "wb") as big:
        for _ in range(FILE // PIPE):
            big.write(bytes(PIPE))
    for n in range(SMALL):
        with open(f"{folder}/small/f{n:05}", "wb") as small:
            small.write(b"x" * 100)


def measure_files(meter, wasmctl, guest, folder, env, rounds):
    run = [wasmctl, "run", "--dir", folder + "::/:ro", "--invoke"]
    small = [wasmctl, "run", "--dir", folder + "/small::/:ro", "--invoke"]
    make_files(folder)
    print("\n| files | MiB/s, files/s | native | ratio | per CPU second | native "
          "| ratio |\n|---|---|---|---|---|---|---|")
    for chunk, _ in CHUNKS[:2]:
        compare(f"one file, {chunk}",
                lambda: meter.run(work, [*run, "file", guest, str(chunk)],
                                  amount=FILE, env=env),
                lambda: meter.run(work, ["dd", f"if={folder}/big",
                                         "of=/dev/null", f"bs={chunk}",
                                         "status=none"], amount=FILE), rounds)
    # A file or an entry counts as a MiB, to be one of the unit.
    compare(f"{SMALL} small files",
            lambda: meter.run(work, [*small, "files", guest, str(SMALL)],
                              amount=SMALL << 20, env=env),
            lambda: meter.run(work, ["sh", "-c", 'cd "$0" && cat *',
                                     folder + "/small"], amount=SMALL << 20),
            rounds)
    compare(f"{SMALL} entries",
            lambda: meter.run(work, [*small, "entries", guest],
                              amount=SMALL << 20, env=env),
            lambda: meter.run(work, ["ls", "-f", folder + "/small"],
                              amount=SMALL << 20), rounds)


def main():
    wasmd, wasmctl = sys.argv[1:3]
    rounds = int(sys.argv[3]) if len(sys.argv) > 3 else 5
    with tempfile.TemporaryDirectory(prefix="wasmd-bench-") as folder:
        os.chmod(folder, 0o755)
        env = dict(os.environ, WASMD_SOCKET=folder + "/wasmd.sock")
        guest = folder + "/io.wasm"
        subprocess.run(["wat2wasm", WAT, "-o", guest], check=True)
        become = ["--user", "nobody"] if os.geteuid() == 0 else []
        daemon = subprocess.Popen([wasmd, "--socket", env["WASMD_SOCKET"],
                                   *become], stderr=subprocess.DEVNULL)
        try:
            while not os.path.exists(env["WASMD_SOCKET"]):
                time.sleep(0.01)
            meter = Meter(daemon)
            measure(meter, [wasmctl, "run", "--invoke"], guest, env, rounds)
            measure_files(meter, wasmctl, guest, folder, env, rounds)
        finally:
            daemon.terminate()
            daemon.wait()


main()
