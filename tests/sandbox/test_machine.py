"""Machines that lack a layer of confinement, played by a filter around wasmd:
what is missing is told, in the record of each call, too, and who requires it is
refused."""
import harness
from attacked import BUILD, command, need_root, run, start, test
from harness import WASMCTL, WASMD, contains, equal

LACKING = BUILD / "tests" / "sandbox" / "lacking"
NAMESPACES = ["user-namespace", "mount-namespace", "pid-namespace",
              "network-namespace", "ipc-namespace", "uts-namespace",
              "cgroup-namespace"]
REQUIRED = ["unprivileged-user", "no-capabilities", "no-new-privileges",
            "not-dumpable", "resource-limits", "seccomp"]


def lacking(what, *options):
    return start(*options, prefix=(LACKING, what))


def check(daemon):
    """What `wasmctl check` says: layer -> (state, why and what to do)."""
    result = harness.run([WASMCTL, "check", "--socket", daemon.socket])
    equal(result.returncode, 0, result.stderr)
    lines = [line.split(None, 2) for line in result.stdout.decode().splitlines()]
    return {line[0]: (line[1], line[2] if len(line) > 2 else "")
            for line in lines}


def layers(daemon):
    return run(daemon, command("nop"))[1]["layers"]


def refused(what, layer, *words):
    """With the layer required wasmd does not start, and says why."""
    where = harness.scratch()
    where.chmod(0o777)
    require = ["--require", layer] if layer else []
    result = harness.run([LACKING, what, WASMD, "--socket", where / "s",
                          "--store", where / "store", "--user", "nobody",
                          *require])
    equal(result.returncode, 1, result.stderr)
    for word in words:
        contains(result.stderr.decode(), word)


def missing(what, names, *words):
    """Without these layers calls run, and everyone is told."""
    daemon = lacking(what)
    said, had = check(daemon), layers(daemon)
    for name in names:
        contains(daemon.log(), f"without {name}: ")
        equal(said[name][0], "absent", name)
        for word in words:
            contains(said[name][1], word)
        equal(name in had, False, name)
    for name, (state, _) in said.items():
        if name not in names:
            equal((state, name in had), ("in-force", True), name)
    for name in REQUIRED:
        equal(name in had, True, name)
    return daemon


@test
def test_all_layers_are_in_force_here():
    missing_here = [name for name, (state, _) in check(start()).items()
                    if state != "in-force"]
    if missing_here:
        raise harness.Skip(f"this machine lacks {', '.join(missing_here)}")


@test
def test_no_namespaces_at_all():
    missing("namespaces", NAMESPACES, "sysctl", "unprivileged_userns_clone")
    refused("namespaces", "pid-namespace", "no pid-namespace",
            "not permitted", "sysctl")


@test
def test_no_user_namespaces():
    """Root can still make the others, before it becomes a user."""
    need_root()
    missing("user-namespaces", ["user-namespace"], "sysctl")
    refused("user-namespaces", "user-namespace", "no user-namespace", "sysctl")


@test
def test_no_landlock():
    missing("landlock", ["landlock"], "CONFIG_SECURITY_LANDLOCK")
    refused("landlock", "landlock", "no landlock", "Linux 5.13")


@test
def test_kernel_6_1():
    need_root()     # what it answers for lies in memory that nobody may read
    daemon = missing("linux-6.1", ["no-new-executable-memory"], "Linux 6.3")
    equal("landlock" in layers(daemon), True)
    refused("linux-6.1", "no-new-executable-memory", "Linux 6.3")


@test
def test_no_seccomp_is_refused_by_default():
    refused("seccomp", None, "no seccomp", "CONFIG_SECCOMP_FILTER")


@test
def test_no_seccomp_is_told_where_it_is_preferred_only():
    daemon = lacking("seccomp", "--prefer", "seccomp")
    equal(check(daemon)["seccomp"][0], "absent")
    contains(check(daemon)["seccomp"][1], "CONFIG_SECCOMP_FILTER")
    contains(daemon.log(), "without seccomp: ")
    equal("seccomp" in layers(daemon), False)


@test
def test_layers_that_are_off_are_told():
    for name in NAMESPACES + ["landlock", "no-new-executable-memory"]:
        daemon = start("--without", name)
        equal(check(daemon)[name], ("off", ""), name)
        equal(name in layers(daemon), False, name)
        contains(daemon.log(), f"the layer {name} is off")
    # And what is required by default can be left out, by who says so.
    daemon = start("--without", "seccomp")
    equal("seccomp" in layers(daemon), False)
