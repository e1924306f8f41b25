/*
 * The text of a result frame, put together without malloc: what does not fit
 * is cut. Names in it come from hostile modules: their control characters
 * become '?'. Runs in the confined child.
 */
#ifndef GUEST_TEXT_H
#define GUEST_TEXT_H

#include <stddef.h>

#include "sandbox/call.h"

struct text {
	size_t len;
	char *data;	/* RESULT_TEXT_MAX bytes, without a NUL */
};

/* Like printf(3), without floating point or wide characters, which may
 * allocate. One piece is cut at 512 bytes. */
void text_printf(struct text *t, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* len bytes of a module. */
void text_name(struct text *t, const char *name, size_t len);

#endif
