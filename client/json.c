/* Messages of the daemon as JSON. Used by wasmctl. */
#include "client/json.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "client/report.h"
#include "client/text.h"

#define JSON_MAX (6 * PROTO_FRAME_MAX)

static int
json_strs(struct buf *out, const struct msg *m, enum field_id f)
{
	const struct span *strs;
	size_t n;

	strs = msg_strs(m, f, &n);
	if (buf_append(out, "[", 1) == -1)
		return -1;
	for (size_t i = 0; i < n; i++)
		if ((i > 0 && buf_append(out, ",", 1) == -1) ||
		    text_json(out, strs[i].data, strs[i].len) == -1)
			return -1;
	return buf_append(out, "]", 1);
}

static int
json_value(struct buf *out, const struct msg *m, enum field_id f)
{
	struct span s;

	switch (field_info[f].type) {
	case TYPE_UINT:
		return buf_printf(out, "%" PRIu64, msg_number(m, f, 0));
	case TYPE_BOOL:
		return buf_printf(out, "%s",
			msg_number(m, f, 0) != 0 ? "true" : "false");
	case TYPE_STRS:
		return json_strs(out, m, f);
	case TYPE_STR:
	case TYPE_BIN:
		s = msg_bytes(m, f);
		return text_json(out, s.data, s.len);
	}
	return -1;
}

static bool
json_wants(const struct msg *m, enum field_id f)
{
	bool is_result = m->form == FORM_ANSWER && m->id != MSG_ERROR;

	return field_info[f].is_result == is_result && msg_has(m, f) &&
		(is_result || strcmp(field_info[f].name, "call") != 0);
}

int
json_message(struct buf *out, const struct msg *m)
{
	enum field_id end = msg_fields_end(m->id);
	const char *separator = "";

	if (buf_append(out, "{", 1) == -1)
		return -1;
	for (enum field_id f = msg_info[m->id].first; f < end; f++) {
		if (!json_wants(m, f))
			continue;
		if (buf_printf(out, "%s\"%s\":", separator,
			field_info[f].name) == -1 || json_value(out, m, f) == -1)
			return -1;
		separator = ",";
	}
	return buf_append(out, "}", 1);
}

void
json_print(const struct msg *m)
{
	struct buf out;

	buf_init(&out, JSON_MAX);
	if (json_message(&out, m) == -1)
		report_fatal("out of memory");
	printf("%.*s\n", (int)out.len, (const char *)out.data);
	buf_clear(&out);
}
