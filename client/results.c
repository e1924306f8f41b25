/* What a called function returned, as text. Used by wasmctl. */
#include "client/results.h"

#include <string.h>

#include "client/text.h"

/* "i32:-1" is in the record. */
static void
result_split(struct wasmd_bytes result, struct wasmd_bytes *type, struct wasmd_bytes *value)
{
	const char *colon = memchr(result.data, ':', result.len);
	size_t at = colon == NULL ? 0 : (size_t)(colon - result.data);
	size_t skip = colon == NULL ? 0 : at + 1;

	*type = (struct wasmd_bytes){ result.data, at };
	*value = (struct wasmd_bytes){ result.data + skip, result.len - skip };
}

int
results_lines(struct buf *out, const struct wasmd_msg *record)
{
	size_t n = wasmd_msg_count(record, "results");
	struct wasmd_bytes type, value;

	for (size_t i = 0; i < n; i++) {
		result_split(wasmd_msg_item(record, "results", i), &type,
			&value);
		if (text_escape(out, value.data, value.len) == -1 ||
		    buf_append(out, "\n", 1) == -1)
			return -1;
	}
	return 0;
}

int
results_json(struct buf *out, const struct wasmd_msg *record)
{
	size_t n = wasmd_msg_count(record, "results");
	struct wasmd_bytes type, value;

	if (buf_append(out, "[", 1) == -1)
		return -1;
	for (size_t i = 0; i < n; i++) {
		result_split(wasmd_msg_item(record, "results", i), &type,
			&value);
		if (buf_printf(out, "%s{\"type\":", i > 0 ? "," : "") == -1 ||
		    text_json(out, type.data, type.len) == -1 ||
		    buf_printf(out, ",\"value\":") == -1 ||
		    text_json(out, value.data, value.len) == -1 ||
		    buf_append(out, "}", 1) == -1)
			return -1;
	}
	return buf_append(out, "]", 1);
}
