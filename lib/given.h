/*
 * Structures that callers of libwasmd fill in, whose first member is their size.
 * Later versions add members at the end: what an older program does not give is
 * 0, what a newer one gives must be 0 where this library does not know it. The
 * kernel does the same, see openat2(2).
 */
#ifndef LIB_GIVEN_H
#define LIB_GIVEN_H

#include <stddef.h>

#include "base/err.h"

/* Copy what was given to *to, of size bytes. 0, or -1 with PROTO_ERROR_USAGE;
 * what names it in the error's text. */
int given_take(void *to, size_t size, const void *given, const char *what,
	struct err *err);

#endif
