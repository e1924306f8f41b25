/*
 * MessagePack to tokens, by msgpack-c's parser with callbacks of our own: its
 * ready-made unpacker allocates arrays from the count that the input claims.
 */
#include "proto/token.h"

#include <stdlib.h>
#include <string.h>

#include "proto/proto.h"

#define MSGPACK_EMBED_STACK_SIZE PROTO_DEPTH_MAX
#include <msgpack/unpack.h>
#include <msgpack/unpack_define.h>

struct token_sink {
	struct tokens *tokens;
	struct err *err;
};

/* Any negative number but the parser's own stops it. */
#define TOKEN_STOP (-100)

static int
tokens_grow(struct tokens *t)
{
	size_t cap = t->cap * 4;
	struct token *list;

	list = malloc(cap * sizeof(*list));
	if (list == NULL)
		return -1;
	memcpy(list, t->list, t->count * sizeof(*list));
	if (t->list != t->few)
		free(t->list);
	t->list = list;
	t->cap = cap;
	return 0;
}

static int
token_push(struct token_sink *sink, struct token token)
{
	struct tokens *t = sink->tokens;

	if (t->count == PROTO_VALUES_MAX) {
		err_set(sink->err, PROTO_ERROR_PROTOCOL,
			"more than %u values in one frame", PROTO_VALUES_MAX);
		return TOKEN_STOP;
	}
	if (t->count == t->cap && tokens_grow(t) == -1) {
		err_set(sink->err, PROTO_ERROR_INTERNAL, "out of memory");
		return TOKEN_STOP;
	}
	t->list[t->count++] = token;
	return 0;
}

/* ---- the parser's callbacks. Its "object" carries nothing. -------------- */

static int
token_push_number(struct token_sink *s, enum token_kind kind, uint64_t number,
	int *o)
{
	*o = 0;
	return token_push(s, (struct token){ .kind = kind, .number = number });
}

static int
token_push_int(struct token_sink *s, int64_t number, int *o)
{
	if (number < 0)
		return token_push_number(s, TOKEN_NEGATIVE, 0, o);
	return token_push_number(s, TOKEN_UINT, (uint64_t)number, o);
}

static int
token_push_bytes(struct token_sink *s, enum token_kind kind, const char *data,
	unsigned len, int *o)
{
	*o = 0;
	/* For an empty string the parser's pointer means nothing. */
	return token_push(s, (struct token){ .kind = kind, .len = len,
		.data = len > 0 ? data : "" });
}

static int
token_push_container(struct token_sink *s, enum token_kind kind, unsigned len,
	int *o)
{
	*o = 0;
	return token_push(s, (struct token){ .kind = kind, .len = len });
}

static int token_on_root(struct token_sink *s) { return 0; }
static int token_on_nil(struct token_sink *s, int *o)
{ return token_push_number(s, TOKEN_NIL, 0, o); }
static int token_on_true(struct token_sink *s, int *o)
{ return token_push_number(s, TOKEN_BOOL, 1, o); }
static int token_on_false(struct token_sink *s, int *o)
{ return token_push_number(s, TOKEN_BOOL, 0, o); }
static int token_on_uint8(struct token_sink *s, uint8_t d, int *o)
{ return token_push_number(s, TOKEN_UINT, d, o); }
static int token_on_uint16(struct token_sink *s, uint16_t d, int *o)
{ return token_push_number(s, TOKEN_UINT, d, o); }
static int token_on_uint32(struct token_sink *s, uint32_t d, int *o)
{ return token_push_number(s, TOKEN_UINT, d, o); }
static int token_on_uint64(struct token_sink *s, uint64_t d, int *o)
{ return token_push_number(s, TOKEN_UINT, d, o); }
static int token_on_int8(struct token_sink *s, int8_t d, int *o)
{ return token_push_int(s, d, o); }
static int token_on_int16(struct token_sink *s, int16_t d, int *o)
{ return token_push_int(s, d, o); }
static int token_on_int32(struct token_sink *s, int32_t d, int *o)
{ return token_push_int(s, d, o); }
static int token_on_int64(struct token_sink *s, int64_t d, int *o)
{ return token_push_int(s, d, o); }
static int token_on_float(struct token_sink *s, float d, int *o)
{ return token_push_number(s, TOKEN_FLOAT, 0, o); }
static int token_on_double(struct token_sink *s, double d, int *o)
{ return token_push_number(s, TOKEN_FLOAT, 0, o); }
static int token_on_str(struct token_sink *s, const char *b, const char *p,
	unsigned len, int *o)
{ return token_push_bytes(s, TOKEN_STR, p, len, o); }
static int token_on_bin(struct token_sink *s, const char *b, const char *p,
	unsigned len, int *o)
{ return token_push_bytes(s, TOKEN_BIN, p, len, o); }
static int token_on_ext(struct token_sink *s, const char *b, const char *p,
	unsigned len, int *o)
{ return token_push_bytes(s, TOKEN_EXT, "", 0, o); }
static int token_on_array(struct token_sink *s, unsigned n, int *o)
{ return token_push_container(s, TOKEN_ARRAY, n, o); }
static int token_on_map(struct token_sink *s, unsigned n, int *o)
{ return token_push_container(s, TOKEN_MAP, n, o); }
static int token_on_array_item(struct token_sink *s, int *c, int o)
{ return 0; }
static int token_on_map_item(struct token_sink *s, int *c, int k, int v)
{ return 0; }

#define msgpack_unpack_struct(name) struct token_parser##name
#define msgpack_unpack_func(ret, name) static inline ret token_parser##name
#define msgpack_unpack_callback(name) token_on##name
#define msgpack_unpack_object int
#define msgpack_unpack_user struct token_sink
#include <msgpack/unpack_template.h>

/* ------------------------------------------------------------------------ */

int
tokens_split(struct tokens *t, const void *frame, size_t len, struct err *err)
{
	struct token_parser_context ctx = {
		.user = { .tokens = t, .err = err },
	};
	size_t off = 0;
	int r;

	t->list = t->few;
	t->count = 0;
	t->cap = TOKENS_INLINE;
	token_parser_init(&ctx);
	r = token_parser_execute(&ctx, frame, len, &off);
	if (r > 0 && off == len)
		return 0;
	if (r > 0)
		return err_set_at(err, PROTO_ERROR_PROTOCOL, off,
			"bytes after the message");
	if (r == 0)
		return err_set_at(err, PROTO_ERROR_PROTOCOL, off,
			"the frame ends in the middle of a value");
	if (r == MSGPACK_UNPACK_NOMEM_ERROR)
		return err_set_at(err, PROTO_ERROR_PROTOCOL, off,
			"containers nested more than %d deep", PROTO_DEPTH_MAX);
	return err_set_at(err, PROTO_ERROR_PROTOCOL, off, "not MessagePack");
}

void
tokens_clear(struct tokens *t)
{
	if (t->list != t->few)
		free(t->list);
	t->list = t->few;
	t->count = 0;
}

const struct token *
token_skip(const struct token *at)
{
	/* Values still to skip; cannot overflow: the list is well nested, so
	 * all counts together are at most PROTO_VALUES_MAX. */
	size_t left = 1;

	for (; left > 0; at++) {
		left--;
		if (at->kind == TOKEN_ARRAY)
			left += at->len;
		else if (at->kind == TOKEN_MAP)
			left += (size_t)at->len * 2;
	}
	return at;
}

const char *
token_kind_text(enum token_kind kind)
{
	static const char *const text[] = {
		[TOKEN_NIL] = "nil",
		[TOKEN_BOOL] = "a boolean",
		[TOKEN_UINT] = "an unsigned integer",
		[TOKEN_NEGATIVE] = "a negative integer",
		[TOKEN_FLOAT] = "a floating point number",
		[TOKEN_STR] = "a string",
		[TOKEN_BIN] = "binary data",
		[TOKEN_EXT] = "an extension type",
		[TOKEN_ARRAY] = "an array",
		[TOKEN_MAP] = "a map",
	};

	return text[kind];
}
