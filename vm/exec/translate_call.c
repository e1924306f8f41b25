/* Calls and returns. Part of the translator; runs in the template. */
#include "vm/exec/translate_steps.h"

/* ---- returning ------------------------------------------------------------ */

/* The row for the function's slot of the return address, if there is one:
 * it stands behind the row for any. */
static enum code_op
return_op(const struct translator *t, enum code_op op)
{
	return t->e.plain || t->header >= CODE_RETURN_NEAR ? op :
		op + 1 + t->header;
}

static void
emit_return_one(struct translator *t)
{
	struct entry e = pop(&t->s);
	struct ins *in;
	enum code_op op = e.type == 'f' ? CODE_RETURN_F :
		e.type == 'd' ? CODE_RETURN_D :
		e.type == 'v' ? CODE_RETURN_V : CODE_RETURN_I;

	if (in_acc(&t->s, &e)) {
		use_acc(&t->s, &e);
		in = emit(&t->e, op);
		in->ca = CLASS_R;
	} else if (e.kind == ENTRY_CONST && op == CODE_RETURN_I &&
	    e.k <= UINT32_MAX) {
		in = emit(&t->e, op);
		in->ca = CLASS_K;
		in->k[0] = e.k;
	} else {
		uint32_t slot = as_slot(&t->s, &e);

		in = emit(&t->e, op);
		in->f[FIELD_A] = slot;
	}
	in->op = (uint16_t)return_op(t, op);
	in->f[FIELD_H] = t->header;
	in->f[FIELD_U] = t->e.pos;
}

void
emit_return(struct translator *t)
{
	struct types r = { t->type->nresults, t->type->results };
	struct ins *in;

	t->dead = true;
	if (r.n == 1) {
		emit_return_one(t);
		return;
	}
	materialize_from(&t->s, t->s.n - r.n);
	in = emit(&t->e, r.n == 0 ? return_op(t, CODE_RETURN) : CODE_RETURN_N);
	in->f[FIELD_H] = t->header;
	in->f[FIELD_U] = t->e.pos;
	in->f[FIELD_B] = height_slot(t, t->s.n - r.n);
	in->f[FIELD_N] = types_slots(r);
}

/* ---- calls ---------------------------------------------------------------- */

void
acc_forget(struct translator *t)
{
	for (unsigned i = 0; i < BANK_COUNT; i++)
		t->e.acc[i] = SLOT_NONE;
}

void
emit_meter(struct translator *t, enum code_op op)
{
	if (t->profile)
		emit(&t->e, op)->f[FIELD_O] =
			(uint32_t)(t->func - t->e.code->funcs);
}

/* The operands of a call were used: its results take their place. A single
 * one is in its accumulator as well. */
static void
push_results(struct translator *t, const struct functype *type, uint32_t base)
{
	enum bank bank;

	drop_to(&t->s, t->s.n - type->nparams);
	acc_forget(t);
	push_temps(t, (struct types){ type->nresults, type->results });
	if (type->nresults != 1)
		return;
	bank = letter_bank(type_letter(t->module, type->results[0]));
	if (bank != BANK_NONE)
		t->e.acc[bank] = base;
}

static void
emit_call_ins(struct translator *t, struct ins *in,
	const struct functype *type, uint32_t refs)
{
	uint32_t base = height_slot(t, t->s.n - type->nparams);

	in->f[FIELD_H] = type->param_slots;
	in->f[FIELD_B] = base;
	in->refs = refs;
	/* An exception may leave from here for code that sees the locals. */
	if (t->try != TRY_NONE)
		t->s.region = emitter_next(&t->e);
	push_results(t, type, base);
	emit_meter(t, CODE_METER_RESUME);
}

static void
emit_return_call_ins(struct translator *t, struct ins *in,
	const struct functype *type)
{
	in->f[FIELD_A] = height_slot(t, t->s.n - type->nparams);
	in->f[FIELD_N] = type->param_slots;
	in->f[FIELD_H] = t->header;
	in->f[FIELD_U] = t->e.pos;
	t->dead = true;
}

void
step_call(struct translator *t, uint32_t func, bool tail)
{
	const struct functype *type = module_functype(t->module, func);
	struct ins *in;
	uint32_t refs;

	materialize_from(&t->s, t->s.n - type->nparams);
	refs = tail ? 0 : safe_point(&t->s, t->s.n - type->nparams);
	if (tail) {
		in = emit(&t->e, CODE_RETURN_CALL);
		in->f[FIELD_O] = func;
		emit_return_call_ins(t, in, type);
	} else if (func < t->module->nimported_funcs) {
		in = emit(&t->e, CODE_CALL_IMPORT);
		in->f[FIELD_O] = func;
		emit_call_ins(t, in, type, refs);
	} else {
		in = emit(&t->e, CODE_CALL);
		in->f[FIELD_T] = func - t->module->nimported_funcs;
		emit_call_ins(t, in, type, refs);
	}
}

/* A call by table index (or, table being UINT32_MAX, by reference): the callee
 * stands above the arguments. */
void
step_call_indirect(struct translator *t, uint32_t type_index, uint32_t table,
	bool tail)
{
	const struct subtype *sub = &t->module->types[type_index];
	bool by_ref = table == UINT32_MAX;
	bool is64 = !by_ref && t->module->tables[table].type.limits.is64;
	struct entry callee = pop(&t->s);
	bool acc = !by_ref && !is64 && !tail && in_acc(&t->s, &callee);
	uint32_t slot = 0, refs;
	enum code_op op;
	struct ins *in;

	if (tail)
		op = by_ref ? CODE_RETURN_CALL_REF : is64 ?
			CODE_RETURN_CALL_INDIRECT64 : CODE_RETURN_CALL_INDIRECT;
	else
		op = by_ref ? CODE_CALL_REF : is64 ?
			CODE_CALL_INDIRECT64 : CODE_CALL_INDIRECT;
	if (acc)
		use_acc(&t->s, &callee);
	else
		slot = as_slot(&t->s, &callee);
	materialize_from(&t->s, t->s.n - sub->func.nparams);
	refs = tail ? 0 :
		safe_point(&t->s, t->s.n - sub->func.nparams);
	in = emit(&t->e, op);
	in->ca = acc ? CLASS_R : CLASS_S;
	in->f[FIELD_C] = slot;
	in->k[0] = sub->canon;
	in->f[FIELD_O] = table;
	if (tail) {
		emit_return_call_ins(t, in, &sub->func);
	} else {
		in->f[FIELD_A] = slot;
		in->f[FIELD_C] = 0;
		emit_call_ins(t, in, &sub->func, refs);
	}
}

