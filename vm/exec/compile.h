/*
 * A module ready to be instantiated: valid, and translated. One linear pass
 * over each body decodes, validates and translates it. Runs in the template.
 */
#ifndef VM_EXEC_COMPILE_H
#define VM_EXEC_COMPILE_H

#include "vm/exec/code.h"
#include "vm/runtime/heap_layout.h"
#include "vm/syntax/canon.h"
#include "vm/vm.h"

struct vm {
	struct canon canon;
	bool plain;		/* each instruction by itself: for tests */
	bool unjoined;		/* join no sequences: for profiles */
};

struct vm_module {
	struct vm *vm;
	struct module syntax;
	struct code code;
	struct heap_layout *layouts;	/* of its types; NULL: nothing of it
					 * is ever in the heap */
	bool sealed;
};

/* Validate and translate all bodies of a loaded module. 0 or -1. */
int compile_bodies(struct vm_module *m, struct err *err);
void code_clear(struct code *c);

#endif
