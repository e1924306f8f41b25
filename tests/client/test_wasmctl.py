"""wasmctl against a daemon that the test plays."""
import fcntl
import json
import os
import signal
import socket
import struct
import subprocess
import time

import wire
from fake import Fake, finish, module
from harness import (WASMCTL, at_end, contains, equal, one_message, run,
                     scratch, start, test, until)

F_SETPIPE_SZ = 1031     # fcntl.F_SETPIPE_SZ since Python 3.10


# ---- what is submitted -------------------------------------------------------

@test
def test_submit_passes_module_file_as_descriptor():
    seen = {}

    def script(job):
        seen.update(job.params)
        fd = job.conn.descriptors[0]
        seen["bytes"] = os.pread(fd, 100, 0)
        finish(job)
    path = module()
    equal(Fake(script).wasmctl("submit", path).returncode, 0)
    equal(seen["module_fd"], True)
    equal("module" in seen, False)
    equal(seen["bytes"], path.read_bytes())


@test
def test_submit_reads_module_from_pipe_whole():
    seen = {}
    data = b"\0asm" + os.urandom(3 << 20)

    def script(job):
        fd = job.conn.descriptors[0]
        seen["bytes"] = os.pread(fd, 8 << 20, 0)
        seen["stdin"] = job.params["stdin"]
        finish(job)
    result = Fake(script).wasmctl("submit", "-", input=data)
    equal(result.returncode, 0)
    equal(seen["bytes"] == data, True, "module arrived whole")
    equal(seen["stdin"], False)


def bytes_of(descriptors):
    return [os.pread(fd, 100, 0) for fd in descriptors]


@test
def test_preloaded_modules_follow_the_main_one_in_order():
    seen = {}

    def script(job):
        seen.update(job.params, bytes=bytes_of(job.conn.descriptors))
        finish(job)
    directory = scratch()
    names = ["env", "a", "ü", "4", "5", "6", "n" * 63]
    options = []
    for name in names:
        path = directory / f"{name[:9]}=x.wasm"
        path.write_bytes(name.encode())
        options += ["--preload", f"{name}={path}"]
    path = module()
    equal(Fake(script).wasmctl("run", *options, path).returncode, 0)
    equal(seen["preload"], names)
    equal(seen["bytes"],
          [path.read_bytes()] + [name.encode() for name in names])


@test
def test_preload_that_is_wrong_is_told():
    path = module()
    for value, code, word in (
            ("lib", 125, "NAME=FILE"), (f"={path}", 125, "NAME=FILE"),
            ("lib=", 125, "NAME=FILE"), ("lib=-", 125, "standard input"),
            ("x" * 64 + f"={path}", 125, "63 bytes"),
            ("lib=/nowhere.wasm", 127, "/nowhere.wasm"),
            ("lib=/", 126, "directory")):
        result = run([WASMCTL, "run", "--preload", value, path])
        equal(result.returncode, code, value)
        contains(one_message(result.stderr), word)
    result = run([WASMCTL, "run", "--preload", f"a={path}", "--preload",
                  f"a={path}", path])
    equal(result.returncode, 125)
    contains(one_message(result.stderr), "two modules a")
    options = [word for n in range(8) for word in ("--preload", f"{n}={path}")]
    result = run([WASMCTL, "run", *options, path])
    equal(result.returncode, 125)
    contains(one_message(result.stderr), "at most 7")


@test
def test_hint_is_about_the_file_that_is_no_module():
    fake = Fake(lambda job: (job.accept(), job.exit(
        status="IV", cause="malformed module: preloaded module lib: no")))
    text = scratch() / "lib.wat"
    text.write_text("(module)")
    result = fake.wasmctl("run", "--preload", f"lib={text}", module())
    equal(result.returncode, 126)
    contains(result.stderr.decode(), "wat2wasm")


@test
def test_arguments_after_module_go_to_guest():
    fake = Fake(finish)
    path = module()
    equal(fake.wasmctl("run", path, "--env", "-v", "", "ä").returncode, 0)
    equal(fake.jobs[0].params["args"],
          ["some.wasm", "--env", "-v", "", "ä"])


@test
def test_environment_is_only_what_was_given():
    fake = Fake(finish)
    env = dict(os.environ, FROM_HERE="here")
    fake.wasmctl("run", "--env", "A=1=2", "-e", "FROM_HERE", module(), env=env)
    equal(fake.jobs[0].params["env"], ["A=1=2", "FROM_HERE=here"])
    result = fake.wasmctl("run", "--env", "NOT_SET_ANYWHERE", module())
    equal(result.returncode, 125)
    contains(one_message(result.stderr), "NOT_SET_ANYWHERE")


@test
def test_limits_arrive_in_the_protocols_units():
    fake = Fake(finish)
    fake.wasmctl("run", "--timeout", "1.5s", "--cpu", "2m", "--fuel", "12345",
                 "--max-memory", "64M", "--max-output", "1.5KiB",
                 "--max-stack", "512K", "--max-table", "10", module())
    expected = {"wall_ms": 1500, "cpu_ms": 120000, "fuel": 12345,
                "memory_bytes": 64 << 20, "output_bytes": 1536,
                "stack_bytes": 512 << 10, "table_elems": 10}
    params = fake.jobs[0].params
    equal({name: params.get(name) for name in expected}, expected)


@test
def test_limits_that_were_not_given_are_the_daemons():
    fake = Fake(finish)
    fake.wasmctl("run", module())
    for name in ("wall_ms", "cpu_ms", "fuel", "memory_bytes", "table_elems"):
        equal(name in fake.jobs[0].params, False, name)


@test
def test_invoke_sends_parameters_and_prints_results():
    fake = Fake(lambda job: (job.accept(),
                             job.exit(results=["i64:6", "f64:-0.5"])))
    result = fake.wasmctl("run", "--invoke", "gcd", module(), "84", "-36")
    equal(fake.jobs[0].params["invoke"], "gcd")
    equal(fake.jobs[0].params["params"], ["84", "-36"])
    equal(fake.jobs[0].params["args"], ["some.wasm"])
    equal(result.stdout, b"6\n-0.5\n")


@test
def test_looking_at_a_module_is_a_mode_of_submit():
    for line, mode, function in (
            (["validate", module()], "validate", None),
            (["inspect", module()], "inspect", None),
            (["inspect", "--json", module()], "inspect-json", None),
            (["disasm", module()], "disasm", None),
            (["disasm", module(), "$f"], "disasm", "$f"),
            (["disasm", "--internal", module(), "$f"], "disasm-internal",
             "$f")):
        fake = Fake(lambda job: (job.accept(), job.output(b"text\n"),
                                 job.exit()))
        result = fake.wasmctl(*line)
        equal((result.returncode, result.stdout, result.stderr),
              (0, b"text\n", b""), line)
        equal(fake.jobs[0].params["mode"], mode, line)
        equal(fake.jobs[0].params.get("invoke"), function, line)
        equal("params" in fake.jobs[0].params, False, line)
    fake = Fake(lambda job: (job.accept(), job.exit()))
    fake.wasmctl("run", module())
    equal("mode" in fake.jobs[0].params, False, "mode")


@test
def test_looking_at_a_module_tells_what_is_wrong():
    fake = Fake(lambda job: (job.accept(), job.exit(
        status="IV", cause="malformed module: no (at byte 0x8)")))
    result = fake.wasmctl("validate", module())
    equal(result.returncode, 126)
    contains(one_message(result.stderr), "malformed module: no (at byte 0x8)")
    for line in (["validate"], ["inspect", module(), "x"],
                 ["disasm", module(), "f", "g"], ["validate", "--json", "x"]):
        result = run([WASMCTL, *line])
        equal(result.returncode, 125, line)
        one_message(result.stderr)


# ---- output ------------------------------------------------------------------

@test
def test_output_is_byte_for_byte_in_order():
    data = bytes(range(256)) * 100
    out = scratch() / "both"

    def script(job):
        job.accept()
        job.output(data)
        job.output(b"err\n", 2)
        job.output(b"\0\n\xff")
        job.exit()
    with open(out, "wb") as both:
        Fake(script).wasmctl("run", module(), stdout=both, stderr=both)
    equal(out.read_bytes(), data + b"err\n" + b"\0\n\xff")


@test
def test_prompt_without_newline_appears_at_once():
    def script(job):
        job.accept()
        job.output(b"name? ")
        job.receive("cancel")
        job.exit(status="CA", cause="cancelled")
    process = Fake(script).start("run", module())
    equal(os.read(process.stdout.fileno(), 100), b"name? ")
    process.send_signal(signal.SIGINT)
    equal(process.wait(10), 130)


@test
def test_no_credit_is_given_while_nobody_reads():
    state = {}

    def script(job):
        job.accept()
        window = job.params["credit"]
        for at in range(0, window, 1 << 16):
            job.output(bytes(min(1 << 16, window - at)))
        job.conn.sock.settimeout(1)
        try:
            job.receive("job.credit")
            state["early"] = True
        except socket.timeout:
            state["early"] = False
        job.conn.sock.settimeout(20)
        state["asked"] = True
        given = 0
        while given < window // 2:
            given += job.receive("job.credit")["bytes"]
        state["given"] = given
        job.exit()
    fake = Fake(script)
    reader, writer = os.pipe()
    # What a pipe takes without a reader must not be worth a credit.
    fcntl.fcntl(writer, F_SETPIPE_SZ, 4096)
    process = fake.start("run", module(), stdout=writer)
    os.close(writer)
    until(lambda: "asked" in state)
    equal(state["early"], False, "credit while nobody reads")
    with open(reader, "rb") as stdout:
        size = len(stdout.read())
    equal(size, fake.jobs[0].params["credit"])
    equal(process.wait(10), 0)
    fake.check()


@test
def test_output_beyond_credit_ends_the_connection():
    def script(job):
        job.accept()
        while True:
            job.output(bytes(1 << 16))
    process = Fake(script).start("run", module())
    _, err = process.communicate(timeout=20)
    equal(process.returncode, 125)
    contains(one_message(err), "more output than it was allowed")


@test
def test_closed_stdout_cancels_a_silent_job():
    state = {}

    def script(job):
        job.accept()
        state["cancel"] = job.receive("cancel")
        job.exit(status="CA", cause="cancelled")
    fake = Fake(script)
    process = fake.start("run", module())
    until(lambda: fake.jobs)
    process.stdout.close()
    equal(process.wait(10), 143)
    equal(process.stderr.read(), b"")
    equal(state["cancel"], {"job": 7})


@test
def test_closed_stdout_cancels_a_flood():
    def script(job):
        job.accept()
        credit = job.params["credit"]
        while True:
            while credit >= 1 << 16:
                job.output(b"x" * (1 << 16))
                credit -= 1 << 16
            message = job.conn.receive()
            if message[0] == 0:
                break
            credit += message[2]["bytes"]
        job.exit(status="CA", cause="cancelled")
    fake = Fake(script)
    process = fake.start("run", module())
    os.read(process.stdout.fileno(), 1000)
    process.stdout.close()
    equal(process.wait(10), 143)
    fake.check()


@test
def test_full_disk_is_told():
    def script(job):
        job.accept()
        job.output(b"x" * 1000)
        job.receive("cancel")
        job.exit(status="CA", cause="cancelled")
    with open("/dev/full", "wb") as full:
        result = Fake(script).wasmctl("run", module(), stdout=full)
    equal(result.returncode, 125)
    contains(one_message(result.stderr), "No space left on device")


# ---- input -------------------------------------------------------------------

@test
def test_stdin_is_left_alone_unless_the_guest_reads():
    path = module()
    fake = Fake(finish)
    script = ('while read -r line; do "$0" run --socket "$1" "$2"; '
              'echo "$line"; done')
    result = run(["sh", "-c", script, WASMCTL, fake.path, path],
                 input=b"one\ntwo\nthree\n", stdin=None)
    equal(result.stdout, b"one\ntwo\nthree\n")
    equal(len(fake.jobs), 3)


@test
def test_stdin_is_read_as_far_as_wanted():
    got = []

    def script(job):
        job.accept()
        for count in (3, 4):
            job.want_input(count)
            got.append(job.receive("job.input")["data"])
        job.want_input(1 << 20)
        got.append(job.receive("job.input")["data"])
        got.append(job.receive("job.input"))
        job.exit()
    Fake(script).wasmctl("run", module(), input=b"abcdefghij")
    equal(got[:3], [b"abc", b"defg", b"hij"])
    equal(got[3], {"job": 7, "eof": True})


@test
def test_no_stdin_is_said():
    fake = Fake(finish)
    fake.wasmctl("run", "-n", module(), input=b"abc")
    equal(fake.jobs[0].params["stdin"], False)


@test
def test_closed_descriptors_do_not_become_others():
    fake = Fake(lambda job: (job.accept(), job.output(b"out"),
                             job.receive("cancel"),
                             job.exit(status="CA")))
    result = run(["sh", "-c", '"$0" run --socket "$1" "$2" <&- >&-', WASMCTL,
                  fake.path, module()])
    equal(result.returncode, 125)
    equal(fake.jobs[0].params["stdin"], False)
    contains(one_message(result.stderr), "Bad file descriptor")
    fake.check()


# ---- signals -----------------------------------------------------------------

def signalled(number, expected):
    state = {}

    def script(job):
        job.accept()
        job.output(b"ready")
        job.receive("cancel")
        state["cancelled"] = True
        job.output(b" last words")
        job.exit(status="CA", cause="cancelled")
    process = Fake(script).start("run", module())
    equal(os.read(process.stdout.fileno(), 100), b"ready")
    process.send_signal(number)
    out, err = process.communicate(timeout=10)
    equal(process.returncode, expected)
    equal(state, {"cancelled": True})
    equal(out, b" last words")
    equal(err, b"")


@test
def test_ctrl_c_cancels_and_exits_130():
    signalled(signal.SIGINT, 130)


@test
def test_sigterm_cancels_and_exits_143():
    signalled(signal.SIGTERM, 143)


@test
def test_second_ctrl_c_leaves_at_once():
    def script(job):
        job.accept()
        job.output(b"ready")
        job.receive("cancel")
        job.output(b"going")
        time.sleep(1)
    process = Fake(script).start("run", module())
    equal(os.read(process.stdout.fileno(), 100), b"ready")
    process.send_signal(signal.SIGINT)
    equal(os.read(process.stdout.fileno(), 100), b"going")
    process.send_signal(signal.SIGINT)
    equal(process.wait(0.8), 130)


@test
def test_ctrl_c_does_not_wait_for_a_stopped_reader():
    def script(job):
        job.accept()
        window = job.params["credit"]
        for _ in range(window >> 16):
            job.output(bytes(1 << 16))
        given = 0
        while (message := job.conn.receive())[0] != 0:
            given += message[2]["bytes"]
        # What was on its way, right before the end.
        job.output(bytes(given))
        job.exit(status="CA", cause="cancelled")
    fake = Fake(script)
    process = fake.start("run", module())
    until(lambda: fake.jobs)
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    equal(process.wait(10), 130)


# ---- how it ended ------------------------------------------------------------

EXITS = [("OK", 0, 0), ("RE", 3, 3), ("RE", 256 + 5, 5), ("TR", 0, 134),
         ("TO", 0, 124), ("TC", 0, 124), ("TF", 0, 124), ("MO", 0, 137),
         ("OL", 0, 137), ("SV", 0, 159), ("CR", 0, 139), ("CA", 0, 143),
         ("XX", 0, 125), ("IV", 0, 126), ("NF", 0, 127), ("??", 0, 125)]


@test
def test_exit_codes_are_those_of_the_table():
    for status, code, expected in EXITS:
        fake = Fake(lambda job: (job.accept(), job.exit(
            status=status, exit_code=code, cause="the cause")))
        result = fake.wasmctl("run", module())
        equal(result.returncode, expected, status)
        if status in ("OK", "RE"):
            equal(result.stderr, b"", status)
        else:
            contains(one_message(result.stderr), "the cause")


@test
def test_trap_is_told_with_its_backtrace():
    fake = Fake(lambda job: (job.accept(), job.exit(
        status="TR", cause="trap", trap="integer divide by zero",
        backtrace=["#0 share+0x6", "#1 main+0x20"])))
    path = module()
    result = fake.wasmctl("run", path)
    equal(result.stderr.decode().splitlines(), [
        f"wasmctl: {path}: trapped: integer divide by zero",
        "    #0 share+0x6", "    #1 main+0x20"])


@test
def test_names_from_a_module_cannot_speak_to_the_terminal():
    evil = "\x1b]0;owned\x07\x9bm\n"
    fake = Fake(lambda job: (job.accept(), job.exit(
        status="TR", cause="trap", trap=evil, backtrace=[evil],
        layers=[evil])))
    for option in ("-v", "--json"):
        err = fake.wasmctl("run", option, module()).stderr
        equal(b"\x1b" in err or b"\x07" in err or b"\xc2\x9b" in err, False,
              option)
    contains(fake.wasmctl("run", module()).stderr, b"\\x1b]0;owned\\x07")


@test
def test_advice_says_what_to_do():
    for status, word in (("TO", "--timeout"), ("TF", "--fuel"),
                         ("MO", "--max-memory"), ("OL", "--max-output")):
        fake = Fake(lambda job: (job.accept(), job.exit(status=status)))
        contains(fake.wasmctl("run", module()).stderr.decode(), word)


@test
def test_quiet_says_nothing():
    fake = Fake(lambda job: (job.accept(), job.exit(status="TR", trap="x")))
    result = fake.wasmctl("run", "-q", module())
    equal((result.returncode, result.stderr), (134, b""))


@test
def test_text_module_gets_a_hint():
    path = scratch() / "x.wat"
    path.write_text("(module)")
    fake = Fake(lambda job: (job.accept(), job.exit(
        status="IV", cause="magic header not detected")))
    contains(fake.wasmctl("run", path).stderr, b"wat2wasm")


@test
def test_json_record_is_one_line_that_parses():
    nasty = "quote\" back\\ tab\t nl\n bell\x07 \u2028 é 😀"
    fake = Fake(lambda job: (job.accept(), job.exit(
        status="TR", trap=nasty, exit_code=0xffffffff, fuel=(1 << 64) - 1,
        backtrace=["a", nasty])))
    meta = scratch() / "record"
    result = fake.wasmctl("run", "--json", "--meta", meta, module())
    equal(result.returncode, 134)
    equal(result.stderr.count(b"\n"), 1)
    record = json.loads(result.stderr)
    equal(record["trap"], nasty)
    equal(record["backtrace"], ["a", nasty])
    equal(record["fuel"], (1 << 64) - 1)
    equal(record["exit_code"], 0xffffffff)
    equal(meta.read_bytes(), result.stderr)


@test
def test_json_tells_of_a_refusal_too():
    fake = Fake(lambda job: job.refuse(4, "queue-full", "the queue is full"))
    result = fake.wasmctl("run", "--json", module())
    equal(result.returncode, 125)
    equal(json.loads(result.stderr),
          {"status": "XX", "cause": "the queue is full"})


@test
def test_verbose_shows_the_record():
    err = Fake(finish).wasmctl("run", "-v", module()).stderr.decode()
    for part in ("using the daemon at", "1.23 ms", "128 KiB", "seccomp"):
        contains(err, part)


# ---- a daemon that is broken or gone -----------------------------------------

@test
def test_refusal_is_one_message_and_125():
    fake = Fake(lambda job: job.refuse(4, "queue-full", "the queue is full"))
    result = fake.wasmctl("run", module())
    equal(result.returncode, 125)
    contains(one_message(result.stderr), "the queue is full")


@test
def test_daemon_that_dies_is_one_message_and_125():
    fake = Fake(lambda job: (job.accept(), job.output(b"half")))
    result = fake.wasmctl("run", module())
    equal((result.returncode, result.stdout), (125, b"half"))
    contains(one_message(result.stderr), "closed the connection")


@test
def test_garbage_from_the_daemon_is_one_message_and_125():
    bad = [b"\0\0\0\0", b"\xff\xff\xff\xff", b"\0\0\0\1\xc1",
           struct.pack(">I", 4) + b"GET ",
           wire.frame([2, "job.output", {"job": 7}]),
           wire.frame([1, 99, None, {}]),
           wire.frame([2, "job.output", {"job": 7, "fd": 0, "data": b"x"}])]
    for data in bad:
        fake = Fake(lambda job: (job.accept(), job.conn.sock.sendall(data),
                                 job.conn.receive()))
        result = fake.wasmctl("run", module())
        equal(result.returncode, 125, data)
        one_message(result.stderr)


@test
def test_unknown_notifications_are_ignored():
    fake = Fake(lambda job: (job.accept(),
                             job.conn.notify("job.weather", {"sun": True}),
                             job.output(b"x"), job.exit(colour="blue")))
    result = fake.wasmctl("run", module())
    equal((result.returncode, result.stdout, result.stderr), (0, b"x", b""))


@test
def test_refused_greeting_is_told():
    def script(conn):
        hello = conn.receive()
        conn.send([1, hello[1], {"code": 2, "name": "version",
                                 "text": "speaks version 9 only"}, None])
    result = Fake(script, greet=False).wasmctl("run", module())
    equal(result.returncode, 125)
    contains(one_message(result.stderr), "speaks version 9 only")


@test
def test_no_daemon_at_a_named_socket_is_told():
    path = scratch() / "none"
    result = run([WASMCTL, "run", "--socket", path, module()])
    equal(result.returncode, 125)
    contains(one_message(result.stderr), str(path))


# ---- wrong use ---------------------------------------------------------------

@test
def test_missing_file_exits_127_and_others_126():
    fake = Fake(finish)
    directory = scratch()
    for path, code in ((directory / "none", 127), (directory, 126),
                       (directory / "none" / "x", 127)):
        result = fake.wasmctl("run", path)
        equal(result.returncode, code, path)
        contains(one_message(result.stderr), str(path))
    equal(fake.jobs, [])


@test
def test_wrong_use_exits_125_with_one_message():
    path = str(module())
    for args in (["fly"], ["run"], ["run", "--nosuch", path], ["run", "-Z"],
                 ["run", "--timeout"], ["run", "--timeout", "soon", path],
                 ["run", "--timeout", "0", path], ["run", "--fuel", "-1", path],
                 ["run", "--max-memory", "99999999999999999999", path],
                 ["run", "--max-memory", "64X", path], ["run", "--quiet=1"],
                 ["run", "--env", "=x", path], ["check", "this"],
                 ["run", "--socket", "x" * 200, path], [path], ["--nosuch"],
                 ["help", "nosuch"],
                 ["run", "--meta", "/nosuch/dir", path]):
        result = run([WASMCTL, *args], env=dict(os.environ,
                                                WASMD_SOCKET="/nosuch"))
        equal(result.returncode, 125, args)
        one_message(result.stderr)


@test
def test_help_goes_to_stdout():
    for args in (["--help"], ["help"], ["run", "--help"], ["help", "run"],
                 ["check", "-h"], ["--version"]):
        result = run([WASMCTL, *args])
        equal((result.returncode, result.stderr), (0, b""), args)
        contains(result.stdout, b"wasmctl")


# ---- the private daemon's directory ------------------------------------------

def private(env, *args):
    env = dict(os.environ, WASMD="/bin/false", **env)
    env.pop("WASMD_SOCKET", None)
    return run([WASMCTL, "run", module(), *args], env=env)


@test
def test_private_directory_of_others_is_refused():
    runtime = scratch()
    (runtime / "wasmd").mkdir(0o755)
    os.chmod(runtime / "wasmd", 0o755)
    result = private({"XDG_RUNTIME_DIR": str(runtime)})
    equal(result.returncode, 125)
    contains(one_message(result.stderr), "chmod 700")


@test
def test_private_directory_that_is_a_link_is_refused():
    runtime, elsewhere = scratch(), scratch()
    os.symlink(elsewhere, runtime / "wasmd")
    result = private({"XDG_RUNTIME_DIR": str(runtime)})
    equal(result.returncode, 125)
    contains(one_message(result.stderr), "not a directory of yours")
    equal(os.listdir(elsewhere), [])


@test
def test_private_daemon_that_does_not_start_is_told():
    runtime = scratch()
    result = private({"XDG_RUNTIME_DIR": str(runtime)})
    equal(result.returncode, 125)
    contains(one_message(result.stderr), "did not start")
    equal(os.stat(runtime / "wasmd").st_mode & 0o777, 0o700)


@test
def test_private_daemon_says_why_it_did_not_start():
    runtime = scratch()
    fake = runtime / "wasmd-fails"
    fake.write_text("#!/bin/sh\necho 'wasmd: no kernel support' >&2\nexit 1\n")
    fake.chmod(0o755)
    env = dict(os.environ, WASMD=str(fake), XDG_RUNTIME_DIR=str(runtime))
    env.pop("WASMD_SOCKET", None)
    result = run([WASMCTL, "run", module()], env=env)
    equal(result.returncode, 125)
    contains(one_message(result.stderr), "wasmd: no kernel support")
