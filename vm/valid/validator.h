/*
 * The validation algorithm for one function body or constant expression,
 * one instruction at a time.
 * https://webassembly.github.io/spec/core/appendix/algorithm.html
 *
 * Its state is open to read: the translator (vm/exec) rides on it, instruction
 * by instruction, and asks it about types, labels and reachability. Only
 * vm/valid writes it. Memory grows with what the body's bytes back, bounded by
 * LIMIT_NESTING and LIMIT_OPERANDS, and is reused from body to body.
 */
#ifndef VM_VALID_VALIDATOR_H
#define VM_VALID_VALIDATOR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "vm/syntax/instr.h"
#include "vm/syntax/module.h"

/* A control frame. */
struct ctrl {
	uint8_t op;		/* enum op: block, loop, if, else, try_table; the
				 * body itself is a block */
	bool unreachable;	/* the rest of the frame is stack-polymorphic */
	uint16_t nparams, nresults;
	const struct functype *type;	/* NULL: no parameters, and no result
					 * or value */
	valtype value;		/* the result of a block type that is a value */
	uint32_t height;	/* operand stack height at its entry, without
				 * its parameters */
	uint32_t init_height;	/* of the stack of initialised locals */
	uint32_t stamp;		/* private: the br_table that checked it last */
};

/* Types of a frame. The pointer is good until the next step. */
static inline const valtype *
ctrl_params(const struct ctrl *c)
{
	return c->type != NULL ? c->type->params : NULL;
}

static inline const valtype *
ctrl_results(const struct ctrl *c)
{
	return c->type != NULL ? c->type->results : &c->value;
}

/* What a branch to the frame takes: a loop's parameters, else the results. */
static inline const valtype *
ctrl_label_types(const struct ctrl *c)
{
	return c->op == OP_LOOP ? ctrl_params(c) : ctrl_results(c);
}

static inline uint32_t
ctrl_label_arity(const struct ctrl *c)
{
	return c->op == OP_LOOP ? c->nparams : c->nresults;
}

/*
 * Locals are not all written out: a body of ten bytes may declare 50,000 of
 * them. Parameters are in the function's type, the first others in an array,
 * and all others in runs.
 */
#define VALIDATOR_LOCALS_FLAT 256

struct local_span {
	uint32_t end;		/* index behind its last local */
	uint32_t slot;		/* frame slot of its first local, counted from
				 * the first parameter's */
	valtype type;
};

struct validator {
	const struct module *module;
	struct err *err;
	uint32_t func;			/* function index */
	const struct functype *type;	/* its type */
	uint32_t nlocals;		/* parameters included */
	uint32_t local_slots;		/* of all of them */
	uint32_t nflat;			/* in flat, behind the parameters */
	valtype flat[VALIDATOR_LOCALS_FLAT];
	uint32_t nspans;		/* all declared locals, in order */
	struct local_span *spans;
	uint32_t nopds;			/* operand stack */
	valtype *opds;
	uint32_t nctrls;		/* control stack; 0: body is complete */
	struct ctrl *ctrls;

	/* private to vm/valid */
	uint32_t cap_spans, cap_opds, cap_ctrls, cap_inits, cap_local_inits;
	uint32_t ninits;
	uint32_t *inits;		/* locals that were initialised */
	uint32_t *local_inits;		/* of a local: the body in which it is */
	uint32_t body;			/* counts bodies */
	uint32_t stamp;			/* counts br_tables */
	uint32_t offset;		/* of the instruction in hand */
	bool constant;			/* a constant expression */
	uint32_t nglobals;		/* that it may name */
};

void validator_init(struct validator *v, const struct module *m,
	struct err *err);
void validator_clear(struct validator *v);

/*
 * Start on the body of defined function func. runs: the local declarations as
 * the decoder read them, already bounded to LIMIT_LOCALS in sum.
 */
int validator_start(struct validator *v, uint32_t func,
	const struct local_run *runs, uint32_t nruns);

/* Start on a constant expression of a type, which may name the first nglobals
 * globals. */
int validator_start_const(struct validator *v, valtype type,
	uint32_t nglobals);

/* The type of local i, i < nlocals, and its first frame slot. */
valtype validator_local_far(const struct validator *v, uint32_t i);
uint32_t validator_local_slot(const struct validator *v, uint32_t i);

static inline valtype
validator_local(const struct validator *v, uint32_t i)
{
	uint32_t nparams = v->nlocals > 0 ? v->type->nparams : 0;

	if (i < nparams)
		return v->type->params[i];
	return i - nparams < v->nflat ? v->flat[i - nparams] :
		validator_local_far(v, i);
}

/*
 * Check one instruction and update the stacks. 0, or -1 with the error set
 * (VM_INVALID, at the instruction's offset; VM_MALFORMED for an `else` without
 * an `if`; VM_LIMIT, VM_NOMEM). After the body's last `end`, nctrls is 0, and
 * another step is an error.
 */
int validator_step(struct validator *v, const struct instr *in);

/* The frame that relative label n names, n < nctrls. */
static inline const struct ctrl *
validator_label(const struct validator *v, uint32_t n)
{
	return &v->ctrls[v->nctrls - 1 - n];
}

/* Whether the next instruction can be reached. */
static inline bool
validator_reachable(const struct validator *v)
{
	return v->nctrls > 0 && !v->ctrls[v->nctrls - 1].unreachable;
}

#endif
