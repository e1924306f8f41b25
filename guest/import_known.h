/* Interfaces that modules are often built for and that there are not here, by
 * what they import. Runs in the template. */
#ifndef GUEST_IMPORT_KNOWN_H
#define GUEST_IMPORT_KNOWN_H

#include "vm/syntax/module.h"

/* What an import is of, and what would do in its place; NULL: not known. */
const char *import_known(const struct import *im);

#endif
