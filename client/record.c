/* The result record of a job. Used by wasmctl. */
#include "client/record.h"

#include <inttypes.h>
#include <string.h>

#include "client/quantity.h"
#include "client/text.h"

#define RECORD_STRINGS_MAX (1u << 20)	/* no frame has more */

/* ---- keeping ----------------------------------------------------------- */

void
record_init(struct record *r)
{
	msg_init_notify(&r->msg, MSG_JOB_EXIT);
	arena_init(&r->strings, RECORD_STRINGS_MAX);
}

void
record_clear(struct record *r)
{
	arena_clear(&r->strings);
	record_init(r);
}

static int
record_copy_strs(struct record *r, const struct msg *m, enum field_id f)
{
	const struct span *from;
	struct span *to;
	size_t n;

	from = msg_strs(m, f, &n);
	to = arena_alloc(&r->strings, n, sizeof(*to));
	if (to == NULL)
		return -1;
	for (size_t i = 0; i < n; i++) {
		to[i].len = from[i].len;
		to[i].data = arena_strndup(&r->strings, from[i].data,
			from[i].len);
		if (to[i].data == NULL)
			return -1;
	}
	msg_set_strs(&r->msg, f, to, n);
	return 0;
}

static int
record_copy_str(struct record *r, enum field_id f, struct span s)
{
	const char *copy = arena_strndup(&r->strings, s.data, s.len);

	if (copy == NULL)
		return -1;
	msg_set_bytes(&r->msg, f, copy, s.len);
	return 0;
}

static int
record_copy_field(struct record *r, const struct msg *m, enum field_id f)
{
	switch (field_info[f].type) {
	case TYPE_STRS:
		return record_copy_strs(r, m, f);
	case TYPE_STR:
	case TYPE_BIN:
		return record_copy_str(r, f, msg_bytes(m, f));
	default:
		msg_set_number(&r->msg, f, msg_number(m, f, 0));
		return 0;
	}
}

int
record_copy(struct record *r, const struct msg *m)
{
	enum field_id end = msg_fields_end(MSG_JOB_EXIT);

	for (enum field_id f = msg_info[MSG_JOB_EXIT].first; f < end; f++)
		if (msg_has(m, f) && record_copy_field(r, m, f) == -1)
			return -1;
	return 0;
}

int
record_set(struct record *r, const char *status, const char *cause,
	size_t cause_len)
{
	const struct span s = { status, strlen(status) };
	const struct span c = { cause, cause_len };

	record_clear(r);
	return record_copy_str(r, FIELD_JOB_EXIT_STATUS, s) == -1 ? -1 :
		record_copy_str(r, FIELD_JOB_EXIT_CAUSE, c);
}

/* ---- a table ----------------------------------------------------------- */

enum row_kind { ROW_PLAIN, ROW_TIME, ROW_SIZE, ROW_PAGES };

/* What is worth a person's while, in an order that reads. */
static const struct {
	enum field_id field;
	enum row_kind kind;
	const char *label;
} record_rows[] = {
	{ FIELD_JOB_EXIT_STATUS, ROW_PLAIN, "status" },
	{ FIELD_JOB_EXIT_CAUSE, ROW_PLAIN, "cause" },
	{ FIELD_JOB_EXIT_EXIT_CODE, ROW_PLAIN, "exit code" },
	{ FIELD_JOB_EXIT_SIGNAL, ROW_PLAIN, "signal" },
	{ FIELD_JOB_EXIT_WALL_US, ROW_TIME, "wall time" },
	{ FIELD_JOB_EXIT_CPU_US, ROW_TIME, "CPU time" },
	{ FIELD_JOB_EXIT_QUEUED_US, ROW_TIME, "queued" },
	{ FIELD_JOB_EXIT_FUEL, ROW_PLAIN, "fuel" },
	{ FIELD_JOB_EXIT_MEMORY_PAGES_PEAK, ROW_PAGES, "guest memory" },
	{ FIELD_JOB_EXIT_MAX_RSS, ROW_SIZE, "process memory" },
	{ FIELD_JOB_EXIT_BYTES_OUT, ROW_SIZE, "stdout" },
	{ FIELD_JOB_EXIT_BYTES_ERR, ROW_SIZE, "stderr" },
	{ FIELD_JOB_EXIT_BYTES_IN, ROW_SIZE, "stdin" },
	{ FIELD_JOB_EXIT_MODULE, ROW_PLAIN, "module" },
	{ FIELD_JOB_EXIT_LAYERS, ROW_PLAIN, "layers" },
};

#define RECORD_PAGE 65536	/* of WebAssembly memory */

static int
record_words(struct buf *out, const struct msg *record, enum field_id f)
{
	const struct span *strs;
	size_t n;

	strs = msg_strs(record, f, &n);
	for (size_t i = 0; i < n; i++)
		if ((i > 0 && buf_append(out, " ", 1) == -1) ||
		    text_escape(out, strs[i].data, strs[i].len) == -1)
			return -1;
	return 0;
}

static int
record_plain(struct buf *out, const struct msg *record, enum field_id f)
{
	struct span s;

	switch (field_info[f].type) {
	case TYPE_STRS:
		return record_words(out, record, f);
	case TYPE_STR:
		s = msg_bytes(record, f);
		return text_escape(out, s.data, s.len);
	default:
		return buf_printf(out, "%" PRIu64, msg_number(record, f, 0));
	}
}

static int
record_row(struct buf *out, const struct msg *record, enum field_id f,
	enum row_kind kind)
{
	char text[QUANTITY_MAX];
	uint64_t n;

	if (kind == ROW_PLAIN)
		return record_plain(out, record, f);
	n = msg_number(record, f, 0);
	if (kind == ROW_TIME)
		return buf_printf(out, "%s", quantity_write_time(text, n));
	if (kind == ROW_PAGES)
		n *= RECORD_PAGE;
	return buf_printf(out, "%s", quantity_write_size(text, n));
}

int
record_table(struct buf *out, const struct msg *record)
{
	for (size_t i = 0; i < sizeof(record_rows) / sizeof(record_rows[0]); i++) {
		enum field_id f = record_rows[i].field;

		if (!msg_has(record, f))
			continue;
		if (buf_printf(out, "  %-16s", record_rows[i].label) == -1 ||
		    record_row(out, record, f, record_rows[i].kind) == -1 ||
		    buf_append(out, "\n", 1) == -1)
			return -1;
	}
	return 0;
}
