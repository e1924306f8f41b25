/*
 * The trace of a call's host functions on its way to a file or standard error:
 * whole lines, and nothing in them that a terminal would act on, whoever wrote
 * them. Used by wasmctl.
 */
#ifndef CLIENT_TRACE_H
#define CLIENT_TRACE_H

#include <stddef.h>

#include "client/output.h"
#include "lib/wasmd.h"

#define TRACE_LINE_MAX 8192	/* longer ones are passed on in pieces */

struct trace {
	size_t len;
	char data[TRACE_LINE_MAX + WASMD_OUTPUT_MAX];
};

/* Queue the lines that are complete with these bytes, and at the end what is
 * left of one. -1: out of memory. */
int trace_push(struct trace *t, struct output *o, const char *data, size_t len);
int trace_end(struct trace *t, struct output *o);

#endif
