/*
 * Something of the right type for each import of a module: host functions
 * that compute from their arguments where their types are numbers; all else
 * out of a module that is made for the purpose.
 */
#ifndef FUZZ_STUBS_H
#define FUZZ_STUBS_H

#include "vm/vm.h"

/*
 * The stubs of one store; to be freed after the store. NULL, with the error
 * set, when there cannot be such (a global whose type has no value that a
 * constant expression can give).
 */
struct stubs;
struct stubs *stubs_new(struct vm *vm, struct vm_store *s,
	const struct module *m, struct err *err);
void stubs_free(struct stubs *st);

#endif
