/*
 * The handlers that others jump to, and the way in and out of the machine.
 * Runs in the confined child.
 */
#include "vm/exec/machine.h"

#include "vm/exec/compile.h"
#include "vm/exec/handlers.h"
#include "vm/exec/profile.h"
#include "vm/exec/run.h"

/* ---- traps -------------------------------------------------------------- */

/* Leave with the trap in R0; PC is the instruction's. */
MACHINE(trap)
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

#undef TRAP
#define TRAP(id, text) MACHINE(trap_##id) { R0 = TRAP_##id; GOTO(trap); }
#include "vm/traps.def"
TRAP(FUEL, "")
#undef TRAP
#define TRAP(code) GOTO(trap_##code)

/* ---- calls that leave the instance --------------------------------------- */

/* Return addresses that no translated call left: back to C, and through the
 * top bridge into another instance. The zero before them is their base. */
struct stub {
	uint64_t base;
	handler run;
};

static MACHINE(leave)
{
	CTX->store->status = VM_OK;
	CTX->store->fuel = CTX->fuel;
	LEAVE();
}

static const struct stub stub_exit = { 0, machine_leave };
static const struct stub stub_foreign = { 0, machine_return_foreign };

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

MACHINE(call_foreign)
{
	const struct func_inst *f = (const struct func_inst *)(uintptr_t)R0;
	uint64_t *callee = FP + CALL_BASE(PC);

	if (callee > CTX->stack_limit) {
		PC--;
		GOTO(trap_STACK_EXHAUSTED);
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

MACHINE(return_foreign)
{
	struct vm_store *s = CTX->store;
	const struct bridge *b = &s->bridges[--s->nbridges];

	ENTER_INSTANCE(b->instance);
	PC = b->pc;
	FP -= CALL_BASE(PC);
	DISPATCH();
}

/* By a tail call: the arguments are in place. */
MACHINE(return_call_foreign)
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

MACHINE(call_indirect_subtype)
{
	const struct func_inst *f = (const struct func_inst *)(uintptr_t)R0;

	if (!op_func_matches(CTX, f, LDU32(8)))
		GOTO(trap_INDIRECT_TYPE);
	CALL_FUNC(f, 24);
}

/* ---- profiles -------------------------------------------------------------- */

MACHINE(meter_round)
{
	meter_resume(CTX, FP, LDU32(8));
	NEXT(16);
}

/* ---- functions that are not translated yet --------------------------------- */

static __attribute__((noinline)) const uint8_t *
translate_called(struct vm_instance *in, uint32_t func)
{
	struct meter *m = in->store->meter;
	const uint8_t *code;

	if (m != NULL)
		meter_work_begin(m, in->fuel);
	code = compile_called(in, func, &in->store->trap);
	if (m != NULL)
		meter_work_end(m, in->fuel);
	return code;
}

/* The frame is there; see CODE_STUB. */
static MACHINE(stub)
{
	const uint8_t *code = translate_called(CTX, LDU32(8));

	if (code == NULL) {
		R0 = CTX->store->trap;
		GOTO(trap);
	}
	PC = code;
	DISPATCH();
}

uint64_t
code_stub_address(void)
{
	return (uint64_t)(uintptr_t)machine_stub;
}

/* ---- exceptions ------------------------------------------------------------ */

MACHINE(unwind)
{
	struct vm_store *s = CTX->store;

	if (!unwind_to_catch(s, CTX, FP, PC, R0)) {
		s->fuel = s->landing.instance->fuel;
		s->status = s->fuel < 0 ? VM_FUEL : VM_EXCEPTION;
		s->trap_fp = NULL;
		LEAVE();
	}
	CTX = s->landing.instance;
	FP = s->landing.fp;
	PC = s->landing.pc;
	RELOAD_MEMORY();
	DISPATCH();
}

/* ---- in and out ------------------------------------------------------------ */

uint64_t
code_handler_address(uint32_t id)
{
	uint32_t fused = id - CODE_HANDLERS;

	if (id < CODE_HANDLERS)
		return (uint64_t)(uintptr_t)handlers_plain[id];
	return (uint64_t)(uintptr_t)
		handlers_fused[fused % FUSED_PARTS][fused / FUSED_PARTS];
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

#ifdef VM_PROFILE
void (*code_profile)(const uint8_t *pc, bool fell);
#define DISPATCH_ONE(r) do { \
	const uint8_t *pc_ = (r)->pc; \
	if (code_profile != NULL) \
		code_profile(pc_, pc_ == (r)->next); \
	(r)->next = NULL; \
	(*(const handler *)(const void *)pc_)(r); \
} while (0)
#else
#define DISPATCH_ONE(r) (*(const handler *)(const void *)(r)->pc)(r)
#endif

void
code_run(const struct func_inst *f, uint64_t *fp)
{
	const struct mem_inst *m = f->instance->memory0;
	uint8_t *mem = m == NULL ? NULL : m->base;
	uint64_t msz = m == NULL ? 0 : m->size;

	fp[f->param_slots] = (uint64_t)(uintptr_t)stub_address(&stub_exit);
#ifdef DISPATCH_TAIL
	(*(const handler *)(const void *)f->code)(f->code, fp, mem, msz,
		f->instance, 0, 0, 0, (v128){ 0 }, 0, 0);
#else
	struct registers r = { .pc = f->code, .fp = fp, .mem = mem,
		.msz = msz, .ctx = f->instance };

	while (r.pc != NULL)
		DISPATCH_ONE(&r);
#endif
}
