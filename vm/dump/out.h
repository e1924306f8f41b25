/*
 * Text on its way to a sink: collected in a buffer of fixed size, numbers and
 * names written so that a terminal or a JSON parser takes no harm from them.
 * After the sink has stopped, everything else is dropped.
 */
#ifndef VM_DUMP_OUT_H
#define VM_DUMP_OUT_H

#include <stdbool.h>

#include "vm/dump/dump.h"

struct out {
	const struct dump_sink *sink;
	bool stopped;
	bool in_json;		/* what is written is part of a JSON string */
	size_t len;
	char buf[4096];
};

void out_init(struct out *o, const struct dump_sink *sink);

/* Hand on what is left. 0, or -1 when the sink stopped. */
int out_finish(struct out *o);

void out_bytes(struct out *o, const char *data, size_t len);
void out_text(struct out *o, const char *text);
void out_spaces(struct out *o, unsigned n);
void out_u64(struct out *o, uint64_t n);
void out_i64(struct out *o, int64_t n);
void out_hex(struct out *o, uint64_t n, unsigned min_digits);	/* with 0x */

/*
 * A name as a string of the text format. Quotes, control characters and those
 * that change how the rest of the line is shown are escaped. out_cut stops
 * after OUT_NAME_MAX bytes with "...".
 */
#define OUT_NAME_MAX 128
void out_quoted(struct out *o, struct name name);
void out_quoted_cut(struct out *o, struct name name);

/* A name as an identifier, $name or $"a name", cut as above. */
void out_id(struct out *o, struct name name);

/* A name as a JSON string. */
void out_json_name(struct out *o, struct name name);

/* What is written between these two becomes one JSON string. */
void out_json_open(struct out *o);
void out_json_close(struct out *o);

/* A JSON number, or a string above 2^53 - 1, which not all parsers keep. */
void out_json_u64(struct out *o, uint64_t n);

#endif
