/* The result record of a job. Used by wasmctl. */
#include "client/record.h"

#include <inttypes.h>

#include "client/quantity.h"
#include "client/report.h"
#include "client/text.h"

/* ---- keeping ----------------------------------------------------------- */

struct wasmd_msg *
record_new(const char *status, const char *cause)
{
	struct wasmd_msg *record = wasmd_msg_new("job.exit");

	if (record == NULL ||
	    wasmd_msg_set_str(record, "status", status) == -1 ||
	    wasmd_msg_set_str(record, "cause", cause) == -1)
		report_fatal("out of memory");
	return record;
}

struct wasmd_msg *
record_copy(const struct wasmd_msg *record)
{
	struct wasmd_msg *copy = wasmd_msg_copy(record);

	if (copy == NULL)
		report_fatal("out of memory");
	return copy;
}

/* ---- a table ----------------------------------------------------------- */

enum row_kind {
	ROW_TEXT, ROW_WORDS, ROW_NUMBER, ROW_TIME, ROW_SIZE, ROW_PAGES,
};

/* What is worth a person's while, in an order that reads. */
static const struct {
	const char *field;
	enum row_kind kind;
	const char *label;
} record_rows[] = {
	{ "status", ROW_TEXT, "status" },
	{ "cause", ROW_TEXT, "cause" },
	{ "exit_code", ROW_NUMBER, "exit code" },
	{ "signal", ROW_NUMBER, "signal" },
	{ "wall_us", ROW_TIME, "wall time" },
	{ "cpu_us", ROW_TIME, "CPU time" },
	{ "queued_us", ROW_TIME, "queued" },
	{ "fuel", ROW_NUMBER, "fuel" },
	{ "memory_pages_peak", ROW_PAGES, "guest memory" },
	{ "max_rss", ROW_SIZE, "process memory" },
	{ "bytes_out", ROW_SIZE, "stdout" },
	{ "bytes_err", ROW_SIZE, "stderr" },
	{ "bytes_in", ROW_SIZE, "stdin" },
	{ "module", ROW_TEXT, "module" },
	{ "layers", ROW_WORDS, "layers" },
};

#define RECORD_PAGE 65536	/* of WebAssembly memory */

static int
record_words(struct buf *out, const struct wasmd_msg *record, const char *field)
{
	for (size_t i = 0; i < wasmd_msg_count(record, field); i++) {
		struct wasmd_bytes s = wasmd_msg_item(record, field, i);

		if ((i > 0 && buf_append(out, " ", 1) == -1) ||
		    text_escape(out, s.data, s.len) == -1)
			return -1;
	}
	return 0;
}

static int
record_row(struct buf *out, const struct wasmd_msg *record, const char *field,
	enum row_kind kind)
{
	struct wasmd_bytes s = wasmd_msg_bytes(record, field);
	uint64_t n = wasmd_msg_number(record, field, 0);
	char text[QUANTITY_MAX];

	switch (kind) {
	case ROW_TEXT:
		return text_escape(out, s.data, s.len);
	case ROW_WORDS:
		return record_words(out, record, field);
	case ROW_NUMBER:
		return buf_printf(out, "%" PRIu64, n);
	case ROW_TIME:
		return buf_printf(out, "%s", quantity_write_time(text, n));
	case ROW_SIZE:
		return buf_printf(out, "%s", quantity_write_size(text, n));
	case ROW_PAGES:
		return buf_printf(out, "%s",
			quantity_write_size(text, n * RECORD_PAGE));
	}
	return -1;
}

int
record_table(struct buf *out, const struct wasmd_msg *record)
{
	for (size_t i = 0; i < sizeof(record_rows) / sizeof(record_rows[0]); i++) {
		const char *field = record_rows[i].field;

		if (!wasmd_msg_has(record, field))
			continue;
		if (buf_printf(out, "  %-16s", record_rows[i].label) == -1 ||
		    record_row(out, record, field, record_rows[i].kind) == -1 ||
		    buf_append(out, "\n", 1) == -1)
			return -1;
	}
	return 0;
}
