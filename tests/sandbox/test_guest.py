"""Guests of the real worker: no call sees an earlier one, and limits bite, each
with its name."""
from attacked import command, confined, run, start, test, wasm
from daemon import SANITIZED
from harness import contains, equal, until



def imported(name, *types, result="i32"):
    return (f'(import "wasi_snapshot_preview1" "{name}" (func ${name} '
            f'(param {" ".join(types)}) (result {result})))')


WRITE = imported("fd_write", "i32", "i32", "i32", "i32")
RANDOM = imported("random_get", "i32", "i32")
POLL = imported("poll_oneoff", "i32", "i32", "i32", "i32")
EXIT = ('(import "wasi_snapshot_preview1" "proc_exit" '
        '(func $proc_exit (param i32)))')



def put(address, length):
    """Write these bytes of memory to standard output; 8 to 20 are used."""
    return (f"(i32.store (i32.const 8) (i32.const {address}))"
            f"(i32.store (i32.const 12) (i32.const {length}))"
            "(drop (call $fd_write (i32.const 1) (i32.const 8) (i32.const 1) "
            "(i32.const 16)))")


# ---- nothing passes from one call to the next --------------------------------

@test
def test_counters_begin_anew_in_each_call():
    """In a global, in memory, in a table's length and in a memory's."""
    module = wasm(f"""(module {EXIT}
        (memory (export "memory") 1 10)
        (data (i32.const 100) "\\01\\00\\00\\00")
        (global $g (mut i32) (i32.const 1))
        (table $t 1 100 funcref)
        (func (export "_start")
            (global.set $g (i32.add (global.get $g) (i32.const 1)))
            (i32.store (i32.const 100)
                (i32.add (i32.load (i32.const 100)) (i32.const 1)))
            (drop (memory.grow (i32.const 1)))
            (drop (table.grow $t (ref.null func) (i32.const 1)))
            (call $proc_exit (i32.add (i32.add (global.get $g)
                (i32.load (i32.const 100)))
                (i32.add (memory.size) (table.size $t))))))""")
    daemon = start()
    for _ in range(200):
        equal(run(daemon, module)[1]["exit_code"], 2 + 2 + 2 + 2)


@test
def test_random_bytes_never_repeat_in_1000_calls():
    module = command("(drop (call $random_get (i32.const 100) (i32.const 16)))" +
                     put(100, 16), RANDOM + WRITE)
    daemon = start()
    seen = set()
    with daemon.connect() as conn:
        for _ in range(1000):
            _, output, record = conn.run(module)
            equal((record["status"], len(output[1])), ("OK", 16))
            seen.add(output[1])
    equal(len(seen), 1000)


# ---- limits ------------------------------------------------------------------

@test
def test_cpu_limit_is_exact_to_10_ms():
    module = command("(loop $l (br $l))")
    daemon = start()
    for limit in (5, 50, 500):
        used = []
        for _ in range(3):
            _, record = run(daemon, module, cpu_ms=limit)
            equal((record["status"], record["signal"]), ("TC", 24))
            used.append(record["cpu_us"])
        print(f"        limit {limit} ms: {used} us")
        # A tick of the kernel's accounting may be missing, or one too many.
        for us in used:
            equal(limit * 1000 - 1000 <= us <= limit * 1000 + 10000, True, us)


@test
def test_wall_limit_ends_who_sleeps():
    # One subscription to the clock, an hour from now: 3600 s in ns.
    module = command(
        "(i64.store (i32.const 24) (i64.const 3600000000000))"
        "(i32.store (i32.const 16) (i32.const 1))"
        "(drop (call $poll_oneoff (i32.const 0) (i32.const 200) (i32.const 1) "
        "(i32.const 400)))", POLL)
    _, record = run(start(), module, wall_ms=200)
    equal(record["status"], "TO")
    contains(record["cause"], "200 ms")
    equal(200000 <= record["wall_us"] < 2000000, True, record["wall_us"])
    equal(record["cpu_us"] < 100000, True, "it slept")


@test
def test_wall_limit_ends_who_writes_what_nobody_reads():
    module = command("(loop $l " + put(0, 65536) + "(br $l))", WRITE)
    daemon = start()
    conn = daemon.connect()
    job = conn.call("submit", {"module": module, "credit": 1000,
                               "wall_ms": 300})[1]["job"]
    until(lambda: "child" in confined(daemon), what="its child")
    until(lambda: "child" not in confined(daemon), what="its end")
    # The record follows the output, as soon as that is read.
    conn.notify("job.credit", {"job": job, "bytes": 1 << 20})
    while True:
        message = conn.receive()
        if message[1] == "job.exit":
            break
        conn.notify("job.credit", {"job": job, "bytes": 1 << 16})
    equal(message[2]["status"], "TO")
    equal(300000 <= message[2]["wall_us"] < 5000000, True, message[2])


@test
def test_start_function_and_loading_are_covered():
    endless = "(func $f (loop $l (br $l)))(start $f)"
    module = wasm(f'(module {endless} (func (export "_start")))')
    daemon = start()
    equal(run(daemon, module, cpu_ms=50)[1]["status"], "TC")
    equal(run(daemon, module, wall_ms=100)[1]["status"], "TO")
    equal(run(daemon, module, fuel=10000)[1]["status"], "TF")


@test
def test_memory_beyond_its_limit_is_refused_and_bounded():
    """Grow by pages, touch each; the number of those that were granted."""
    module = wasm(f"""(module {EXIT} (memory (export "memory") 1)
        (func (export "_start") (local $page i32)
            (loop $more
                (local.set $page (memory.grow (i32.const 1)))
                (if (i32.ne (local.get $page) (i32.const -1)) (then
                    (memory.fill (i32.mul (local.get $page)
                        (i32.const 65536)) (i32.const 7) (i32.const 65536))
                    (br $more))))
            (call $proc_exit (memory.size))))""")
    daemon = start()
    for mib in (1, 16, 64):
        _, record = run(daemon, module, memory_bytes=mib << 20)
        equal(record["exit_code"], 16 * mib, "pages")
        equal(record["memory_pages_peak"], 16 * mib)
        if not SANITIZED:
            equal(record["max_rss"] < (mib + 8 << 20), True,
                  f"{record['max_rss']} bytes resident")
    # What it begins with counts as well.
    huge = wasm('(module (memory 32) (func (export "_start")))')
    equal(run(daemon, huge, memory_bytes=1 << 20)[1]["status"], "MO")


@test
def test_table_limit():
    module = wasm(f"""(module {EXIT} (table $t 10 funcref)
        (func (export "_start")
            (if (i32.ne (table.grow $t (ref.null func) (i32.const 90))
                (i32.const 10)) (then unreachable))
            (if (i32.ne (table.grow $t (ref.null func) (i32.const 1))
                (i32.const -1)) (then unreachable))
            (call $proc_exit (table.size $t))))""")
    daemon = start()
    equal(run(daemon, module, table_elems=100)[1]["exit_code"], 100)
    large = wasm('(module (table 101 funcref) (func (export "_start")))')
    _, record = run(daemon, large, table_elems=100)
    equal(record["status"] in ("MO", "IV"), True, record)
    contains(record["cause"], "table")


@test
def test_stack_limit():
    module = wasm("""(module (func $f (export "f") (param i32)
        (if (local.get 0) (then
            (call $f (i32.sub (local.get 0) (i32.const 1)))))))""")
    daemon = start()
    # One frame has 8 bytes at the least, and surely no more than 100.
    for size, depth, status in ((4096, 40, "OK"), (4096, 1000, "TR"),
                                (1 << 20, 1000, "OK"),
                                (1 << 20, 1 << 18, "TR")):
        _, record = run(daemon, module, stack_bytes=size, invoke="f",
                        params=[str(depth)])
        equal(record["status"], status, (size, depth))
        if status == "TR":
            contains(record["trap"], "stack")


@test
def test_output_fuel_and_module_size_limits():
    flood = command("(loop $l " + put(0, 1000) + "(br $l))", WRITE)
    daemon = start("--max-module", "64K")
    output, record = run(daemon, flood, output_bytes=12345)
    equal((len(output), record["status"]), (12345, "OL"))
    contains(record["cause"], "12345")
    _, record = run(daemon, command("(loop $l (br $l))"), fuel=1000)
    equal(record["status"], "TF")
    contains(record["cause"], "1000")
    with daemon.connect() as conn:
        error, _, _ = conn.run(b"\0asm\1\0\0\0" + bytes(70000))
    equal(error["name"], "too-large")
    contains(error["text"], "65536")


@test
def test_administrator_sets_the_most():
    daemon = start("--max-wall", "5s", "--max-cpu", "4s", "--max-fuel", "1000",
                   "--max-memory", "1M", "--max-stack", "64K",
                   "--max-output", "100", "--max-table", "10")
    module = command("nop")
    equal(run(daemon, module)[1]["status"], "OK")
    for name, most in (("wall_ms", 5000), ("cpu_ms", 4000), ("fuel", 1000),
                       ("memory_bytes", 1 << 20), ("stack_bytes", 65536),
                       ("output_bytes", 100), ("table_elems", 10)):
        equal(run(daemon, module, **{name: most})[1]["status"], "OK", name)
        with daemon.connect() as conn:
            error, _, _ = conn.run(module, **{name: most + 1})
        equal(error["name"], "too-large", name)
        contains(error["text"], name)
    # Who asks for nothing gets no more either.
    _, record = run(daemon, command("(loop $l (br $l))"))
    equal(record["status"], "TF")


@test
def test_limits_of_one_are_not_anothers():
    """Templates are by limits: one with more lends nothing to one with less."""
    module = wasm(f"""(module {EXIT} (memory (export "memory") 1)
        (func (export "_start")
            (call $proc_exit (memory.grow (i32.const 100)))))""")
    daemon = start()
    for _ in range(3):
        equal(run(daemon, module, memory_bytes=64 << 20)[1]["exit_code"], 1)
        equal(run(daemon, module, memory_bytes=1 << 20)[1]["exit_code"],
              0xffffffff)
