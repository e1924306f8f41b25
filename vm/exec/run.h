/*
 * The interpreter's loop. Runs in the confined child, and in the template
 * never: constant expressions are evaluated elsewhere.
 */
#ifndef VM_EXEC_RUN_H
#define VM_EXEC_RUN_H

#include "vm/runtime/store.h"

/*
 * Run function f of an instance with its frame at fp, which holds the
 * arguments. Afterwards its results are there, and the store's status says
 * how it ended.
 */
void code_run(const struct func_inst *f, uint64_t *fp);

/* Whether a return address leads back to C, or to another instance. */
bool code_is_exit(const uint8_t *pc);
bool code_is_foreign_return(const uint8_t *pc);

#endif
