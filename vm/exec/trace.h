/* Where a trap happened: the frames on the guests' stack. */
#ifndef VM_EXEC_TRACE_H
#define VM_EXEC_TRACE_H

#include "vm/runtime/store.h"

/* Fill in the frames of a trap from what the store kept of it. */
void trace_frames(const struct vm_store *s, struct vm_trap *trap);

#endif
