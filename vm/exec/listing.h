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

/* How many handlers there are; the one at an address, or a number that none
 * has; and its name, of a fused one the names of its parts, cut off at size. */
uint32_t listing_handlers(void);
uint32_t listing_handler(const struct listing *d, uint64_t address);
void listing_name(uint32_t handler, char *text, size_t size);

struct listing_ins {
	uint32_t at;		/* offset in the code */
	uint32_t length;	/* bytes, with the cells of a br_table */
	uint32_t handler;	/* its own */
	uint32_t fused;		/* instructions that its handler executes */
	const char *name;	/* of its own handler */
	const uint16_t *parts;	/* fused: those handlers, its own first */
	uint32_t cells;		/* of a br_table: labels, with the default */
};

/*
 * The instruction at offset at. False if none begins there; the next one is
 * at at + length.
 */
bool listing_read(const struct listing *d, const struct code *c, uint32_t at,
	struct listing_ins *out);

/*
 * The i-th place in the code where a branch may go on, or a br_table. False:
 * it has not so many. Calls are not branches.
 */
bool listing_target(const struct code *c, const struct listing_ins *in, uint32_t i,
	uint32_t *to);

/* Its name and fields as text without a newline, cut off at size. */
void listing_print(const struct code *c, const struct listing_ins *in, char *text,
	size_t size);

#endif
