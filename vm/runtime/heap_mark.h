/* Marking, for the heap's own use. */
#ifndef VM_RUNTIME_HEAP_MARK_H
#define VM_RUNTIME_HEAP_MARK_H

#include "vm/runtime/heap.h"

/* Clear all marks, ask for the roots and mark what they lead to. */
void heap_mark_all(struct heap *h);

#endif
