/*
 * Translated code as people read it, and as the profiler counts it. Runs
 * wherever a module was loaded; nothing that executes needs it.
 */
#ifndef VM_EXEC_LISTING_H
#define VM_EXEC_LISTING_H

#include <stddef.h>

#include "vm/exec/code.h"

/* Handlers by their addresses. */
struct listing;

struct listing *listing_new(void);	/* NULL without memory */
void listing_free(struct listing *d);

struct listing_ins {
	uint32_t at;		/* offset in the code */
	uint32_t length;	/* bytes, with the cells of a br_table */
	uint32_t handler;	/* its own */
	uint32_t fused;		/* instructions that its handler executes */
	uint32_t next;		/* offset of what follows: of a br, its target */
	const char *name;	/* of its own handler */
};

/*
 * The instruction at offset at. False if none begins there; the next one is
 * at at + length.
 */
bool listing_read(const struct listing *d, const struct code *c, uint32_t at,
	struct listing_ins *out);

/* Its name and fields as text without a newline, cut off at size. */
void listing_print(const struct code *c, const struct listing_ins *in, char *text,
	size_t size);

#endif
