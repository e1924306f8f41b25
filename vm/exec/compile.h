/*
 * A module ready to be instantiated: valid, and translated. One linear pass
 * over each body decodes, validates and translates it, in the template. The
 * code of a large module may wait instead: then all bodies are validated, and
 * each is translated when it is first called, in the child, or once the
 * template has reason to think that there will be many calls.
 */
#ifndef VM_EXEC_COMPILE_H
#define VM_EXEC_COMPILE_H

#include "vm/exec/code.h"
#include "vm/runtime/heap_layout.h"
#include "vm/runtime/store.h"
#include "vm/syntax/canon.h"
#include "vm/vm.h"

struct vm {
	struct canon canon;
	bool plain;		/* each instruction by itself: for tests */
	bool unjoined;		/* join no sequences: for profiles */
	size_t lazy_bytes;	/* see vm_set_lazy */
	bool one_nan;		/* see vm_set_one_nan */
	bool profile;		/* see vm_store_set_profile */
};

struct compiler;

struct vm_module {
	struct vm *vm;
	struct module syntax;
	struct code code;
	struct pool pool;	/* of the code, if it may be translated later */
	struct heap_layout *layouts;	/* of its types; NULL: nothing of it
					 * is ever in the heap */
	struct compiler *compiler;	/* NULL: everything is translated */
	uint32_t next;		/* functions before this were swept */
	bool sealed;
};

/* Validate and translate all bodies of a loaded module, or leave their
 * translation for later. 0 or -1. */
int compile_bodies(struct vm_module *m, struct err *err);
void compile_clear(struct vm_module *m);

/*
 * Translate defined function func, which an instance is about to call for the
 * first time: its code, or NULL with a trap. Allocates nothing by malloc.
 */
const uint8_t *compile_called(struct vm_instance *in, uint32_t func,
	enum trap_code *trap);

/*
 * Translate at most n of the functions that wait. 1 if there are more; 0 when
 * none is left to be tried, and then the code is linked; -1 without memory.
 */
int compile_more(struct vm_module *m, uint32_t n);

#endif
