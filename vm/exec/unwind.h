/*
 * Exceptions: from where one is thrown to who catches it.
 * https://webassembly.github.io/spec/core/exec/instructions.html#exceptions
 */
#ifndef VM_EXEC_UNWIND_H
#define VM_EXEC_UNWIND_H

#include "vm/runtime/store.h"

/*
 * Find the innermost try_table around pc that catches exception exn, put the
 * values where its label wants them, and set the store's landing to where to
 * go on. False when nobody does; then only landing.instance is set.
 */
bool unwind_to_catch(struct vm_store *s, struct vm_instance *in, uint64_t *fp,
	const uint8_t *pc, uint64_t exn);

#endif
