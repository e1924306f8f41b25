/* Loads, stores, and vectors. Part of the translator; runs in the template. */
#include "vm/exec/translate_steps.h"

#include <string.h>

/* ---- memory ---------------------------------------------------------------- */

static bool
is_plain_access(const struct translator *t, const struct instr *in)
{
	return in->mem.memory == 0 && in->mem.offset <= UINT32_MAX &&
		!t->module->memories[0].type.limits.is64;
}

static void
emit_any_access(struct translator *t, const struct instr *in, enum code_op op,
	struct entry *a, struct entry *value)
{
	uint32_t slot_a = as_slot(&t->s, a);
	uint32_t slot_b = value == NULL ? 0 : as_slot(&t->s, value);
	struct ins *ins = emit(&t->e, op);

	ins->f[FIELD_A] = slot_a;
	ins->f[FIELD_B] = slot_b;
	ins->f[FIELD_O] = in->mem.memory;
	ins->k[0] = in->mem.offset;
	if (value == NULL)
		push_op(t, ins);
}

void
step_load(struct translator *t, const struct instr *in, enum code_op op)
{
	struct entry a = pop(&t->s);
	struct ins *def = last_def(&t->s, &a);
	struct ins *ins;

	if (!is_plain_access(t, in)) {
		emit_any_access(t, in, code_info[op].any, &a, NULL);
		return;
	}
	if (def != NULL && def->op == CODE_I32_ADD &&
	    code_has_handler(code_info[op].index, def->ca, def->cb, CLASS_S)) {
		def->f[FIELD_O] = (uint32_t)in->mem.offset;
		def->offset = in->offset;
		replace_last(t, def, code_info[op].index);
		return;
	}
	ins = emit_operands(&t->s, op, &a, NULL);
	ins->f[FIELD_O] = (uint32_t)in->mem.offset;
	push_op(t, ins);
}

/* The class of the value of a store at an address that def added up, and its
 * place in the instruction; or -1. */
static int
index_store_value(struct translator *t, enum code_op index, struct ins *def,
	struct entry *v)
{
	bool constant = fits_constant(v, code_info[index].t);
	enum bank bank = letter_bank(v->type);
	unsigned class = constant ? CLASS_K :
		v->kind != ENTRY_CONST && def->acc_before[bank] == v->slot ?
		CLASS_R : CLASS_S;

	if (v->kind == ENTRY_CONST && !constant)
		return -1;
	if (class == CLASS_R && !code_has_handler(index, def->ca, def->cb, class))
		class = CLASS_S;
	if (!code_has_handler(index, def->ca, def->cb, class))
		return -1;
	if (class == CLASS_K)
		def->k[0] = v->k;
	else if (class == CLASS_R)
		use_acc(&t->s, v);
	else
		def->f[FIELD_D] = as_slot(&t->s, v);
	return (int)class;
}

/* A store whose address is a sum. The value must be at hand without an
 * instruction between the two. */
static bool
fuse_store(struct translator *t, const struct instr *in, enum code_op op,
	const struct entry *a, struct entry *v)
{
	struct ins *def = last_def(&t->s, a);
	enum code_op index = code_info[op].index;
	int class;

	if (def == NULL || def->op != CODE_I32_ADD)
		return false;
	class = index_store_value(t, index, def, v);
	if (class == -1)
		return false;
	if (v->kind == ENTRY_LOCAL)
		t->s.last_use[v->slot] = emitter_next(&t->e) - 1;
	def->has_result = false;
	def->cd = (uint8_t)class;
	def->op = (uint16_t)index;
	def->bank = BANK_NONE;
	def->f[FIELD_O] = (uint32_t)in->mem.offset;
	def->pos = t->e.pos;
	def->offset = t->e.offset;
	for (unsigned i = 0; i < BANK_COUNT; i++)
		t->e.acc[i] = def->acc_before[i];
	return true;
}

void
step_store(struct translator *t, const struct instr *in, enum code_op op)
{
	struct entry v = pop(&t->s), a = pop(&t->s);
	struct ins *ins;

	if (!is_plain_access(t, in)) {
		emit_any_access(t, in, code_info[op].any, &a, &v);
		return;
	}
	/* The bits of a float constant are stored as an integer's. */
	if (v.kind == ENTRY_CONST && op == CODE_F32_STORE) {
		op = CODE_I32_STORE;
		v.type = 'i';
	} else if (v.kind == ENTRY_CONST && op == CODE_F64_STORE) {
		op = CODE_I64_STORE;
		v.type = 'l';
	}
	if (fuse_store(t, in, op, &a, &v))
		return;
	ins = emit_operands(&t->s, op, &a, &v);
	ins->f[FIELD_O] = (uint32_t)in->mem.offset;
}

/* ---- vectors ----------------------------------------------------------------- */

void
step_lane(struct translator *t, const struct instr *in, enum code_op op)
{
	struct entry b = { .kind = ENTRY_TEMP }, a;
	bool two = code_info[op].kind == CODE_KIND_BIN_LANE;
	struct ins *ins;

	if (two)
		b = pop(&t->s);
	a = pop(&t->s);
	ins = emit_operands(&t->s, op, &a, two ? &b : NULL);
	ins->f[FIELD_N] = in->mem.lane;
	push_op(t, ins);
}

void
step_ternary(struct translator *t, enum code_op op)
{
	struct entry c = pop(&t->s), b = pop(&t->s), a = pop(&t->s);
	uint32_t slot_a = as_slot(&t->s, &a), slot_b = as_slot(&t->s, &b);
	uint32_t slot_c = as_slot(&t->s, &c);
	struct ins *ins = emit(&t->e, op);

	ins->f[FIELD_A] = slot_a;
	ins->f[FIELD_B] = slot_b;
	ins->f[FIELD_C] = slot_c;
	push_op(t, ins);
}

void
step_shuffle(struct translator *t, const struct instr *in, enum code_op op)
{
	struct entry b = pop(&t->s), a = pop(&t->s);
	uint32_t slot_a = as_slot(&t->s, &a), slot_b = as_slot(&t->s, &b);
	struct ins *ins = emit(&t->e, op);

	ins->f[FIELD_A] = slot_a;
	ins->f[FIELD_B] = slot_b;
	memcpy(ins->k, in->v128, sizeof(in->v128));
	push_op(t, ins);
}

/* Loads and stores of one lane: an address and a vector. */
void
step_lane_access(struct translator *t, const struct instr *in, enum code_op op)
{
	struct entry v = pop(&t->s), a = pop(&t->s);
	uint32_t slot_a = as_slot(&t->s, &a), slot_v = as_slot(&t->s, &v);
	struct ins *ins = emit(&t->e, op);

	ins->f[FIELD_A] = slot_a;
	ins->f[FIELD_B] = slot_v;
	ins->f[FIELD_N] = in->mem.lane;
	ins->f[FIELD_O] = in->mem.memory;
	ins->k[0] = in->mem.offset;
	if (code_info[op].kind == CODE_KIND_LOAD_LANE)
		push_op(t, ins);
}

void
push_vector(struct translator *t, const uint8_t bytes[16])
{
	uint64_t halves[2];

	memcpy(halves, bytes, sizeof(halves));
	push_const(&t->s, 'v', halves[0], halves[1]);
}

