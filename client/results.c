/* What a called function returned, as text. Used by wasmctl. */
#include "client/results.h"

#include <string.h>

#include "client/text.h"

/* "i32:-1" is in the record. */
static void
result_split(struct span result, struct span *type, struct span *value)
{
	const char *colon = memchr(result.data, ':', result.len);
	size_t at = colon == NULL ? 0 : (size_t)(colon - result.data);
	size_t skip = colon == NULL ? 0 : at + 1;

	*type = (struct span){ result.data, at };
	*value = (struct span){ result.data + skip, result.len - skip };
}

int
results_lines(struct buf *out, const struct msg *record)
{
	const struct span *results;
	struct span type, value;
	size_t n;

	results = msg_strs(record, FIELD_JOB_EXIT_RESULTS, &n);
	for (size_t i = 0; i < n; i++) {
		result_split(results[i], &type, &value);
		if (text_escape(out, value.data, value.len) == -1 ||
		    buf_append(out, "\n", 1) == -1)
			return -1;
	}
	return 0;
}

int
results_json(struct buf *out, const struct msg *record)
{
	const struct span *results;
	struct span type, value;
	size_t n;

	results = msg_strs(record, FIELD_JOB_EXIT_RESULTS, &n);
	if (buf_append(out, "[", 1) == -1)
		return -1;
	for (size_t i = 0; i < n; i++) {
		result_split(results[i], &type, &value);
		if (buf_printf(out, "%s{\"type\":", i > 0 ? "," : "") == -1 ||
		    text_json(out, type.data, type.len) == -1 ||
		    buf_printf(out, ",\"value\":") == -1 ||
		    text_json(out, value.data, value.len) == -1 ||
		    buf_append(out, "}", 1) == -1)
			return -1;
	}
	return buf_append(out, "]", 1);
}
