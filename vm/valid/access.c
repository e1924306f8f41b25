/*
 * Validation of variable, table and memory instructions.
 * https://webassembly.github.io/spec/core/valid/instructions.html#variable-instructions
 */
#include "vm/valid/rules.h"
#include "vm/valid/stack.h"

/* ---- variables --------------------------------------------------------- */

/* A local of a type without default is set from here to the block's end. */
static void
init_local(struct validator *v, uint32_t i, valtype type)
{
	if (valtype_is_defaultable(type) || v->local_inits[i] == v->body)
		return;
	v->local_inits[i] = v->body;
	v->inits[v->ninits++] = i;
}

int
rule_local_get(struct validator *v, const struct instr *in)
{
	valtype type;

	if (in->index >= v->nlocals)
		return fail_unknown(v, "local", in->index);
	type = validator_local(v, in->index);
	if (!valtype_is_defaultable(type) &&
	    in->index >= v->type->nparams &&
	    v->local_inits[in->index] != v->body)
		return fail_invalid(v, "uninitialized local %u",
			(unsigned)in->index);
	return push_opd(v, type);
}

int
rule_local_set(struct validator *v, const struct instr *in)
{
	valtype type;

	if (in->index >= v->nlocals)
		return fail_unknown(v, "local", in->index);
	type = validator_local(v, in->index);
	if (pop_opd(v, type) == -1)
		return -1;
	if (in->index >= v->type->nparams)
		init_local(v, in->index, type);
	return 0;
}

int
rule_local_tee(struct validator *v, const struct instr *in)
{
	if (rule_local_set(v, in) == -1)
		return -1;
	return push_opd(v, validator_local(v, in->index));
}

int
rule_global_get(struct validator *v, const struct instr *in)
{
	const struct module *m = v->module;

	if (in->index >= (v->constant ? v->nglobals : m->nglobals))
		return fail_unknown(v, "global", in->index);
	if (v->constant && m->globals[in->index].type.mutable)
		return fail_invalid(v, "constant expression required:"
			" global %u is mutable", (unsigned)in->index);
	return push_opd(v, m->globals[in->index].type.type);
}

int
rule_global_set(struct validator *v, const struct instr *in)
{
	const struct module *m = v->module;

	if (in->index >= m->nglobals)
		return fail_unknown(v, "global", in->index);
	if (!m->globals[in->index].type.mutable)
		return fail_invalid(v, "immutable global %u",
			(unsigned)in->index);
	return pop_opd(v, m->globals[in->index].type.type);
}

/* ---- tables ------------------------------------------------------------ */

static const struct tabletype *
find_table(struct validator *v, uint32_t table)
{
	if (table >= v->module->ntables) {
		fail_unknown(v, "table", table);
		return NULL;
	}
	return &v->module->tables[table].type;
}

int
rule_table_get(struct validator *v, const struct instr *in)
{
	const struct tabletype *t = find_table(v, in->index);

	if (t == NULL || pop_opd(v, addr_type(&t->limits)) == -1)
		return -1;
	return push_opd(v, t->elem);
}

int
rule_table_set(struct validator *v, const struct instr *in)
{
	const struct tabletype *t = find_table(v, in->index);

	if (t == NULL || pop_opd(v, t->elem) == -1)
		return -1;
	return pop_opd(v, addr_type(&t->limits));
}

int
rule_table_size(struct validator *v, const struct instr *in)
{
	const struct tabletype *t = find_table(v, in->index);

	return t == NULL ? -1 : push_opd(v, addr_type(&t->limits));
}

int
rule_table_grow(struct validator *v, const struct instr *in)
{
	const struct tabletype *t = find_table(v, in->index);

	if (t == NULL || pop_opd(v, addr_type(&t->limits)) == -1 ||
	    pop_opd(v, t->elem) == -1)
		return -1;
	return push_opd(v, addr_type(&t->limits));
}

int
rule_table_fill(struct validator *v, const struct instr *in)
{
	const struct tabletype *t = find_table(v, in->index);

	if (t == NULL || pop_opd(v, addr_type(&t->limits)) == -1 ||
	    pop_opd(v, t->elem) == -1)
		return -1;
	return pop_opd(v, addr_type(&t->limits));
}

/* Lengths of copies have the narrower of the two address types. */
static int
pop_copy(struct validator *v, const struct limits *to,
	const struct limits *from)
{
	valtype len = to->is64 && from->is64 ? VAL_I64 : VAL_I32;

	if (pop_opd(v, len) == -1 || pop_opd(v, addr_type(from)) == -1)
		return -1;
	return pop_opd(v, addr_type(to));
}

int
rule_table_copy(struct validator *v, const struct instr *in)
{
	const struct tabletype *to = find_table(v, in->index);
	const struct tabletype *from = find_table(v, in->index2);

	if (to == NULL || from == NULL)
		return -1;
	if (!type_matches(v, from->elem, to->elem))
		return fail_mismatch(v, to->elem, from->elem);
	return pop_copy(v, &to->limits, &from->limits);
}

int
rule_elem_drop(struct validator *v, const struct instr *in)
{
	if (in->index >= v->module->nelems)
		return fail_unknown(v, "elem segment", in->index);
	return 0;
}

int
rule_table_init(struct validator *v, const struct instr *in)
{
	const struct tabletype *t = find_table(v, in->index2);
	valtype elem;

	if (t == NULL || rule_elem_drop(v, in) == -1)
		return -1;
	elem = v->module->elems[in->index].type;
	if (!type_matches(v, elem, t->elem))
		return fail_mismatch(v, t->elem, elem);
	return apply_sig(v, "aii:", addr_type(&t->limits));
}

/* ---- memories ---------------------------------------------------------- */

static const struct limits *
find_memory(struct validator *v, uint32_t memory)
{
	if (memory >= v->module->nmemories) {
		fail_unknown(v, "memory", memory);
		return NULL;
	}
	return &v->module->memories[memory].type.limits;
}

/* memory.size, memory.grow, memory.fill */
int
rule_memory(struct validator *v, const struct instr *in)
{
	const struct limits *l = find_memory(v, in->index);

	return l == NULL ? -1 :
		apply_sig(v, op_info[in->op].sig, addr_type(l));
}

int
rule_data_drop(struct validator *v, const struct instr *in)
{
	if (in->index >= v->module->data_count)
		return fail_unknown(v, "data segment", in->index);
	return 0;
}

int
rule_memory_init(struct validator *v, const struct instr *in)
{
	const struct limits *l = find_memory(v, in->index2);

	if (l == NULL || rule_data_drop(v, in) == -1)
		return -1;
	return apply_sig(v, op_info[in->op].sig, addr_type(l));
}

int
rule_memory_copy(struct validator *v, const struct instr *in)
{
	const struct limits *to = find_memory(v, in->index);
	const struct limits *from = find_memory(v, in->index2);

	if (to == NULL || from == NULL)
		return -1;
	return pop_copy(v, to, from);
}

/* Loads and stores. */
int
rule_access(struct validator *v, const struct instr *in)
{
	const struct op_info *info = &op_info[in->op];
	const struct limits *l = find_memory(v, in->mem.memory);

	if (l == NULL)
		return -1;
	if (in->mem.align > info->access_log2)
		return fail_invalid(v,
			"alignment must not be larger than natural");
	if (!l->is64 && in->mem.offset > UINT32_MAX)
		return fail_invalid(v, "offset out of range");
	return apply_sig(v, info->sig, addr_type(l));
}

/* ---- lanes ------------------------------------------------------------- */

static int
check_lane(struct validator *v, const struct instr *in)
{
	uint32_t lanes = 16u >> op_info[in->op].access_log2;

	if (in->mem.lane >= lanes)
		return fail_invalid(v, "invalid lane index");
	return 0;
}

int
rule_access_lane(struct validator *v, const struct instr *in)
{
	return check_lane(v, in) == -1 ? -1 : rule_access(v, in);
}

int
rule_lane(struct validator *v, const struct instr *in)
{
	return check_lane(v, in) == -1 ? -1 : rule_fixed(v, in);
}

int
rule_shuffle(struct validator *v, const struct instr *in)
{
	for (size_t i = 0; i < sizeof(in->v128); i++) {
		if (in->v128[i] >= 2 * sizeof(in->v128))
			return fail_invalid(v, "invalid lane index");
	}
	return rule_fixed(v, in);
}
