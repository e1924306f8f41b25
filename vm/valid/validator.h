/*
 * The validation algorithm for one function body or constant expression,
 * one instruction at a time.
 * https://webassembly.github.io/spec/core/appendix/algorithm.html
 *
 * Its state is open to read: the translator (vm/exec) rides on it, instruction
 * by instruction, and asks it about types, labels and reachability. Only
 * vm/valid writes it. Memory grows with what the body's bytes back, bounded by
 * LIMIT_BODY_BYTES, and is reused from body to body.
 */
#ifndef VM_VALID_VALIDATOR_H
#define VM_VALID_VALIDATOR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "vm/syntax/instr.h"
#include "vm/syntax/module.h"

/* A control frame. Types are owned by the module or the validator. */
struct ctrl {
	enum op op;		/* block, loop, if, else, try_table; the body
				 * itself is a block */
	uint32_t height;	/* operand stack height at its entry, without
				 * its parameters */
	uint32_t init_height;	/* of the stack of initialised locals */
	bool unreachable;	/* the rest of the frame is stack-polymorphic */
	uint32_t nparams, nresults;
	const valtype *params, *results;
	valtype value_result;	/* storage of a one-result block type */
};

struct validator {
	const struct module *module;
	struct err *err;
	uint32_t func;			/* function index */
	uint32_t nlocals;		/* parameters included */
	valtype *locals;
	uint32_t nopds;			/* operand stack */
	valtype *opds;
	uint32_t nctrls;		/* control stack; 0: body is complete */
	struct ctrl *ctrls;

	/* private to vm/valid */
	uint32_t cap_locals, cap_opds, cap_ctrls, cap_inits, ninits;
	uint32_t *inits;
	uint8_t *local_init;
};

void validator_init(struct validator *v, const struct module *m, struct err *err);
void validator_clear(struct validator *v);

/*
 * Start on the body of defined function func. runs: the local declarations as
 * the decoder read them, already bounded to LIMIT_LOCALS in sum.
 */
int validator_start(struct validator *v, uint32_t func,
	const struct local_run *runs, uint32_t nruns);

/*
 * Check one instruction and update the stacks. 0, or -1 with the error set
 * (VM_INVALID, at the instruction's offset). After the body's last `end`,
 * nctrls is 0.
 */
int validator_step(struct validator *v, const struct instr *in);

/* The frame that relative label n names; valid after a successful step on an
 * instruction that named it. Label types: a loop's params, else results. */
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
