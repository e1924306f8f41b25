/*
 * A range of addresses that is reserved at once and becomes usable from its
 * start on, by mprotect(2): what grows in it never moves, and a confined
 * process can grow it. Memories, tables and the stack are regions.
 */
#ifndef VM_RUNTIME_REGION_H
#define VM_RUNTIME_REGION_H

#include <stddef.h>
#include <stdint.h>

struct region {
	uint8_t *base;		/* NULL: nothing is reserved */
	size_t reserved;	/* bytes, whole pages */
	size_t usable;		/* bytes from base that may be touched */
};

/* Reserve at least size bytes, none of them usable. 0, or -1. */
int region_reserve(struct region *r, uint64_t size);

/* Make at least size bytes usable; new ones are zero. 0, or -1 when that
 * passes the reservation or the kernel refuses. */
int region_grow(struct region *r, uint64_t size);

/* Make what is usable read-only, for good. 0 or -1. */
int region_protect(struct region *r);

/*
 * Put what is usable into a sealed memfd and map that in its place: shared
 * and read-only, or private and writable (copy on write). 0, or -1 with the
 * region as it was.
 */
int region_seal(struct region *r, int writable);

void region_free(struct region *r);

#endif
