/*
 * Constant expressions, evaluated at instantiation.
 * https://webassembly.github.io/spec/core/valid/instructions.html#constant-expressions
 */
#ifndef VM_EXEC_CONST_H
#define VM_EXEC_CONST_H

#include "vm/binary/reader.h"
#include "vm/runtime/store.h"

/*
 * Evaluate the expression at the reader's place, which was validated. One
 * value goes to out: a slot, v128 two. TRAP_NONE, or the trap it ended in.
 */
enum trap_code const_eval(struct vm_instance *in, struct reader *r,
	uint64_t *out);

/* The same for an expression by itself. */
enum trap_code const_eval_range(struct vm_instance *in, struct range range,
	uint64_t *out);

#endif
