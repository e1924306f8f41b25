/* The validation algorithm: its state and its steps. */
#include "vm/valid/validator.h"

#include <stdlib.h>
#include <string.h>

#include "vm/valid/rules.h"
#include "vm/valid/stack.h"

#define OP(id, text, prefix, code, imm, sig, log2, rule, feature) \
	[OP_##id] = rule_##rule,
static int (*const rules[OP_COUNT])(struct validator *, const struct instr *) = {
#include "vm/syntax/ops.def"
};
#undef OP

/* https://webassembly.github.io/spec/core/valid/instructions.html#constant-expressions */
static const bool is_constant[OP_COUNT] = {
	[OP_END] = true,
	[OP_I32_CONST] = true, [OP_I64_CONST] = true,
	[OP_F32_CONST] = true, [OP_F64_CONST] = true,
	[OP_V128_CONST] = true,
	[OP_I32_ADD] = true, [OP_I32_SUB] = true, [OP_I32_MUL] = true,
	[OP_I64_ADD] = true, [OP_I64_SUB] = true, [OP_I64_MUL] = true,
	[OP_GLOBAL_GET] = true,
	[OP_REF_NULL] = true, [OP_REF_FUNC] = true, [OP_REF_I31] = true,
	[OP_STRUCT_NEW] = true, [OP_STRUCT_NEW_DEFAULT] = true,
	[OP_ARRAY_NEW] = true, [OP_ARRAY_NEW_DEFAULT] = true,
	[OP_ARRAY_NEW_FIXED] = true,
	[OP_ANY_CONVERT_EXTERN] = true, [OP_EXTERN_CONVERT_ANY] = true,
};

void
validator_init(struct validator *v, const struct module *m, struct err *err)
{
	memset(v, 0, sizeof(*v));
	v->module = m;
	v->err = err;
}

void
validator_clear(struct validator *v)
{
	free(v->spans);
	free(v->opds);
	free(v->ctrls);
	free(v->inits);
	free(v->local_inits);
	memset(v, 0, sizeof(*v));
}

/* ---- locals ------------------------------------------------------------ */

static int
reserve_spans(struct validator *v, uint32_t n)
{
	struct local_span *spans;

	if (n <= v->cap_spans)
		return 0;
	spans = realloc(v->spans, n * sizeof(*spans));
	if (spans == NULL)
		return fail_nomem(v);
	v->spans = spans;
	v->cap_spans = n;
	return 0;
}

/* Room to note which locals are set; needed where some have no default. */
static int
reserve_inits(struct validator *v)
{
	uint32_t n = v->nlocals;
	uint32_t *p;

	if (n > v->cap_inits) {
		p = realloc(v->inits, n * sizeof(*p));
		if (p == NULL)
			return fail_nomem(v);
		v->inits = p;
		v->cap_inits = n;
	}
	if (n > v->cap_local_inits) {
		/* What was noted is of bodies before. */
		p = calloc(n, sizeof(*p));
		if (p == NULL)
			return fail_nomem(v);
		free(v->local_inits);
		v->local_inits = p;
		v->cap_local_inits = n;
	}
	return 0;
}

static int
add_locals(struct validator *v, const struct local_run *runs, uint32_t nruns)
{
	bool defaultable = true;

	v->nflat = v->nspans = 0;
	v->nlocals = v->type->nparams;
	v->local_slots = v->type->param_slots;
	if (reserve_spans(v, nruns) == -1)
		return -1;
	for (uint32_t i = 0; i < nruns; i++) {
		valtype type = runs[i].type;

		if (check_valtype(v, type) == -1)
			return -1;
		for (uint32_t k = 0; k < runs[i].count &&
		     v->nflat < VALIDATOR_LOCALS_FLAT; k++)
			v->flat[v->nflat++] = type;
		v->nlocals += runs[i].count;
		v->spans[v->nspans++] = (struct local_span){
			v->nlocals, v->local_slots, type };
		v->local_slots += runs[i].count * valtype_slots(type);
		defaultable = defaultable && valtype_is_defaultable(type);
	}
	return defaultable ? 0 : reserve_inits(v);
}

/* The span of local i, which is not a parameter. */
static uint32_t
find_span(const struct validator *v, uint32_t i)
{
	uint32_t low = 0, high = v->nspans - 1;

	while (low < high) {
		uint32_t middle = (low + high) / 2;

		if (i < v->spans[middle].end)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

valtype
validator_local_far(const struct validator *v, uint32_t i)
{
	return v->spans[find_span(v, i)].type;
}

uint32_t
validator_local_slot(const struct validator *v, uint32_t i)
{
	uint32_t slot = 0, first, n;

	if (i < v->type->nparams) {
		if (v->type->param_slots == v->type->nparams)
			return i;
		for (uint32_t k = 0; k < i; k++)
			slot += valtype_slots(v->type->params[k]);
		return slot;
	}
	n = find_span(v, i);
	first = n == 0 ? v->type->nparams : v->spans[n - 1].end;
	return v->spans[n].slot + (i - first) * valtype_slots(v->spans[n].type);
}

/* ---- bodies ------------------------------------------------------------ */

static int
reset(struct validator *v, uint32_t offset)
{
	v->offset = offset;
	v->nopds = v->nctrls = v->ninits = 0;
	v->body++;
	v->stamp = 0;
	return push_ctrl(v, OP_BLOCK,
		&(struct blocktype){ .kind = BLOCK_EMPTY });
}

int
validator_start(struct validator *v, uint32_t func,
	const struct local_run *runs, uint32_t nruns)
{
	const struct module *m = v->module;

	v->func = func;
	v->constant = false;
	v->type = module_functype(m, func);
	if (reset(v, m->funcs[func].body.offset) == -1 ||
	    add_locals(v, runs, nruns) == -1)
		return -1;
	v->ctrls[0].type = v->type;
	v->ctrls[0].nresults = (uint16_t)v->type->nresults;
	return 0;
}

int
validator_start_const(struct validator *v, valtype type, uint32_t nglobals)
{
	v->constant = true;
	v->nglobals = nglobals;
	v->type = NULL;
	v->nlocals = 0;
	if (reset(v, 0) == -1)
		return -1;
	v->ctrls[0].value = type;
	v->ctrls[0].nresults = 1;
	return 0;
}

int
validator_step(struct validator *v, const struct instr *in)
{
	v->offset = in->offset;
	if (v->nctrls == 0)
		return err_set_at(v->err, VM_MALFORMED, in->offset,
			"section size mismatch");
	if (v->constant && !is_constant[in->op])
		return fail_invalid(v, "constant expression required: not %s",
			op_info[in->op].name);
	return rules[in->op](v, in);
}

/* Instructions whose type does not depend on anything. */
int
rule_fixed(struct validator *v, const struct instr *in)
{
	return apply_sig(v, op_info[in->op].sig, VAL_BOT);
}
