/* Locals, globals and arithmetic, and what is fused of it. Part of the
 * translator; runs in the template. */
#include "vm/exec/translate_steps.h"

/* ---- values --------------------------------------------------------------- */

void
step_local(struct translator *t, const struct instr *in)
{
	uint32_t slot = validator_local_slot(t->v, in->index);
	char type = type_letter(t->module, validator_local(t->v, in->index));

	if (in->index >= t->type->nparams)
		slot++;
	if (in->op == OP_LOCAL_GET) {
		zero_get(&t->zero, slot, letter_slots(type));
		push_local(&t->s, type, slot);
	} else {
		zero_set(&t->zero, slot);
		local_set(&t->s, slot, in->op == OP_LOCAL_TEE);
	}
}

void
step_global(struct translator *t, const struct instr *in)
{
	const struct module *m = t->module;
	bool import = in->index < m->nimported_globals;
	char type = type_letter(t->module, m->globals[in->index].type.type);
	bool wide = type == 'v';
	uint32_t place = import ? in->index : t->global_offsets[in->index];
	bool in_int = letter_bank(type) == BANK_INT;
	struct ins *ins;

	if (in->op == OP_GLOBAL_GET) {
		ins = emit(&t->e, import ?
			(wide ? CODE_GLOBAL_IMPORT_GET128 : CODE_GLOBAL_IMPORT_GET) :
			(wide ? CODE_GLOBAL_GET128 : CODE_GLOBAL_GET));
		ins->f[FIELD_O] = place;
		if (!wide)
			t->e.acc[BANK_INT] = SLOT_NONE;
		push_result(&t->s, ins, type, in_int);
		return;
	}
	struct entry e = pop(&t->s);
	uint32_t slot = 0;
	unsigned class = CLASS_S;

	if (!import && !wide && e.kind == ENTRY_CONST && e.k <= UINT32_MAX) {
		class = CLASS_K;
	} else if (!import && in_int && in_acc(&t->s, &e)) {
		class = CLASS_R;
		use_acc(&t->s, &e);
	} else {
		slot = as_slot(&t->s, &e);
	}
	ins = emit(&t->e, import ?
		(wide ? CODE_GLOBAL_IMPORT_SET128 : CODE_GLOBAL_IMPORT_SET) :
		(wide ? CODE_GLOBAL_SET128 : CODE_GLOBAL_SET));
	ins->ca = (uint8_t)class;
	ins->f[FIELD_A] = slot;
	ins->f[FIELD_O] = place;
	ins->k[0] = e.k;
}

/* select on a comparison that was the last instruction. */
static bool
fuse_select(struct translator *t, struct entry *a, struct entry *b,
	struct entry *cond)
{
	struct ins *def = last_def(&t->s, cond);
	struct held held;
	uint32_t x, y;

	if (def == NULL || a->type == 'v' ||
	    code_info[def->op].kind != CODE_KIND_CMP ||
	    code_info[def->op].t != 'i' ||
	    def->cb == CLASS_R || def->ca == CLASS_K)
		return false;
	hold_def(&t->s, cond, &held);
	x = as_slot(&t->s, a);
	y = as_slot(&t->s, b);
	release_def(&t->s, cond, &held);
	def = last_def(&t->s, cond);
	def->op = (uint16_t)(CODE_SELECT_I32_EQ + (def->op - CODE_I32_EQ));
	def->f[FIELD_X] = x;
	def->f[FIELD_Y] = y;
	if (a->kind == ENTRY_LOCAL)
		t->s.last_use[x] = emitter_next(&t->e) - 1;
	if (b->kind == ENTRY_LOCAL)
		t->s.last_use[y] = emitter_next(&t->e) - 1;
	t->e.acc[BANK_INT] = SLOT_NONE;
	push_result(&t->s, def, a->type, letter_bank(a->type) == BANK_INT);
	return true;
}

void
step_select(struct translator *t)
{
	struct entry cond = pop(&t->s), b = pop(&t->s), a = pop(&t->s);
	bool wide = a.type == 'v';
	bool ka = !wide && a.kind == ENTRY_CONST && a.k <= UINT32_MAX;
	bool kb = !wide && b.kind == ENTRY_CONST && b.k <= UINT32_MAX;
	uint32_t sa = 0, sb = 0, sc = 0;
	struct ins *in;
	bool acc;

	if (!ka && !kb && fuse_select(t, &a, &b, &cond))
		return;
	acc = !wide && in_acc(&t->s, &cond);
	if (!ka)
		sa = as_slot(&t->s, &a);
	if (!kb)
		sb = as_slot(&t->s, &b);
	if (acc)
		use_acc(&t->s, &cond);
	else
		sc = as_slot(&t->s, &cond);
	in = emit(&t->e, wide ? CODE_SELECT128 :
		acc ? CODE_SELECT_ACC : CODE_SELECT);
	in->ca = ka ? CLASS_K : CLASS_S;
	in->cb = kb ? CLASS_K : CLASS_S;
	in->f[FIELD_A] = sa;
	in->f[FIELD_B] = sb;
	in->f[FIELD_C] = sc;
	in->k[0] = ka ? a.k : b.k;
	in->f[FIELD_O] = (uint32_t)b.k;
	if (!wide)
		t->e.acc[BANK_INT] = SLOT_NONE;
	push_result(&t->s, in, a.type, letter_bank(a.type) == BANK_INT);
}

/* ---- arithmetic ------------------------------------------------------------ */

void
push_op(struct translator *t, struct ins *in)
{
	push_result(&t->s, in, code_info[in->op].r, true);
}

void
step_unary(struct translator *t, enum code_op op)
{
	struct entry a = pop(&t->s);
	struct ins *def = last_def(&t->s, &a);

	/* An i32 in a slot is zero-extended already. */
	if (op == CODE_I64_EXTEND_I32_U) {
		struct entry *e;

		if (a.kind == ENTRY_CONST) {
			push_const(&t->s, 'l', a.k, 0);
			return;
		}
		if (a.kind == ENTRY_LOCAL) {
			push_local(&t->s, 'l', a.slot);
			return;
		}
		push_temp(&t->s, 'l');
		e = &t->s.entries[t->s.n - 1];
		e->def = a.def;
		return;
	}
	if (op == CODE_I32_EQZ && def != NULL &&
	    code_info[def->op].kind == CODE_KIND_CMP &&
	    code_info[def->op].inverse != CODE_NONE) {
		def->op = code_info[def->op].inverse;
		push_temp(&t->s, 'i');
		t->s.entries[t->s.n - 1].def = a.def;
		return;
	}
	if (a.kind == ENTRY_CONST)
		materialize(&t->s, &a);
	push_op(t, emit_operands(&t->s, op, &a, NULL));
}

/* Reuse the last instruction, whose result was an operand, as a larger one. */
void
replace_last(struct translator *t, struct ins *in, enum code_op op)
{
	in->op = (uint16_t)op;
	for (unsigned i = 0; i < BANK_COUNT; i++)
		t->e.acc[i] = in->acc_before[i];
	push_op(t, in);
}

/* The last instruction takes an operand from the last sum. */
static void
use_sum(struct translator *t, const struct entry *z)
{
	use_acc(&t->s, z);
	if (z->kind == ENTRY_LOCAL)
		t->s.last_use[z->slot] = emitter_next(&t->e) - 1;
}

/* (x first y) second z, where the first was the last instruction. */
static bool
fuse_pair(struct translator *t, enum code_op op, struct entry *a,
	struct entry *b)
{
	for (unsigned i = 0; i < code_npairs; i++) {
		const struct code_pair *p = &code_pairs[i];
		struct entry *x, *z;
		struct ins *def;

		if (p->second != op)
			continue;
		x = p->on_right && last_def(&t->s, b) != NULL ? b : a;
		z = x == b ? a : b;
		if (x == a && !p->on_left)
			continue;
		def = last_def(&t->s, x);
		if (def == NULL || def->op != p->first || z == x ||
		    p->z_is_constant != (z->kind == ENTRY_CONST) ||
		    !code_has_handler(p->fused, def->ca, def->cb, CLASS_S))
			continue;
		if (p->z_is_constant) {
			def->f[FIELD_O] = (uint32_t)z->k;
		} else if (p->sum != CODE_NONE && in_sum(&t->s, z)) {
			use_sum(t, z);
			replace_last(t, def, p->sum);
			return true;
		} else {
			def->f[FIELD_C] = as_slot(&t->s, z);
			if (z->kind == ENTRY_LOCAL)
				t->s.last_use[z->slot] = emitter_next(&t->e) - 1;
		}
		replace_last(t, def, p->fused);
		return true;
	}
	return false;
}

/* An operation whose second operand was just loaded. */
static bool
fuse_operand_load(struct translator *t, enum code_op op, struct entry *a,
	struct entry *b)
{
	for (unsigned i = 0; i < code_noperand_loads; i++) {
		const struct code_operand_load *p = &code_operand_loads[i];
		struct entry *x = b, *z = a;
		struct ins *def;
		enum bank bank = letter_bank(code_info[op].r);
		bool acc;

		if (p->op != op)
			continue;
		def = last_def(&t->s, b);
		if (def == NULL && code_info[op].commutes) {
			x = a;
			z = b;
			def = last_def(&t->s, a);
		}
		if (def == NULL || def->op != p->load || z->kind == ENTRY_CONST)
			return false;
		acc = def->acc_before[bank] == z->slot;
		if (!code_has_handler(p->fused, acc ? CLASS_R : CLASS_S, def->ca,
			CLASS_S))
			acc = false;
		if (!code_has_handler(p->fused, CLASS_S, def->ca, CLASS_S))
			return false;
		(void)x;
		def->cb = def->ca;
		def->f[FIELD_B] = def->f[FIELD_A];
		if (!acc && p->sum != CODE_NONE && in_sum(&t->s, z)) {
			use_sum(t, z);
			def->ca = CLASS_S;
			replace_last(t, def, p->sum);
			return true;
		}
		if (acc) {
			use_acc(&t->s, z);
			def->ca = CLASS_R;
		} else {
			def->f[FIELD_A] = as_slot(&t->s, z);
			def->ca = CLASS_S;
		}
		if (z->kind == ENTRY_LOCAL)
			t->s.last_use[z->slot] = emitter_next(&t->e) - 1;
		replace_last(t, def, p->fused);
		return true;
	}
	return false;
}

/* A sum to which the last sum belongs. */
static bool
fuse_sum(struct translator *t, enum code_op op, struct entry *a,
	struct entry *b)
{
	const struct code_info *info = &code_info[op];
	struct entry *sum = a, *x = b;

	if (!info->is_sum || info->sum == CODE_NONE)
		return false;
	if (info->commutes && in_sum(&t->s, b)) {
		sum = b;
		x = a;
	}
	/* What was computed last is in the first accumulator as well. */
	if (!in_sum(&t->s, sum) || in_acc(&t->s, sum) || x->kind == ENTRY_CONST)
		return false;
	use_acc(&t->s, sum);
	push_op(t, emit_operands(&t->s, info->sum, x, NULL));
	return true;
}

void
step_binary(struct translator *t, enum code_op op)
{
	struct entry b = pop(&t->s), a = pop(&t->s);

	if (a.kind == ENTRY_CONST && b.kind == ENTRY_CONST)
		materialize(&t->s, &a);
	if (op == CODE_I32_SUB && b.kind == ENTRY_CONST) {
		b.k = (uint32_t)-(uint32_t)b.k;
		op = CODE_I32_ADD;
	} else if (op == CODE_I64_SUB && b.kind == ENTRY_CONST) {
		b.k = -b.k;
		op = CODE_I64_ADD;
	}
	/* Cut to 32 bits, as compilers of C write it. The constant would not
	 * fit an i64's field, and be moved to a slot each time. */
	if (op == CODE_I64_AND && b.kind == ENTRY_CONST && b.k == UINT32_MAX &&
	    a.kind != ENTRY_CONST) {
		push_result(&t->s, emit_operands(&t->s, CODE_I32_WRAP_I64, &a,
			NULL), 'l', true);
		return;
	}
	if (fuse_pair(t, op, &a, &b) || fuse_operand_load(t, op, &a, &b) ||
	    fuse_sum(t, op, &a, &b))
		return;
	push_op(t, emit_operands(&t->s, op, &a, &b));
}

