/* What the collector starts from. */
#ifndef VM_EXEC_ROOTS_H
#define VM_EXEC_ROOTS_H

#include "vm/runtime/store.h"

/* The heap's callbacks; ctx is the store. */
void roots_mark(void *ctx, struct heap *h);
bool roots_charge(void *ctx, int64_t bytes);

#endif
