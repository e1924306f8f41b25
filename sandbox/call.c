/*
 * The payload of IN_CALL: a fixed header, then all strings, each with its NUL,
 * in the order invoke, params, args, env. Packed by the daemon, unpacked by
 * the child.
 */
#include "sandbox/call.h"

#include <string.h>

#define CALL_ERROR 1	/* code of struct err */

struct call_header {
	uint64_t fuel;
	uint64_t output_bytes;
	uint32_t has_invoke;
	uint32_t nparams;
	uint32_t nargs;
	uint32_t nenv;
	uint32_t tty;
	uint32_t files;
	uint32_t closed;
	uint32_t deterministic;
	uint64_t seed;
	uint64_t max_calls;
	uint32_t reset;
	uint32_t pad2;
};

static int
pack_string(struct buf *b, const char *s)
{
	return buf_append(b, s, strlen(s) + 1);
}

static int
pack_strings(struct buf *b, const char *const *strings, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		if (pack_string(b, strings[i]) == -1)
			return -1;
	}
	return 0;
}

int
call_pack(struct buf *b, const struct call *c)
{
	const struct call_header header = {
		.fuel = c->fuel,
		.output_bytes = c->output_bytes,
		.has_invoke = c->invoke != NULL,
		.nparams = c->nparams,
		.nargs = c->nargs,
		.nenv = c->nenv,
		.tty = c->tty,
		.files = c->files,
		.closed = c->closed,
		.deterministic = c->deterministic,
		.seed = c->seed,
		.max_calls = c->max_calls,
		.reset = c->reset,
	};
	const size_t start = b->len;

	if (buf_append(b, &header, sizeof(header)) == -1 ||
	    (c->invoke != NULL && pack_string(b, c->invoke) == -1) ||
	    pack_strings(b, c->params, c->nparams) == -1 ||
	    pack_strings(b, c->args, c->nargs) == -1 ||
	    pack_strings(b, c->env, c->nenv) == -1) {
		b->len = start;
		return -1;
	}
	return 0;
}

/* What is left of the packed strings. */
struct string_cursor {
	const char *data;
	size_t len;
	const char **next;	/* where the next pointer goes */
};

/* The next n strings as a vector. -1 if there are fewer. */
static int
take_strings(struct string_cursor *cur, uint32_t n, const char *const **out)
{
	*out = cur->next;
	for (uint32_t i = 0; i < n; i++) {
		const char *end = memchr(cur->data, '\0', cur->len);

		if (end == NULL)
			return -1;
		*cur->next++ = cur->data;
		cur->len -= (size_t)(end + 1 - cur->data);
		cur->data = end + 1;
	}
	return 0;
}

uint64_t
call_strings(const void *data, size_t len)
{
	struct call_header header;

	if (len < sizeof(header))
		return 0;
	memcpy(&header, data, sizeof(header));
	return (uint64_t)header.has_invoke + header.nparams + header.nargs +
	    header.nenv;
}

int
call_unpack(struct call *c, const void *data, size_t len, void *scratch,
    struct err *err)
{
	struct string_cursor cur;
	struct call_header header;
	const char *const *invoke;
	struct call call = { 0 };

	if (len < sizeof(header))
		return err_set(err, CALL_ERROR, "a call of %zu bytes", len);
	memcpy(&header, data, sizeof(header));
	cur.data = (const char *)data + sizeof(header);
	cur.len = len - sizeof(header);
	cur.next = scratch;
	call.fuel = header.fuel;
	call.output_bytes = header.output_bytes;
	call.nparams = header.nparams;
	call.nargs = header.nargs;
	call.nenv = header.nenv;
	call.tty = header.tty;
	call.files = header.files;
	call.closed = header.closed;
	call.deterministic = header.deterministic != 0;
	call.seed = header.seed;
	call.max_calls = header.max_calls;
	call.reset = header.reset != 0;
	/* Each string has a byte at least, its NUL, so that there are never
	 * more pointers than the scratch has room for. */
	if (header.has_invoke > 1 ||
	    take_strings(&cur, header.has_invoke, &invoke) == -1 ||
	    take_strings(&cur, call.nparams, &call.params) == -1 ||
	    take_strings(&cur, call.nargs, &call.args) == -1 ||
	    take_strings(&cur, call.nenv, &call.env) == -1)
		return err_set(err, CALL_ERROR, "a call with strings missing");
	if (cur.len != 0)
		return err_set(err, CALL_ERROR, "a call with %zu bytes too many",
		    cur.len);
	if (header.has_invoke)
		call.invoke = *invoke;
	*c = call;
	return 0;
}
