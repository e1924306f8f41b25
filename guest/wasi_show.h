/*
 * The arguments and results of WASI's functions as text, for traces. Runs in the
 * confined child. Whatever a guest passes, the text is printable ASCII.
 */
#ifndef GUEST_WASI_SHOW_H
#define GUEST_WASI_SHOW_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "guest/wasi_call.h"

/* One piece of text; what does not fit is cut. */
#define SHOW_MAX 2000

struct show {
	struct wasi_call *call;
	const uint64_t *args;	/* as they were before the call */
	bool unstable;		/* the older interface */
	size_t len;
	char text[SHOW_MAX];
};

void show_printf(struct show *s, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* All parameters of a function, as wasi.def has them: "fd=1, iovs=[\"hello\"]".
 * Of those for results only how much room there is, where it can differ. */
void show_arguments(struct show *s, const char *params);

/* What a call that succeeded left in the memory: " nread=5 ...". */
void show_results(struct show *s, const char *params);

/* How many of a function's arguments its parameters take; -1 when one of them
 * has no type that there is. */
int show_count(const char *params);

#endif
