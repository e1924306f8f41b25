"""
The internal instructions: what WebAssembly code is translated to.

One row each. gen.py makes of a row its handlers, one for each combination of
operand classes, and what the translator must know of it. Every operand has a
class:

    S   a slot of the frame
    K   a constant in the instruction
    R   the accumulator of its bank (integers, f32, f64): the last result

Types are i, l, f, d for i32, i64, f32, f64. In bodies, a and b (x, y, z) are
the operands in their C types; statements may stand before the expression,
divided by "; ". A row named like an opcode of vm/syntax/ops.def is what that
opcode becomes; the others are chosen by the translator.

Figures are times relative to the same interpreter without the row's kind,
geometric mean of seven programs (smaller is faster).
"""

INT = {"i": ("i32", "uint32_t", "int32_t", 32), "l": ("i64", "uint64_t", "int64_t", 64)}
FLOAT = {"f": ("f32", "float"), "d": ("f64", "double")}

BIN = []	# (name, type, commutes, constant may be on the left, body)
CMP = []	# (name, type, swapped, inverse or None, expression)
UN = []		# (name, from, to, body)
LOAD = []	# (name, result, C type in memory, cast)
STORE = []	# (name, operand, C type in memory)

SWAP = {"eq": "eq", "ne": "ne", "lt": "gt", "gt": "lt", "le": "ge", "ge": "le"}
INVERSE = {"eq": "ne", "ne": "eq", "lt": "ge", "ge": "lt", "gt": "le", "le": "gt"}


def int_rows(t):
    pre, u, s, bits = INT[t]
    least = f"({u})1 << {bits - 1}"
    mask = bits - 1
    for name, commutes, left, body in (
        ("add", 1, 0, "a + b"),
        ("sub", 0, 1, "a - b"),
        ("mul", 1, 0, "a * b"),
        ("div_s", 0, 1, "TRAP_IF(b == 0, DIVIDE_BY_ZERO); "
            f"TRAP_IF(a == {least} && b == ({u})-1, INTEGER_OVERFLOW); "
            f"({u})(({s})a / ({s})b)"),
        ("div_u", 0, 1, "TRAP_IF(b == 0, DIVIDE_BY_ZERO); a / b"),
        # the least number divided by -1 has no quotient in C
        ("rem_s", 0, 1, "TRAP_IF(b == 0, DIVIDE_BY_ZERO); "
            f"b == ({u})-1 ? 0 : ({u})(({s})a % ({s})b)"),
        ("rem_u", 0, 1, "TRAP_IF(b == 0, DIVIDE_BY_ZERO); a % b"),
        ("and", 1, 0, "a & b"),
        ("or", 1, 0, "a | b"),
        ("xor", 1, 0, "a ^ b"),
        ("shl", 0, 1, f"a << (b & {mask})"),
        ("shr_s", 0, 1, f"({u})(({s})a >> (b & {mask}))"),
        ("shr_u", 0, 1, f"a >> (b & {mask})"),
        ("rotl", 0, 0, f"a << (b & {mask}) | a >> (-b & {mask})"),
        ("rotr", 0, 0, f"a >> (b & {mask}) | a << (-b & {mask})"),
    ):
        BIN.append((f"{pre}_{name}", t, commutes, left, body))
    for name, expr in (("eq", "a == b"), ("ne", "a != b")):
        CMP.append((f"{pre}_{name}", t, f"{pre}_{name}",
                    f"{pre}_{INVERSE[name]}", expr))
    for name, sign in (("lt", "<"), ("gt", ">"), ("le", "<="), ("ge", ">=")):
        for sfx, cast in (("s", f"({s})"), ("u", "")):
            CMP.append((f"{pre}_{name}_{sfx}", t, f"{pre}_{SWAP[name]}_{sfx}",
                        f"{pre}_{INVERSE[name]}_{sfx}",
                        f"{cast}a {sign} {cast}b"))
    UN.append((f"{pre}_eqz", t, "i", "a == 0"))
    UN.append((f"{pre}_clz", t, t, f"num_clz{bits}(a)"))
    UN.append((f"{pre}_ctz", t, t, f"num_ctz{bits}(a)"))
    UN.append((f"{pre}_popcnt", t, t, f"num_popcnt{bits}(a)"))
    for width in (8, 16, 32)[: 2 if t == "i" else 3]:
        UN.append((f"{pre}_extend{width}_s", t, t, f"({u})({s})(int{width}_t)a"))


def float_rows(t):
    pre, c = FLOAT[t]
    for name, commutes, left, body in (
        ("add", 1, 0, "a + b"), ("sub", 0, 1, "a - b"), ("mul", 1, 0, "a * b"),
        ("div", 0, 1, "a / b"), ("min", 0, 0, f"num_{pre}_min(a, b)"),
        ("max", 0, 0, f"num_{pre}_max(a, b)"),
        ("copysign", 0, 0, f"num_{pre}_copysign(a, b)"),
    ):
        BIN.append((f"{pre}_{name}", t, commutes, left, body))
    for name, sign in (("eq", "=="), ("ne", "!="), ("lt", "<"), ("gt", ">"),
                       ("le", "<="), ("ge", ">=")):
        # only == and != have an inverse, for the others fail with a NaN
        inverse = f"{pre}_{INVERSE[name]}" if name in ("eq", "ne") else None
        CMP.append((f"{pre}_{name}", t, f"{pre}_{SWAP[name]}", inverse,
                    f"a {sign} b"))
    for name in ("abs", "neg", "ceil", "floor", "trunc", "nearest", "sqrt"):
        UN.append((f"{pre}_{name}", t, t, f"num_{pre}_{name}(a)"))
    for ti, (ipre, u, s, bits) in INT.items():
        for sfx, c_int in (("s", s), ("u", u)):
            UN.append((f"{ipre}_trunc_{pre}_{sfx}", t, ti,
                f"TRAP_IF(a != a, BAD_CONVERSION); "
                f"TRAP_IF(!num_{pre}_fits_{sfx}{bits}(a), INTEGER_OVERFLOW); "
                f"({u})({c_int})a"))
            UN.append((f"{ipre}_trunc_sat_{pre}_{sfx}", t, ti,
                f"num_{pre}_sat_{sfx}{bits}(a)"))
            UN.append((f"{pre}_convert_{ipre}_{sfx}", ti, t,
                f"({c})({c_int})a"))


for t in INT:
    int_rows(t)
for t in FLOAT:
    float_rows(t)

# After what may make a NaN, where all are to be the one. See translate_nan.c.
UN += [
    ("f32_one_nan", "f", "f", "num_f32_one_nan(a)"),
    ("f64_one_nan", "d", "d", "num_f64_one_nan(a)"),
]
# As the rows of simd.def.
SIMD_OWN = [
    ("f32x4_one_nan", "UNARY", "simd_f32x4_one_nan"),
    ("f64x2_one_nan", "UNARY", "simd_f64x2_one_nan"),
]

UN += [
    ("i32_wrap_i64", "l", "i", "(uint32_t)a"),
    ("i64_extend_i32_s", "i", "l", "(uint64_t)(int64_t)(int32_t)a"),
    ("i64_extend_i32_u", "i", "l", "(uint64_t)a"),
    ("f32_demote_f64", "d", "f", "(float)a"),
    ("f64_promote_f32", "f", "d", "(double)a"),
    ("i32_reinterpret_f32", "f", "i", "num_f32_bits(a)"),
    ("i64_reinterpret_f64", "d", "l", "num_f64_bits(a)"),
    ("f32_reinterpret_i32", "i", "f", "num_f32(a)"),
    ("f64_reinterpret_i64", "l", "d", "num_f64(a)"),
]

for name, t, mem, cast in (
    ("i32_load", "i", "uint32_t", ""), ("i64_load", "l", "uint64_t", ""),
    ("f32_load", "f", "float", ""), ("f64_load", "d", "double", ""),
    ("i32_load8_s", "i", "int8_t", "(uint32_t)(int32_t)"),
    ("i32_load8_u", "i", "uint8_t", ""),
    ("i32_load16_s", "i", "int16_t", "(uint32_t)(int32_t)"),
    ("i32_load16_u", "i", "uint16_t", ""),
    ("i64_load8_s", "l", "int8_t", "(uint64_t)(int64_t)"),
    ("i64_load8_u", "l", "uint8_t", ""),
    ("i64_load16_s", "l", "int16_t", "(uint64_t)(int64_t)"),
    ("i64_load16_u", "l", "uint16_t", ""),
    ("i64_load32_s", "l", "int32_t", "(uint64_t)(int64_t)"),
    ("i64_load32_u", "l", "uint32_t", ""),
):
    LOAD.append((name, t, mem, cast))

for name, t, mem in (
    ("i32_store", "i", "uint32_t"), ("i64_store", "l", "uint64_t"),
    ("f32_store", "f", "float"), ("f64_store", "d", "double"),
    ("i32_store8", "i", "uint8_t"), ("i32_store16", "i", "uint16_t"),
    ("i64_store8", "l", "uint8_t"), ("i64_store16", "l", "uint16_t"),
    ("i64_store32", "l", "uint32_t"),
):
    STORE.append((name, t, mem))

# ---- fused rows -----------------------------------------------------------

# Compare and branch, every comparison; load and store with base + index:
# 0.65 -> 0.61.

# An operation whose right operand comes from memory, as in sum += p[i];
# with the rest of the fused rows below: 0.61 -> 0.54.
# (name, operation, load, expression)
OPERAND_LOAD = [
    ("i32_add_load", "i32_add", "i32_load", "a + b"),
    ("i32_sub_load", "i32_sub", "i32_load", "a - b"),
    ("i32_and_load", "i32_and", "i32_load", "a & b"),
    ("i32_or_load", "i32_or", "i32_load", "a | b"),
    ("i32_xor_load", "i32_xor", "i32_load", "a ^ b"),
    ("i32_mul_load", "i32_mul", "i32_load", "a * b"),
    ("i64_add_load", "i64_add", "i64_load", "a + b"),
    ("i64_xor_load", "i64_xor", "i64_load", "a ^ b"),
    ("f32_add_load", "f32_add", "f32_load", "a + b"),
    ("f32_mul_load", "f32_mul", "f32_load", "a * b"),
    ("f64_add_load", "f64_add", "f64_load", "a + b"),
    ("f64_sub_load", "f64_sub", "f64_load", "a - b"),
    ("f64_mul_load", "f64_mul", "f64_load", "a * b"),
]

# The last sum. A float that was stored to a slot comes back ten cycles later
# (an integer at once, on the machines at hand), which is what loops that add up
# used to wait for. So the sums of each kind of float stay in an accumulator of
# their own, S1 or D1, past the loads and products between them, and these rows
# take an operand from there.
SUMS = ["add", "sub", "mul_add", "mul_sub", "add_load", "sub_load"]
# (name, operation, type, expression): s is the last sum, a the other operand
SUM = [
    ("f32_add_sum", "f32_add", "f", "a + s"),
    ("f32_sub_sum", "f32_sub", "f", "s - a"),
    ("f64_add_sum", "f64_add", "d", "a + s"),
    ("f64_sub_sum", "f64_sub", "d", "s - a"),
]

# Two operations: the first one's result and z are the operands of the second.
# Both round: a fused multiply-add would not be WebAssembly's.
# (name, type, first, second, side of the second that the first one's result
#  is on, z is a constant, expression)
PAIR = [
    ("i32_shr_u_and", "i", "i32_shr_u", "i32_and", "a", 1, "(x >> (y & 31)) & z"),
    ("i32_shl_add", "i", "i32_shl", "i32_add", "ab", 0, "(x << (y & 31)) + z"),
    ("i32_add_add", "i", "i32_add", "i32_add", "ab", 1, "x + y + z"),
    ("i32_mul_add", "i", "i32_mul", "i32_add", "ab", 0, "x * y + z"),
    ("i32_and_add", "i", "i32_and", "i32_add", "ab", 0, "(x & y) + z"),
    ("i32_shr_u_xor", "i", "i32_shr_u", "i32_xor", "ab", 0, "(x >> (y & 31)) ^ z"),
    ("i64_shl_add", "l", "i64_shl", "i64_add", "ab", 0, "(x << (y & 63)) + z"),
    ("i64_mul_add", "l", "i64_mul", "i64_add", "ab", 0, "x * y + z"),
    ("f64_mul_add", "d", "f64_mul", "f64_add", "ab", 0, "x * y + z"),
    ("f64_mul_sub", "d", "f64_mul", "f64_sub", "b", 0, "z - x * y"),
    ("f32_mul_add", "f", "f32_mul", "f32_add", "ab", 0, "x * y + z"),
]

# x += k; if (x <comparison> y) goto: the end of counting loops
INC_BRANCH = [c for c in CMP if c[1] in "i"]

# select on the result of a comparison
SELECT_CMP = [c for c in CMP if c[1] in "i"]

# if (a & b) goto, if (!(a & b)) goto
AND_BRANCH = [("br_i32_and", "i", "(a & b) != 0"), ("br_i32_nand", "i", "(a & b) == 0")]

# ---- the rest, written out ------------------------------------------------

# (name, classes of a, b, d as the key, fields, falls through, body). Fields
# are name:type; $name in a body is the field's offset, $len the length.
# Types: u16, u32, k32, k64, branch (an offset and a charge of fuel).
RAW = [
    ("mov", "S-S", "a:u16 d:u16", 1, "SLOT($d) = SLOT($a);"),
    ("mov2", "S-S", "a:u16 b:u16 c:u16 d:u16", 1,
        "SLOT($b) = SLOT($a); SLOT($d) = SLOT($c);"),
    ("mov128", "S-S", "a:u16 d:u16", 1, "SLOT128($d) = SLOT128($a);"),
    # n slots, which may overlap
    ("mov_n", "S-S", "a:u16 d:u16 n:u16", 1,
        "memmove(&SLOT($d), &SLOT($a), LDU16($n) * sizeof(*FP));"),
    ("mov", "R-S", "d:u16", 1, "SLOT($d) = R0;"),
    ("mov_f32", "R-S", "d:u16", 1, "SLOT_f($d) = S0;"),
    ("mov_f64", "R-S", "d:u16", 1, "SLOT_d($d) = D0;"),
    ("mov_v128", "R-S", "d:u16", 1, "SET_SLOT_v($d, V0);"),
    ("mov_k32", "--S", "d:u16 k:k32", 1, "SLOT($d) = LDU32($k);"),
    ("mov_k64", "--S", "d:u16 k:k64", 1, "SLOT($d) = LDU64($k);"),
    ("mov_k128", "--S", "d:u16 k:k64 l:k64", 1,
        "SLOT($d) = LDU64($k); FP[LDU16($d) + 1] = LDU64($l);"),
    ("select", "SS-", "a:u16 b:u16 c:u16 d:u16", 1,
        "R0 = SLOT_i($c) != 0 ? SLOT($a) : SLOT($b); SLOT($d) = R0;"),
    ("select", "SK-", "a:u16 c:u16 d:u16 k:k32", 1,
        "R0 = SLOT_i($c) != 0 ? SLOT($a) : LDU32($k); SLOT($d) = R0;"),
    ("select", "KS-", "b:u16 c:u16 d:u16 k:k32", 1,
        "R0 = SLOT_i($c) != 0 ? LDU32($k) : SLOT($b); SLOT($d) = R0;"),
    ("select", "KK-", "c:u16 d:u16 k:k32 o:u32", 1,
        "R0 = SLOT_i($c) != 0 ? LDU32($k) : LDU32($o); SLOT($d) = R0;"),
    # the condition is in the accumulator
    ("select_acc", "SS-", "a:u16 b:u16 d:u16", 1,
        "R0 = (uint32_t)R0 != 0 ? SLOT($a) : SLOT($b); SLOT($d) = R0;"),
    ("select_acc", "SK-", "a:u16 d:u16 k:k32", 1,
        "R0 = (uint32_t)R0 != 0 ? SLOT($a) : LDU32($k); SLOT($d) = R0;"),
    ("select_acc", "KS-", "b:u16 d:u16 k:k32", 1,
        "R0 = (uint32_t)R0 != 0 ? LDU32($k) : SLOT($b); SLOT($d) = R0;"),
    ("select_acc", "KK-", "d:u16 k:k32 o:u32", 1,
        "R0 = (uint32_t)R0 != 0 ? LDU32($k) : LDU32($o); SLOT($d) = R0;"),
    ("select128", "SS-", "a:u16 b:u16 c:u16 d:u16", 1,
        "SLOT128($d) = SLOT_i($c) != 0 ? SLOT128($a) : SLOT128($b);"),
    # o: the value's offset from the instance
    ("global_get", "--S", "d:u16 o:u32", 1,
        "R0 = GLOBAL($o); SLOT($d) = R0;"),
    ("global_get", "--R", "o:u32", 1, "R0 = GLOBAL($o);"),
    ("global_set", "S--", "a:u16 o:u32", 1, "GLOBAL($o) = SLOT($a);"),
    ("global_set", "R--", "o:u32", 1, "GLOBAL($o) = R0;"),
    ("global_set", "K--", "k:k32 o:u32", 1, "GLOBAL($o) = LDU32($k);"),
    ("global_get128", "--S", "d:u16 o:u32", 1,
        "SLOT128($d) = GLOBAL128($o);"),
    ("global_set128", "S--", "a:u16 o:u32", 1,
        "GLOBAL128($o) = SLOT128($a);"),
    # o: the index of the global, which is another instance's
    ("global_import_get", "--S", "d:u16 o:u32", 1,
        "R0 = *CTX->globals[LDU32($o)]; SLOT($d) = R0;"),
    ("global_import_set", "S--", "a:u16 o:u32", 1,
        "*CTX->globals[LDU32($o)] = SLOT($a);"),
    ("global_import_get128", "--S", "d:u16 o:u32", 1,
        "SLOT128($d) = *(v128_slots *)CTX->globals[LDU32($o)];"),
    ("global_import_set128", "S--", "a:u16 o:u32", 1,
        "*(v128_slots *)CTX->globals[LDU32($o)] = SLOT128($a);"),

    ("br", "---", "t:branch", 0, "JUMP($t);"),
    ("br_if", "S--", "a:u16 t:branch", 1, "BRANCH_IF(SLOT_i($a) != 0, $t);"),
    ("br_if", "R--", "t:branch", 1, "BRANCH_IF((uint32_t)R0 != 0, $t);"),
    ("br_unless", "S--", "a:u16 t:branch", 1, "BRANCH_IF(SLOT_i($a) == 0, $t);"),
    ("br_unless", "R--", "t:branch", 1, "BRANCH_IF((uint32_t)R0 == 0, $t);"),
    ("br_null", "S--", "a:u16 t:branch", 1, "BRANCH_IF(SLOT($a) == 0, $t);"),
    ("br_non_null", "S--", "a:u16 t:branch", 1, "BRANCH_IF(SLOT($a) != 0, $t);"),
    # o: how many labels but for the default; branches follow
    ("br_table", "S--", "a:u16 o:u32", 0, "SWITCH(SLOT_i($a), LDU32($o), $len);"),
    ("br_table", "R--", "o:u32", 0, "SWITCH((uint32_t)R0, LDU32($o), $len);"),

    # Calls end with h, the callee's slot for the return address, and b, the
    # slot that becomes its slot 0; the return takes b back (code_return_word).
    # t: from the field to the callee's code
    ("call", "---", "t:u32 h:u16 b:u16", 0, "CALL($t, $h, $b, $len);"),
    ("call_import", "---", "o:u32 h:u16 b:u16", 0,
        "CALL_FUNC(CTX->funcs[LDU32($o)], $len);"),
    # k: canonical type; o: table
    ("call_indirect", "S--", "k:u32 o:u32 a:u16 c:u16 h:u16 b:u16", 0,
        "CALL_INDIRECT(SLOT_i($a), $k, $o, $len);"),
    ("call_indirect", "R--", "k:u32 o:u32 a:u16 c:u16 h:u16 b:u16", 0,
        "CALL_INDIRECT((uint32_t)R0, $k, $o, $len);"),
    ("call_indirect64", "S--", "k:u32 o:u32 a:u16 c:u16 h:u16 b:u16", 0,
        "CALL_INDIRECT(SLOT($a), $k, $o, $len);"),
    ("call_ref", "S--", "a:u16 c:u16 h:u16 b:u16", 0,
        "CALL_REF(SLOT($a), $len);"),
    # a: slot of the first argument; n: how many; h: this function's slot for
    # the return address; o: function; c: slot of the table index or reference
    ("return_call", "---", "a:u16 n:u16 h:u16 u:u32 o:u32", 0,
        "RETURN_CALL(CTX->funcs[LDU32($o)], $a, $n, $h, $u);"),
    ("return_call_indirect", "---", "a:u16 n:u16 h:u16 c:u16 u:u32 k:u32 o:u32", 0,
        "RETURN_CALL_INDIRECT(SLOT_i($c), $k, $o, $a, $n, $h, $u);"),
    ("return_call_indirect64", "---", "a:u16 n:u16 h:u16 c:u16 u:u32 k:u32 o:u32", 0,
        "RETURN_CALL_INDIRECT(SLOT($c), $k, $o, $a, $n, $h, $u);"),
    ("return_call_ref", "---", "a:u16 n:u16 h:u16 c:u16 u:u32", 0,
        "RETURN_CALL_REF(SLOT($c), $a, $n, $h, $u);"),
    # h: slot of the return address; u: fuel; more results than one are copied
    # from slot b. Of others see RETURN.
    ("return_n", "---", "h:u16 b:u16 n:u16 u:u32", 0, "RETURN_N($h, $b, $n, $u);"),
    # zero the declared locals: n slots from a on
    ("zero", "---", "a:u16 n:u16", 1, "ZERO($a, LDU16($n));"),
    ("zero1", "---", "a:u16", 1, "ZERO($a, 1);"),
    ("zero2", "---", "a:u16", 1, "ZERO($a, 2);"),
    ("zero3", "---", "a:u16", 1, "ZERO($a, 3);"),
    ("zero4", "---", "a:u16", 1, "ZERO($a, 4);"),
    ("zero6", "---", "a:u16", 1, "ZERO($a, 6);"),
    ("zero8", "---", "a:u16", 1, "ZERO($a, 8);"),
    # o: the function. Only in code that is profiled: see runtime/meter.h
    ("meter_enter", "---", "o:u32", 1, "meter_enter(CTX, FP, LDU32($o));"),
    ("meter_resume", "---", "o:u32", 1, "meter_resume(CTX, FP, LDU32($o));"),
    ("meter_loop", "---", "o:u32", 1, "METER_LOOP($o, $len);"),
    ("unreachable", "---", "", 0, "TRAP(UNREACHABLE);"),
    ("memory_size", "--S", "d:u16", 1, "R0 = MSZ >> 16; SLOT($d) = R0;"),
    ("ref_is_null", "S-S", "a:u16 d:u16", 1, "R0 = SLOT($a) == 0; SLOT($d) = R0;"),
    ("ref_is_null", "R-S", "d:u16", 1, "R0 = R0 == 0; SLOT($d) = R0;"),
    ("ref_as_non_null", "S--", "a:u16", 1, "TRAP_IF(SLOT($a) == 0, NULL_REFERENCE);"),
    ("ref_func", "--S", "d:u16 o:u32", 1,
        "R0 = (uint64_t)(uintptr_t)CTX->funcs[LDU32($o)]; SLOT($d) = R0;"),
    ("ref_eq", "SSS", "a:u16 b:u16 d:u16", 1,
        "R0 = SLOT($a) == SLOT($b); SLOT($d) = R0;"),
    # tables with 32-bit addresses
    ("table_get", "S-S", "a:u16 d:u16 o:u32", 1,
        "TABLE_GET(SLOT_i($a), $o); SLOT($d) = R0;"),
    ("table_set", "SS-", "a:u16 b:u16 o:u32", 1,
        "TABLE_SET(SLOT_i($a), $o, SLOT($b));"),
    # o: the tag; u: fuel; the first value in slot a
    ("throw", "---", "a:u16 o:u32 u:u32", 0, "THROW($a, $o, $u, $len);"),
    ("throw_ref", "S--", "a:u16 u:u32", 0, "THROW_REF($a, $u);"),
    ("ref_i31", "S-S", "a:u16 d:u16", 1,
        "R0 = ref_i31(SLOT_i($a)); SLOT($d) = R0;"),
    ("i31_get_s", "S-S", "a:u16 d:u16", 1,
        "TRAP_IF(SLOT($a) == 0, NULL_I31); R0 = ref_i31_s(SLOT($a)); "
        "SLOT($d) = R0;"),
    ("i31_get_u", "S-S", "a:u16 d:u16", 1,
        "TRAP_IF(SLOT($a) == 0, NULL_I31); R0 = ref_i31_u(SLOT($a)); "
        "SLOT($d) = R0;"),
    ("array_len", "S-S", "a:u16 d:u16", 1,
        "TRAP_IF(SLOT($a) == 0, NULL_ARRAY); "
        "R0 = heap_object(SLOT($a))->length; SLOT($d) = R0;"),
]

# One result is left in slot 0 and in its accumulator. Most functions have few
# parameters, and a row of their own for the slot of the return address: where
# a call goes on depends on the frame then, and on nothing in the callee's code.
# (name, classes of the result, fields, what is done first, letter)
RETURN = [
    ("return", "-", "", "", ""),
    ("return_i", "S", "a:u16", "R0 = SLOT($a); ", "i"),
    ("return_i", "R", "", "", "i"),
    ("return_i", "K", "k:k32", "R0 = LDU32($k); ", "i"),
    ("return_f", "S", "a:u16", "S0 = SLOT_f($a); ", "f"),
    ("return_f", "R", "", "", "f"),
    ("return_d", "S", "a:u16", "D0 = SLOT_d($a); ", "d"),
    ("return_d", "R", "", "", "d"),
    ("return_v", "S", "a:u16", "V0 = SLOT_v($a); ", "v"),
    ("return_v", "R", "", "", "v"),
]
RETURN_NEAR = 6		# slots of return addresses that have rows: 0 to 5


def return_row(name, cls, fields, before, letter, near=None):
    ret = "FP[LDU16($h)]" if near is None else f"FP[{near}]"
    macro = f"RETURN_ONE({letter}, " if letter else "RETURN("
    slots = " ".join(f for f in fields.split() if f.endswith("u16"))
    rest = " ".join(f for f in fields.split() if not f.endswith("u16"))
    header = "h:u16" if near is None else ""
    return (name + ("" if near is None else f"_{near}"), cls + "--",
            f"{header} {slots} u:u32 {rest}", 0, f"{before}{macro}{ret}, $u);")


for name in dict.fromkeys(row[0] for row in RETURN):
    rows = [row for row in RETURN if row[0] == name]
    for near in (None, *range(RETURN_NEAR)):
        RAW += [return_row(*row, near) for row in rows]

# Fields and elements by how they are stored: (suffix, letter of the value,
# C type in memory, cast). o: the offset of the field or of element 0.
for sfx, t, mem, cast in (
    ("i8_s", "i", "int8_t", "(uint32_t)"), ("i8_u", "i", "uint8_t", ""),
    ("i16_s", "i", "int16_t", "(uint32_t)"), ("i16_u", "i", "uint16_t", ""),
    ("i32", "i", "uint32_t", ""), ("i64", "l", "uint64_t", ""),
    ("f32", "f", "float", ""), ("f64", "d", "double", ""),
    ("v128", "v", "v128", ""),
):
    acc = {"i": "R0", "l": "R0", "f": "S0", "d": "D0", "v": "V0"}[t]
    size = {"int8_t": 1, "uint8_t": 1, "int16_t": 2, "uint16_t": 2,
            "uint32_t": 4, "uint64_t": 8, "float": 4, "double": 8,
            "v128": 16}[mem]
    store = {"i": "SLOT($d) = R0;", "l": "SLOT($d) = R0;",
             "v": "SET_SLOT_v($d, V0);"}.get(t, f"SLOT_{t}($d) = {acc};")
    element = "(uint64_t)SLOT_i($b) * %d" % size
    RAW.append((f"struct_get_{sfx}", "S-S", "a:u16 d:u16 o:u32", 1,
        f"FIELD_OF(SLOT($a), $o, 0, NULL_STRUCTURE); "
        f"{acc} = {cast}AT_{mem}(at); {store}"))
    RAW.append((f"array_get_{sfx}", "SSS", "a:u16 b:u16 d:u16 o:u32", 1,
        f"ELEMENT_OF(SLOT($a), SLOT_i($b)); "
        f"FIELD_OF(SLOT($a), $o, {element}, NULL_ARRAY); "
        f"{acc} = {cast}AT_{mem}(at); {store}"))
    if sfx.endswith("_s"):
        continue
    RAW.append((f"struct_set_{sfx}", "SS-", "a:u16 b:u16 o:u32", 1,
        f"FIELD_OF(SLOT($a), $o, 0, NULL_STRUCTURE); "
        f"SET_AT_{mem}(at, SLOT_{t}($b));"))
    RAW.append((f"array_set_{sfx}", "SS-", "a:u16 b:u16 c:u16 o:u32", 1,
        f"ELEMENT_OF(SLOT($a), SLOT_i($b)); "
        f"FIELD_OF(SLOT($a), $o, {element}, NULL_ARRAY); "
        f"SET_AT_{mem}(at, SLOT_{t}($c));"))

# Rows whose work is a C function `op_<name>` (vm/exec/ops_*.c): the operands
# are in slots from a on, in order, and the results go there. o and p are its
# immediates. They are large enough for the call not to matter.
# (name, results, effect): m may move or grow memory 0, g may collect.
CALL_C = [
    ("memory_grow", 1, "m"),
    ("memory_size_any", 1, ""),
    ("memory_fill", 0, ""),
    ("memory_copy", 0, ""),
    ("memory_init", 0, ""),
    ("data_drop", 0, ""),
    ("table_get_any", 1, ""),
    ("table_set_any", 0, ""),
    ("table_size", 1, ""),
    ("table_grow", 1, ""),
    ("table_fill", 0, ""),
    ("table_copy", 0, ""),
    ("table_init", 0, ""),
    ("elem_drop", 0, ""),
    ("struct_new", 1, "g"),
    ("struct_new_default", 1, "g"),
    ("array_new", 1, "g"),
    ("array_new_default", 1, "g"),
    ("array_new_fixed", 1, "g"),
    ("array_new_data", 1, "g"),
    ("array_new_elem", 1, "g"),
    ("array_fill", 0, ""),
    ("array_copy", 0, ""),
    ("array_init_data", 0, ""),
    ("array_init_elem", 0, ""),
    # o: heap type, canonical; p: null passes
    ("ref_test_any", 1, ""),
    ("ref_cast_any", 1, ""),
    ("i64_add128", 2, ""),
    ("i64_sub128", 2, ""),
    ("i64_mul_wide_s", 2, ""),
    ("i64_mul_wide_u", 2, ""),
]
