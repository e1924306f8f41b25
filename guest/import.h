/*
 * Why an import cannot be linked, in words: what was wanted, what there is,
 * and what would give it. Runs in the template.
 */
#ifndef GUEST_IMPORT_H
#define GUEST_IMPORT_H

#include "base/err.h"

struct program;

/* Put it in the place of err's text, which is VM_UNLINKABLE's of module i, when
 * those that come before it have been instantiated. */
void import_explain(const struct program *p, unsigned i, struct err *err);

#endif
