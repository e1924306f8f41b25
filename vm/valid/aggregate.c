/*
 * Validation of reference and aggregate instructions.
 * https://webassembly.github.io/spec/core/valid/instructions.html#reference-instructions
 */
#include "vm/valid/rules.h"
#include "vm/valid/stack.h"

/* ---- references -------------------------------------------------------- */

int
rule_ref_null(struct validator *v, const struct instr *in)
{
	if (check_heaptype(v, in->heap) == -1)
		return -1;
	return push_opd(v, VALTYPE_REF(true, in->heap));
}

int
rule_ref_is_null(struct validator *v, const struct instr *in)
{
	valtype ref;

	return pop_ref(v, &ref) == -1 ? -1 : push_opd(v, VAL_I32);
}

int
rule_ref_func(struct validator *v, const struct instr *in)
{
	const struct module *m = v->module;

	if (in->index >= m->nfuncs)
		return fail_unknown(v, "function", in->index);
	if (!m->funcs[in->index].declared)
		return fail_invalid(v, "undeclared function reference");
	return push_opd(v, VALTYPE_REF(false, m->funcs[in->index].type));
}

int
rule_ref_eq(struct validator *v, const struct instr *in)
{
	if (pop_opd(v, VALTYPE_REF(true, HEAP_EQ)) == -1 ||
	    pop_opd(v, VALTYPE_REF(true, HEAP_EQ)) == -1)
		return -1;
	return push_opd(v, VAL_I32);
}

int
rule_ref_as_non_null(struct validator *v, const struct instr *in)
{
	valtype ref;

	if (pop_ref(v, &ref) == -1)
		return -1;
	return push_opd(v, VALTYPE_REF(false, valtype_heap(ref)));
}

/* Pop any reference of the hierarchy that type belongs to. */
static int
pop_castable(struct validator *v, valtype type)
{
	if (check_valtype(v, type) == -1)
		return -1;
	return pop_opd(v, VALTYPE_REF(true,
		module_heaptype_top(v->module, valtype_heap(type))));
}

int
rule_ref_test(struct validator *v, const struct instr *in)
{
	return pop_castable(v, in->type) == -1 ? -1 : push_opd(v, VAL_I32);
}

int
rule_ref_cast(struct validator *v, const struct instr *in)
{
	return pop_castable(v, in->type) == -1 ? -1 : push_opd(v, in->type);
}

/* Between the hierarchies, a reference stays null or not. */
static int
convert(struct validator *v, heaptype from, heaptype to)
{
	valtype ref;

	if (pop_ref(v, &ref) == -1)
		return -1;
	if (!type_matches(v, ref, VALTYPE_REF(true, from)))
		return fail_mismatch(v, VALTYPE_REF(true, from), ref);
	return push_opd(v, VALTYPE_REF(valtype_is_nullable(ref), to));
}

int
rule_any_convert_extern(struct validator *v, const struct instr *in)
{
	return convert(v, HEAP_EXTERN, HEAP_ANY);
}

int
rule_extern_convert_any(struct validator *v, const struct instr *in)
{
	return convert(v, HEAP_ANY, HEAP_EXTERN);
}

int
rule_ref_i31(struct validator *v, const struct instr *in)
{
	if (pop_opd(v, VAL_I32) == -1)
		return -1;
	return push_opd(v, VALTYPE_REF(false, HEAP_I31));
}

int
rule_i31_get(struct validator *v, const struct instr *in)
{
	if (pop_opd(v, VALTYPE_REF(true, HEAP_I31)) == -1)
		return -1;
	return push_opd(v, VAL_I32);
}

/* ---- structures -------------------------------------------------------- */

static const struct subtype *
find_type(struct validator *v, uint32_t type, enum comp_kind kind)
{
	if (type >= v->module->ntypes) {
		fail_unknown(v, "type", type);
		return NULL;
	}
	if (v->module->types[type].kind != kind) {
		fail_invalid(v, "type mismatch: type %u is not %s",
			(unsigned)type, kind == COMP_STRUCT ?
			"a structure type" : "an array type");
		return NULL;
	}
	return &v->module->types[type];
}

static int
fail_not_defaultable(struct validator *v)
{
	return fail_invalid(v, "type mismatch: type has no default value");
}

int
rule_struct_new(struct validator *v, const struct instr *in)
{
	const struct subtype *t = find_type(v, in->index, COMP_STRUCT);

	if (t == NULL)
		return -1;
	for (uint32_t i = t->struct_.nfields; i > 0; i--) {
		if (pop_opd(v, unpacked(t->struct_.fields[i - 1].type)) == -1)
			return -1;
	}
	return push_opd(v, VALTYPE_REF(false, in->index));
}

int
rule_struct_new_default(struct validator *v, const struct instr *in)
{
	const struct subtype *t = find_type(v, in->index, COMP_STRUCT);

	if (t == NULL)
		return -1;
	for (uint32_t i = 0; i < t->struct_.nfields; i++) {
		if (!valtype_is_defaultable(t->struct_.fields[i].type))
			return fail_not_defaultable(v);
	}
	return push_opd(v, VALTYPE_REF(false, in->index));
}

static const struct fieldtype *
find_field(struct validator *v, const struct instr *in)
{
	const struct subtype *t = find_type(v, in->index, COMP_STRUCT);

	if (t == NULL)
		return NULL;
	if (in->index2 >= t->struct_.nfields) {
		fail_unknown(v, "field", in->index2);
		return NULL;
	}
	return &t->struct_.fields[in->index2];
}

/* Packed fields are read with an extension, and only they. */
static int
check_packed(struct validator *v, const struct fieldtype *f, bool packed)
{
	if (is_packed(f->type) == packed)
		return 0;
	return fail_invalid(v, "type mismatch: field is %s",
		packed ? "unpacked" : "packed");
}

static int
struct_get(struct validator *v, const struct instr *in, bool packed)
{
	const struct fieldtype *f = find_field(v, in);

	if (f == NULL || check_packed(v, f, packed) == -1 ||
	    pop_opd(v, VALTYPE_REF(true, in->index)) == -1)
		return -1;
	return push_opd(v, unpacked(f->type));
}

int
rule_struct_get(struct validator *v, const struct instr *in)
{
	return struct_get(v, in, false);
}

int
rule_struct_get_packed(struct validator *v, const struct instr *in)
{
	return struct_get(v, in, true);
}

int
rule_struct_set(struct validator *v, const struct instr *in)
{
	const struct fieldtype *f = find_field(v, in);

	if (f == NULL)
		return -1;
	if (!f->mutable)
		return fail_invalid(v, "immutable field %u",
			(unsigned)in->index2);
	if (pop_opd(v, unpacked(f->type)) == -1)
		return -1;
	return pop_opd(v, VALTYPE_REF(true, in->index));
}

/* ---- arrays ------------------------------------------------------------ */

static const struct fieldtype *
find_array(struct validator *v, uint32_t type)
{
	const struct subtype *t = find_type(v, type, COMP_ARRAY);

	return t == NULL ? NULL : &t->array;
}

static const struct fieldtype *
find_mutable_array(struct validator *v, uint32_t type)
{
	const struct fieldtype *f = find_array(v, type);

	if (f != NULL && !f->mutable) {
		fail_invalid(v, "immutable array");
		return NULL;
	}
	return f;
}

int
rule_array_new(struct validator *v, const struct instr *in)
{
	const struct fieldtype *f = find_array(v, in->index);

	if (f == NULL || pop_opd(v, VAL_I32) == -1 ||
	    pop_opd(v, unpacked(f->type)) == -1)
		return -1;
	return push_opd(v, VALTYPE_REF(false, in->index));
}

int
rule_array_new_default(struct validator *v, const struct instr *in)
{
	const struct fieldtype *f = find_array(v, in->index);

	if (f == NULL)
		return -1;
	if (!valtype_is_defaultable(f->type))
		return fail_not_defaultable(v);
	if (pop_opd(v, VAL_I32) == -1)
		return -1;
	return push_opd(v, VALTYPE_REF(false, in->index));
}

/* The count is a bare number, up to 2^32 - 1: in unreachable code there is
 * nothing to pop for most of it. */
int
rule_array_new_fixed(struct validator *v, const struct instr *in)
{
	const struct fieldtype *f = find_array(v, in->index);

	if (f == NULL)
		return -1;
	for (uint32_t i = 0; i < in->index2; i++) {
		const struct ctrl *c = top_ctrl(v);

		if (c->unreachable && v->nopds == c->height)
			break;
		if (pop_opd(v, unpacked(f->type)) == -1)
			return -1;
	}
	return push_opd(v, VALTYPE_REF(false, in->index));
}

static int
check_data(struct validator *v, uint32_t data, const struct fieldtype *f)
{
	if (data >= v->module->data_count)
		return fail_unknown(v, "data segment", data);
	if (valtype_is_ref(f->type))
		return fail_invalid(v, "array type is not numeric or vector");
	return 0;
}

static int
check_elem(struct validator *v, uint32_t elem, const struct fieldtype *f)
{
	valtype type;

	if (elem >= v->module->nelems)
		return fail_unknown(v, "elem segment", elem);
	type = v->module->elems[elem].type;
	if (!type_matches(v, type, f->type))
		return fail_mismatch(v, f->type, type);
	return 0;
}

int
rule_array_new_data(struct validator *v, const struct instr *in)
{
	const struct fieldtype *f = find_array(v, in->index);

	if (f == NULL || check_data(v, in->index2, f) == -1 ||
	    apply_sig(v, "ii:", VAL_BOT) == -1)
		return -1;
	return push_opd(v, VALTYPE_REF(false, in->index));
}

int
rule_array_new_elem(struct validator *v, const struct instr *in)
{
	const struct fieldtype *f = find_array(v, in->index);

	if (f == NULL || check_elem(v, in->index2, f) == -1 ||
	    apply_sig(v, "ii:", VAL_BOT) == -1)
		return -1;
	return push_opd(v, VALTYPE_REF(false, in->index));
}

static int
array_get(struct validator *v, const struct instr *in, bool packed)
{
	const struct fieldtype *f = find_array(v, in->index);

	if (f == NULL || check_packed(v, f, packed) == -1 ||
	    pop_opd(v, VAL_I32) == -1 ||
	    pop_opd(v, VALTYPE_REF(true, in->index)) == -1)
		return -1;
	return push_opd(v, unpacked(f->type));
}

int
rule_array_get(struct validator *v, const struct instr *in)
{
	return array_get(v, in, false);
}

int
rule_array_get_packed(struct validator *v, const struct instr *in)
{
	return array_get(v, in, true);
}

int
rule_array_set(struct validator *v, const struct instr *in)
{
	const struct fieldtype *f = find_mutable_array(v, in->index);

	if (f == NULL || pop_opd(v, unpacked(f->type)) == -1 ||
	    pop_opd(v, VAL_I32) == -1)
		return -1;
	return pop_opd(v, VALTYPE_REF(true, in->index));
}

int
rule_array_len(struct validator *v, const struct instr *in)
{
	if (pop_opd(v, VALTYPE_REF(true, HEAP_ARRAY)) == -1)
		return -1;
	return push_opd(v, VAL_I32);
}

int
rule_array_fill(struct validator *v, const struct instr *in)
{
	const struct fieldtype *f = find_mutable_array(v, in->index);

	if (f == NULL || pop_opd(v, VAL_I32) == -1 ||
	    pop_opd(v, unpacked(f->type)) == -1 || pop_opd(v, VAL_I32) == -1)
		return -1;
	return pop_opd(v, VALTYPE_REF(true, in->index));
}

int
rule_array_copy(struct validator *v, const struct instr *in)
{
	const struct fieldtype *to = find_mutable_array(v, in->index);
	const struct fieldtype *from;

	if (to == NULL)
		return -1;
	from = find_array(v, in->index2);
	if (from == NULL)
		return -1;
	if (!type_matches(v, from->type, to->type))
		return fail_invalid(v, "array types do not match");
	if (apply_sig(v, "ii:", VAL_BOT) == -1 ||
	    pop_opd(v, VALTYPE_REF(true, in->index2)) == -1 ||
	    pop_opd(v, VAL_I32) == -1)
		return -1;
	return pop_opd(v, VALTYPE_REF(true, in->index));
}

static int
pop_array_init(struct validator *v, const struct instr *in)
{
	if (apply_sig(v, "iii:", VAL_BOT) == -1)
		return -1;
	return pop_opd(v, VALTYPE_REF(true, in->index));
}

int
rule_array_init_data(struct validator *v, const struct instr *in)
{
	const struct fieldtype *f = find_mutable_array(v, in->index);

	if (f == NULL || check_data(v, in->index2, f) == -1)
		return -1;
	return pop_array_init(v, in);
}

int
rule_array_init_elem(struct validator *v, const struct instr *in)
{
	const struct fieldtype *f = find_mutable_array(v, in->index);

	if (f == NULL || check_elem(v, in->index2, f) == -1)
		return -1;
	return pop_array_init(v, in);
}
