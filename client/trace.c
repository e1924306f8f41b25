/* The trace of a call's host functions. Used by wasmctl. */
#include "client/trace.h"

#include <assert.h>
#include <string.h>

static void
trace_append(struct trace *t, const char *data, size_t len)
{
	assert(len <= sizeof(t->data) - t->len);
	for (size_t i = 0; i < len; i++) {
		char c = data[i];

		if (c != '\n' && (c < ' ' || c > '~'))
			c = '?';
		t->data[t->len++] = c;
	}
}

static int
trace_pass(struct trace *t, struct output *o, size_t len)
{
	if (len > 0 && output_push(o, OUTPUT_TRACE, t->data, len) == -1)
		return -1;
	t->len -= len;
	memmove(t->data, t->data + len, t->len);
	return 0;
}

int
trace_push(struct trace *t, struct output *o, const char *data, size_t len)
{
	const char *nl;

	trace_append(t, data, len);
	nl = memrchr(t->data, '\n', t->len);
	if (nl != NULL && trace_pass(t, o, (size_t)(nl + 1 - t->data)) == -1)
		return -1;
	return t->len > TRACE_LINE_MAX ? trace_pass(t, o, t->len) : 0;
}

int
trace_end(struct trace *t, struct output *o)
{
	if (t->len == 0)
		return 0;
	trace_append(t, "\n", 1);
	return trace_pass(t, o, t->len);
}
