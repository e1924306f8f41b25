"""Programs that people really have, as they come from their makers: those of
the folder that WASMD_PROGRAMS names, such as sqlite.wasm. None is needed."""
import os
import pathlib
import re

from harness import Skip, contains, equal, test
from service import Daemon

FOLDER = os.environ.get("WASMD_PROGRAMS")
LARGE = 128 << 20       # bytes of the largest module

JAVASCRIPT = """\
class P { #x = 1; get x() { return this.#x } }
const { p, ...rest } = { p: 1, q: 2 };
console.log(new P().x, `t${1 + 1}`, 2n ** 100n, JSON.stringify(rest));
console.log(/(\\w+)@(\\w+)/.exec('me@here')[2], [1, [2, [3]]].flat(9) + '');
try { null.x } catch (e) { console.log(e.constructor.name) }
"""
PYTHON = """\
import collections, hashlib, json, re, sys
print(sys.argv[1:], 2**100, re.sub(r'(\\d+)', r'<\\1>', 'a12b3'))
print(json.dumps({'a': [1, None]}), hashlib.sha256(b'abc').hexdigest()[:8])
print(collections.Counter('mississippi').most_common(2))
print(sum(int(line) for line in sys.stdin))
sys.exit(3)
"""
SQL = b"""\
create table t(a integer primary key, b text);
with recursive c(x) as (select 1 union all select x + 1 from c where x < 2000)
  insert into t select x, 'row ' || (x * 7919 % 100) from c;
create index i on t(b);
select count(*), sum(a), count(distinct b) from t where b like 'row 1%';
select json_object('a', 1, 'b', json_array(1, 2));
"""
LUA = b"""\
local t = {}
for i = 1, 2000 do t[i] = i * 7919 % 10007 end
table.sort(t)
print(t[1], t[2000], ('x'):rep(3), string.format('%5.2f', math.pi))
print((('hello world'):gsub('o', '0')), 7 // 2, 2^53)
"""
VERILOG = b"""\
read_verilog <<EOT
module top(input a, b, output y); assign y = a & b | ~a; endmodule
EOT
proc; opt; stat
"""

# Program, arguments, input, exit code, what its output must match
PROGRAMS = (
    ("esbuild", ["--loader=ts", "--minify"],
     b"const enum E { A = 1, B }\nconsole.log(E.B as number)\n", 0,
     r".*console\.log\(2\);\n"),
    ("jsonnet", ["-e", "local f(n) = if n < 2 then n else f(n - 1) + "
                 "f(n - 2); { fib: f(12), s: std.join(',', ['a', 'b']) }"],
     b"", 0, r'\{\s*"fib": 144,\s*"s": "a,b"\s*\}\n'),
    ("lua", [], LUA, 0, r"8\t10006\txxx\t 3\.14\nhell0 w0rld\t3\t"
     r"9\.007199254741e\+15\n"),
    ("python", ["-c", PYTHON, "one", "two"], b"3\n4\n", 3,
     r"\['one', 'two'\] 1267650600228229401496703205376 a<12>b<3>\n"
     r'\{"a": \[1, null\]\} ba7816bf\n'
     r"\[\('i', 4\), \('s', 4\)\]\n7\n"),
    ("quickjs", ["-e", JAVASCRIPT], b"", 0,
     r'1 t2 1267650600228229401496703205376n? \{"q":2\}\n'
     r"here 1,2,3\nTypeError\n"),
    ("shfmt", ["-i", "2"], b"if true;then echo a|tr a b;fi\n", 0,
     r"if true; then echo a \| tr a b; fi\n"),
    ("sqlite", [], SQL, 0, r'(SQLite .*\n)?220\|219680\|11\n\{"a":1,"b":\[1,2\]\}\n'),
    ("yosys", ["-Q", "-T"], VERILOG, 0,
     r"(?s).*Successfully finished Verilog frontend.*\$_?and.*"),
)


def program_test(name, args, data, code, pattern):
    """A test of one program."""
    def run():
        if not FOLDER:
            raise Skip("WASMD_PROGRAMS names no folder with programs")
        module = pathlib.Path(FOLDER) / f"{name}.wasm"
        if not module.exists():
            raise Skip(f"there is no {module}")
        daemon = Daemon("--max-module", str(LARGE))
        result = daemon.run("-m", "2G", module, *args, input=data, seconds=55)
        out = result.stdout.decode(errors="replace")
        equal(result.returncode, code, result.stderr.decode(errors="replace"))
        equal(bool(re.fullmatch(pattern, out)), True, out)
        # With arithmetic that has one NaN only it is the same.
        again = daemon.run("-m", "2G", "--deterministic", module, *args,
                           input=data, seconds=55)
        equal((again.returncode, again.stdout.decode(errors="replace")),
              (code, out))
    run.__name__ = f"test_{name}"
    run.__module__ = __name__
    return test(run)


for row in PROGRAMS:
    program_test(*row)


@test
def test_a_library_for_a_javascript_host_says_what_it_lacks():
    if not FOLDER:
        raise Skip("WASMD_PROGRAMS names no folder with programs")
    module = pathlib.Path(FOLDER) / "ruby.wasm"
    if not module.exists():
        raise Skip(f"there is no {module}")
    result = Daemon().run(module)
    equal(result.returncode, 126)
    contains(result.stderr, b"there is no module rb-js-abi-host")
    contains(result.stderr, b"--preload rb-js-abi-host=FILE gives one")
    contains(result.stderr, b"more imports cannot be linked")
