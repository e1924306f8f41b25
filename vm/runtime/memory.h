/*
 * Memory instances.
 * https://webassembly.github.io/spec/core/exec/runtime.html#memory-instances
 */
#ifndef VM_RUNTIME_MEMORY_H
#define VM_RUNTIME_MEMORY_H

#include "vm/runtime/store.h"

/* A memory of the store, at its least size. NULL with the error set. */
struct mem_inst *mem_new(struct vm_store *s, const struct memtype *type,
	struct err *err);
void mem_free(struct mem_inst *m);

/* Pages it has. */
uint64_t mem_pages(const struct mem_inst *m);

/* Grow by delta pages; the pages before, or UINT64_MAX when its limit or the
 * store's would be passed. Calls nothing but mprotect. */
uint64_t mem_grow(struct mem_inst *m, uint64_t delta);

#endif
