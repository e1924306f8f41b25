/*
 * Values between slots and the fields of heap objects.
 * https://webassembly.github.io/spec/core/exec/runtime.html#structure-instances
 */
#ifndef VM_EXEC_OBJECT_H
#define VM_EXEC_OBJECT_H

#include "vm/runtime/heap.h"
#include "vm/runtime/store.h"
#include "vm/syntax/canon.h"

/* Copy a value of a storage type; packed ones are extended with their sign, or
 * cut. Returns the slots it takes. */
uint32_t object_load(const void *from, valtype type, bool is_signed,
	uint64_t *slots);
uint32_t object_store(void *to, valtype type, const uint64_t *slots);

/* Whether a reference is of a heap type, whose index is canonical. */
bool ref_matches(const struct canon *c, uint64_t ref, heaptype type,
	bool null_passes);

/* Whether references of a canonical type may be to the heap. */
bool ref_type_in_heap(const struct canon *c, valtype type);

#endif
