/*
 * Function bodies in the binary format.
 * https://webassembly.github.io/spec/core/binary/modules.html#code-section
 */
#ifndef VM_BINARY_CODE_H
#define VM_BINARY_CODE_H

#include "vm/binary/reader.h"

/* Local declarations of one body after the other; the storage is reused. */
struct code_locals {
	struct local_run *runs;
	uint32_t nruns, cap;
	uint32_t count;		/* locals in all runs, without parameters */
};

void code_locals_init(struct code_locals *l);
void code_locals_clear(struct code_locals *l);

/*
 * A cursor over the body of defined function func, and its declarations of
 * locals: the cursor is left at the first instruction. 0, or -1 with
 * VM_MALFORMED, VM_LIMIT (more than LIMIT_LOCALS) or VM_NOMEM.
 */
int code_open(struct reader *r, const struct module *m, uint32_t func,
	struct code_locals *l, struct err *err);

/* After the instruction that ended the body: nothing may follow. 0 or -1. */
int code_close(struct reader *r);

#endif
