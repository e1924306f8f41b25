/* Structures, arrays, casts and exceptions. Part of the translator; runs in the
 * template. */
#include "vm/exec/translate_steps.h"

#include "vm/syntax/canon.h"

/* How a field is stored decides the instruction; sets have no sign. */
static unsigned
storage(valtype type, bool is_signed)
{
	switch (valtype_kind(type)) {
	case VAL_I8:
		return is_signed ? 0 : 1;
	case VAL_I16:
		return is_signed ? 2 : 3;
	case VAL_I32:
		return 4;
	case VAL_F32:
		return 6;
	case VAL_F64:
		return 7;
	case VAL_V128:
		return 8;
	default:
		return 5;
	}
}

#define BY_STORAGE(name) { \
	CODE_##name##_I8_S, CODE_##name##_I8_U, CODE_##name##_I16_S, \
	CODE_##name##_I16_U, CODE_##name##_I32, CODE_##name##_I64, \
	CODE_##name##_F32, CODE_##name##_F64, CODE_##name##_V128 }
#define BY_SIZE(name) { \
	CODE_NONE, CODE_##name##_I8_U, CODE_NONE, CODE_##name##_I16_U, \
	CODE_##name##_I32, CODE_##name##_I64, CODE_##name##_F32, \
	CODE_##name##_F64, CODE_##name##_V128 }

static const enum code_op struct_gets[] = BY_STORAGE(STRUCT_GET);
static const enum code_op struct_sets[] = BY_SIZE(STRUCT_SET);
static const enum code_op array_gets[] = BY_STORAGE(ARRAY_GET);
static const enum code_op array_sets[] = BY_SIZE(ARRAY_SET);

static void
push_field(struct translator *t, struct ins *ins, valtype type)
{
	push_result(&t->s, ins, type_letter(t->module, type), true);
}

static void
step_struct_get(struct translator *t, const struct instr *in, bool is_signed)
{
	valtype type = t->module->types[in->index].struct_.fields[in->index2].type;
	struct entry a = pop(&t->s);
	uint32_t slot = as_slot(&t->s, &a);
	struct ins *ins = emit(&t->e, struct_gets[storage(type, is_signed)]);

	ins->f[FIELD_A] = slot;
	ins->f[FIELD_O] = t->layouts[in->index].offsets[in->index2];
	push_field(t, ins, type);
}

static void
step_struct_set(struct translator *t, const struct instr *in)
{
	valtype type = t->module->types[in->index].struct_.fields[in->index2].type;
	struct entry b = pop(&t->s), a = pop(&t->s);
	uint32_t slot_a = as_slot(&t->s, &a), slot_b = as_slot(&t->s, &b);
	struct ins *ins = emit(&t->e, struct_sets[storage(type, false)]);

	ins->f[FIELD_A] = slot_a;
	ins->f[FIELD_B] = slot_b;
	ins->f[FIELD_O] = t->layouts[in->index].offsets[in->index2];
}

static void
step_array_get(struct translator *t, const struct instr *in, bool is_signed)
{
	valtype type = t->module->types[in->index].array.type;
	struct entry b = pop(&t->s), a = pop(&t->s);
	uint32_t slot_a = as_slot(&t->s, &a), slot_b = as_slot(&t->s, &b);
	struct ins *ins = emit(&t->e, array_gets[storage(type, is_signed)]);

	ins->f[FIELD_A] = slot_a;
	ins->f[FIELD_B] = slot_b;
	ins->f[FIELD_O] = t->layouts[in->index].size;
	push_field(t, ins, type);
}

static void
step_array_set(struct translator *t, const struct instr *in)
{
	valtype type = t->module->types[in->index].array.type;
	struct entry c = pop(&t->s), b = pop(&t->s), a = pop(&t->s);
	uint32_t slot_a = as_slot(&t->s, &a), slot_b = as_slot(&t->s, &b);
	uint32_t slot_c = as_slot(&t->s, &c);
	struct ins *ins = emit(&t->e, array_sets[storage(type, false)]);

	ins->f[FIELD_A] = slot_a;
	ins->f[FIELD_B] = slot_b;
	ins->f[FIELD_C] = slot_c;
	ins->f[FIELD_O] = t->layouts[in->index].size;
}

/* One operand in a slot, one result. */
static void
step_simple(struct translator *t, enum code_op op, char result)
{
	struct entry a = pop(&t->s);
	uint32_t slot = as_slot(&t->s, &a);
	struct ins *ins = emit(&t->e, op);

	ins->f[FIELD_A] = slot;
	push_result(&t->s, ins, result, true);
}

/* ---- casts --------------------------------------------------------------------- */

static void
step_test(struct translator *t, const struct instr *in, uint32_t nopds)
{
	step_in_c(t, CODE_REF_TEST_ANY,
		module_canon_heaptype(t->module, valtype_heap(in->type)),
		valtype_is_nullable(in->type), 1, nopds);
}

static void
step_cast(struct translator *t, const struct instr *in, uint32_t nopds)
{
	step_in_c(t, CODE_REF_CAST_ANY,
		module_canon_heaptype(t->module, valtype_heap(in->type)),
		valtype_is_nullable(in->type), 1, nopds);
}

/* The reference stays; a copy of it above is tested. */
static void
step_br_on_cast(struct translator *t, const struct instr *in, bool on_fail)
{
	uint32_t i = t->nctrls - 1 - in->cast.label;
	struct entry copy, test;
	struct ins *ins;

	materialize_from(&t->s, t->s.n - 1);
	copy = t->s.entries[t->s.n - 1];
	push_temp(&t->s, 'i');
	test = t->s.entries[t->s.n - 1];
	move_to(&t->s, &copy, test.slot);
	ins = emit(&t->e, CODE_REF_TEST_ANY);
	ins->f[FIELD_A] = test.slot;
	ins->f[FIELD_O] = module_canon_heaptype(t->module,
		valtype_heap(in->cast.to));
	ins->f[FIELD_P] = valtype_is_nullable(in->cast.to);
	slot_written(&t->s, test.slot);
	emit_label_cond(t, i, on_fail);
}

/* ---- exceptions ------------------------------------------------------------------ */

static void
step_throw(struct translator *t, uint32_t tag)
{
	const struct functype *type =
		&t->module->types[t->module->tags[tag].type].func;
	uint32_t height = t->s.n - type->nparams;
	struct ins *ins;
	uint32_t refs;

	materialize_from(&t->s, height);
	refs = safe_point(&t->s, t->s.n);
	ins = emit(&t->e, CODE_THROW);
	ins->f[FIELD_A] = height_slot(t, height);
	ins->f[FIELD_O] = tag;
	ins->f[FIELD_U] = t->e.pos;
	ins->refs = refs;
	t->dead = true;
}

static void
step_throw_ref(struct translator *t)
{
	struct entry a = pop(&t->s);
	uint32_t slot = as_slot(&t->s, &a);
	struct ins *ins = emit(&t->e, CODE_THROW_REF);

	ins->f[FIELD_A] = slot;
	ins->f[FIELD_U] = t->e.pos;
	t->dead = true;
}

/* ---- one instruction --------------------------------------------------------------- */

bool
step_gc(struct translator *t, const struct instr *in, uint32_t nopds)
{
	switch (in->op) {
	case OP_STRUCT_GET:
	case OP_STRUCT_GET_S:
	case OP_STRUCT_GET_U:
		step_struct_get(t, in, in->op == OP_STRUCT_GET_S);
		return true;
	case OP_STRUCT_SET:
		step_struct_set(t, in);
		return true;
	case OP_ARRAY_GET:
	case OP_ARRAY_GET_S:
	case OP_ARRAY_GET_U:
		step_array_get(t, in, in->op == OP_ARRAY_GET_S);
		return true;
	case OP_ARRAY_SET:
		step_array_set(t, in);
		return true;
	case OP_ARRAY_LEN:
		step_simple(t, CODE_ARRAY_LEN, 'i');
		return true;
	case OP_REF_I31:
		step_simple(t, CODE_REF_I31, 'r');
		return true;
	case OP_I31_GET_S:
		step_simple(t, CODE_I31_GET_S, 'i');
		return true;
	case OP_I31_GET_U:
		step_simple(t, CODE_I31_GET_U, 'i');
		return true;
	case OP_ANY_CONVERT_EXTERN:
	case OP_EXTERN_CONVERT_ANY:
		return true;	/* references look the same in both */
	case OP_REF_TEST:
	case OP_REF_TEST_NULL:
		step_test(t, in, nopds);
		return true;
	case OP_REF_CAST:
	case OP_REF_CAST_NULL:
		step_cast(t, in, nopds);
		return true;
	case OP_BR_ON_CAST:
	case OP_BR_ON_CAST_FAIL:
		step_br_on_cast(t, in, in->op == OP_BR_ON_CAST_FAIL);
		return true;
	case OP_THROW:
		step_throw(t, in->index);
		return true;
	case OP_THROW_REF:
		step_throw_ref(t);
		return true;
	default:
		return false;
	}
}
