/*
 * Dispatch, and what the generated handlers are made of. Runs in the confined
 * child.
 *
 * The machine's registers are the arguments of every handler: the place in
 * the code, the frame, memory 0, the instance, and one accumulator for each
 * bank. With DISPATCH_TAIL a handler ends by calling the next one, which the
 * compiler turns into a jump (configure checks that it does); the registers
 * never leave the processor's. Without, as at -O0 and under the sanitizers,
 * where such calls would eat the stack, handlers return to a loop and the
 * registers are a structure.
 *
 * A handler that calls C keeps that call out of its hot path, or is one whose
 * work is large: see CALL_C.
 */
#include "config.h"

#include "vm/exec/run.h"

#include <stddef.h>
#include <string.h>

#include "vm/exec/code.h"
#include "vm/exec/num.h"
#include "vm/exec/ops.h"
#include "vm/exec/simd.h"
#include "vm/exec/unwind.h"
#include "vm/runtime/heap.h"

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

/* bench/profile.c includes this file to see every step. */
#ifdef PROFILE_STEP
#undef DISPATCH_TAIL
#else
#define PROFILE_STEP(pc)
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
#define PARAMS const uint8_t *pc, uint64_t *fp, uint8_t *mem, uint64_t msz, \
	struct vm_instance *ctx, uint64_t r0, float s0, double d0, v128 v0
#define ARGS pc, fp, mem, msz, ctx, r0, s0, d0, v0
#ifdef __clang__
#define TAIL __attribute__((musttail)) return
#else
#define TAIL return
#endif
#define GOTO(name) TAIL h_##name(ARGS)
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
#define PARAMS struct registers *r
#define GOTO(name) do { h_##name(r); return; } while (0)
#define DISPATCH() return
#define LEAVE() do { PC = NULL; return; } while (0)

#endif

typedef void (*handler)(PARAMS);

#define HANDLER(name) static void h_##name(PARAMS)
/* Off the hot paths: jumped to, and never made part of a handler. */
#define COLD_HANDLER(name) \
	static __attribute__((noinline, cold)) void h_##name(PARAMS)
#define NEXT(length) do { PC += (length); DISPATCH(); } while (0)

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

/* Leave with the trap in R0; PC is the instruction's. */
COLD_HANDLER(trap)
{
	struct vm_store *s = CTX->store;

	s->status = R0 == TRAP_FUEL ? VM_FUEL : VM_TRAP;
	s->trap = R0 == TRAP_FUEL ? TRAP_NONE : (enum trap_code)R0;
	s->trap_pc = PC;
	s->trap_fp = FP;
	s->trap_instance = CTX;
	s->fuel = CTX->fuel;
	LEAVE();
}

#define TRAP(code) do { R0 = TRAP_##code; GOTO(trap); } while (0)
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
#define CHARGE(amount) do { \
	CTX->fuel -= (amount); \
	if (unlikely(CTX->fuel < 0)) { \
		R0 = TRAP_FUEL; \
		GOTO(trap); \
	} \
} while (0)

#define JUMP(t) do { \
	CHARGE(LDS32((t) + 4)); \
	PC = PC + (t) + (ptrdiff_t)LDS32(t); \
	DISPATCH(); \
} while (0)

#define BRANCH_IF(condition, t) do { if (condition) JUMP(t); } while (0)

/* Pairs of offset and charge stand at the instruction's end. */
#define SWITCH(value, count, length) do { \
	uint32_t i_ = (value), n_ = (count); \
	PC += (length) + 8 * (uint64_t)(i_ < n_ ? i_ : n_); \
	JUMP(0); \
} while (0)

/* What stands at the end of every call: see the call rows of instrs.py. */
#define CALL_HEADER(ret) (*(const u16_field *)(const void *)((ret) - 4))
#define CALL_BASE(ret) (*(const u16_field *)(const void *)((ret) - 2))

#define CALL(t, h, b, length) do { \
	uint64_t *callee_ = FP + LDU16(b); \
	TRAP_IF(callee_ > CTX->stack_limit, STACK_EXHAUSTED); \
	callee_[LDU16(h)] = (uint64_t)(uintptr_t)(PC + (length)); \
	FP = callee_; \
	PC = PC + (t) + (ptrdiff_t)LDS32(t); \
	DISPATCH(); \
} while (0)

#define RETURN(h, u) do { \
	CHARGE(LDU32(u)); \
	PC = (const uint8_t *)(uintptr_t)FP[LDU16(h)]; \
	FP -= CALL_BASE(PC); \
	DISPATCH(); \
} while (0)

#define RETURN_R0(h, u) do { \
	uint64_t *results_ = FP; \
	CHARGE(LDU32(u)); \
	PC = (const uint8_t *)(uintptr_t)FP[LDU16(h)]; \
	FP -= CALL_BASE(PC); \
	results_[0] = R0; \
	DISPATCH(); \
} while (0)

#define RETURN_S0(h, u) do { \
	uint64_t *results_ = FP; \
	CHARGE(LDU32(u)); \
	PC = (const uint8_t *)(uintptr_t)FP[LDU16(h)]; \
	FP -= CALL_BASE(PC); \
	*(f32_slot *)(void *)results_ = S0; \
	DISPATCH(); \
} while (0)

#define RETURN_D0(h, u) do { \
	uint64_t *results_ = FP; \
	CHARGE(LDU32(u)); \
	PC = (const uint8_t *)(uintptr_t)FP[LDU16(h)]; \
	FP -= CALL_BASE(PC); \
	*(f64_slot *)(void *)results_ = D0; \
	DISPATCH(); \
} while (0)

#define RETURN_V0(h, u) do { \
	uint64_t *results_ = FP; \
	CHARGE(LDU32(u)); \
	PC = (const uint8_t *)(uintptr_t)FP[LDU16(h)]; \
	FP -= CALL_BASE(PC); \
	simd_v128_store((uint8_t *)results_, V0); \
	DISPATCH(); \
} while (0)

/* Results may lie over the return address: fetch that first. */
#define RETURN_N(h, b, n, u) do { \
	const uint8_t *ret_ = (const uint8_t *)(uintptr_t)FP[LDU16(h)]; \
	CHARGE(LDU32(u)); \
	memmove(FP, FP + LDU16(b), LDU16(n) * sizeof(*FP)); \
	PC = ret_; \
	FP -= CALL_BASE(PC); \
	DISPATCH(); \
} while (0)

#define ZERO(a, n) memset(&SLOT(a), 0, (n) * sizeof(*FP))

/* Return addresses that no translated call left: back to C, and through the
 * top bridge into another instance. The zero before them is their base. */
struct stub {
	uint64_t base;
	handler run;
};

static const struct stub stub_exit;
static const struct stub stub_foreign;

static inline const uint8_t *
stub_address(const struct stub *s)
{
	return (const uint8_t *)&s->run;
}

static inline void
push_bridge(struct vm_instance *from, const uint8_t *pc)
{
	struct vm_store *s = from->store;

	s->bridges[s->nbridges++] = (struct bridge){ pc, from };
}

#define ENTER_INSTANCE(instance_) do { \
	struct vm_instance *to_ = (instance_); \
	to_->fuel = CTX->fuel; \
	CTX = to_; \
	RELOAD_MEMORY(); \
} while (0)

/* Call a host function with its arguments at args; whether it returned. */
static __attribute__((noinline)) bool
call_host(struct vm_instance *in, const struct func_inst *f, uint64_t *args)
{
	struct vm_store *s = in->store;
	struct vm_caller caller = { .store = s, .instance = in };

	s->fuel = in->fuel;
	s->status = f->host(&caller, f->host_data, args);
	if (s->status == VM_OK) {
		/* Translated code counts on it: do not rely on every host. */
		for (uint32_t i = 0; i < f->type->nresults; i++) {
			if (f->type->results[i] == VAL_I32)
				*args = (uint32_t)*args;
			args += valtype_slots(f->type->results[i]);
		}
		return true;
	}
	if (s->status == VM_TRAP)
		s->trap = caller.trap != TRAP_NONE ? caller.trap : TRAP_HOST;
	s->trap_detail = caller.trap_detail;
	return false;
}

/* The function in R0 is the host's or another instance's. PC is where it
 * returns to. */
COLD_HANDLER(call_foreign)
{
	const struct func_inst *f = (const struct func_inst *)(uintptr_t)R0;
	uint64_t *callee = FP + CALL_BASE(PC);

	if (callee > CTX->stack_limit) {
		PC--;
		TRAP(STACK_EXHAUSTED);
	}
	if (f->instance == NULL) {
		if (!call_host(CTX, f, callee)) {
			CTX->store->trap_pc = PC - 1;
			CTX->store->trap_fp = FP;
			CTX->store->trap_instance = CTX;
			LEAVE();
		}
		R0 = callee[0];
		S0 = *(f32_slot *)(void *)callee;
		D0 = *(f64_slot *)(void *)callee;
		V0 = simd_v128_load((const uint8_t *)callee);
		RELOAD_MEMORY();
		DISPATCH();
	}
	push_bridge(CTX, PC);
	callee[f->param_slots] = (uint64_t)(uintptr_t)stub_address(&stub_foreign);
	ENTER_INSTANCE(f->instance);
	FP = callee;
	PC = f->code;
	DISPATCH();
}

COLD_HANDLER(return_foreign)
{
	struct vm_store *s = CTX->store;
	const struct bridge *b = &s->bridges[--s->nbridges];

	ENTER_INSTANCE(b->instance);
	PC = b->pc;
	FP -= CALL_BASE(PC);
	DISPATCH();
}

/* To the function in R0 by a tail call; the arguments are in place, and PC is
 * where this frame was to return to. */
COLD_HANDLER(return_call_foreign)
{
	const struct func_inst *f = (const struct func_inst *)(uintptr_t)R0;

	if (f->instance == NULL) {
		if (!call_host(CTX, f, FP)) {
			CTX->store->trap_pc = PC;
			CTX->store->trap_fp = NULL;
			CTX->store->trap_instance = CTX;
			LEAVE();
		}
		R0 = FP[0];
		S0 = *(f32_slot *)(void *)FP;
		D0 = *(f64_slot *)(void *)FP;
		V0 = simd_v128_load((const uint8_t *)FP);
		RELOAD_MEMORY();
		FP -= CALL_BASE(PC);
		DISPATCH();
	}
	/* However many tail calls follow each other, one bridge is enough. */
	if (PC != stub_address(&stub_foreign))
		push_bridge(CTX, PC);
	FP[f->param_slots] = (uint64_t)(uintptr_t)stub_address(&stub_foreign);
	ENTER_INSTANCE(f->instance);
	PC = f->code;
	DISPATCH();
}

#define CALL_FUNC(func, length) do { \
	const struct func_inst *f_ = (func); \
	PC += (length); \
	if (unlikely(f_->instance != CTX)) { \
		R0 = (uint64_t)(uintptr_t)f_; \
		GOTO(call_foreign); \
	} \
	uint64_t *callee_ = FP + CALL_BASE(PC); \
	TRAP_IF(callee_ > CTX->stack_limit, STACK_EXHAUSTED); \
	callee_[CALL_HEADER(PC)] = (uint64_t)(uintptr_t)PC; \
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

/* A call of the function in R0, whose type is not the one that the call names:
 * it may be a subtype. Both forms of the call have the type at 8. */
COLD_HANDLER(call_indirect_subtype)
{
	const struct func_inst *f = (const struct func_inst *)(uintptr_t)R0;

	if (!op_func_matches(CTX, f, LDU32(8)))
		TRAP(INDIRECT_TYPE);
	CALL_FUNC(f, 24);
}

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
		PC = (const uint8_t *)(uintptr_t)ret_; \
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

#define EXIT() do { \
	CTX->store->status = VM_OK; \
	CTX->store->fuel = CTX->fuel; \
	LEAVE(); \
} while (0)

#define RETURN_FOREIGN() GOTO(return_foreign)

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

/* ---- exceptions ------------------------------------------------------------ */

/* Look for who catches the exception in R0; PC is in the throwing frame. */
COLD_HANDLER(unwind)
{
	struct vm_store *s = CTX->store;

	if (!unwind_to_catch(s, CTX, FP, PC, R0)) {
		s->status = VM_EXCEPTION;
		s->trap_fp = NULL;
		s->fuel = s->landing.instance->fuel;
		LEAVE();
	}
	CTX = s->landing.instance;
	FP = s->landing.fp;
	PC = s->landing.pc;
	RELOAD_MEMORY();
	DISPATCH();
}

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

#include "vm/exec/code_handlers.h"

static const struct stub stub_exit = { 0, h_exit_SSS };
static const struct stub stub_foreign = { 0, h_return_foreign_SSS };

uint64_t
code_handler_address(uint32_t id)
{
	return (uint64_t)(uintptr_t)code_handlers[id];
}

const char *
code_handler_name(uint32_t id)
{
	return code_handler_names[id];
}

bool
code_is_exit(const uint8_t *pc)
{
	return pc == stub_address(&stub_exit);
}

bool
code_is_foreign_return(const uint8_t *pc)
{
	return pc == stub_address(&stub_foreign);
}

void
code_run(const struct func_inst *f, uint64_t *fp)
{
	const struct mem_inst *m = f->instance->memory0;
	uint8_t *mem = m == NULL ? NULL : m->base;
	uint64_t msz = m == NULL ? 0 : m->size;

	fp[f->param_slots] = (uint64_t)(uintptr_t)stub_address(&stub_exit);
#ifdef DISPATCH_TAIL
	(*(const handler *)(const void *)f->code)(f->code, fp, mem, msz,
		f->instance, 0, 0, 0, (v128){ 0 });
#else
	struct registers r = { f->code, fp, mem, msz, f->instance, 0, 0, 0,
		{ 0 } };

	while (r.pc != NULL) {
		PROFILE_STEP(r.pc);
		(*(const handler *)(const void *)r.pc)(&r);
	}
#endif
}
