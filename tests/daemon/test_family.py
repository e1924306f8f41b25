"""Templates that a module has taken over, as native code: they are found and
ended with all that came from them, and nobody else is. Also how many templates
and children are kept."""
import os
import pathlib
import time

import harness
import wire
import daemon as daemons
from daemon import SANITIZED, Witness, test
from harness import contains, equal, until


def start(*options):
    """One that does not wait for the calls that are left at the end."""
    return daemons.Daemon("--drain", "0", *options)


def group(pid):
    try:
        return os.getpgid(pid)
    except OSError:
        return None


def strays(daemon):
    """Processes of the daemon's beside init, zygote and the witness."""
    return [pid for pid, state in daemon.children() if state != "Z"]


def hostile(daemon, script, part, **params):
    """A module whose template does what the script says: it ends, is named in
    the log, and leaves as many processes as there were."""
    witness = Witness(daemon)
    until(lambda: len(strays(daemon)) >= 4, what="the witness")
    before = len(strays(daemon))
    error, _, record = daemon.run(script, wall_ms=20000, **params)
    equal(error, None)
    until(lambda: part in daemon.log(), what=part)
    until(lambda: len(strays(daemon)) <= before, what="the end of all of it")
    witness.check(10)
    until(lambda: not [p for p, s in daemon.children() if s == "Z"],
          what="no zombie")
    equal(daemon.status("out still here\n"), "OK")
    return record


@test
def test_template_that_clones_in_secret_is_ended():
    daemon = start("--max-running", "8", "--max-templates", "4")
    record = hostile(daemon, "load-strays 3\n", "did not tell of")
    # The call itself was over before that was seen.
    equal(record["status"] in ("OK", "CR"), True, record)


@test
def test_template_that_clones_when_it_is_ready_is_ended():
    daemon = start("--max-running", "8", "--max-templates", "4")
    record = hostile(daemon, "ready-strays 3\n", "did not tell of")
    equal(record["status"], "CR")


@test
def test_fork_bomb_in_a_template_leaves_room_for_others():
    daemon = start("--max-running", "8", "--max-templates", "4")
    record = hostile(daemon, "ready-bomb\n", "did not tell of")
    equal(record["status"], "CR")


@test
def test_fork_bomb_that_breeds_is_ended():
    daemon = start("--max-running", "8", "--max-templates", "4")
    record = hostile(daemon, "ready-breed\n", "did not tell of")
    equal(record["status"], "CR")


@test
def test_template_that_computes_when_it_is_ready_is_ended():
    daemon = start()
    record = hostile(daemon, "ready-spin\n", "computes")
    equal(record["status"], "CR")
    contains(record["cause"], "computes")


@test
def test_template_that_stops_its_timer_is_ended():
    """The loader's CPU limit is a timer, which native code can delete."""
    # The limit is 60 s, and nobody waits so long here: its client does not.
    daemon = start()
    error, _, record = daemon.run("load-untimed\n", wall_ms=1000)
    equal((error, record["status"]), (None, "TO"))
    until(lambda: len(strays(daemon)) == 2, what="its end")


@test
def test_child_without_its_limit_of_cpu_time_is_ended():
    """Native code in a template tells of a clone as if it were a child."""
    # None forked ahead for the witnesses, or they would be counted, too.
    daemon = start("--ready", "0")
    record = hostile(daemon, "ready-unlimited\n", "no limit of CPU time",
                     cpu_ms=100)
    equal(record["status"], "CR")
    contains(record["cause"], "broke the rules")


@test
def test_template_that_answers_what_it_was_not_asked_is_ended():
    # None forked ahead for the witnesses, or they would be counted, too.
    daemon = start("--ready", "0")
    for script, text in (("ready-twice\n", "not asked"),
                         ("ready-early\n", "not asked"),
                         ("ready-short\n", "another size"),
                         ("ready-lie\n", "no child")):
        record = hostile(daemon, script, text)
        equal(record["status"], "CR", script)
        contains(record["cause"], text)


@test
def test_calls_of_a_condemned_template_end_with_a_cause():
    daemon = start("--ready", "0")
    conn = daemon.connect()
    # The first call gets a child, the second one's request takes it over.
    first = conn.call("submit", {"module": b"turn\nforever\n"})[1]["job"]
    until(lambda: len(strays(daemon)) == 4, what="its child")
    conn.request("submit", {"module": b"turn\nforever\n"})
    ends = {}
    while len(ends) < 2:
        message = conn.receive()
        if message[1] == "job.exit":
            ends[message[2]["job"]] = message[2]
    equal(ends[first]["status"], "CR")
    contains(ends[first]["cause"], "broke the rules")
    until(lambda: len(strays(daemon)) == 2, what="the end of all")


@test
def test_killed_template_leaves_its_calls():
    daemon = start("--ready", "0")
    witness = Witness(daemon)
    pids = sorted(strays(daemon))
    equal(len(pids), 4)
    template = next(pid for pid in pids if group(pid) == pid
                    and len([p for p in pids if group(p) == pid]) == 2
                    and pid != pids[0])
    os.kill(template, 9)
    until(lambda: template not in strays(daemon), what="its end")
    time.sleep(1.5)         # the next look at all processes
    witness.check()


# ---- quarantine --------------------------------------------------------------

@test
def test_module_whose_children_crash_rests():
    daemon = start("--quarantine", "2")
    for _ in range(3):
        equal(daemon.status("crash\n"), "CR")
    error, _, _ = daemon.run("crash\n")
    equal(error["name"], "quarantined")
    equal(0 < error["retry_ms"] <= 2001, True, error)
    equal(daemon.status("out another module\n"), "OK")
    time.sleep(error["retry_ms"] / 1000)
    equal(daemon.status("crash\n"), "CR")


@test
def test_violations_and_broken_frames_count_too():
    daemon = start()
    for script in ("violation\n", "garbage\n", "check\n", "load-crash\n"):
        for _ in range(3):
            equal(daemon.status(script) in ("SV", "CR"), True, script)
        equal(daemon.run(script)[0]["name"], "quarantined", script)


@test
def test_limits_and_traps_do_not_count():
    daemon = start()
    for script, status in (("trap x\n", "TR"), ("exit 1\n", "RE"),
                           ("fuel\n", "TF"), ("invalid\n", "IV")):
        for _ in range(5):
            equal(daemon.status(script), status)
    for _ in range(5):
        equal(daemon.status("spin\n", wall_ms=50), "TO")
        equal(daemon.status("spin\n", cpu_ms=20), "TC")


@test
def test_other_users_of_the_module_are_not_affected():
    if os.geteuid() != 0:
        raise harness.Skip("only root can become another user")
    daemon = start()
    os.chmod(daemon.socket, 0o666)
    for _ in range(3):
        equal(daemon.status("crash\n"), "CR")
    equal(daemon.run("crash\n")[0]["name"], "quarantined")
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.setuid(2)
        with wire.Connection.connect(daemon.socket) as conn:
            _, _, record = conn.run(b"crash\n")
        os.write(writer, record["status"].encode())
        os._exit(0)
    os.close(writer)
    os.waitpid(pid, 0)
    with os.fdopen(reader, "rb") as pipe:
        equal(pipe.read(), b"CR")


# ---- what is kept ------------------------------------------------------------

@test
def test_children_ready_follow_the_calls():
    daemon = start("--ready", "3")
    for _ in range(3):
        conn = daemon.connect()
        numbers = [conn.request("submit", {"module": b"sleep 20\n"})
                   for _ in range(12)]
        ended = 0
        while ended < len(numbers):
            ended += conn.receive()[1] == "job.exit"
    # Init, zygote, template, and no more than are allowed.
    until(lambda: len(strays(daemon)) == 6, what="three that wait")
    # Calls one by one need one; each second one less is kept.
    for _ in range(60):
        equal(daemon.status("sleep 20\n"), "OK")
        if len(strays(daemon)) == 4:
            return
        time.sleep(0.1)
    equal(len(strays(daemon)), 4, "processes")


def resident(pid):
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(next(l for l in status.splitlines()
                    if l.startswith("VmHWM")).split()[1]) << 10


@test
def test_templates_are_kept_within_their_memory():
    if SANITIZED:
        raise harness.Skip("a sanitizer's memory is not the template's")
    daemon = start("--ready", "0", "--max-template-memory", "48M")
    for n in range(8):
        equal(daemon.status(f"load-hold 10\n{n}\n"), "OK")
    # Each holds 10 MiB and a little more.
    until(lambda: 2 + 3 <= len(strays(daemon)) <= 2 + 4, what="four templates")
    equal(sum(resident(pid) for pid in sorted(strays(daemon))[2:]) < 48 << 20,
          True, "what they hold")
    # Those used last are there still.
    before = set(strays(daemon))
    equal(daemon.status("load-hold 10\n7\n"), "OK")
    equal(set(strays(daemon)) <= before, True, "the same template")
