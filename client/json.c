/* Messages of the daemon as JSON. Used by wasmctl. */
#include "client/json.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "client/report.h"
#include "client/text.h"

#define JSON_MAX (6u << 20)	/* of a frame, each byte escaped */

static int
json_strs(struct buf *out, const struct wasmd_msg *m, const char *field)
{
	if (buf_append(out, "[", 1) == -1)
		return -1;
	for (size_t i = 0; i < wasmd_msg_count(m, field); i++) {
		struct wasmd_bytes s = wasmd_msg_item(m, field, i);

		if ((i > 0 && buf_append(out, ",", 1) == -1) ||
		    text_json(out, s.data, s.len) == -1)
			return -1;
	}
	return buf_append(out, "]", 1);
}

static int
json_value(struct buf *out, const struct wasmd_msg *m,
	const struct wasmd_field *f)
{
	struct wasmd_bytes s;

	switch (f->type) {
	case WASMD_TYPE_UINT:
		return buf_printf(out, "%" PRIu64,
			wasmd_msg_number(m, f->name, 0));
	case WASMD_TYPE_BOOL:
		return buf_printf(out, "%s",
			wasmd_msg_number(m, f->name, 0) != 0 ? "true" : "false");
	case WASMD_TYPE_STRS:
		return json_strs(out, m, f->name);
	case WASMD_TYPE_STR:
	case WASMD_TYPE_BIN:
		s = wasmd_msg_bytes(m, f->name);
		return text_json(out, s.data, s.len);
	}
	return -1;
}

int
json_message(struct buf *out, const struct wasmd_msg *m)
{
	const char *separator = "";
	struct wasmd_field f;

	if (buf_append(out, "{", 1) == -1)
		return -1;
	for (size_t i = 0; wasmd_msg_field(m, i, &f); i++) {
		if (strcmp(f.name, "call") == 0)
			continue;
		if (buf_printf(out, "%s\"%s\":", separator, f.name) == -1 ||
		    json_value(out, m, &f) == -1)
			return -1;
		separator = ",";
	}
	return buf_append(out, "}", 1);
}

void
json_print(const struct wasmd_msg *m)
{
	struct buf out;

	buf_init(&out, JSON_MAX);
	if (json_message(&out, m) == -1)
		report_fatal("out of memory");
	printf("%.*s\n", (int)out.len, (const char *)out.data);
	buf_clear(&out);
}
