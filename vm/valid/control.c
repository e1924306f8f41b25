/*
 * Validation of control, parametric and exception instructions.
 * https://webassembly.github.io/spec/core/valid/instructions.html#control-instructions
 */
#include "vm/valid/rules.h"
#include "vm/valid/stack.h"

int
rule_unreachable(struct validator *v, const struct instr *in)
{
	set_unreachable(v);
	return 0;
}

/* ---- blocks ------------------------------------------------------------ */

static int
check_blocktype(struct validator *v, const struct blocktype *block)
{
	switch (block->kind) {
	case BLOCK_EMPTY:
		return 0;
	case BLOCK_VALUE:
		return check_valtype(v, block->value);
	case BLOCK_TYPE:
		return find_functype(v, block->type) == NULL ? -1 : 0;
	}
	return -1;
}

/* Pop what the block takes. */
static int
pop_params(struct validator *v, const struct blocktype *block)
{
	const struct functype *f;

	if (block->kind != BLOCK_TYPE)
		return 0;
	f = &v->module->types[block->type].func;
	return pop_opds(v, f->params, f->nparams);
}

int
rule_block(struct validator *v, const struct instr *in)
{
	if (check_blocktype(v, &in->block) == -1 ||
	    pop_params(v, &in->block) == -1)
		return -1;
	return push_ctrl(v, in->op, &in->block);
}

int
rule_if(struct validator *v, const struct instr *in)
{
	if (check_blocktype(v, &in->block) == -1 || pop_opd(v, VAL_I32) == -1)
		return -1;
	return rule_block(v, in);
}

int
rule_else(struct validator *v, const struct instr *in)
{
	struct ctrl c;

	/* In the binary format an else belongs to an if by its grammar. */
	if (top_ctrl(v)->op != OP_IF)
		return err_set_at(v->err, VM_MALFORMED, v->offset,
			"END opcode expected");
	if (pop_ctrl(v, &c) == -1)
		return -1;
	c.op = OP_ELSE;
	c.unreachable = false;
	v->ctrls[v->nctrls++] = c;
	return push_opds(v, ctrl_params(&c), c.nparams);
}

/* An if without else passes its parameters on as its results. */
static int
check_missing_else(struct validator *v, const struct ctrl *c)
{
	if (c->nparams != c->nresults)
		return fail_invalid(v, "type mismatch: if without else changes"
			" the number of values");
	for (uint32_t i = 0; i < c->nparams; i++) {
		if (!type_matches(v, ctrl_params(c)[i], ctrl_results(c)[i]))
			return fail_mismatch(v, ctrl_results(c)[i],
				ctrl_params(c)[i]);
	}
	return 0;
}

int
rule_end(struct validator *v, const struct instr *in)
{
	struct ctrl c;

	if (pop_ctrl(v, &c) == -1)
		return -1;
	if (c.op == OP_IF && check_missing_else(v, &c) == -1)
		return -1;
	return v->nctrls == 0 ? 0 :
		push_opds(v, ctrl_results(&c), c.nresults);
}

/* ---- branches ---------------------------------------------------------- */

int
rule_br(struct validator *v, const struct instr *in)
{
	const struct ctrl *c = find_label(v, in->index);

	if (c == NULL ||
	    pop_opds(v, ctrl_label_types(c), ctrl_label_arity(c)) == -1)
		return -1;
	set_unreachable(v);
	return 0;
}

/* What a conditional branch leaves: the label's types. */
static int
pass_label(struct validator *v, const struct ctrl *c)
{
	const valtype *types = ctrl_label_types(c);
	uint32_t n = ctrl_label_arity(c);

	if (pop_opds(v, types, n) == -1)
		return -1;
	return push_opds(v, types, n);
}

int
rule_br_if(struct validator *v, const struct instr *in)
{
	const struct ctrl *c;

	if (pop_opd(v, VAL_I32) == -1)
		return -1;
	c = find_label(v, in->index);
	return c == NULL ? -1 : pass_label(v, c);
}

/*
 * Each frame is checked once however often a table names it, so that the
 * work is bounded by the table's bytes.
 */
int
rule_br_table(struct validator *v, const struct instr *in)
{
	const uint8_t *cursor = in->labels.bytes;
	uint32_t arity = 0;

	if (pop_opd(v, VAL_I32) == -1)
		return -1;
	v->stamp++;
	for (uint32_t i = 0; i <= in->labels.count; i++) {
		struct ctrl *c = find_label(v, instr_next_label(&cursor));

		if (c == NULL)
			return -1;
		if (c->stamp == v->stamp)
			continue;
		c->stamp = v->stamp;
		if (i == 0)
			arity = ctrl_label_arity(c);
		if (ctrl_label_arity(c) != arity)
			return fail_invalid(v, "type mismatch: labels take"
				" %u and %u values", (unsigned)arity,
				(unsigned)ctrl_label_arity(c));
		if (check_opds(v, ctrl_label_types(c), arity) == -1)
			return -1;
	}
	set_unreachable(v);
	return 0;
}

int
rule_return(struct validator *v, const struct instr *in)
{
	const struct ctrl *c = &v->ctrls[0];

	if (pop_opds(v, ctrl_results(c), c->nresults) == -1)
		return -1;
	set_unreachable(v);
	return 0;
}

int
rule_br_on_null(struct validator *v, const struct instr *in)
{
	const struct ctrl *c;
	valtype ref;

	if (pop_ref(v, &ref) == -1)
		return -1;
	c = find_label(v, in->index);
	if (c == NULL || pass_label(v, c) == -1)
		return -1;
	return push_opd(v, VALTYPE_REF(false, valtype_heap(ref)));
}

/*
 * A branch whose label takes, behind other values, a reference of type ref:
 * pass the others.
 */
static int
pass_label_with_ref(struct validator *v, uint32_t label, valtype ref)
{
	const struct ctrl *c = find_label(v, label);
	const valtype *types;
	uint32_t n;

	if (c == NULL)
		return -1;
	types = ctrl_label_types(c);
	n = ctrl_label_arity(c);
	if (n == 0)
		return fail_invalid(v,
			"type mismatch: label %u takes no reference",
			(unsigned)label);
	if (!type_matches(v, ref, types[n - 1]))
		return fail_mismatch(v, types[n - 1], ref);
	if (pop_opds(v, types, n - 1) == -1)
		return -1;
	return push_opds(v, types, n - 1);
}

int
rule_br_on_non_null(struct validator *v, const struct instr *in)
{
	valtype ref;

	if (pop_ref(v, &ref) == -1)
		return -1;
	return pass_label_with_ref(v, in->index,
		VALTYPE_REF(false, valtype_heap(ref)));
}

/* https://webassembly.github.io/spec/core/valid/instructions.html#valid-br-on-cast */
int
rule_br_on_cast(struct validator *v, const struct instr *in)
{
	valtype from = in->cast.from, to = in->cast.to;
	valtype rest = valtype_is_nullable(to) ?
		VALTYPE_REF(false, valtype_heap(from)) : from;
	bool on_fail = in->op == OP_BR_ON_CAST_FAIL;

	if (check_valtype(v, from) == -1 || check_valtype(v, to) == -1)
		return -1;
	if (!type_matches(v, to, from))
		return fail_mismatch(v, from, to);
	if (pop_opd(v, from) == -1 || pass_label_with_ref(v, in->cast.label,
	    on_fail ? rest : to) == -1)
		return -1;
	return push_opd(v, on_fail ? to : rest);
}

int
rule_br_on_cast_fail(struct validator *v, const struct instr *in)
{
	return rule_br_on_cast(v, in);
}

/* ---- calls ------------------------------------------------------------- */

/* Behind the parameters of a tail call: its results are the function's. */
static int
check_tail(struct validator *v, const struct functype *f)
{
	const struct functype *own = v->type;

	if (f->nresults != own->nresults)
		return fail_invalid(v, "type mismatch: tail call returns %u"
			" values, function %u", (unsigned)f->nresults,
			(unsigned)own->nresults);
	for (uint32_t i = 0; i < f->nresults; i++) {
		if (!type_matches(v, f->results[i], own->results[i]))
			return fail_mismatch(v, own->results[i], f->results[i]);
	}
	set_unreachable(v);
	return 0;
}

static int
apply_call(struct validator *v, const struct functype *f, bool tail)
{
	if (pop_opds(v, f->params, f->nparams) == -1)
		return -1;
	return tail ? check_tail(v, f) : push_opds(v, f->results, f->nresults);
}

int
rule_call(struct validator *v, const struct instr *in)
{
	if (in->index >= v->module->nfuncs)
		return fail_unknown(v, "function", in->index);
	return apply_call(v, module_functype(v->module, in->index),
		in->op == OP_RETURN_CALL);
}

int
rule_call_indirect(struct validator *v, const struct instr *in)
{
	const struct module *m = v->module;
	const struct tabletype *table;
	const struct functype *f;

	if (in->index2 >= m->ntables)
		return fail_unknown(v, "table", in->index2);
	table = &m->tables[in->index2].type;
	f = find_functype(v, in->index);
	if (f == NULL)
		return -1;
	if (!type_matches(v, table->elem, VALTYPE_FUNCREF))
		return fail_mismatch(v, VALTYPE_FUNCREF, table->elem);
	if (pop_opd(v, addr_type(&table->limits)) == -1)
		return -1;
	return apply_call(v, f, in->op == OP_RETURN_CALL_INDIRECT);
}

int
rule_call_ref(struct validator *v, const struct instr *in)
{
	const struct functype *f = find_functype(v, in->index);

	if (f == NULL || pop_opd(v, VALTYPE_REF(true, in->index)) == -1)
		return -1;
	return apply_call(v, f, in->op == OP_RETURN_CALL_REF);
}

/* ---- exceptions -------------------------------------------------------- */

static const struct functype *
find_tag(struct validator *v, uint32_t tag)
{
	const struct module *m = v->module;

	if (tag >= m->ntags) {
		fail_unknown(v, "tag", tag);
		return NULL;
	}
	return &m->types[m->tags[tag].type].func;
}

int
rule_throw(struct validator *v, const struct instr *in)
{
	const struct functype *f = find_tag(v, in->index);

	if (f == NULL || pop_opds(v, f->params, f->nparams) == -1)
		return -1;
	set_unreachable(v);
	return 0;
}

int
rule_throw_ref(struct validator *v, const struct instr *in)
{
	if (pop_opd(v, VALTYPE_REF(true, HEAP_EXN)) == -1)
		return -1;
	set_unreachable(v);
	return 0;
}

/* A clause gives its label the tag's values, and the exception. */
static int
check_catch(struct validator *v, const struct catch *k)
{
	bool has_tag = k->kind == CATCH || k->kind == CATCH_REF;
	bool has_ref = k->kind == CATCH_REF || k->kind == CATCH_ALL_REF;
	const struct functype *f = has_tag ? find_tag(v, k->tag) : NULL;
	uint32_t n = f != NULL ? f->nparams : 0;
	const struct ctrl *c;
	const valtype *types;

	if (has_tag && f == NULL)
		return -1;
	c = find_label(v, k->label);
	if (c == NULL)
		return -1;
	types = ctrl_label_types(c);
	if (ctrl_label_arity(c) != n + has_ref)
		return fail_invalid(v, "type mismatch: catch clause gives %u"
			" values, label takes %u", (unsigned)(n + has_ref),
			(unsigned)ctrl_label_arity(c));
	for (uint32_t i = 0; i < n; i++) {
		if (!type_matches(v, f->params[i], types[i]))
			return fail_mismatch(v, types[i], f->params[i]);
	}
	if (has_ref && !type_matches(v, VALTYPE_REF(false, HEAP_EXN), types[n]))
		return fail_mismatch(v, types[n], VALTYPE_REF(false, HEAP_EXN));
	return 0;
}

int
rule_try_table(struct validator *v, const struct instr *in)
{
	const uint8_t *cursor = in->catches.bytes;

	if (check_blocktype(v, &in->block) == -1 ||
	    pop_params(v, &in->block) == -1)
		return -1;
	for (uint32_t i = 0; i < in->catches.count; i++) {
		struct catch k = instr_next_catch(&cursor);

		if (check_catch(v, &k) == -1)
			return -1;
	}
	return push_ctrl(v, in->op, &in->block);
}

/* ---- parametric -------------------------------------------------------- */

int
rule_drop(struct validator *v, const struct instr *in)
{
	valtype t;

	return pop_any(v, &t);
}

/* Without a type, only numbers and vectors can be selected. */
int
rule_select(struct validator *v, const struct instr *in)
{
	valtype a, b;

	if (pop_opd(v, VAL_I32) == -1 || pop_any(v, &b) == -1 ||
	    pop_any(v, &a) == -1)
		return -1;
	if (valtype_is_ref(a) || valtype_is_ref(b))
		return fail_invalid(v,
			"type mismatch: select of references needs a type");
	if (a != b && a != VAL_BOT && b != VAL_BOT)
		return fail_mismatch(v, a, b);
	return push_opd(v, a == VAL_BOT ? b : a);
}

int
rule_select_t(struct validator *v, const struct instr *in)
{
	if (in->type == VAL_BOT)
		return fail_invalid(v, "invalid result arity");
	if (check_valtype(v, in->type) == -1 || pop_opd(v, VAL_I32) == -1 ||
	    pop_opd(v, in->type) == -1 || pop_opd(v, in->type) == -1)
		return -1;
	return push_opd(v, in->type);
}
