/*
 * A walk over the frames of the guests' stack, innermost first: for traces,
 * exceptions and the collector.
 */
#ifndef VM_EXEC_FRAMES_H
#define VM_EXEC_FRAMES_H

#include "vm/exec/compile.h"
#include "vm/runtime/store.h"

struct frames {
	const struct vm_store *store;
	struct vm_instance *instance;	/* of the frame */
	uint64_t *fp;			/* NULL: there are no more */
	const uint8_t *pc;	/* in the instruction that runs or calls */
	const uint8_t *ret;	/* end of that call; unset for the innermost */
	const struct code_func *func;
	uint64_t nbridges;	/* that are in use at this frame */
};

void frames_begin(struct frames *f, const struct vm_store *s,
	struct vm_instance *in, uint64_t *fp, const uint8_t *pc);
void frames_next(struct frames *f);

#endif
