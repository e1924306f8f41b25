#!/usr/bin/env python3
"""
Write the interpreter's generated headers from instrs.py.

usage: gen.py OUTPUT-DIRECTORY OPS.DEF SIMD.DEF FUSED-LIST

    code_ops.h       enum code_op, the internal instructions
    code_info.h      what the translator knows of them, and the encodings
    code_opcodes.h   from WebAssembly's opcodes to them
    code_names.h     names of the handlers
    code_handlers.h  the handlers' bodies, independent of how they dispatch
    code_fusedN.h    those of fused sequences, in parts
    code_cases.h     those of the cases of a br_table

SIMD.DEF gives the vector instructions' functions. FUSED-LIST names sequences of handlers, one a line, whose bodies are joined
into one handler; see fused.list.
"""
import os
import sys

import instrs
from instrs import BIN, CMP, UN, LOAD, STORE, FLOAT, INT

FUSED_PARTS = 4		# object files of fused handlers
CASES = 256		# of a br_table that have a handler: SWITCH of machine.h

S, K, R = 0, 1, 2
CLASS = {"S": S, "K": K, "R": R, "-": S}
LETTER = "SKR"

CTYPE = {"i": "uint32_t", "l": "uint64_t", "f": "float", "d": "double",
         "v": "v128"}
ACC = {"i": "(uint32_t)R0", "l": "R0", "f": "S0", "d": "D0", "v": "V0"}
ACC_LVALUE = {"i": "R0", "l": "R0", "f": "S0", "d": "D0", "v": "V0"}
SUM = {"f": "S1", "d": "D1"}
IS_SUM = {f"{FLOAT[t][0]}_{name}{end}" for t in FLOAT for name in instrs.SUMS
          for end in ("", "_sum")}
BYTES = {"uint8_t": 1, "int8_t": 1, "uint16_t": 2, "int16_t": 2, "uint32_t": 4,
         "int32_t": 4, "uint64_t": 8, "float": 4, "double": 8}
FIELD_BYTES = {"u16": 2, "u32": 4, "k32": 4, "k64": 8, "branch": 4}


class Layout:
    """Where the fields of one instruction are: in order, aligned, behind the
    handler's address."""

    def __init__(self):
        self.fields = []	# (name, type, offset)
        self.end = 8

    def add(self, name, kind):
        size = FIELD_BYTES[kind]
        self.end = (self.end + size - 1) // size * size
        self.fields.append((name, kind, self.end))
        self.end += size
        if kind == "branch":	# the charge of fuel stands behind the offset
            self.end += 4
        return self

    def offset(self, name):
        return next(o for n, _, o in self.fields if n == name)

    @property
    def branch(self):
        """Where its branch is; 0 if it has none."""
        return next((o for _, t, o in self.fields if t == "branch"), 0)

    @property
    def length(self):
        return (self.end + 7) // 8 * 8


class Handler:
    def __init__(self, op, key, layout, body, falls):
        self.op, self.key, self.layout = op, key, layout
        self.falls = falls	# goes on with the next instruction
        self.name = op + "_" + "".join(LETTER[c] for c in key)
        for name, _, offset in layout.fields:
            body = body.replace(f"${name})", f"{offset})")
            body = body.replace(f"${name},", f"{offset},")
        self.body = body.replace("$len", str(layout.length))


ops = []	# dicts: name, kind and the translator's facts
index = {}
handlers = []
by_key = {}
by_name = {}


def op(name, kind, **facts):
    index[name] = len(ops)
    ops.append(dict(name=name, kind=kind, **facts))


def handler(name, key, layout, body, falls=True):
    assert (name, key) not in by_key, (name, key)
    h = Handler(name, key, layout, body, falls)
    by_key[name, key] = len(handlers)
    by_name[h.name] = len(handlers)
    handlers.append(h)


def operand(cls, t, layout, name):
    """The C expression of an operand; its field is called name, or k."""
    if cls == S:
        return f"SLOT_{t}({layout.offset(name)})"
    if cls == R:
        return ACC[t]
    k = layout.offset("k")
    return {"i": f"LDU32({k})", "l": f"(uint64_t)(int64_t)LDS32({k})",
            "f": f"num_f32(LDU32({k}))", "d": f"num_f64(LDU64({k}))"}[t]


def constant(t):
    return "k64" if t == "d" else "k32"


def result(cls, t, layout, expr, name=None):
    acc = ACC_LVALUE[t]
    if name in IS_SUM:
        acc = f"{SUM[t]} = {acc}"
    cast = "(uint32_t)" if t == "i" else ""
    store = ""
    if cls == S:
        d = layout.offset("d")
        store = {"i": f" SLOT({d}) = R0;", "l": f" SLOT({d}) = R0;",
                 "v": f" SET_SLOT_v({d}, V0);"}.get(
                 t, f" SLOT_{t}({d}) = {ACC_LVALUE[t]};")
    return f"{acc} = {cast}({expr});{store}"


def split_body(body):
    """Statements, and the expression behind them."""
    parts = body.split("; ")
    return "".join(p + "; " for p in parts[:-1]), parts[-1]


def binary_classes(commutes, left):
    out = [(S, S), (S, K), (R, S), (R, K)]
    if not commutes:
        out.append((S, R))
    if left:
        out += [(K, S), (K, R)]
    return out


def operands_layout(a, b, t, d=None):
    layout = Layout()
    if a == S:
        layout.add("a", "u16")
    if b == S:
        layout.add("b", "u16")
    if d == S:
        layout.add("d", "u16")
    if K in (a, b):
        layout.add("k", constant(t))
    return layout


def emit_binary():
    for name, t, commutes, left, body in BIN:
        op(name, "BIN", t=t, r=t, commutes=commutes, left_k=left)
        pre, expr = split_body(body)
        classes = binary_classes(commutes, left)
        # Squares and doubles: a float comes back from its slot much later
        # than it is in the accumulator.
        if t in "fd" and commutes:
            classes.append((R, R))
        for a, b in classes:
            for d in (S, R):
                lay = operands_layout(a, b, t, d)
                handler(name, (a, b, d), lay,
                    f"{CTYPE[t]} a = {operand(a, t, lay, 'a')}, "
                    f"b = {operand(b, t, lay, 'b')}; {pre}"
                    + result(d, t, lay, expr, name))


def emit_sum():
    for name, of, t, expr in instrs.SUM:
        op(name, "SUM", t=t, r=t)
        ops[index[of]]["sum"] = name
        for a in (S, R):
            for d in (S, R):
                lay = operands_layout(a, R, t, d)
                handler(name, (a, S, d), lay,
                    f"{CTYPE[t]} a = {operand(a, t, lay, 'a')}, s = {SUM[t]}; "
                    + result(d, t, lay, expr, name))


def emit_compare():
    for name, t, swap, inverse, expr in CMP:
        commutes = swap == name
        op(name, "CMP", t=t, r="i", commutes=commutes, swap=swap,
           inverse=inverse, branch="br_" + name,
           branch_not="br_" + inverse if inverse else "br_not_" + name)
        for a, b in binary_classes(commutes, 0):
            for d in (S, R):
                lay = operands_layout(a, b, t, d)
                handler(name, (a, b, d), lay,
                    f"{CTYPE[t]} a = {operand(a, t, lay, 'a')}, "
                    f"b = {operand(b, t, lay, 'b')}; "
                    + result(d, "i", lay, expr))


def emit_compare_branch():
    rows = [("br_" + n, t, s == n, e) for n, t, s, _, e in CMP]
    rows += [("br_not_" + n, t, s == n, f"!({e})")
             for n, t, s, inv, e in CMP if inv is None]
    rows += [(n, t, True, e) for n, t, e in instrs.AND_BRANCH]
    for name, t, commutes, expr in rows:
        op(name, "BRANCH", t=t)
        for a, b in binary_classes(commutes, 0):
            lay = operands_layout(a, b, t)
            lay.add("t", "branch")
            handler(name, (a, b, S), lay,
                f"{CTYPE[t]} a = {operand(a, t, lay, 'a')}, "
                f"b = {operand(b, t, lay, 'b')}; BRANCH_IF({expr}, $t);")


def emit_inc_branch():
    for name, t, _, _, expr in instrs.INC_BRANCH:
        op("inc_br_" + name, "INC_BRANCH", t=t)
        for b in (S, K):
            lay = Layout().add("a", "u16")
            if b == S:
                lay.add("b", "u16")
            lay.add("o", "u32")
            if b == K:
                lay.add("k", "k32")
            lay.add("t", "branch")
            handler("inc_br_" + name, (S, b, S), lay,
                f"{CTYPE[t]} a = SLOT_{t}($a) + LDU32($o), "
                f"b = {operand(b, t, lay, 'b')}; R0 = a; SLOT($a) = R0; "
                f"BRANCH_IF({expr}, $t);")


def emit_select_compare():
    for name, t, _, _, expr in instrs.SELECT_CMP:
        op("select_" + name, "SELECT_CMP", t=t)
        for a in (S, R):
            for b in (S, K):
                lay = operands_layout(a, b, t)
                lay2 = Layout()
                for n, kind, _ in lay.fields:
                    if kind == "u16":
                        lay2.add(n, kind)
                for n in ("x", "y", "d"):
                    lay2.add(n, "u16")
                if b == K:
                    lay2.add("k", "k32")
                handler("select_" + name, (a, b, S), lay2,
                    f"{CTYPE[t]} a = {operand(a, t, lay2, 'a')}, "
                    f"b = {operand(b, t, lay2, 'b')}; "
                    f"R0 = {expr} ? SLOT($x) : SLOT($y); SLOT($d) = R0;")


def emit_unary():
    for name, t, r, body in UN:
        op(name, "UN", t=t, r=r)
        pre, expr = split_body(body)
        for a in (S, R):
            for d in (S, R):
                lay = operands_layout(a, R, t, d)
                handler(name, (a, S, d), lay,
                    f"{CTYPE[t]} a = {operand(a, t, lay, 'a')}; {pre}"
                    + result(d, r, lay, expr))


def address(a, lay, plus=None):
    expr = operand(a, "i", lay, "a")
    if plus is not None:
        expr = f"(uint32_t)({expr} + {plus})"
    return expr


def load_rows():
    """name, result type, bytes, value at ea in memory 0, value at a pointer"""
    for name, t, mem, cast in LOAD:
        yield name, t, BYTES[mem], f"{cast}MEM_{mem}(ea)", f"{cast}AT_{mem}(at)"
    for name, shape, f in SIMD:
        if shape.startswith("LOAD") and shape[4:].isdigit():
            yield name, "v", int(shape[4:]) // 8, f"{f}(MEM + ea)", f"{f}(at)"


def emit_load():
    for name, t, size, value, value_at in load_rows():
        op(name, "LOAD", t="i", r=t, index=name + "_index", any=name + "_any")
        for a in (S, R, K):
            for d in (S, R):
                lay = operands_layout(a, R, "i", d).add("o", "u32")
                handler(name, (a, S, d), lay,
                    f"uint64_t ea = (uint64_t)({address(a, lay)}) + LDU32($o); "
                    f"CHECK(ea, {size}); " + result(d, t, lay, value))
        op(name + "_index", "LOAD_INDEX", t="i", r=t)
        for a, b in ((S, S), (S, K), (R, S), (R, K)):
            for d in (S, R):
                lay = operands_layout(a, b, "i", d).add("o", "u32")
                at = address(a, lay, operand(b, "i", lay, "b"))
                handler(name + "_index", (a, b, d), lay,
                    f"uint64_t ea = (uint64_t)({at}) + LDU32($o); "
                    f"CHECK(ea, {size}); " + result(d, t, lay, value))
        op(name + "_any", "LOAD_ANY", t="l", r=t)
        lay = Layout().add("a", "u16").add("d", "u16").add("o", "u32")
        lay.add("k", "k64")
        handler(name + "_any", (S, S, S), lay,
            f"const uint8_t *at; ANY_ADDRESS(at, SLOT($a), $k, $o, {size}); "
            + result(S, t, lay, value_at))


def store_rows():
    """name, operand type, bytes, store of VALUE to ea, and to a pointer"""
    for name, t, mem in STORE:
        yield (name, t, BYTES[mem], f"MEM_{mem}(ea) = ({mem})(VALUE);",
               f"AT_{mem}(at) = ({mem})(VALUE);")
    for name, shape, f in SIMD:
        if shape == "STORE128":
            yield name, "v", 16, f"{f}(MEM + ea, VALUE);", f"{f}(at, VALUE);"


def emit_store():
    for name, t, size, store, store_at in store_rows():
        op(name, "STORE", t=t, index=name + "_index", any=name + "_any")
        values = (S, R, K) if t in "il" else (S, R)
        for a in (S, R):
            for v in values:
                if a == R and v == R and t in "il":
                    continue
                lay = operands_layout(a, v, t)
                lay.add("o", "u32")
                value = operand(v, t, lay, "b")
                handler(name, (a, v, S), lay,
                    f"uint64_t ea = (uint64_t)({address(a, lay)}) + LDU32($o); "
                    f"CHECK(ea, {size}); " + store.replace("VALUE", value))
        op(name + "_index", "STORE_INDEX", t=t)
        constants = [(S, S, K), (R, S, K)] if t in "il" else []
        for a, b, v in [(S, S, S), (S, S, R), (S, K, S), (S, K, R),
                        (R, S, S), (R, K, S)] + constants:
            lay = Layout()
            if a == S:
                lay.add("a", "u16")
            if b == S:
                lay.add("b", "u16")
            if v == S:
                lay.add("d", "u16")
            lay.add("o", "u32")
            if K in (b, v):
                lay.add("k", "k32")
            at = address(a, lay, operand(b, "i", lay, "b"))
            value = operand(v, t, lay, "d")
            handler(name + "_index", (a, b, v), lay,
                f"uint64_t ea = (uint64_t)({at}) + LDU32($o); "
                f"CHECK(ea, {size}); " + store.replace("VALUE", value))
        op(name + "_any", "STORE_ANY", t=t)
        lay = Layout().add("a", "u16").add("b", "u16").add("o", "u32")
        lay.add("k", "k64")
        handler(name + "_any", (S, S, S), lay,
            f"uint8_t *at; ANY_ADDRESS(at, SLOT($a), $k, $o, {size}); "
            + store_at.replace("VALUE", f"SLOT_{t}($b)"))


def emit_operand_load():
    loads = {name: (t, mem) for name, t, mem, _ in LOAD}
    for name, _, load, expr in instrs.OPERAND_LOAD:
        t, mem = loads[load]
        op(name, "OPERAND_LOAD", t=t, r=t)
        for a in (S, R):
            for b in (S, R) if t in "fd" or a == S else (S,):
                for d in (S, R):
                    lay = operands_layout(a, b, t, d).add("o", "u32")
                    at = operand(b, "i", lay, "b")
                    handler(name, (a, b, d), lay,
                        f"uint64_t ea = (uint64_t)({at}) + LDU32($o); "
                        f"CHECK(ea, {BYTES[mem]}); "
                        f"{CTYPE[t]} b = MEM_{mem}(ea), "
                        f"a = {operand(a, t, lay, 'a')}; "
                        + result(d, t, lay, expr, name))


def emit_operand_load_sum():
    loads = {name: (t, mem) for name, t, mem, _ in LOAD}
    for name, _, load, expr in instrs.OPERAND_LOAD:
        t, mem = loads[load]
        if name not in IS_SUM:
            continue
        op(name + "_sum", "OPERAND_LOAD_SUM", t=t, r=t)
        for b in (S, R):
            for d in (S, R):
                lay = operands_layout(R, b, t, d).add("o", "u32")
                at = operand(b, "i", lay, "b")
                handler(name + "_sum", (S, b, d), lay,
                    f"uint64_t ea = (uint64_t)({at}) + LDU32($o); "
                    f"CHECK(ea, {BYTES[mem]}); "
                    f"{CTYPE[t]} b = MEM_{mem}(ea), a = {SUM[t]}; "
                    + result(d, t, lay, expr, name))


def emit_pairs():
    for name, t, _, _, _, z_const, expr in instrs.PAIR:
        emit_pair(name, t, z_const, expr, False)
        if name in IS_SUM:
            emit_pair(name + "_sum", t, z_const, expr, True)


def emit_pair(name, t, z_const, expr, z_sum):
    op(name, "PAIR", t=t, r=t)
    for a in (S, R):
        for b in (S, K) if t in "il" else (S, R) if a == R else (S,):
            for d in (S, R):
                lay = operands_layout(a, b, t, d)
                lay2 = Layout()
                for n, kind, _ in lay.fields:
                    if kind == "u16":
                        lay2.add(n, kind)
                if not z_sum:
                    lay2.add(*(("o", "u32") if z_const else ("c", "u16")))
                if b == K:
                    lay2.add("k", "k32")
                z = SUM[t] if z_sum else \
                    "LDU32($o)" if z_const else f"SLOT_{t}($c)"
                handler(name, (a, b, d), lay2,
                    f"{CTYPE[t]} x = {operand(a, t, lay2, 'a')}, "
                    f"y = {operand(b, t, lay2, 'b')}, z = {z}; "
                    + result(d, t, lay2, expr, name))


def emit_raw():
    for name, classes, fields, falls, body in instrs.RAW:
        if name not in index:
            op(name, "RAW")
        lay = Layout()
        for field in fields.split():
            lay.add(*field.split(":"))
        handler(name, tuple(CLASS[c] for c in classes), lay, body, bool(falls))


def emit_call_c():
    for name, results, effect in instrs.CALL_C:
        op(name, "CALL_C", results=results, collects=effect == "g")
        lay = Layout().add("a", "u16").add("o", "u32").add("p", "u32")
        args = ", ".join(f"LDU32({lay.offset(i)})" for i in "op")
        macro = {"m": "CALL_C_RELOAD", "g": "CALL_C_COLLECT"}.get(effect, "CALL_C")
        if effect == "g":
            args += ", $len"
        handler(name, (S, S, S), lay, f"{macro}(op_{name}, $a, {args});")


LETTER_OF = {"I32": "i", "I64": "l", "F32": "f", "F64": "d"}


def simd_op(name, kind, types, r, f, lane=False, classes=None):
    """A vector instruction as a call of its function: operand types and the
    classes each may have, d's being both."""
    op(name, kind, t=types[0], r=r)
    for key in classes:
        for d in (S, R):
            lay = Layout()
            args = []
            for n, c in zip("ab", key):
                if c == S:
                    lay.add(n, "u16")
            if d == S:
                lay.add("d", "u16")
            if lane:
                lay.add("n", "u16")
            if K in key:
                lay.add("k", "k32")
            for n, t, c in zip("ab", types, key):
                args.append(operand(c, t, lay, n))
            if lane:
                args.insert(1, "LDU16($n)")
            handler(name, tuple(key) + (S,) * (2 - len(key)) + (d,), lay,
                    result(d, r, lay, f"{f}({', '.join(args)})"))


def emit_simd_lane_access(name, shape, f):
    load = shape.startswith("LOAD")
    size = int(shape.split("LANE")[1]) // 8
    op(name, "LOAD_LANE" if load else "STORE_LANE", t="v", r="v")
    lay = Layout().add("a", "u16").add("b", "u16").add("n", "u16")
    if load:
        lay.add("d", "u16")
    lay.add("o", "u32").add("k", "k64")
    body = f"uint8_t *at; ANY_ADDRESS(at, SLOT($a), $k, $o, {size}); "
    call = f"{f}(at, SLOT_v($b), LDU16($n))"
    body += result(S, "v", lay, call) if load else call + ";"
    handler(name, (S, S, S), lay, body)


def emit_simd():
    one = [(S,), (R,)]
    two = [(S, S), (R, S), (S, R)]
    for name, shape, f in SIMD:
        kind, _, t = shape.partition("_")
        t = LETTER_OF.get(t)
        if shape == "UNARY":
            simd_op(name, "UN", "v", "v", f, classes=one)
        elif shape == "BINARY":
            simd_op(name, "BIN", "vv", "v", f, classes=two)
        elif shape == "SHIFT":
            simd_op(name, "BIN", "vi", "v", f,
                    classes=two + [(R, R), (S, K), (R, K)])
        elif shape == "TEST":
            simd_op(name, "UN", "v", "i", f, classes=one)
        elif kind == "SPLAT":
            simd_op(name, "UN", t, "v", f, classes=one)
        elif kind == "EXTRACT":
            simd_op(name, "UN_LANE", "v", t, f, True, classes=one)
        elif kind == "REPLACE":
            simd_op(name, "BIN_LANE", "v" + t, "v", f, True,
                    classes=two + [(R, R)])
        elif "LANE" in shape:
            emit_simd_lane_access(name, shape, f)
        elif shape == "TERNARY":
            op(name, "TERN", t="v", r="v")
            lay = Layout()
            for n in "abcd":
                lay.add(n, "u16")
            handler(name, (S, S, S), lay, result(S, "v", lay,
                f"{f}(SLOT_v($a), SLOT_v($b), SLOT_v($c))"))
        elif shape == "SHUFFLE":
            op(name, "SHUFFLE", t="v", r="v")
            lay = Layout()
            for n in "abd":
                lay.add(n, "u16")
            lay.add("k", "k64").add("l", "k64")
            handler(name, (S, S, S), lay, result(S, "v", lay,
                f"{f}(SLOT_v($a), SLOT_v($b), LANES($k))"))


def read_simd(path):
    rows = []
    with open(path) as f:
        for line in f:
            if line.startswith("SIMD("):
                ident, shape, function = line[5:].rstrip(")\n").split(", ")
                rows.append((ident.lower(), shape, function))
    return rows


class Fused:
    """A sequence of handlers, by their numbers; a loop ends by a branch to its
    own beginning."""

    def __init__(self, words):
        self.loops = words[-1] == "loop"
        self.names = words[:-1] if self.loops else words
        self.ids = [by_name.get(w) for w in self.names]
        self.name = "__".join(words)

    def is_possible(self):
        if None in self.ids or len(self.ids) < 2:
            return False
        if self.loops and "BRANCH_IF(" not in handlers[self.ids[-1]].body:
            return False
        return all(handlers[i].falls or
                   (handlers[i].name == "br_SSS" and not self.loops)
                   for i in self.ids[:-1])

    def bodies(self):
        """C of each part."""
        back = sum(handlers[i].layout.length for i in self.ids[:-1])
        for n, i in enumerate(self.ids):
            body = handlers[i].body
            last = n + 1 == len(self.ids)
            if not last and handlers[i].op == "br":
                # what follows a br is where it goes
                body = body.replace("JUMP(", "GO(")
            elif last and self.loops:
                body = body.replace("BRANCH_IF(", f"LOOP_IF({back}, ")
            yield handlers[i], body, last


def read_fused(path):
    out = []
    with open(path) as f:
        for line in f:
            words = line.split("#")[0].split()[3:]
            if not words:
                continue
            sequence = Fused(words)
            if not sequence.is_possible():
                sys.exit(f"{path}: cannot fuse: {line.strip()}")
            out.append(sequence)
    return out


# ---- output -----------------------------------------------------------------

def enum(name):
    return "CODE_" + name.upper() if name else "CODE_NONE"


def write(path, lines):
    text = "/* Generated by vm/exec/gen.py from vm/exec/instrs.py. */\n"
    text += "\n".join(lines) + "\n"
    with open(path, "w") as f:
        f.write(text)


def write_ops(path):
    out = ["#ifndef VM_EXEC_CODE_OPS_H", "#define VM_EXEC_CODE_OPS_H", "",
           "enum code_op {"]
    out += [f"\t{enum(o['name'])}," for o in ops]
    out += ["\tCODE_COUNT,", "\tCODE_NONE = CODE_COUNT", "};", "",
            "enum code_kind {"]
    out += [f"\tCODE_KIND_{k}," for k in sorted({o["kind"] for o in ops})]
    out += ["};", "", f"#define CODE_HANDLERS {len(handlers)}",
            f"#define CODE_FUSED {len(fused)}",
            f"#define HANDLER_BR {by_name['br_SSS']}",
            f"#define HANDLER_LOOP {len(handlers)}\t/* behind a sequence that loops */",
            f"#define FUSED_PARTS {FUSED_PARTS}",
            f"#define CODE_CASES {CASES}",
            f"#define CODE_RETURN_NEAR {instrs.RETURN_NEAR}", "", "#endif"]
    write(path, out)


def info_row(o):
    parts = [f".kind = CODE_KIND_{o['kind']}"]
    for key in ("t", "r"):
        if o.get(key):
            parts.append(f".{key} = '{o[key]}'")
    for key in ("commutes", "left_k", "collects"):
        if o.get(key):
            parts.append(f".{key} = true")
    if o["name"] in IS_SUM:
        parts.append(".is_sum = true")
    if o.get("t") in FLOAT:
        parts.append(f".sum = {enum(o.get('sum'))}")
    if o.get("results"):
        parts.append(f".results = {o['results']}")
    for key in ("swap", "inverse", "branch", "branch_not", "index", "any"):
        if o["kind"] in ("CMP", "LOAD", "STORE") and \
                (key in o or key in ("inverse",)):
            parts.append(f".{key} = {enum(o.get(key))}")
    return f"\t[{enum(o['name'])}] = {{ {', '.join(parts)} }},"


def write_names(path):
    """For people: the handlers' names, and what each fused one begins with."""
    out = ["static const char *const code_names[CODE_HANDLERS] = {"]
    out += [f"\t\"{h.name}\"," for h in handlers]
    out += ["};", "", "/* The sequences, one behind the other, and where each is. */",
            "static const uint16_t code_fused_parts[] = {"]
    out += ["\t" + ", ".join(map(str, s.ids)) + "," for s in fused]
    out += ["\t0", "};", "static const struct { uint16_t at, count; bool loops; } "
            "code_fused_from[CODE_FUSED + 1] = {"]
    at = 0
    for s in fused:
        out.append(f"\t{{ {at}, {len(s.ids)}, {str(s.loops).lower()} }},")
        at += len(s.ids)
    write(path, out + ["\t{ 0, 0, false }", "};"])


def op_text_names():
    """The opcodes that have an internal instruction of the same name."""
    return {o["name"].upper(): o["name"] for o in ops}


def write_info(path):
    out = ["const struct code_info code_info[CODE_COUNT] = {"]
    out += [info_row(o) for o in ops]
    out += ["};", "",
            "const uint16_t code_handler_of[CODE_COUNT][3][3][3] = {"]
    for o in ops:
        cells = []
        for (name, key), i in by_key.items():
            if name == o["name"]:
                a, b, d = key
                cells.append(f"[{a}][{b}][{d}] = {i + 1}")
        out.append(f"\t[{enum(o['name'])}] = {{ {', '.join(cells)} }},")
    out += ["};", "",
            "const struct code_format code_formats[CODE_HANDLERS] = {"]
    for h in handlers:
        fields = ", ".join(f"{{ FIELD_{n.upper()}, TYPE_{k.upper()}, {o} }}"
                           for n, k, o in h.layout.fields)
        out.append(f"\t{{ {h.layout.length}, {len(h.layout.fields)}, "
                   f"{h.layout.branch}, {{ {fields} }} }},\t/* {h.name} */")
    out += ["};", "", "const struct code_operand_load code_operand_loads[] = {"]
    for name, second, load, _ in instrs.OPERAND_LOAD:
        out.append(f"\t{{ {enum(second)}, {enum(load)}, {enum(name)}, "
                   f"{enum(name + '_sum' if name in IS_SUM else None)} }},")
    out += ["};", "", "const struct code_pair code_pairs[] = {"]
    for name, t, first, second, side, z_const, _ in instrs.PAIR:
        out.append(f"\t{{ {enum(first)}, {enum(second)}, {enum(name)}, "
                   f"{enum(name + '_sum' if name in IS_SUM else None)}, "
                   f"{str('a' in side).lower()}, {str('b' in side).lower()}, "
                   f"{str(bool(z_const)).lower()} }},")
    out += ["};"]
    out += fused_table()
    write(path, out)


def write_opcode_map(path, ops_def):
    """Opcode of WebAssembly -> internal instruction of the same name."""
    names = op_text_names()
    out = ["static const uint16_t code_of_opcode[OP_COUNT] = {"]
    for line in open(ops_def):
        if line.startswith("OP("):
            ident = line[3:].split(",")[0].strip()
            if ident in names:
                out.append(f"\t[OP_{ident}] = {enum(names[ident])} + 1,")
    out += ["};"]
    write(path, out)


def fused_trie():
    """States of the matcher: (state, handler) -> state. State of a single
    handler is its number + 1; longer prefixes follow."""
    states = {}
    final = {}
    next_state = len(handlers) + 1
    for n, s in enumerate(fused):
        ids = s.ids + ([len(handlers)] if s.loops else [])
        state = ids[0] + 1
        for i in ids[1:]:
            if (state, i) not in states:
                states[state, i] = next_state
                next_state += 1
            state = states[state, i]
        final[state] = len(handlers) + n
    return states, final, next_state


def fused_table():
    states, final, count = fused_trie()
    size = 1
    while size < 2 * len(states) + 1:
        size *= 2
    table = [None] * size
    for (state, handler_id), to in states.items():
        slot = (state * 31 + handler_id * 17) & (size - 1)
        while table[slot] is not None:
            slot = (slot + 1) & (size - 1)
        table[slot] = (state, handler_id, to, final.get(to, 0))
    out = ["", f"#define FUSED_SLOTS {size}",
           "#define FUSED_HASH(state, handler) "
           "(((state) * 31 + (handler) * 17) & (FUSED_SLOTS - 1))",
           "/* state, the next handler, the state then, the fused handler */",
           "static const struct code_fused code_fused[FUSED_SLOTS] = {"]
    for i, row in enumerate(table):
        if row is not None:
            out.append("\t[%d] = { %d, %d, %d, %d }," % ((i,) + row))
    out += ["\t[0].state = %d," % (table[0][0] if table[0] else 0)]
    if table[0] is not None:
        out.pop()
    out += ["};"]
    return out


def format_body(body, indent="\t"):
    return "\n".join(indent + s.strip() + ("" if s.strip().endswith("}") else ";")
                     for s in body.rstrip("; ").split("; ") if s.strip())


def handler_table(name, names):
    return [f"const handler {name}[] = {{"] + \
        [f"\th_{n}," for n in names] + ["\tNULL", "};"]


def write_handlers(path):
    out = []
    for h in handlers:
        out += [f"HANDLER({h.name})", "{", format_body(h.body)]
        if h.falls:
            out.append(f"\tNEXT({h.layout.length});")
        out += ["}", ""]
    out += handler_table("handlers_plain", [h.name for h in handlers])
    write(path, out)


def write_cases(path):
    out = []
    for i in range(CASES):
        out += [f"HANDLER(case_{i})", "{", f"\tJUMP({8 * i});", "}", ""]
    write(path, out + handler_table("handlers_case",
                                    [f"case_{i}" for i in range(CASES)]))


def write_fused(path, part):
    """Every FUSED_PARTS-th of the sequences."""
    out = []
    for s in fused[part::FUSED_PARTS]:
        out += [f"HANDLER({s.name})", "{"]
        if s.loops:
            out.append("again:")
        for h, body, last in s.bodies():
            out += ["\t{", format_body(body, "\t\t"), "\t}"]
            if h.falls:
                length = h.layout.length
                out.append(f"\tNEXT({length});" if last else f"\tPC += {length};")
        out += ["}", ""]
    write(path, out + handler_table(f"handlers_fused_{part}",
                                    [s.name for s in fused[part::FUSED_PARTS]]))


if len(sys.argv) != 5:
    sys.exit("usage: gen.py OUTPUT-DIRECTORY OPS.DEF SIMD.DEF FUSED-LIST")
out_dir, ops_def, simd_def, fused_path = sys.argv[1:]
SIMD = read_simd(simd_def) + instrs.SIMD_OWN
emit_binary()
emit_compare()
emit_compare_branch()
emit_inc_branch()
emit_select_compare()
emit_unary()
emit_load()
emit_store()
emit_sum()
emit_operand_load()
emit_operand_load_sum()
emit_pairs()
emit_simd()
emit_raw()
emit_call_c()
fused = read_fused(fused_path)
os.makedirs(out_dir, exist_ok=True)
write_ops(os.path.join(out_dir, "code_ops.h"))
write_info(os.path.join(out_dir, "code_info.h"))
write_opcode_map(os.path.join(out_dir, "code_opcodes.h"), ops_def)
write_names(os.path.join(out_dir, "code_names.h"))
write_handlers(os.path.join(out_dir, "code_handlers.h"))
write_cases(os.path.join(out_dir, "code_cases.h"))
for part in range(FUSED_PARTS):
    write_fused(os.path.join(out_dir, f"code_fused{part}.h"), part)
