"""Metrics: over the protocol and over HTTP, and as the formats' rules say."""
import os
import re
import signal
import socket

import harness
from daemon import Daemon, Witness, test
from harness import SOURCE, contains, equal, until
from test_life import pid_in_ns

# https://prometheus.io/docs/instrumenting/exposition_formats/
NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LABEL = r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"'
VALUE = r"[0-9]+(?:\.[0-9]+)?(?:e[+-]?[0-9]+)?"


def parse(text):
    """{(name, label value or None): number}, after the format was checked:
    each name is explained once, before its samples, which stand together."""
    equal(text.endswith("\n"), True, "the last line's end")
    types, helps, samples = {}, {}, {}
    current = None
    for line in text[:-1].split("\n"):
        helped = re.fullmatch(rf"# HELP ({NAME}) (\S.*)", line)
        typed = re.fullmatch(rf"# TYPE ({NAME}) (counter|gauge|histogram)",
                             line)
        sample = re.fullmatch(rf"({NAME})(?:\{{{LABEL}\}})? ({VALUE})", line)
        if helped:
            equal(helped[1] in helps, False, f"HELP twice: {line}")
            helps[helped[1]] = helped[2]
        elif typed:
            equal(typed[1] in types, False, f"TYPE twice: {line}")
            equal(typed[1] in helps, True, f"HELP is missing: {line}")
            types[typed[1]] = typed[2]
            current = typed[1]
        elif sample:
            check_sample(current, types[current], sample)
            key = (sample[1], sample[3])
            equal(key in samples, False, f"twice: {line}")
            samples[key] = float(sample[4])
        else:
            raise AssertionError(f"no line of the format: {line!r}")
    equal(set(types), set(helps))
    for name, kind in types.items():
        equal(any(key[0].startswith(name) for key in samples), True, name)
        equal(name.endswith("_total"), kind == "counter", name)
        if kind == "histogram":
            check_histogram(name, samples)
    return samples


def check_sample(current, kind, sample):
    suffixes = ("_bucket", "_sum", "_count") if kind == "histogram" else ("",)
    equal(sample[1] in [current + s for s in suffixes], True, sample[0])
    equal(sample[2] == "le", sample[1].endswith("_bucket"), sample[0])


def check_histogram(name, samples):
    buckets = [(key[1], n) for key, n in samples.items()
               if key[0] == name + "_bucket"]
    bounds = [float(bound) for bound, _ in buckets]
    equal(bounds, sorted(set(bounds)), "bounds")
    equal(bounds[-1], float("inf"))
    counts = [n for _, n in buckets]
    equal(counts, sorted(counts), "buckets hold those below")
    equal(counts[-1], samples[(name + "_count", None)])
    equal((name + "_sum", None) in samples, True)


def stats(daemon):
    error, result = daemon.connect().call("stats", {})
    equal(error, None)
    return parse(result["text"])


def http(path, request, timeout=10):
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(timeout)
        sock.connect(path)
        sock.sendall(request)
        text = b""
        try:
            while data := sock.recv(65536):
                text += data
        except ConnectionResetError:
            pass    # it did not read all of a request that it refused
    return text.decode()


class Measured(Daemon):
    def __init__(self, *options):
        where = harness.scratch()
        where.chmod(0o777)
        self.metrics = str(where / "metrics.sock")
        super().__init__("--metrics-socket", self.metrics, *options)

    def get(self, request=b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"):
        return http(self.metrics, request)


@test
def test_calls_are_counted_by_their_end():
    d = Daemon()
    for script in ("exit 0\n", "exit 0\n", "exit 3\n", "trap unreachable\n",
                   "malformed\n", "violation\n"):
        d.run(script)
    samples = stats(d)
    ended = {key[1]: n for key, n in samples.items()
             if key[0] == "wasmd_jobs_ended_total"}
    equal((ended["OK"], ended["RE"], ended["TR"], ended["IV"]), (2, 1, 1, 1))
    equal(sum(ended.values()), 6)
    for name in ("queue", "start", "run"):
        count = samples[(f"wasmd_job_{name}_seconds_count", None)]
        equal(count, 6 if name == "queue" else 5, name)
    equal(samples[("wasmd_template_misses_total", None)], 5)
    equal(samples[("wasmd_template_hits_total", None)], 1)
    equal(samples[("wasmd_connections", None)], 1)
    equal(samples[("wasmd_connections_total", None)] >= 7, True)


@test
def test_violations_are_counted():
    d = Daemon()
    d.run("violation\n")       # of a child
    d.run("load-violation\n")  # of a template
    equal(stats(d)[("wasmd_sandbox_violations_total", None)], 2)


def deaths(d):
    return {key[1]: n for key, n in stats(d).items()
            if key[0] == "wasmd_process_deaths_total"}


def brings(d, kind, act, **more):
    """What is done makes one more process end like this."""
    before = deaths(d)
    act()
    # They are counted when they are reaped, after the record.
    until(lambda: deaths(d)[kind] > before[kind], what=f"one that {kind}")
    after = deaths(d)
    more[kind] = 1
    for name, n in before.items():
        # Templates are ended as we like.
        if name not in ("ended", "exited") or name == kind == "exited":
            equal(after[name] - n, more.get(name, 0), name)


@test
def test_deaths_are_told_apart_and_counted():
    d = Daemon("--ready", "0", "--quarantine", "0")
    d.run("exit 0\n")
    brings(d, "exited", lambda: d.run("exit 0\n"))
    brings(d, "failed", lambda: d.run("vanish 3\n"))
    brings(d, "violation", lambda: d.run("violation\n"))
    brings(d, "violation", lambda: d.run("load-violation\n"))
    brings(d, "check", lambda: d.run("check\n"))
    brings(d, "crash", lambda: d.run("crash\n"))
    brings(d, "crash", lambda: d.run("load-crash\n"))
    brings(d, "cpu", lambda: d.run("spin\n", cpu_ms=20))
    brings(d, "ended", lambda: d.run("forever\n", wall_ms=50))

    def kill_one():
        with d.connect() as conn:
            # Its template is there: one is new.
            before = {pid for pid, _ in d.children()}
            conn.request("submit", {"module": b"forever\n"})
            new = until(lambda: {pid for pid, _ in d.children()} - before)
            os.kill(min(new), signal.SIGKILL)
            while conn.receive()[1] != "job.exit":
                pass
    brings(d, "killed", kill_one)
    equal(all(n > 0 for n in deaths(d).values()), True, deaths(d))


@test
def test_what_is_there_now():
    d = Daemon("--max-running", "1")
    conn = d.connect()
    conn.call("submit", {"module": b"forever\n"})
    conn.call("submit", {"module": b"forever\n"})
    until(lambda: stats(d)[("wasmd_jobs", "running")] == 1, what="running")
    samples = stats(d)
    equal(samples[("wasmd_jobs", "queued")], 1)
    equal(samples[("wasmd_templates", None)], 1)
    equal(samples[("wasmd_layer_in_force", "seccomp")], 1)
    equal(samples[("wasmd_memory_bytes", None)] > 100000, True)
    equal(samples[("wasmd_processes", None)] >= 2, True)
    conn.close()
    until(lambda: stats(d)[("wasmd_jobs", "running")] == 0, what="the end")
    until(lambda: stats(d)[("wasmd_jobs_ended_total", "CA")] == 2,
          what="both ends")


@test
def test_refusals_are_counted_by_their_error():
    d = Daemon("--max-rate-per-user", "1", "--max-burst-per-user", "1")
    for _ in range(3):
        d.run("exit 0\n")
    d.connect().call("cancel", {"job": 99})
    samples = stats(d)
    equal(samples[("wasmd_requests_refused_total", "too-many-calls")], 2)
    equal(samples[("wasmd_requests_refused_total", "no-such-job")], 1)


@test
def test_reloads_and_lost_workers_are_counted():
    conf = harness.scratch() / "wasmd.conf"
    conf.parent.chmod(0o755)
    conf.write_text("")
    conf.chmod(0o644)
    d = Daemon("--config", conf)
    for text, words in (("max-jobs = 5\n", "read again"),
                        ("max-jobs = x\n", "not reloaded")):
        conf.write_text(text)
        d.process.send_signal(signal.SIGHUP)
        until(lambda w=words: w in d.log(), what=words)
    zygote = next(pid for pid, _ in d.children() if pid_in_ns(pid) == 2)
    os.kill(zygote, signal.SIGKILL)
    until(lambda: "runs again" in d.log(), what="a new worker")
    samples = stats(d)
    equal(samples[("wasmd_config_reloads_total", None)], 1)
    equal(samples[("wasmd_config_reload_failures_total", None)], 1)
    equal(samples[("wasmd_workers_lost_total", None)], 1)


@test
def test_http_gives_the_same():
    d = Measured()
    d.run("exit 0\n")
    answer = d.get()
    head, _, body = answer.partition("\r\n\r\n")
    lines = head.split("\r\n")
    equal(lines[0], "HTTP/1.0 200 OK")
    equal("Content-Type: text/plain; version=0.0.4" in lines, True)
    equal(f"Content-Length: {len(body)}" in lines, True)
    samples = parse(body)
    equal(set(samples), set(stats(d)))
    equal(samples[("wasmd_jobs_ended_total", "OK")], 1)
    equal(os.stat(d.metrics).st_mode & 0o777, 0o600)


@test
def test_http_refuses_what_is_no_request_for_metrics():
    d = Measured()
    for request, code in ((b"POST /metrics HTTP/1.0\r\n\r\n", "405"),
                          (b"GET /other HTTP/1.0\r\n\r\n", "404"),
                          (b"nonsense\r\n\r\n", "400"),
                          (b"\r\n\r\n", "400"),
                          (b"GET /metrics?x=1 HTTP/1.0\r\n\r\n", "200"),
                          (b"GET / HTTP/1.0\nHost: x\r\n\r\n", "200"),
                          (b"\0" * 5000, "431"),
                          (b"GET /" + b"a" * 5000 + b"\r\n\r\n", "431")):
        contains(d.get(request).split("\r\n")[0], f"HTTP/1.0 {code}")
    equal(d.status("exit 0\n"), "OK")


@test
def test_http_clients_that_do_not_behave():
    d = Measured("--ready", "0", "--drain", "100ms")
    witness = Witness(d)
    before = d.descriptors()
    socks = []
    for n in range(40):
        sock = socket.socket(socket.AF_UNIX)
        sock.connect(d.metrics)
        if n % 2:
            sock.sendall(b"GET /metr")
        socks.append(sock)
    witness.check()
    until(lambda: "more than can be served" in d.log(), what="the bound")
    equal(d.descriptors() <= before + 16, True, "bounded")
    for sock in socks:
        sock.close()
    until(lambda: d.descriptors() == before, what="their end")
    # One that asks and goes without reading.
    for _ in range(20):
        sock = socket.socket(socket.AF_UNIX)
        sock.connect(d.metrics)
        sock.sendall(b"GET / HTTP/1.0\r\n\r\n")
        sock.close()
    until(lambda: "200 OK" in d.get(), what="room for one more")
    witness.check()


@test
def test_every_metric_is_in_the_manual():
    table = (SOURCE / "daemon" / "metrics.def").read_text()
    rows = re.findall(r'^METRIC\(\w+, "(\w+)", (\w+), (\w+), "(.*)"\)$',
                      table, re.M)
    equal(len(rows), table.count("\nMETRIC("))
    manual = (SOURCE / "man" / "wasmd.8").read_text()
    told = re.findall(r"^\.It Li (wasmd_\w+)(?: Ns Brq Ar (\w+))?\n(.*)$",
                      manual, re.M)
    equal(told, [(name, "" if label == "NONE" else label.lower(), text)
                 for name, _, label, text in rows])


@test
def test_audit_line_tells_who_what_and_how():
    d = Daemon()
    _, _, record = d.run("out x\nexit 3\n", wall_ms=5000)
    line = re.search(r"^wasmd: (job=.*)$", d.log(), re.M)[1]
    fields, _, cause = line.partition(' cause="')
    fields = dict(word.split("=", 1) for word in fields.split(" "))
    equal((fields["uid"], fields["gid"], fields["pid"]),
          (str(os.getuid()), str(os.getgid()), str(os.getpid())))
    equal((fields["module"], fields["status"], fields["exit"]),
          (record["module"], "RE", "3"))
    equal((fields["out"], fields["err"], fields["in"]), ("2", "0", "0"))
    equal(fields["max_wall_ms"], "5000")
    for name, key in (("wall_us", "wall_us"), ("cpu_us", "cpu_us"),
                      ("rss", "max_rss"), ("fuel", "fuel")):
        equal(fields[name], str(record[key]), name)
    equal(cause.endswith('"'), True)
    manual = (SOURCE / "man" / "wasmd.8").read_text()
    told = re.findall(r"^\.It Li (\w+)=$", manual, re.M)
    for name in [*fields, "cause"]:
        equal(name in told or name.startswith("max_"), True, name)
    equal([name for name in told if name not in fields], ["cause"])
