/*
 * One frame's MessagePack as a flat list of tokens, containers before their
 * elements. Bounded: at most PROTO_VALUES_MAX tokens of 16 bytes, at most
 * PROTO_DEPTH_MAX containers deep, and nothing is allocated from a count or a
 * length that the frame claims. Used by proto/msg.c only.
 */
#ifndef PROTO_TOKEN_H
#define PROTO_TOKEN_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum token_kind {
	TOKEN_NIL,
	TOKEN_BOOL,	/* number: 0 or 1 */
	TOKEN_UINT,	/* number */
	TOKEN_NEGATIVE,	/* an integer below 0; its value is not kept */
	TOKEN_FLOAT,	/* value not kept */
	TOKEN_STR,	/* data, len */
	TOKEN_BIN,	/* data, len */
	TOKEN_EXT,	/* value not kept */
	TOKEN_ARRAY,	/* len: elements that follow */
	TOKEN_MAP,	/* len: pairs of key and value that follow */
};

struct token {
	enum token_kind kind;
	uint32_t len;
	union {
		uint64_t number;
		const char *data;	/* into the frame */
	};
};

#define TOKENS_INLINE 64

struct tokens {
	struct token *list;
	size_t count;
	size_t cap;
	struct token few[TOKENS_INLINE];	/* enough for most frames */
};

/*
 * Split a frame that holds exactly one MessagePack value. 0, or -1 with
 * PROTO_ERROR_PROTOCOL (cut short, trailing bytes, not MessagePack, too deep,
 * too many) or PROTO_ERROR_INTERNAL (no memory). tokens_clear is due after
 * both. A list that was split is well nested: every container is followed by
 * all its elements.
 */
int tokens_split(struct tokens *t, const void *frame, size_t len,
	struct err *err);
void tokens_clear(struct tokens *t);

/* The token after at and all that it contains. */
const struct token *token_skip(const struct token *at);

/* "a string", "an array", ... for error texts. */
const char *token_kind_text(enum token_kind kind);

#endif
