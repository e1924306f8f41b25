/*
 * The machine: its registers, how handlers are dispatched, and what the
 * generated handlers are made of. Runs in the confined child.
 *
 * The registers are the arguments of every handler: the place in the code,
 * the frame, memory 0, the instance, one accumulator for each bank, and one
 * more for the last sum of each kind of float (instrs.py says why). With
 * DISPATCH_TAIL a handler ends by calling the next one, which the compiler
 * turns into a jump (configure checks that it does); the registers never
 * leave the processor's. Without, as at -O0 and under the sanitizers, where
 * such calls would eat the stack, handlers return to a loop and the registers
 * are a structure.
 *
 * A handler that calls C spills all registers, on the hot path too. So what
 * is rare, a trap above all, is a jump to a handler of its own (machine.c);
 * only a handler whose work is large calls C itself: see CALL_C.
 */
#ifndef VM_EXEC_MACHINE_H
#define VM_EXEC_MACHINE_H

#include "config.h"

#include <stddef.h>
#include <string.h>

#include "vm/exec/code.h"
#include "vm/exec/num.h"
#include "vm/exec/ops.h"
#include "vm/exec/simd.h"
#include "vm/exec/unwind.h"
#include "vm/runtime/heap.h"
#include "vm/runtime/meter.h"
#include "vm/runtime/store.h"

#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

/* Slots and guest memory are read as whatever type lies there. */
#define ALIAS __attribute__((may_alias))
#define ALIAS1 __attribute__((may_alias, aligned(1)))
typedef uint16_t ALIAS u16_field;
typedef uint32_t ALIAS u32_field;
typedef int32_t ALIAS s32_field;
typedef uint64_t ALIAS u64_field;
typedef float ALIAS f32_slot;
typedef double ALIAS f64_slot;
typedef int8_t ALIAS1 mem_int8_t;
typedef uint8_t ALIAS1 mem_uint8_t;
typedef int16_t ALIAS1 mem_int16_t;
typedef uint16_t ALIAS1 mem_uint16_t;
typedef int32_t ALIAS1 mem_int32_t;
typedef uint32_t ALIAS1 mem_uint32_t;
typedef uint64_t ALIAS1 mem_uint64_t;
typedef float ALIAS1 mem_float;
typedef double ALIAS1 mem_double;
/* Two slots, which are aligned to 8. */
typedef unsigned __int128 __attribute__((may_alias, aligned(8))) v128_slots;

/* ---- registers and dispatch --------------------------------------------- */

#ifdef VM_PROFILE
#undef DISPATCH_TAIL
#endif
#ifdef DISPATCH_TAIL

#define PC pc
#define FP fp
#define MEM mem
#define MSZ msz
#define CTX ctx
#define R0 r0
#define S0 s0
#define D0 d0
#define V0 v0
#define S1 s1
#define D1 d1
#define PARAMS const uint8_t *pc, uint64_t *fp, uint8_t *mem, uint64_t msz, \
	struct vm_instance *ctx, uint64_t r0, float s0, double d0, v128 v0, \
	float s1, double d1
#define ARGS pc, fp, mem, msz, ctx, r0, s0, d0, v0, s1, d1
#ifdef __clang__
#define TAIL __attribute__((musttail)) return
#else
#define TAIL return
#endif
#define GOTO(name) TAIL machine_##name(ARGS)
#define GOTO_HANDLER(h) TAIL (h)(ARGS)
#define DISPATCH() TAIL (*(const handler *)(const void *)pc)(ARGS)
#define LEAVE() return

#else

struct registers {
	const uint8_t *pc;
	uint64_t *fp;
	uint8_t *mem;
	uint64_t msz;
	struct vm_instance *ctx;
	uint64_t r0;
	float s0;
	double d0;
	v128 v0;
	float s1;
	double d1;
	const uint8_t *next;	/* where the last handler fell to: VM_PROFILE */
};

#define PC (r->pc)
#define FP (r->fp)
#define MEM (r->mem)
#define MSZ (r->msz)
#define CTX (r->ctx)
#define R0 (r->r0)
#define S0 (r->s0)
#define D0 (r->d0)
#define V0 (r->v0)
#define S1 (r->s1)
#define D1 (r->d1)
#define PARAMS struct registers *r
#define GOTO(name) do { machine_##name(r); return; } while (0)
#define GOTO_HANDLER(h) do { (h)(r); return; } while (0)
#define DISPATCH() return
#define LEAVE() do { PC = NULL; return; } while (0)

#endif

typedef void (*handler)(PARAMS);

#define HANDLER(name) static void h_##name(PARAMS)
/* Of the cases of a br_table: see SWITCH. */
extern const handler handlers_case[];
/* One of machine.c, which others jump to by GOTO. */
#define MACHINE(name) void machine_##name(PARAMS)
/* The empty statement makes compilers add to the register in place, and load
 * through it; gcc 12 copies it and adds twice otherwise. */
#ifdef DISPATCH_TAIL
#define NEXT(length) do { \
	PC += (length); \
	__asm__ ("" : "+r" (PC)); \
	DISPATCH(); \
} while (0)
#else
#define NEXT(length) do { \
	PC += (length); \
	r->next = PC; \
	DISPATCH(); \
} while (0)
#endif

/* ---- operands ----------------------------------------------------------- */

#define LDU16(o) (*(const u16_field *)(const void *)(PC + (o)))
#define LDU32(o) (*(const u32_field *)(const void *)(PC + (o)))
#define LDS32(o) (*(const s32_field *)(const void *)(PC + (o)))
#define LDU64(o) (*(const u64_field *)(const void *)(PC + (o)))

#define SLOT(o) FP[LDU16(o)]
#define SLOT_i(o) (*(u32_field *)(void *)&SLOT(o))
#define SLOT_l(o) SLOT(o)
#define SLOT_f(o) (*(f32_slot *)(void *)&SLOT(o))
#define SLOT_d(o) (*(f64_slot *)(void *)&SLOT(o))
#define SLOT_v(o) simd_v128_load((const uint8_t *)&SLOT(o))
#define SET_SLOT_v(o, value) simd_v128_store((uint8_t *)&SLOT(o), value)
#define SLOT128(o) (*(v128_slots *)(void *)&SLOT(o))

#define GLOBAL(o) (*(uint64_t *)(void *)((uint8_t *)CTX + LDU32(o)))
#define GLOBAL128(o) (*(v128_slots *)(void *)((uint8_t *)CTX + LDU32(o)))

/* An immediate of 16 lane indices. */
#define LANES(o) (PC + (o))

/* ---- traps -------------------------------------------------------------- */

/* Each trap is a handler that leaves; the instruction is PC's. Inlined, they
 * took 40 bytes of each handler and its registers away from the hot path. */
#define TRAP(id, text) __attribute__((cold)) MACHINE(trap_##id);
#include "vm/traps.def"
TRAP(FUEL, "")
#undef TRAP

/* The trap in R0. */
MACHINE(trap);

#define TRAP(code) GOTO(trap_##code)
#define TRAP_IF(condition, code) \
	do { if (unlikely(condition)) TRAP(code); } while (0)

/* ---- memory ------------------------------------------------------------- */

/* Addresses have 33 bits at most, so the sum cannot wrap. */
#define CHECK(ea, size) TRAP_IF((ea) + (size) > MSZ, MEMORY_BOUNDS)

#define MEM_AT(type, ea) (*(mem_##type *)(void *)(MEM + (ea)))
#define MEM_int8_t(ea) MEM_AT(int8_t, ea)
#define MEM_uint8_t(ea) MEM_AT(uint8_t, ea)
#define MEM_int16_t(ea) MEM_AT(int16_t, ea)
#define MEM_uint16_t(ea) MEM_AT(uint16_t, ea)
#define MEM_int32_t(ea) MEM_AT(int32_t, ea)
#define MEM_uint32_t(ea) MEM_AT(uint32_t, ea)
#define MEM_uint64_t(ea) MEM_AT(uint64_t, ea)
#define MEM_float(ea) MEM_AT(float, ea)
#define MEM_double(ea) MEM_AT(double, ea)

/* Any memory, any offset: the address is a whole slot (an i32 there is
 * zero-extended), k the 64-bit offset, o the memory. */
#define ANY_ADDRESS(at, address, k, o, bytes) do { \
	const struct mem_inst *m_ = CTX->memories[LDU32(o)]; \
	uint64_t ea_; \
	if (__builtin_add_overflow((uint64_t)(address), LDU64(k), &ea_) || \
	    ea_ > m_->size || m_->size - ea_ < (bytes)) \
		TRAP(MEMORY_BOUNDS); \
	at = m_->base + ea_; \
} while (0)

#define AT(type, at) (*(mem_##type *)(void *)(uintptr_t)(at))
#define AT_int8_t(at) AT(int8_t, at)
#define AT_uint8_t(at) AT(uint8_t, at)
#define AT_int16_t(at) AT(int16_t, at)
#define AT_uint16_t(at) AT(uint16_t, at)
#define AT_int32_t(at) AT(int32_t, at)
#define AT_uint32_t(at) AT(uint32_t, at)
#define AT_uint64_t(at) AT(uint64_t, at)
#define AT_float(at) AT(float, at)
#define AT_double(at) AT(double, at)

#define RELOAD_MEMORY() do { \
	const struct mem_inst *m_ = CTX->memory0; \
	MEM = m_ == NULL ? NULL : m_->base; \
	MSZ = m_ == NULL ? 0 : m_->size; \
} while (0)

/* ---- control ------------------------------------------------------------ */

/*
 * Fuel is the position in the function's instructions, as they stand in the
 * module: a taken branch charges what lies between its target and itself,
 * which forwards is a credit, and a return charges its position. The sum is
 * exactly what was executed, and straight code pays nothing.
 */
#ifndef VM_UNCHECKED
#define CHARGE(amount) do { \
	CTX->fuel -= (amount); \
	if (unlikely(CTX->fuel < 0)) \
		GOTO(trap_FUEL); \
} while (0)
#define CHECK_STACK(frame) TRAP_IF((frame) > CTX->stack_limit, STACK_EXHAUSTED)
#else	/* bench/vmunchecked: what the two cost */
#define CHARGE(amount) ((void)0)
#define CHECK_STACK(frame) ((void)0)
#endif

#define GO(t) do { \
	CHARGE(LDS32((t) + 4)); \
	PC += (ptrdiff_t)(t) + LDS32(t); \
} while (0)

#define JUMP(t) do { \
	GO(t); \
	DISPATCH(); \
} while (0)

#define BRANCH_IF(condition, t) do { if (condition) JUMP(t); } while (0)

/* The same at the end of a whole loop in one handler, where the branch leads
 * to its beginning, back bytes before: neither a dispatch, nor does the next
 * round wait until the offset was added to the place. */
#define LOOP_IF(back, condition, t) do { \
	if (condition) { \
		CHARGE(LDS32((t) + 4)); \
		PC -= (back); \
		goto again; \
	} \
} while (0)

/*
 * Pairs of offset and charge stand at the instruction's end, the default's
 * last. The first cases have a handler each, which knows where its pair is.
 * So the place in the code depends on the guest's value by the jump alone,
 * which the processor predicts, and whatever follows need not wait for the
 * value: interpreters in the guest are 1.5 times as fast by that.
 */
#define SWITCH(value, count, length) do { \
	uint32_t i_ = (value), n_ = (count); \
	PC += (length); \
	i_ = i_ < n_ ? i_ : n_; \
	if (likely(i_ < CODE_CASES)) \
		GOTO_HANDLER(handlers_case[i_]); \
	PC += 8 * (uint64_t)i_; \
	JUMP(0); \
} while (0)

/* What stands at the end of every call: see the call rows of instrs.py. */
#define CALL_HEADER(ret) (*(const u16_field *)(const void *)((ret) - 4))
#define CALL_BASE(ret) (*(const u16_field *)(const void *)((ret) - 2))

#define CALL(t, h, b, length) do { \
	uint64_t base_ = LDU16(b), *callee_ = FP + base_; \
	CHECK_STACK(callee_); \
	callee_[LDU16(h)] = code_return_word(PC + (length), base_); \
	FP = callee_; \
	PC += (ptrdiff_t)(t) + LDS32(t); \
	DISPATCH(); \
} while (0)

/* Where ret, a word of code_return_word, leads. */
#define RETURN_TO(ret) do { \
	FP -= (ret) >> CODE_BASE_SHIFT; \
	PC = code_return_pc(ret); \
	DISPATCH(); \
} while (0)

#define RETURN(ret, u) do { \
	uint64_t ret_ = (ret); \
	CHARGE(LDU32(u)); \
	RETURN_TO(ret_); \
} while (0)

/* A result's way to slot 0, which may be where the return address is. */
#define RESULT_i(to) ((to)[0] = R0)
#define RESULT_f(to) (*(f32_slot *)(void *)(to) = S0)
#define RESULT_d(to) (*(f64_slot *)(void *)(to) = D0)
#define RESULT_v(to) simd_v128_store((uint8_t *)(to), V0)

#define RETURN_ONE(type, ret, u) do { \
	uint64_t ret_ = (ret); \
	CHARGE(LDU32(u)); \
	RESULT_##type(FP); \
	RETURN_TO(ret_); \
} while (0)

/* Results may lie over the return address: fetch that first. */
#define RETURN_N(h, b, n, u) do { \
	uint64_t ret_ = FP[LDU16(h)]; \
	CHARGE(LDU32(u)); \
	memmove(FP, FP + LDU16(b), LDU16(n) * sizeof(*FP)); \
	RETURN_TO(ret_); \
} while (0)

#define ZERO(a, n) memset(&SLOT(a), 0, (n) * sizeof(*FP))

/* To the function in R0, when it is the host's or another instance's; PC is
 * where it returns to. */
MACHINE(call_foreign);
MACHINE(return_call_foreign);
MACHINE(return_foreign);

/* The same when its type is not the one that the call names, which may be a
 * subtype's. PC is the call's; both forms of it have the type at 8. */
MACHINE(call_indirect_subtype);

#define CALL_FUNC(func, length) do { \
	const struct func_inst *f_ = (func); \
	PC += (length); \
	if (unlikely(f_->instance != CTX)) { \
		R0 = (uint64_t)(uintptr_t)f_; \
		GOTO(call_foreign); \
	} \
	uint64_t base_ = CALL_BASE(PC), *callee_ = FP + base_; \
	CHECK_STACK(callee_); \
	callee_[CALL_HEADER(PC)] = code_return_word(PC, base_); \
	FP = callee_; \
	PC = f_->code; \
	DISPATCH(); \
} while (0)

/* The function at an index of a table. */
#define TABLE_FUNC(f, index, o) do { \
	const struct table_inst *t_ = CTX->tables[LDU32(o)]; \
	uint64_t i_ = (index); \
	TRAP_IF(i_ >= t_->size, UNDEFINED_ELEMENT); \
	f = (const struct func_inst *)(uintptr_t)t_->elems[i_]; \
	TRAP_IF(f == NULL, UNINITIALIZED_ELEMENT); \
} while (0)

#define CALL_INDIRECT(index, k, o, length) do { \
	const struct func_inst *func_; \
	_Static_assert((k) == 8 && (length) == 24, "call_indirect_subtype"); \
	TABLE_FUNC(func_, index, o); \
	if (unlikely(func_->canon != LDU32(k))) { \
		R0 = (uint64_t)(uintptr_t)func_; \
		GOTO(call_indirect_subtype); \
	} \
	CALL_FUNC(func_, length); \
} while (0)

#define CALL_REF(ref, length) do { \
	const struct func_inst *func_ = (const struct func_inst *)(uintptr_t)(ref); \
	TRAP_IF(func_ == NULL, NULL_FUNCTION); \
	CALL_FUNC(func_, length); \
} while (0)

#define RETURN_CALL(func, a, n, h, u) do { \
	const struct func_inst *f_ = (func); \
	uint64_t ret_ = FP[LDU16(h)]; \
	CHARGE(LDU32(u)); \
	memmove(FP, FP + LDU16(a), LDU16(n) * sizeof(*FP)); \
	if (unlikely(f_->instance != CTX)) { \
		R0 = (uint64_t)(uintptr_t)f_; \
		PC = code_return_pc(ret_); \
		GOTO(return_call_foreign); \
	} \
	FP[LDU16(n)] = ret_; \
	PC = f_->code; \
	DISPATCH(); \
} while (0)

#define RETURN_CALL_INDIRECT(index, k, o, a, n, h, u) do { \
	const struct func_inst *func_; \
	TABLE_FUNC(func_, index, o); \
	if (unlikely(func_->canon != LDU32(k)) && \
	    !op_func_matches(CTX, func_, LDU32(k))) \
		TRAP(INDIRECT_TYPE); \
	RETURN_CALL(func_, a, n, h, u); \
} while (0)

#define RETURN_CALL_REF(ref, a, n, h, u) do { \
	const struct func_inst *func_ = (const struct func_inst *)(uintptr_t)(ref); \
	TRAP_IF(func_ == NULL, NULL_FUNCTION); \
	RETURN_CALL(func_, a, n, h, u); \
} while (0)

/* ---- tables and everything that is done in C ----------------------------- */

#define TABLE_ELEM(index, o) \
	const struct table_inst *t_ = CTX->tables[LDU32(o)]; \
	uint64_t i_ = (index); \
	TRAP_IF(i_ >= t_->size, TABLE_BOUNDS)

#define TABLE_GET(index, o) do { \
	TABLE_ELEM(index, o); \
	R0 = t_->elems[i_]; \
} while (0)

#define TABLE_SET(index, o, value) do { \
	TABLE_ELEM(index, o); \
	t_->elems[i_] = (value); \
} while (0)

#define CALL_C(function, a, o, p) do { \
	enum trap_code trap_ = function(CTX, &SLOT(a), o, p); \
	if (unlikely(trap_ != TRAP_NONE)) { \
		R0 = trap_; \
		GOTO(trap); \
	} \
} while (0)

/* A safe point: the collector must find the frames. */
#define SAFE_POINT(length) do { \
	struct vm_store *s_ = CTX->store; \
	s_->gc_pc = PC + (length); \
	s_->gc_fp = FP; \
	s_->gc_instance = CTX; \
} while (0)

#define CALL_C_COLLECT(function, a, o, p, length) do { \
	SAFE_POINT(length); \
	CALL_C(function, a, o, p); \
} while (0)

#define CALL_C_RELOAD(function, a, o, p) do { \
	CALL_C(function, a, o, p); \
	RELOAD_MEMORY(); \
} while (0)

/* ---- heap objects --------------------------------------------------------- */

/* Bounds of an array, which is not null. */
#define ELEMENT_OF(ref, index) do { \
	TRAP_IF((ref) == 0, NULL_ARRAY); \
	TRAP_IF((index) >= heap_object(ref)->length, ARRAY_BOUNDS); \
} while (0)

#define FIELD_OF(ref, o, more, null) \
	TRAP_IF((ref) == 0, null); \
	uint8_t *at = (uint8_t *)heap_object(ref) + LDU32(o) + (more)

#define AT_v128(at) simd_v128_load(at)
#define SET_AT_uint8_t(at, value) (AT_uint8_t(at) = (uint8_t)(value))
#define SET_AT_uint16_t(at, value) (AT_uint16_t(at) = (uint16_t)(value))
#define SET_AT_uint32_t(at, value) (AT_uint32_t(at) = (value))
#define SET_AT_uint64_t(at, value) (AT_uint64_t(at) = (value))
#define SET_AT_float(at, value) (AT_float(at) = (value))
#define SET_AT_double(at, value) (AT_double(at) = (value))
#define SET_AT_v128(at, value) simd_v128_store(at, value)

/* ---- profiles -------------------------------------------------------------- */

/* Look at the clock, then go on behind the instruction, a meter_loop. */
MACHINE(meter_round);

#define METER_LOOP(o, length) do { \
	_Static_assert((o) == 8 && (length) == 16, "meter_round"); \
	if (unlikely(--CTX->store->meter->rounds < 0)) \
		GOTO(meter_round); \
} while (0)

/* ---- exceptions ------------------------------------------------------------ */

/* Look for who catches the exception in R0; PC is in the throwing frame. */
MACHINE(unwind);

#define THROW(a, o, u, length) do { \
	CHARGE(LDU32(u)); \
	SAFE_POINT(length); \
	R0 = op_exception_new(CTX, &SLOT(a), LDU32(o)); \
	TRAP_IF(R0 == 0, OUT_OF_MEMORY); \
	GOTO(unwind); \
} while (0)

#define THROW_REF(a, u) do { \
	CHARGE(LDU32(u)); \
	TRAP_IF(SLOT(a) == 0, NULL_EXCEPTION); \
	R0 = SLOT(a); \
	GOTO(unwind); \
} while (0)

#endif
