/*
 * Translated code as text: what the interpreter runs in place of the module's
 * code.
 */
#ifndef VM_DUMP_INTERNAL_H
#define VM_DUMP_INTERNAL_H

#include "vm/dump/dump.h"

struct listing;
struct vm_module;

/*
 * As dump_disasm, for a module that was translated; d is its syntax's. Each
 * line has the place in the code, the offset in the module of the instruction
 * that it came from, and the internal instruction. Time is linear in the
 * length of the code. 0, or -1 when the sink stopped.
 */
int dump_internal(struct dump *d, const struct vm_module *m,
	const struct listing *l, uint32_t func, const struct dump_sink *sink);

#endif
