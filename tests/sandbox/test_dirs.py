"""Directories that are granted to a hostile child: what is left to native code
in it, and what the broker of its client can be made to do. All that it tries
outside of the grants, or against a read-only one, must be in vain."""
import ctypes
import errno
import os
import shutil
import socket
import stat
import struct
import threading

import broker
import harness
from attacked import PROBE, need_release_x86, start, test
from broker import (ATIME, CREATE, DIRECTORY, EXCLUSIVE, FOLLOW, MTIME,
                    MTIME_NOW, NONBLOCK, READ, TRUNCATE, WRITE, Broker, Ended)
from harness import equal, scratch
from test_path import VECTORS, X32, blocked

EPERM, EROFS, EBADF = errno.EPERM, errno.EROFS, errno.EBADF
LIBC = ctypes.CDLL(None, use_errno=True)


# ---- native code in the child ----------------------------------------------

def attempts(daemon, calls):
    """The records of system calls in children that have a broker's socket."""
    conn = daemon.connect(timeout=60)
    ends, jobs, asked = {}, {}, {}
    waiting = list(enumerate(calls))
    while len(ends) < len(calls):
        while waiting and len(asked) - len(ends) < 8:
            index, (abi, number, arguments) = waiting.pop(0)
            ours, theirs = socket.socketpair(socket.AF_UNIX,
                                             socket.SOCK_SEQPACKET)
            asked[conn.request("submit", {
                "module": b"probe", "invoke": "syscall", "broker": True,
                "credit": 1 << 20, "params": [abi, hex(number), *arguments],
                "wall_ms": 3000}, [theirs.fileno()])] = index
            theirs.close()
            jobs[index] = ours
        message = conn.receive()
        if message[0] == 1:
            equal(message[2], None)
            jobs[message[3]["job"], "job"] = asked[message[1]]
        elif message[1] == "job.exit":
            index = jobs[message[2]["job"], "job"]
            ends[index] = message[2]
            jobs.pop(index).close()
    return [ends[i] for i in range(len(calls))]


@test
def test_numbers_that_are_left_with_directories_are_the_golden_list():
    need_release_x86()
    daemon = start("--max-running", "16", worker=PROBE)
    vectors = (*VECTORS, ["4", "&", "16", "0", "0", "0"],
               ["5", "4", "0", "0", "0", "0"], ["1023", "0", "0", "0", "0", "0"])
    # A call that waits is one that is allowed: recvmsg of the broker's answer.
    calls = [("64", nr, v) for nr in range(512) for v in vectors]
    records = attempts(daemon, calls)
    left = sorted({nr for (_, nr, _), record in zip(calls, records)
                   if not blocked(record)} - {335, 336})
    golden = (harness.SOURCE / "tests" / "sandbox" /
              "files-x86_64.golden").read_text().split()
    equal([str(nr) for nr in left], golden)
    equal(len(left) <= 18, True, "at most 18")
    print(f"        {len(left)} numbers: {left}; {len(calls)} attempts")


# What takes a path, makes a descriptor, or reaches beyond a file by one.
PATH = "@/etc/passwd"
NATIVE = (
    ("open", 2, PATH), ("openat", 257, "-100", PATH),
    ("openat below the broker's socket", 257, "3", "@."),
    ("openat2", 437, "-100", PATH, "&", "24"),
    ("creat", 85, "@/tmp/made"), ("stat", 4, PATH, "&"),
    ("lstat", 6, PATH, "&"), ("newfstatat", 262, "-100", PATH, "&"),
    ("newfstatat of an empty path", 262, "4", "@", "&", "0x1000"),
    ("statx", 332, "-100", PATH, "0", "0xfff", "&"),
    ("access", 21, PATH), ("faccessat2", 439, "-100", PATH),
    ("chmod", 90, PATH, "0777"), ("fchmod", 91, "4", "0777"),
    ("fchmodat", 268, "-100", PATH, "0777"), ("chown", 92, PATH, "1", "1"),
    ("fchown", 93, "4", "1", "1"), ("utime", 132, PATH, "0"),
    ("utimensat", 280, "-100", PATH, "0", "0"),
    ("utimensat of a descriptor", 280, "4", "0", "0", "0"),
    ("setxattr", 188, PATH, "@user.x", "@y", "1"),
    ("getxattr", 191, PATH, "@user.x", "&", "64"),
    ("fsetxattr", 190, "4", "@user.x", "@y", "1"),
    ("fgetxattr", 193, "4", "@user.x", "&", "64"),
    ("listxattr", 194, PATH, "&", "64"), ("statfs", 137, PATH, "&"),
    ("fstatfs", 138, "4", "&"), ("socket", 41, "1", "1"),
    ("connect", 42, "3", "@/run/x", "16"),
    ("bind", 49, "3", "@/tmp/x", "16"), ("listen", 50, "3", "1"),
    ("accept4", 288, "3", "0", "0"), ("sendto", 44, "3", "&", "8"),
    ("recvfrom", 45, "3", "&", "8"), ("sendmmsg", 307, "3", "&", "1"),
    ("link", 86, PATH, "@/tmp/x"), ("linkat", 265, "4", "@", "-100", "@x"),
    ("symlink", 88, PATH, "@/tmp/x"), ("rename", 82, PATH, "@/tmp/x"),
    ("renameat2", 316, "3", "@a", "3", "@b"), ("unlink", 87, PATH),
    ("mkdir", 83, "@/tmp/x"), ("rmdir", 84, "@/tmp/x"),
    ("truncate", 76, PATH), ("readlink", 89, "@/proc/self/exe", "&", "64"),
    ("chdir", 80, "@/"), ("fchdir", 81, "3"), ("chroot", 161, "@/"),
    ("getdents64", 217, "4", "&", "4096"), ("dup", 32, "4"),
    ("dup2 over standard output", 33, "4", "1"),
    ("fcntl F_DUPFD", 72, "4", "0"), ("fcntl F_GETFL", 72, "4", "3"),
    ("fcntl F_SETFL O_DIRECT", 72, "4", "4", "0x4000"),
    ("fcntl F_SETOWN", 72, "4", "8", "1"), ("fcntl F_SETLEASE", 72, "4", "1024"),
    ("ioctl", 16, "4", "0x5401", "&"), ("flock", 73, "4", "2"),
    ("mmap of a file", 9, "0", "4096", "1", "1", "4", "0"),
    ("splice", 275, "4", "0", "1", "0", "4096"),
    ("sendfile", 40, "1", "4", "0", "4096"),
    ("copy_file_range", 326, "4", "0", "5", "0", "4096"),
    ("fallocate to punch holes", 285, "4", "3", "0", "4096"),
    ("name_to_handle_at", 303, "4", "@", "&", "&", "0x1000"),
    ("open_by_handle_at", 304, "4", "&", "0"),
    ("io_uring_setup", 425, "8", "&"), ("inotify_init1", 294, "0"),
    ("memfd_create", 319, "@x", "3"), ("pidfd_getfd", 438, "3", "0", "0"),
    ("execve", 59, "@/bin/true", "0", "0"),
    ("read of the broker's socket", 0, "3", "&", "8"),
    ("write to the broker's socket", 1, "3", "&", "8"),
    ("close of the broker's socket", 3, "3"), ("close of output", 3, "1"),
    ("read of output", 0, "1", "&", "8"), ("write to input", 1, "0", "&", "8"),
    ("pread of standard input", 17, "0", "&", "8", "0"),
    ("read beyond the files", 0, "1024", "&", "8"),
    ("read with an upper half", 0, "0x100000004", "&", "8"),
    ("sendmsg on a file", 46, "4", "&", "0"),
    ("recvmsg on input", 47, "0", "&", "0"),
)


@test
def test_native_code_with_directories_can_use_no_path():
    need_release_x86()
    daemon = start("--max-running", "16", worker=PROBE)
    calls = [("64", number, [*arguments, *["0"] * (6 - len(arguments))])
             for _, number, *arguments in NATIVE]
    calls += [("64", 257 | X32, VECTORS[0]), ("80", 5, VECTORS[0])]
    records = attempts(daemon, calls)
    equal([what for (what, *_), record in zip(NATIVE, records)
           if not blocked(record)], [], "not blocked")
    equal([call for call, record in zip(calls, records)
           if not blocked(record)], [])
    print(f"        {len(calls)} attempts")


# ---- the broker -------------------------------------------------------------

def fingerprint(directory):
    """All that can be told from outside of the files in it."""
    found = {}
    for where, dirs, files in os.walk(directory):
        for name in [".", *dirs, *files]:
            path = os.path.join(where, name)
            st = os.lstat(path)
            found[path] = (
                st.st_mode, st.st_uid, st.st_nlink, st.st_ino, st.st_mtime_ns,
                st.st_ctime_ns, st.st_size,
                sorted(os.listxattr(path, follow_symlinks=False)),
                open(path, "rb").read() if stat.S_ISREG(st.st_mode) else None)
    return found


def ground():
    """A directory to grant, with ways out; what is outside; what may only be
    read."""
    where = scratch()
    for name in ("in", "in/sub", "out", "out/dir", "ro", "ro/sub"):
        (where / name).mkdir()
    (where / "out" / "secret").write_bytes(b"secret")
    (where / "out" / "secret").chmod(0o600)
    (where / "in" / "file").write_bytes(b"file")
    (where / "in" / "file").chmod(0o600)
    (where / "ro" / "file").write_bytes(b"read only")
    links = {"up": "../out/secret", "updir": "../out", "root": "/",
             "absolute": where / "out" / "secret", "absdir": where / "out",
             "dangling": "../out/new", "absdangling": where / "out" / "new",
             "chain": "up", "loop": "loop", "good": "file", "gooddir": "sub",
             "sub/up2": "../../out/secret", "parent": "..", "dots": "../..",
             "proc": "/proc/self/root", "here": "."}
    for name, target in links.items():
        (where / "in" / name).symlink_to(target)
    os.mkfifo(where / "in" / "fifo")
    return where


# What would be reached if it were not refused is the test's own, but for some
# directories: of these only what changes nothing is asked.
SECRET = "SECRET"       # stands for the secret's absolute path
OUTSIDE = ("../out/secret", SECRET, "./../out/secret", "sub/../../out/secret",
           "../in/../out/secret", "up", "up/", "updir/secret",
           "updir/../out/secret", "root" + SECRET, "absolute", "absdir/secret",
           "chain", "sub/up2", "parent/out/secret", "proc" + SECRET,
           "here/../out/secret", "gooddir/../../out/secret", "/" + SECRET,
           "dangling", "absdangling", "here/here/here/parent/out/secret")
ABOVE = ("/", "..", "../", "../..", "sub/../..", "parent", "dots", "root")
HARMLESS = ("read", "directory", "stat")
ASKED = {
    "read": lambda b, p: b.errno(broker.OPEN, p, flags=READ | FOLLOW),
    "write": lambda b, p: b.errno(broker.OPEN, p, flags=WRITE | FOLLOW),
    "create": lambda b, p: b.errno(broker.OPEN, p,
                                   flags=WRITE | CREATE | FOLLOW),
    "truncate": lambda b, p: b.errno(broker.OPEN, p, flags=TRUNCATE | FOLLOW),
    "directory": lambda b, p: b.errno(broker.OPEN, p, flags=DIRECTORY | FOLLOW),
    "stat": lambda b, p: b.errno(broker.STAT, p, flags=FOLLOW),
    "times": lambda b, p: b.errno(broker.TIMES, p, flags=FOLLOW | MTIME,
                                  numbers=(0, 1)),
}
# A file cannot be made under a name with a slash behind it.
REFUSED = {EPERM, errno.ELOOP, errno.EISDIR}


@test
def test_no_path_leads_out_of_a_grant():
    where = ground()
    b = Broker(where / "in", f"{where}/ro::/ro:ro")
    before = fingerprint(where)
    secret = str(where / "out" / "secret")
    got = {(what, path): ask(b, path.replace(SECRET, secret))
           for path in OUTSIDE for what, ask in ASKED.items()}
    got.update({(what, path): ASKED[what](b, path)
                for path in ABOVE for what in HARMLESS})
    equal({k: v for k, v in got.items() if v not in REFUSED}, {})
    equal(fingerprint(where), before, "what is there")
    print(f"        {len(got)} attempts")


@test
def test_names_outside_are_not_made_removed_or_moved():
    where = ground()
    b = Broker(where / "in", f"{where}/ro::/ro:ro")
    before = fingerprint(where)
    tried = 0
    for path in ("../new", f"{where}/new", "updir/new", "absdir/new",
                 "parent/new", "sub/../../new", f"root{where}/new",
                 "here/../new", "updir/dir", "updir/secret", "../out/secret",
                 "../out/dir"):
        for op in (broker.MKDIR, broker.RMDIR, broker.UNLINK, broker.READLINK):
            equal(b.errno(op, path), EPERM, (op, path))
        equal(b.errno(broker.SYMLINK, "file", path), EPERM, path)
        equal(b.errno(broker.LINK, "file", path), EPERM, path)
        equal(b.errno(broker.LINK, path, "got"), EPERM, path)
        equal(b.errno(broker.RENAME, "file", path), EPERM, path)
        equal(b.errno(broker.RENAME, path, "got"), EPERM, path)
        tried += 9
    # A slash behind a link would make the kernel follow it.
    for op, expected in ((broker.RMDIR, errno.ENOTDIR),
                         (broker.UNLINK, errno.ENOTDIR),
                         (broker.MKDIR, errno.EEXIST),
                         (broker.READLINK, EPERM), (broker.STAT, EPERM),
                         (broker.TIMES, EPERM)):
        equal(b.errno(op, "updir/"), expected, op)
        equal(b.errno(op, "absdir///"), expected, op)
    equal(b.errno(broker.LINK, "updir/", "got"), EPERM)
    equal(b.errno(broker.RENAME, "updir/", "got"), errno.ENOTDIR)
    equal(b.errno(broker.LINK, "file", "dangling/"), errno.EEXIST)
    for target in ("/etc/passwd", "/"):
        equal(b.errno(broker.SYMLINK, target, "new"), EPERM)
    for name in (".", "..", "sub/..", "sub/."):
        for op in (broker.RMDIR, broker.UNLINK, broker.MKDIR):
            equal(b.errno(op, name) != 0, True, (op, name))
    equal(fingerprint(where), before, "what is there")
    print(f"        {tried + 28} attempts")


@test
def test_a_read_only_grant_stays_as_it_is():
    where = ground()
    b = Broker(where / "in", f"{where}/ro::/ro:ro")
    before = fingerprint(where)
    ro = {"dirs": (1, 0)}
    for flags in (WRITE, WRITE | READ, TRUNCATE, READ | TRUNCATE,
                  WRITE | CREATE, CREATE | WRITE | EXCLUSIVE):
        equal(b.errno(broker.OPEN, "file", flags=flags, **ro), EROFS, flags)
    equal(b.errno(broker.OPEN, "new", flags=CREATE, **ro), EROFS)
    equal(b.errno(broker.OPEN, "file", flags=CREATE | EXCLUSIVE, **ro),
          errno.EEXIST)
    for op in (broker.MKDIR, broker.RMDIR, broker.UNLINK):
        equal(b.errno(op, "sub", **ro), EROFS, op)
    equal(b.errno(broker.SYMLINK, "file", "new", **ro), EROFS)
    for dirs in ((1, 1), (1, 0), (0, 1)):
        equal(b.errno(broker.LINK, "file", "new", dirs=dirs), EROFS, dirs)
        equal(b.errno(broker.RENAME, "file", "new", dirs=dirs), EROFS, dirs)
    for flags in (MTIME, ATIME, MTIME_NOW):
        equal(b.errno(broker.TIMES, "file", flags=flags, **ro), EROFS)
        equal(b.errno(broker.TIMES, "", flags=flags, **ro), EROFS)
    # What is opened below it, or through it, is read-only as well.
    sub = b.ask(broker.OPEN, "sub", dirs=(1, 0), flags=DIRECTORY)[1]
    equal(b.errno(broker.OPEN, "new", dirs=(sub, 0), flags=WRITE | CREATE),
          EROFS)
    equal(b.errno(broker.MKDIR, "new", dirs=(sub, 0)), EROFS)
    error, _, _, fd = b.ask(broker.OPEN, "file", flags=READ | MTIME * 0, **ro)
    equal((error, os.read(fd, 100)), (0, b"read only"))
    for attempt in (lambda: os.write(fd, b"x"), lambda: os.ftruncate(fd, 0)):
        try:
            attempt()
            raise AssertionError("it was written to")
        except OSError as failed:
            equal(failed.errno in (errno.EBADF, errno.EINVAL), True)
    equal(b.errno(broker.FILE_TIMES, fds=[fd], flags=MTIME), EROFS)
    # The mark by which it is known cannot be taken off.
    import fcntl
    fcntl.fcntl(fd, fcntl.F_SETFL, 0)
    equal(b.errno(broker.FILE_TIMES, fds=[fd], flags=MTIME), EROFS)
    after = fingerprint(where)
    equal(after, before, "what is there")


@test
def test_what_was_granted_works():
    where = ground()
    b = Broker(where / "in", f"{where}/ro::/ro:ro")
    error, _, data, _ = b.ask(broker.GRANTS)
    equal((error, data), (0, broker.GRANT.pack(
        0, 0, len(str(where / "in"))) + str(where / "in").encode() +
        broker.GRANT.pack(1, 1, 3) + b"/ro"))
    for path in ("file", "good", "here/file", "gooddir/../file", "./file"):
        error, _, _, fd = b.ask(broker.OPEN, path, flags=READ | FOLLOW)
        equal((error, os.read(fd, 100)), (0, b"file"), path)
    error, _, _, fd = b.ask(broker.OPEN, "sub/new", flags=WRITE | CREATE)
    equal((error, os.write(fd, b"new")), (0, 3))
    equal(b.errno(broker.FILE_TIMES, fds=[fd], flags=MTIME, numbers=(0, 5)), 0)
    equal((where / "in/sub/new").stat().st_mtime_ns, 5)
    equal(b.errno(broker.LINK, "sub/new", "hard"), 0)
    equal(b.errno(broker.RENAME, "hard", "sub/moved"), 0)
    equal(b.errno(broker.SYMLINK, "../file", "sub/soft"), 0)
    equal(b.ask(broker.READLINK, "sub/soft")[2], b"../file")
    equal(b.errno(broker.MKDIR, "sub/d"), 0)
    equal(b.errno(broker.RENAME, "sub/d/", "sub/e/"), 0)
    sub = b.open_dir("sub")
    equal(sorted(b.names(sub)), [".", "..", "e", "moved", "new", "soft", "up2"])
    equal(b.errno(broker.RMDIR, "e/", dirs=(sub, 0)), 0)
    equal(b.errno(broker.UNLINK, "soft", dirs=(sub, 0)), 0)
    equal(b.errno(broker.SYNC, dirs=(sub, 0)), 0)
    equal(b.errno(broker.CLOSE, dirs=(sub, 0)), 0)
    equal(b.errno(broker.STAT, "file", dirs=(sub, 0)), EBADF)


@test
def test_a_directory_is_closed_towards_its_own_grant():
    where = ground()
    b = Broker(where / "in")
    sub = b.open_dir("sub")
    for path in ("../file", "..", "up2", "/file"):
        equal(b.errno(broker.OPEN, path, dirs=(sub, 0), flags=READ | FOLLOW),
              EPERM, path)


@test
def test_no_race_with_a_rename_leads_out():
    """One thread puts a directory, a link to the outside, and the outside
    itself in each other's place, as fast as it can."""
    where = ground()
    inside, outside = where / "in", where / "out"
    (inside / "sub" / "secret").write_bytes(b"harmless")
    (inside / "swap").symlink_to("../out")
    b = Broker(inside)
    done = threading.Event()

    def exchange(one, other):
        LIBC.renameat2(-100, os.fsencode(one), -100, os.fsencode(other), 2)

    def swap():
        while not done.is_set():
            exchange(inside / "sub", inside / "swap")
            exchange(inside / "sub", outside / "dir")
            exchange(inside / "sub", outside / "dir")
    thread = threading.Thread(target=swap)
    thread.start()
    got = {}
    try:
        for path in ("sub/secret", "swap/secret", "sub/../sub/secret",
                     "swap/../sub/secret") * 700:
            error, _, _, fd = b.ask(broker.OPEN, path, flags=READ | FOLLOW)
            if fd is not None:
                equal(os.read(fd, 100), b"harmless", path)
            got[error] = got.get(error, 0) + 1
            equal(b.errno(broker.UNLINK, path.replace("secret", "dir/x")) != 0,
                  True)
    finally:
        done.set()
        thread.join()
    equal((outside / "secret").read_bytes(), b"secret")
    equal(set(got) <= {0, EPERM, errno.ENOENT, errno.EAGAIN, errno.ENOTDIR,
                       errno.EACCES},
          True, got)
    equal(0 in got and EPERM in got, True, "both happened")
    print(f"        {got}")


@test
def test_a_grant_that_is_moved_is_still_all_there_is():
    where = ground()
    b = Broker(where / "in")
    sub = b.open_dir("sub")
    (where / "in").rename(where / "moved")
    (where / "out").rename(where / "in")
    equal(b.errno(broker.STAT, "secret"), errno.ENOENT)
    equal(b.errno(broker.STAT, "file"), 0)
    equal(b.errno(broker.OPEN, "../in/secret", flags=READ), EPERM)
    # Out of the grant it is out of reach, but for what Landlock cannot deny.
    (where / "moved" / "sub").rename(where / "in" / "sub")
    equal(b.errno(broker.OPEN, "../secret", dirs=(sub, 0), flags=READ), EPERM)
    equal(b.errno(broker.OPEN, "new", dirs=(sub, 0), flags=WRITE | CREATE) != 0,
          True)
    shutil.rmtree(where / "moved")
    equal(b.errno(broker.OPEN, "new", flags=WRITE | CREATE), errno.ENOENT)


@test
def test_devices_fifos_and_proc():
    where = ground()
    if os.geteuid() == 0:
        os.mknod(where / "in" / "null", 0o666 | stat.S_IFCHR, os.makedev(1, 3))
        b = Broker(where / "in")
        equal(b.errno(broker.OPEN, "null", flags=READ), errno.EACCES)
        equal(b.errno(broker.OPEN, "null", flags=WRITE), errno.EACCES)
    b = Broker(where / "in", "/proc")
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(where / "in" / "socket"))
    equal(b.errno(broker.OPEN, "socket", flags=READ), errno.ENXIO)
    listener.close()
    equal(b.errno(broker.OPEN, "fifo", flags=WRITE), errno.ENXIO)
    error, _, _, fd = b.ask(broker.OPEN, "fifo", flags=READ)
    equal((error, os.get_blocking(fd), os.read(fd, 10)), (0, True, b""))
    error, _, _, fd = b.ask(broker.OPEN, "fifo", flags=READ | NONBLOCK)
    equal((error, os.get_blocking(fd)), (0, False))
    for path in ("self/root/etc/passwd", "self/cwd/x", "self/exe", "self/fd/0",
                 "1/root", "thread-self/root/etc"):
        equal(b.errno(broker.OPEN, path, dirs=(1, 0), flags=READ | FOLLOW) in
              (errno.ELOOP, errno.EACCES, EPERM), True, path)
    for path in ("self/mem", "self/maps", "version", "self/environ",
                 "sys/kernel/hostname"):
        for flags in (READ, WRITE, READ | WRITE):
            equal(b.errno(broker.OPEN, path, dirs=(1, 0),
                          flags=flags | FOLLOW) in
                  (errno.EACCES, EPERM, errno.EROFS), True, path)


@test
def test_requests_that_are_none_end_the_broker():
    where = ground()
    good = broker.request(broker.STAT, b"file")
    bad = [b"", b"x", b"x" * 39, good[:-1], good + b"x", b"\0" * 40,
           b"\xff" * 40, b"\xff" * 8000, b"A" * 60000,
           broker.request(0), broker.request(19), broker.request(1 << 31),
           broker.request(broker.STAT, b"file", flags=1 << 15),
           broker.request(broker.STAT, b"file", flags=broker.READ),
           broker.request(broker.GRANTS, b"file"),
           broker.request(broker.STAT, b"a", b"b"),
           broker.request(broker.MKDIR, b"a" * 4096),
           broker.request(broker.RENAME, b"a" * 4096, b"b")]
    # Lengths that claim other bytes than there are.
    for lengths in ((5, 0), (3, 0), (0xffffffff, 0), (4, 0xffffffff),
                    (0xfffffffc, 8), (4095, 4095)):
        data = bytearray(good)
        struct.pack_into("=2I", data, 16, *lengths)
        bad.append(bytes(data))
    for data in bad:
        b = Broker(where / "in")
        b.send(data)
        try:
            b.receive()
            raise AssertionError(f"it answered {data[:60]!r}")
        except (Ended, ConnectionError):
            pass
    print(f"        {len(bad)} attempts")


@test
def test_requests_that_are_wrong_are_answered():
    where = ground()
    b = Broker(where / "in")
    before = fingerprint(where)
    for handle in (1, 2, 1023, 1024, 0x7fffffff, 0xffffffff):
        for op, *paths in ((broker.STAT, "file"), (broker.CLOSE,),
                           (broker.READDIR,), (broker.MKDIR, "x"),
                           (broker.OPEN, "file"), (broker.SYNC,)):
            equal(b.errno(op, *paths, dirs=(handle, 0)), EBADF, (op, handle))
        equal(b.errno(broker.RENAME, "file", "x", dirs=(0, handle)), EBADF)
        equal(b.errno(broker.LINK, "file", "x", dirs=(handle, 0)), EBADF)
    # There is no socket, and a directory is none.
    for op in (broker.SOCKET, broker.SHUTDOWN):
        equal(b.errno(op), EBADF, op)
    equal(b.errno(broker.ACCEPT), errno.ENOTSOCK)
    for path in ("file\0", "\0", "sub/\0/file"):
        equal(b.errno(broker.STAT, path), errno.EINVAL)
        equal(b.errno(broker.UNLINK, path), errno.EINVAL)
    equal(b.errno(broker.STAT, "x" * 4095), errno.ENAMETOOLONG)
    equal(b.errno(broker.STAT, "x/" * 2047 + "x"), errno.ENOENT)
    equal(b.errno(broker.OPEN, "", flags=READ), errno.ENOENT)
    equal(b.errno(broker.OPEN, "sub", flags=DIRECTORY | CREATE), errno.EINVAL)
    equal(b.errno(broker.OPEN, "sub", flags=WRITE), errno.EISDIR)
    equal(b.errno(broker.OPEN, "loop", flags=READ | FOLLOW), errno.ELOOP)
    equal(b.errno(broker.OPEN, "good", flags=READ), errno.ELOOP)
    equal(b.errno(broker.READDIR, numbers=(1 << 63, 0)), errno.EINVAL)
    equal(b.errno(broker.FILE_TIMES, flags=MTIME), EBADF)
    one, other = os.pipe()
    equal(b.errno(broker.FILE_TIMES, flags=MTIME, fds=[one]), errno.EINVAL)
    path = os.open(where / "in" / "file", os.O_PATH)
    equal(b.errno(broker.FILE_TIMES, flags=MTIME, fds=[path]), EBADF)
    # A descriptor that nothing asked for changes nothing.
    equal(b.errno(broker.STAT, "file", fds=[one]), 0)
    for fd in (one, other, path):
        os.close(fd)
    equal(b.errno(broker.STAT, "file"), 0)
    equal(fingerprint(where), before)


@test
def test_too_many_directories_are_refused_and_then_not():
    where = ground()
    b = Broker(where / "in")
    handles = []
    while True:
        error, handle, _, _ = b.ask(broker.OPEN, "sub", flags=DIRECTORY)
        if error != 0:
            break
        handles.append(handle)
    equal(error in (errno.ENFILE, errno.EMFILE), True, error)
    equal(len(handles) <= 1023, True, len(handles))
    equal(len(set(handles)), len(handles))
    equal(b.errno(broker.CLOSE, dirs=(handles[7], 0)), 0)
    equal(b.ask(broker.OPEN, "sub", flags=DIRECTORY)[:2], (0, handles[7]))
    print(f"        {len(handles)} directories")
