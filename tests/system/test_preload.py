"""Several modules in one child: what they share, in which order they start, and
what is said of imports that nobody gives."""
import subprocess

from harness import (WASMCTL, contains, equal, need, one_message, run, scratch,
                     test, until)
from service import Daemon, bad_input, binary, guest

MODULES = "wasi_snapshot_preview1 and wasi_unstable"


def text(source, *options):
    """A module of this text."""
    directory = scratch()
    (directory / "made.wat").write_text(source)
    path = directory / "made.wasm"
    subprocess.run([need("wat2wasm"), directory / "made.wat", "--debug-names",
                    "--enable-all", *options, "-o", path], check=True)
    return path


def preload(**modules):
    return [word for name, path in modules.items()
            for word in ("--preload", f"{name}={path}")]


def library():
    return preload(lib=guest("library"))


def value(daemon, *args):
    result = daemon.run(*args)
    equal((result.returncode, result.stderr), (0, b""), args)
    return result.stdout


# ---- what is shared ----------------------------------------------------------

@test
def test_every_kind_of_import_comes_from_the_library():
    daemon = Daemon()
    main = guest("linked")
    for args, expected in ((("add", main, 40, 2), b"42\n"),
                           (("divide", main, 84, 2), b"42\n"),
                           (("triple", main, 14), b"42\n"),
                           (("started", main), b"42\n"),
                           (("peek", main, 8), b"%d\n" % ord("l"))):
        equal(value(daemon, *library(), "-i", *args), expected)


@test
def test_stored_modules_are_preloaded_by_digest():
    daemon = Daemon()
    names = run([WASMCTL, "put", guest("library"), guest("linked")],
                env=daemon.env).stdout.decode().split()
    for library in (names[0], names[0][7:], guest("library")):
        for main in (names[1], guest("linked")):
            equal(value(daemon, "--preload", f"lib={library}", main),
                  b"library\n")
    result = daemon.run("--preload", "lib=sha256:" + "0" * 64, names[1])
    equal(result.returncode, 127)
    contains(one_message(result.stderr), "no such module")
    conn = daemon.connect()
    digests = [name[7:] for name in names]
    for params, word in (
            ({"preload_digests": [digests[0]]}, "preload_digests: 1"),
            ({"preload": ["lib"], "preload_digests": []},
             "preload_digests: 0"),
            ({"preload": ["lib"], "preload_digests": ["x"]}, "64"),
            ({"preload": ["lib"], "preload_digests": [""]},
             "want 1")):
        error, _ = conn.call("submit", dict(params, digest=digests[1]))
        contains(error["text"], word)


@test
def test_all_modules_together_are_as_large_as_one_may_be():
    library, main = guest("library").stat().st_size, guest("linked").stat(
        ).st_size
    for most, code in ((library + main, 0), (library + main - 1, 125)):
        daemon = Daemon("--max-module", str(most))
        names = run([WASMCTL, "put", guest("library"), guest("linked")],
                    env=daemon.env).stdout.decode().split()
        for lib in (names[0], guest("library")):
            result = daemon.run("--preload", f"lib={lib}", names[1])
            equal(result.returncode, code, (most, lib))
            if code:
                contains(one_message(result.stderr), str(most))


@test
def test_wasi_acts_on_the_memory_of_its_caller():
    equal(value(Daemon(), *library(), guest("linked")), b"library\n")


@test
def test_calls_do_not_see_each_other():
    daemon = Daemon()
    library_of_state = text("""(module
        (global $n (mut i32) (i32.const 0))
        (func (export "next") (result i32)
          (global.set $n (i32.add (global.get $n) (i32.const 1)))
          (global.get $n)))""")
    main = text("""(module
        (import "state" "next" (func $next (result i32)))
        (func (export "twice") (result i32) (drop (call $next)) (call $next)))
        """)
    for _ in range(5):
        equal(value(daemon, *preload(state=library_of_state), "-i", "twice",
                    main), b"2\n")


@test
def test_chain_of_modules_ends_at_the_first():
    daemon = Daemon()
    # The same file under two names is two modules; before is what each of
    # them imports from, so they are chained by text.
    second = text("""(module
        (import "before" "add" (func $add (param i32 i32) (result i32)))
        (func (export "sum") (param i32 i32) (result i32)
          (i32.add (i32.const 1) (call $add (local.get 0) (local.get 1)))))""")
    main = text("""(module
        (import "second" "sum" (func $sum (param i32 i32) (result i32)))
        (func (export "f") (param i32 i32) (result i32)
          (i32.mul (i32.const 2) (call $sum (local.get 0) (local.get 1)))))""")
    equal(value(daemon, *preload(before=guest("library"), second=second), "-i",
                "f", main, 4, 5), b"20\n")
    # What is imported can be exported again.
    linked = preload(before=guest("library"), lib=guest("chain"))
    main = text("""(module
        (import "lib" "add" (func $add (param i32 i32) (result i32)))
        (import "lib" "divide" (func $divide (param i32 i32) (result i32)))
        (func (export "f") (result i32)
          (call $divide (call $add (i32.const 20) (i32.const 1))
            (i32.const 2))))""")
    equal(value(daemon, *linked, "-i", "f", main), b"21\n")


@test
def test_a_preloaded_module_can_take_the_place_of_wasi():
    daemon = Daemon()
    fake = text("""(module
        (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
        (func (export "fd_write") (param i32 i32 i32 i32) (result i32)
          (call $exit (i32.const 7)) (i32.const 0)))""")
    result = daemon.run(*preload(wasi_snapshot_preview1=fake),
                        guest("streams"))
    equal((result.returncode, result.stdout), (7, b""))
    equal(daemon.run(guest("streams")).returncode, 0)


@test
def test_limits_are_those_of_all_together():
    daemon = Daemon()
    big = text("(module (memory 512))")
    main = text('(module (memory 512) (func (export "_start")))')
    equal(daemon.run("-m", "64M", main).returncode, 0)
    equal(daemon.run("-m", "64M", *preload(a=big), main).returncode, 0)
    result = daemon.run("-m", "48M", *preload(a=big), main)
    equal(result.returncode, 137)
    one_message(result.stderr)
    spin = text("(module (func $s (loop (br 0))) (start $s))")
    equal(daemon.run("--fuel", "1000", *preload(a=spin), main).returncode, 124)
    equal(daemon.run("-t", "300ms", *preload(a=spin), main).returncode, 124)


@test
def test_record_has_the_main_modules_digest():
    daemon = Daemon()
    _, alone = daemon.record(guest("exit"))
    _, record = daemon.record(*library(), guest("exit"))
    equal(record["module"], alone["module"])
    _, other = daemon.record(*library(), guest("args"))
    equal(other["module"] == record["module"], False)


# ---- order -------------------------------------------------------------------

@test
def test_start_functions_run_in_the_order_of_instantiation():
    daemon = Daemon()
    one = text("""(module
        (import "wasi_snapshot_preview1" "fd_write"
          (func $fd_write (param i32 i32 i32 i32) (result i32)))
        (memory (export "memory") 1)
        (data (i32.const 8) "first\\n")
        (func $start
          (i32.store (i32.const 0) (i32.const 8))
          (i32.store (i32.const 4) (i32.const 6))
          (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1)
            (i32.const 20))))
        (start $start))""")
    order = guest("order")
    # s: start, i: _initialize, m: _start, which only the main module's is.
    equal(value(daemon, *preload(a=one, b=order), order),
          b"first\ns\ni\ns\nm\n")
    equal(value(daemon, *preload(b=order, a=one), order),
          b"s\ni\nfirst\ns\nm\n")
    # A main module without _start being called is a reactor, too.
    equal(value(daemon, *preload(a=one, b=order), "-i", "_start", order),
          b"first\ns\ni\ns\ni\nm\n")


@test
def test_start_functions_run_once_in_every_call_and_never_before():
    daemon = Daemon()
    for _ in range(5):
        equal(value(daemon, *preload(a=guest("order")), guest("order")),
              b"s\ni\ns\nm\n")
    # A start function that fails is the call's trap, not the template's.
    fail = text("(module (func $f unreachable) (start $f))")
    result = daemon.run(*preload(fail=fail), guest("exit"))
    equal(result.returncode, 134)
    contains(result.stderr.decode(), "unreachable")
    contains(result.stderr.decode(), "#0 f+0x1 (func 0 of fail, offset ")


# ---- traps -------------------------------------------------------------------

@test
def test_backtrace_names_functions_and_their_modules():
    result = Daemon().run(*library(), "-i", "divide", guest("linked"), "1", "0")
    equal(result.returncode, 134)
    message, *frames = result.stderr.decode().splitlines()
    contains(message, "trapped: integer divide by zero")
    equal(len(frames), 2, frames)
    contains(frames[0], "#0 divide+0x")
    contains(frames[0], " of lib, offset 0x")
    contains(frames[1], "#1 ratio+0x")
    equal(" of " in frames[1], False)


@bad_input
def test_segment_of_a_preloaded_module_that_does_not_fit(daemon):
    bad = text('(module (memory 1) (data (i32.const 65536) "x"))')
    result = daemon.run(*preload(bad=bad), guest("exit"))
    equal(result.returncode, 134)
    message = one_message(result.stderr)
    contains(message, "preloaded module bad")
    contains(message, "out of bounds memory access")


# ---- imports that nobody gives -----------------------------------------------

def unlinkable(daemon, source, *options):
    """The message about a main module that cannot be linked."""
    result = daemon.run(*options, text(source))
    equal(result.returncode, 126, source)
    message = one_message(result.stderr)
    contains(message, "unlinkable module: ")
    contains(message, "(at byte 0x")
    return message.split("unlinkable module: ")[1].split(" (at byte")[0]


@bad_input
def test_module_that_is_missing(daemon):
    source = '(module (import "env" "log" (func (param i32 i64))))'
    equal(unlinkable(daemon, source),
          "unknown import: env.log: wanted (func (param i32 i64)), but there "
          f"is no module env, only {MODULES}; --preload env=FILE gives one")
    equal(unlinkable(daemon, source, *library()),
          "unknown import: env.log: wanted (func (param i32 i64)), but there "
          f"is no module env, only lib, {MODULES}; --preload env=FILE gives "
          "one")


@bad_input
def test_name_that_is_missing(daemon):
    start = "unknown import: lib."
    for wanted, type_text, offer in (
            ('"sub" (func)', "(func)",
             "the only functions of lib are say, add and divide"),
            ('"mem" (memory 1)', "(memory 1)",
             "the only memory of lib is memory"),
            ('"g" (global f64)', "(global f64)",
             "the only global of lib is started")):
        got = unlinkable(daemon, f'(module (import "lib" {wanted}))',
                         *library())
        name = wanted.split('"')[1]
        equal(got, f"{start}{name}: wanted {type_text}, but {offer}")
    many = "".join(f'(func (export "f{n}"))' for n in range(100))
    got = unlinkable(daemon, '(module (import "lib" "f100" (func)))',
                     *preload(lib=text(f"(module {many})")))
    equal(got, "unknown import: lib.f100: wanted (func), but of the 100 "
          "functions of lib the nearest are f10, f0, f1 and f11")
    got = unlinkable(daemon, '(module (import "lib" "t" (table 1 funcref)))',
                     *preload(lib=text(f"(module {many})")))
    equal(got, "unknown import: lib.t: wanted (table 1 funcref), but lib "
          "exports no table")


@bad_input
def test_wasi_function_that_there_is_not(daemon):
    got = unlinkable(daemon, """(module (import "wasi_snapshot_preview1"
        "fd_wriet" (func (param i32) (result i32))))""")
    equal(got, "unknown import: wasi_snapshot_preview1.fd_wriet: wanted (func "
          "(param i32) (result i32)), but of the 46 functions of "
          "wasi_snapshot_preview1 the nearest are fd_write, fd_pwrite, "
          "fd_pread and fd_read")
    got = unlinkable(daemon, """(module (import "wasi_unstable" "memory"
        (memory 1)))""")
    contains(got, "but wasi_unstable exports no memory")


@bad_input
def test_interfaces_that_there_are_not_are_known(daemon):
    for module, name, kind, word in (
            ("wasi:cli/run@0.2.0", "run", "func", "it is WASI preview 2"),
            ("wasi", "thread-spawn", "func", "with threads"),
            ("wasix_32v1", "proc_fork", "func", "it is WASIX"),
            ("env", "emscripten_memcpy_js", "func", "by Emscripten"),
            ("env", "invoke_vii", "func", "by Emscripten"),
            ("env", "abort", "func", "AssemblyScript"),
            ("wbg", "__wbg_new_1", "func", "wasm-bindgen"),
            ("gojs", "runtime.ticks", "func", "GOOS=wasip1"),
            ("wasm:js-string", "length", "func", "for JavaScript"),
            ("env", "__memory_base", "global i32", "dynamic linking")):
        got = unlinkable(daemon,
                         f'(module (import "{module}" "{name}" ({kind})))')
        contains(got, f"unknown import: {module}.{name}: wanted ({kind}), but "
                 f"there is no module {module}, only {MODULES}; ")
        contains(got, word)
    got = unlinkable(daemon, """(module (import "wasi_snapshot_preview1"
        "sock_connect" (func)))""")
    contains(got, "wanted (func), but some runtimes add it to WASI")
    # Names that only begin or end like one of these.
    for module, name in (("environment", "abort"), ("env", "aborted"),
                         ("go.mod", "x"), ("wasi", "x")):
        got = unlinkable(daemon,
                         f'(module (import "{module}" "{name}" (func)))')
        contains(got, f"; --preload {module}=FILE gives one")


@bad_input
def test_import_that_another_module_has(daemon):
    got = unlinkable(daemon, '(module (import "env" "fd_write" (func)))')
    contains(got, "; wasi_snapshot_preview1 has a fd_write; --preload env=FILE")
    got = unlinkable(daemon, '(module (import "env" "add" (func)))',
                     *library())
    contains(got, "; lib has a add; --preload env=FILE gives one")
    got = unlinkable(daemon, '(module (import "env" "memory" (memory 1)))',
                     *library())
    contains(got, "; lib has a memory; ")


@bad_input
def test_imports_that_are_missing_are_counted(daemon):
    two = '(import "env" "a" (func)) (import "env" "b" (func))'
    contains(unlinkable(daemon, f"(module {two})"),
             "; 1 more import cannot be linked")
    many = " ".join(f'(import "env" "f{n}" (func))' for n in range(2000))
    got = unlinkable(daemon, f"(module {many})")
    contains(got, "unknown import: env.f0: ")
    contains(got, "; at least 1000 more imports cannot be linked")


@bad_input
def test_import_of_another_type(daemon):
    for wanted, offered in (
            ("add (func (param i32) (result i32))",
             "(func (param i32 i32) (result i32))"),
            ("add (memory 1)", "(func (param i32 i32) (result i32))"),
            ("table (table 5 funcref)", "(table 4 funcref)"),
            ("table (table 1 4 funcref)", "(table 4 funcref)"),
            ("table (table 1 externref)", "(table 4 funcref)"),
            ("memory (memory 2)", "(memory 1)"),
            ("memory (memory i64 1)", "(memory 1)"),
            ("started (global i32)", "(global (mut i32))"),
            ("started (global (mut i64))", "(global (mut i32))"),
            ("tag (tag (param i64))", "(tag (param i32))")):
        name, want = wanted.split(" ", 1)
        source = f'(module (import "lib" "{name}" {want}))'
        equal(unlinkable(daemon, source, *library()),
              f"incompatible import type: lib.{name}: wanted {want}, offered "
              f"{offered}")
    got = unlinkable(daemon, """(module (import "wasi_snapshot_preview1"
        "fd_write" (func (param i32 i64))))""")
    equal(got, "incompatible import type: wasi_snapshot_preview1.fd_write: "
          "wanted (func (param i32 i64)), offered (func (param i32 i32 i32 "
          "i32) (result i32))")


@bad_input
def test_import_of_a_preloaded_module(daemon):
    needy = text('(module (import "lib" "add" (func)))')
    for modules, word in (
            ({"a": needy}, "there is no module lib, only wasi"),
            ({"a": needy, "lib": guest("library")}, "lib is preloaded after"),
            ({"lib": guest("library"), "a": needy}, "incompatible import type"),
            ({"lib": needy}, "cannot import from itself")):
        result = daemon.run(*preload(**modules), guest("exit"))
        equal(result.returncode, 126, modules)
        message = one_message(result.stderr)
        name = "lib" if len(modules) == 1 and "lib" in modules else "a"
        contains(message, f"unlinkable module: preloaded module {name}: ")
        contains(message, word)


@bad_input
def test_names_of_imports_are_harmless_and_cut(daemon):
    got = unlinkable(daemon, r'(module (import "\1b[31mred\n" "x\00y" (func)))')
    equal("\x1b" in got or "\n" in got or "\0" in got, False, got)
    long = "n" * 5000
    params = " i32" * 900
    got = unlinkable(daemon, f"""(module (import "{long}" "{long}"
        (func (param{params}))))""")
    contains(got, "n" * 60 + "..." + "." + "n" * 60 + "...")
    contains(got, "there is no module n")
    contains(got, "=FILE gives one")


# ---- what cannot be preloaded ------------------------------------------------

@bad_input
def test_preloaded_module_that_is_none(daemon):
    for data, kind in ((b"", "malformed"), (b"no module", "malformed"),
                       (b"\0asm\1\0\0\0\1\5\1\x60\0\1\x7f\3\2\1\0\x0a\4\1\2\0"
                        b"\x0b", "invalid")):
        result = daemon.run(*preload(bad=binary(data)), guest("exit"))
        equal(result.returncode, 126)
        contains(one_message(result.stderr),
                 f"{kind} module: preloaded module bad: ")


@bad_input
def test_too_many_too_long_and_not_there(daemon):
    path = guest("library")
    most = preload(**{f"m{n}": path for n in range(7)})
    equal(daemon.run(*most, guest("exit")).returncode, 0)
    for options, code, word in (
            ([*most, "--preload", f"m7={path}"], 125, "at most 7"),
            (["--preload", f"{'n' * 64}={path}"], 125, "63"),
            (["--preload", f"a={path}", "--preload", f"a={path}"], 125,
             "two modules a"),
            (["--preload", "a=/nowhere.wasm"], 127, "/nowhere.wasm")):
        result = daemon.run(*options, guest("exit"))
        equal(result.returncode, code, options)
        contains(one_message(result.stderr), word)
    before = daemon.descriptors()
    for _ in range(20):
        equal(daemon.run(*preload(bad=binary(b"x")), guest("exit")).returncode,
              126)
    until(lambda: daemon.descriptors() <= before, what="closed descriptors")
