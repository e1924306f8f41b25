/*
 * Table instances.
 * https://webassembly.github.io/spec/core/exec/runtime.html#table-instances
 */
#ifndef VM_RUNTIME_TABLE_H
#define VM_RUNTIME_TABLE_H

#include "vm/runtime/store.h"

/* A table of the store at its least size, filled with init. NULL with the
 * error set. */
struct table_inst *table_new(struct vm_store *s, const struct tabletype *type,
	uint64_t init, struct err *err);
void table_free(struct table_inst *t);

/* Grow by delta elements; the size before, or UINT64_MAX. */
uint64_t table_grow(struct table_inst *t, uint64_t delta, uint64_t init);

#endif
