"""Machines that lack a layer of confinement, played by a filter around wasmd:
what is missing is told, in the record of each call, too, and who requires it is
refused."""
import harness
from attacked import BUILD, command, need_root, run, start, test
from harness import WASMCTL, WASMD, contains, equal
from service import guest

EROFS = 69      # of WASI
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


def granted(daemon, what, grant, *args, **options):
    """(exit code, output) of a guest with files, of a client on such a
    machine: it starts the broker."""
    done = harness.run([LACKING, what, WASMCTL, "run", "--socket",
                        daemon.socket, "--dir", grant, guest("files"), *args],
                       **options)
    return done.returncode, done.stdout


def check_grants(what):
    """Files work, and nothing leads out of a grant."""
    need_root()
    daemon, where = lacking(what), harness.scratch()
    (where / "secret").write_bytes(b"secret")
    inside = where / "in"
    (inside / "sub").mkdir(parents=True)
    (inside / "file").write_bytes(b"of the grant")
    (inside / "up").symlink_to("../secret")
    (inside / "absolute").symlink_to(where / "secret")
    equal(granted(daemon, what, inside, "r", "file"), (0, b"of the grant"))
    equal(granted(daemon, what, inside, "w", "sub/new", input=b"written"),
          (0, b""))
    equal((inside / "sub" / "new").read_bytes(), b"written")
    equal(granted(daemon, what, inside, "d", "made"), (0, b""))
    # Between two directories: what ABI 2 of Landlock is for.
    equal(granted(daemon, what, inside, "m", "sub/new", "made/new"), (0, b""))
    equal(granted(daemon, what, inside, "u", "made/new"), (0, b""))
    equal(granted(daemon, what, inside, "l", "made")[0], 0)
    for path in ("../secret", where / "secret", "up", "absolute",
                 "sub/../../secret", "/proc/self/root/etc/passwd"):
        code, output = granted(daemon, what, inside, "r", path)
        equal((code != 0, output), (True, b""), path)
    for path in ("../new", where / "new", "up"):
        code, _ = granted(daemon, what, inside, "w", path, input=b"x")
        equal(code != 0, True, path)
    equal((where / "secret").read_bytes(), b"secret")
    equal(sorted(p.name for p in where.iterdir()), ["in", "secret"])
    only = f"{inside}::/:ro"
    equal(granted(daemon, what, only, "r", "file"), (0, b"of the grant"))
    for args in (("w", "file"), ("d", "other"), ("u", "file"),
                 ("m", "file", "other")):
        equal(granted(daemon, what, only, *args)[0], EROFS, args)
    equal((inside / "file").read_bytes(), b"of the grant")


@test
def test_directories_on_kernel_6_1():
    check_grants("linux-6.1")


@test
def test_directories_without_landlock():
    """What openat2 alone is worth."""
    check_grants("landlock")


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
