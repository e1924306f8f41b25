/*
 * Validation of a module but for what needs its instructions: bodies and
 * constant expressions are stepped through by vm/load.c.
 * https://webassembly.github.io/spec/core/valid/modules.html
 */
#ifndef VM_VALID_MODULE_H
#define VM_VALID_MODULE_H

#include "base/err.h"
#include "vm/syntax/canon.h"

/*
 * Validate the type section and add its types to the registry, which m then
 * refers to. Everything else needs this first. 0, or -1 with VM_INVALID,
 * VM_LIMIT or VM_NOMEM.
 */
int validate_types(struct module *m, struct canon *c, struct err *err);

/* Validate imports, definitions, segments, start and exports. 0 or -1. */
int validate_module(const struct module *m, struct err *err);

#endif
