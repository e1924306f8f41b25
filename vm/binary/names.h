/*
 * The name section: names of functions. It is a custom section, so whatever
 * is wrong with it only means that names are missing.
 * https://webassembly.github.io/spec/core/appendix/custom.html#name-section
 *
 * Names stay in the module's bytes. vm_module_func_name (vm/vm.h) finds them.
 */
#ifndef VM_BINARY_NAMES_H
#define VM_BINARY_NAMES_H

#include "vm/syntax/module.h"

/* Find the functions' names and mark places among them, for look-ups that do
 * not read them all. 0, or -1 when memory is short. */
int names_index(struct module *m);

#endif
