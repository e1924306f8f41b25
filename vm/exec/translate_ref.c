/* References, tables, and what is done in C. Part of the translator; runs in
 * the template. */
#include "vm/exec/translate_steps.h"

#include "vm/syntax/canon.h"

/* ---- references and tables --------------------------------------------------- */

void
step_ref_is_null(struct translator *t)
{
	struct entry a = pop(&t->s);
	bool acc = in_acc(&t->s, &a);
	uint32_t slot = 0;
	struct ins *in;

	if (acc)
		use_acc(&t->s, &a);
	else
		slot = as_slot(&t->s, &a);
	in = emit(&t->e, CODE_REF_IS_NULL);
	in->ca = acc ? CLASS_R : CLASS_S;
	in->f[FIELD_A] = slot;
	push_result(&t->s, in, 'i', true);
}

void
step_ref_as_non_null(struct translator *t)
{
	struct entry *top;
	struct ins *in;
	uint32_t slot;

	top = &t->s.entries[t->s.n - 1];
	if (top->kind == ENTRY_CONST)
		materialize(&t->s, top);
	slot = as_slot(&t->s, top);
	top->def = 0;
	in = emit(&t->e, CODE_REF_AS_NON_NULL);
	in->f[FIELD_A] = slot;
}

void
step_ref_eq(struct translator *t)
{
	struct entry b = pop(&t->s), a = pop(&t->s);
	uint32_t slot_a = as_slot(&t->s, &a), slot_b = as_slot(&t->s, &b);
	struct ins *in = emit(&t->e, CODE_REF_EQ);

	in->f[FIELD_A] = slot_a;
	in->f[FIELD_B] = slot_b;
	push_result(&t->s, in, 'i', true);
}

void
step_ref_func(struct translator *t, uint32_t func)
{
	struct ins *in = emit(&t->e, CODE_REF_FUNC);

	in->f[FIELD_O] = func;
	push_result(&t->s, in, 'l', true);
}

/* A null that is a reference to the heap must be in a slot like others. */
void
step_ref_null(struct translator *t, heaptype heap)
{
	struct ins *in;

	if (module_heaptype_top(t->module, heap) == HEAP_FUNC) {
		push_const(&t->s, 'l', 0, 0);
		return;
	}
	in = emit(&t->e, CODE_MOV_K32);
	push_result(&t->s, in, 'r', false);
}

/*
 * An operation in C: its operands in their canonical slots, its results in
 * the same place. The validator knows how many there are.
 */
void
step_in_c(struct translator *t, enum code_op op, uint32_t o, uint32_t p,
	uint32_t nresults, uint32_t nopds)
{
	const struct validator *v = t->v;
	uint32_t nargs = nopds + nresults - v->nopds, refs;
	struct types results = { nresults, NULL };
	struct ins *in;

	/* There is no stack of types yet where nothing was pushed so far. */
	if (nresults > 0)
		results.types = v->opds + v->nopds - nresults;

	materialize_from(&t->s, t->s.n - nargs);
	refs = code_info[op].collects ? safe_point(&t->s, t->s.n) : 0;
	in = emit(&t->e, op);
	in->refs = refs;
	in->f[FIELD_A] = height_slot(t, t->s.n - nargs);
	in->f[FIELD_O] = o;
	in->f[FIELD_P] = p;
	drop_to(&t->s, t->s.n - nargs);
	acc_forget(t);
	push_temps(t, results);
}

static bool
table_is64(const struct translator *t, uint32_t table)
{
	return t->module->tables[table].type.limits.is64;
}

void
step_table_get(struct translator *t, const struct instr *in, uint32_t nopds)
{
	struct entry a;
	uint32_t slot;
	struct ins *ins;

	if (table_is64(t, in->index)) {
		step_in_c(t, CODE_TABLE_GET_ANY, in->index, 0, 1, nopds);
		return;
	}
	a = pop(&t->s);
	slot = as_slot(&t->s, &a);
	ins = emit(&t->e, CODE_TABLE_GET);
	ins->f[FIELD_A] = slot;
	ins->f[FIELD_O] = in->index;
	push_result(&t->s, ins, type_letter(t->module,
		t->module->tables[in->index].type.elem), true);
}

void
step_table_set(struct translator *t, const struct instr *in, uint32_t nopds)
{
	struct entry a, b;
	uint32_t slot_a, slot_b;
	struct ins *ins;

	if (table_is64(t, in->index)) {
		step_in_c(t, CODE_TABLE_SET_ANY, in->index, 0, 0, nopds);
		return;
	}
	b = pop(&t->s);
	a = pop(&t->s);
	slot_a = as_slot(&t->s, &a);
	slot_b = as_slot(&t->s, &b);
	ins = emit(&t->e, CODE_TABLE_SET);
	ins->f[FIELD_A] = slot_a;
	ins->f[FIELD_B] = slot_b;
	ins->f[FIELD_O] = in->index;
}

void
step_memory_size(struct translator *t, const struct instr *in, uint32_t nopds)
{
	struct ins *ins;

	if (in->index != 0 || t->module->memories[0].type.page_log2 != 16) {
		step_in_c(t, CODE_MEMORY_SIZE_ANY, in->index, 0, 1, nopds);
		return;
	}
	ins = emit(&t->e, CODE_MEMORY_SIZE);
	push_result(&t->s, ins, 'i', true);
	/* It is an i64 where the memory has 64-bit addresses. */
	t->s.entries[t->s.n - 1].type =
		type_letter(t->module, t->v->opds[t->v->nopds - 1]);
}

