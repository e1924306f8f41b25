/* The validator's operand and control stacks. */
#include "vm/valid/stack.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "vm/syntax/text.h"

/* ---- errors ------------------------------------------------------------ */

int
fail_invalid(struct validator *v, const char *fmt, ...)
{
	char text[ERR_TEXT_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return err_set_at(v->err, VM_INVALID, v->offset, "%s", text);
}

int
fail_unknown(struct validator *v, const char *what, uint32_t index)
{
	return fail_invalid(v, "unknown %s %u", what, (unsigned)index);
}

int
fail_mismatch(struct validator *v, valtype want, valtype have)
{
	char wanted[VALTYPE_TEXT_MAX], had[VALTYPE_TEXT_MAX];

	valtype_text(want, wanted);
	valtype_text(have, had);
	return fail_invalid(v, "type mismatch: instruction requires [%s] but"
		" stack has [%s]", wanted, had);
}

static int
fail_underflow(struct validator *v, valtype want)
{
	char wanted[VALTYPE_TEXT_MAX];

	valtype_text(want, wanted);
	return fail_invalid(v, "type mismatch: instruction requires [%s] but"
		" stack has []", wanted);
}

int
fail_nomem(struct validator *v)
{
	return err_set_at(v->err, VM_NOMEM, v->offset, "out of memory");
}

/* ---- operands ---------------------------------------------------------- */

int
grow_opds(struct validator *v)
{
	uint32_t cap = v->cap_opds == 0 ? 256 : v->cap_opds * 2;
	valtype *opds;

	if (v->cap_opds >= LIMIT_OPERANDS)
		return err_set_at(v->err, VM_LIMIT, v->offset,
			"too many operands: at most %u", LIMIT_OPERANDS);
	opds = realloc(v->opds, cap * sizeof(*opds));
	if (opds == NULL)
		return fail_nomem(v);
	v->opds = opds;
	v->cap_opds = cap;
	return 0;
}

int
push_opds(struct validator *v, const valtype *types, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		if (push_opd(v, types[i]) == -1)
			return -1;
	}
	return 0;
}

int
pop_any(struct validator *v, valtype *out)
{
	const struct ctrl *c = top_ctrl(v);

	if (v->nopds > c->height) {
		*out = v->opds[--v->nopds];
		return 0;
	}
	*out = VAL_BOT;
	return c->unreachable ? 0 : fail_underflow(v, VAL_BOT);
}

int
pop_opd(struct validator *v, valtype want)
{
	const struct ctrl *c = top_ctrl(v);
	valtype have;

	if (v->nopds == c->height)
		return c->unreachable ? 0 : fail_underflow(v, want);
	have = v->opds[--v->nopds];
	if (!type_matches(v, have, want))
		return fail_mismatch(v, want, have);
	return 0;
}

int
pop_opds(struct validator *v, const valtype *types, uint32_t n)
{
	while (n > 0) {
		if (pop_opd(v, types[--n]) == -1)
			return -1;
	}
	return 0;
}

int
check_opds(struct validator *v, const valtype *types, uint32_t n)
{
	uint32_t saved = v->nopds;
	int rc = pop_opds(v, types, n);

	/* What was popped is still there. */
	v->nopds = saved;
	return rc;
}

int
pop_ref(struct validator *v, valtype *out)
{
	if (pop_any(v, out) == -1)
		return -1;
	if (*out == VAL_BOT)
		*out = VALTYPE_REF(false, HEAP_BOT);
	if (!valtype_is_ref(*out))
		return fail_mismatch(v, VALTYPE_REF(true, HEAP_BOT), *out);
	return 0;
}

static inline valtype
sig_type(char c, valtype addr)
{
	valtype t = valtype_of_letter(c);

	return t != VAL_BOT ? t : addr;
}

/* Types of a signature are numbers: equal, or bottom, or a mismatch. */
static inline int
pop_number(struct validator *v, const struct ctrl *c, valtype want)
{
	if (v->nopds > c->height && v->opds[v->nopds - 1] == want) {
		v->nopds--;
		return 0;
	}
	return pop_opd(v, want);
}

int
apply_sig(struct validator *v, const char *sig, valtype addr)
{
	const struct ctrl *c = top_ctrl(v);
	uint32_t n = 0;

	while (sig[n] != ':')
		n++;
	for (uint32_t i = n; i > 0; i--) {
		if (pop_number(v, c, sig_type(sig[i - 1], addr)) == -1)
			return -1;
	}
	for (const char *p = sig + n + 1; *p != '\0'; p++) {
		if (push_opd(v, sig_type(*p, addr)) == -1)
			return -1;
	}
	return 0;
}

/* ---- control ----------------------------------------------------------- */

void
set_unreachable(struct validator *v)
{
	struct ctrl *c = top_ctrl(v);

	v->nopds = c->height;
	c->unreachable = true;
}

static int
grow_ctrls(struct validator *v)
{
	uint32_t cap = v->cap_ctrls == 0 ? 64 : v->cap_ctrls * 2;
	struct ctrl *ctrls;

	if (v->nctrls >= LIMIT_NESTING)
		return err_set_at(v->err, VM_LIMIT, v->offset,
			"blocks nested too deep: at most %u", LIMIT_NESTING);
	ctrls = realloc(v->ctrls, cap * sizeof(*ctrls));
	if (ctrls == NULL)
		return fail_nomem(v);
	v->ctrls = ctrls;
	v->cap_ctrls = cap;
	return 0;
}

int
push_ctrl(struct validator *v, enum op op, const struct blocktype *block)
{
	struct ctrl *c;

	if (v->nctrls == v->cap_ctrls && grow_ctrls(v) == -1)
		return -1;
	c = &v->ctrls[v->nctrls++];
	*c = (struct ctrl){ .op = (uint8_t)op, .height = v->nopds,
		.init_height = v->ninits };
	if (block->kind == BLOCK_TYPE) {
		c->type = &v->module->types[block->type].func;
		c->nparams = (uint16_t)c->type->nparams;
		c->nresults = (uint16_t)c->type->nresults;
		return push_opds(v, c->type->params, c->nparams);
	}
	if (block->kind == BLOCK_VALUE) {
		c->value = block->value;
		c->nresults = 1;
	}
	return 0;
}

int
pop_ctrl(struct validator *v, struct ctrl *out)
{
	struct ctrl *c = top_ctrl(v);

	if (pop_opds(v, ctrl_results(c), c->nresults) == -1)
		return -1;
	if (v->nopds != c->height)
		return fail_invalid(v,
			"type mismatch: %u values remain at end of block",
			(unsigned)(v->nopds - c->height));
	/* Locals that were initialised inside are not so outside. */
	while (v->ninits > c->init_height)
		v->local_inits[v->inits[--v->ninits]] = 0;
	*out = *c;
	v->nctrls--;
	return 0;
}

struct ctrl *
find_label(struct validator *v, uint32_t label)
{
	if (label >= v->nctrls) {
		fail_unknown(v, "label", label);
		return NULL;
	}
	return &v->ctrls[v->nctrls - 1 - label];
}

/* ---- types ------------------------------------------------------------- */

int
check_heaptype(struct validator *v, heaptype h)
{
	if (heaptype_is_index(h) && h >= v->module->ntypes)
		return fail_unknown(v, "type", h);
	return 0;
}

int
check_valtype(struct validator *v, valtype t)
{
	return valtype_is_ref(t) ? check_heaptype(v, valtype_heap(t)) : 0;
}

const struct functype *
find_functype(struct validator *v, uint32_t type)
{
	if (type >= v->module->ntypes) {
		fail_unknown(v, "type", type);
		return NULL;
	}
	if (v->module->types[type].kind != COMP_FUNC) {
		fail_invalid(v, "type mismatch: type %u is not a function"
			" type", (unsigned)type);
		return NULL;
	}
	return &v->module->types[type].func;
}
