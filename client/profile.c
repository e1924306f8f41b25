/* Profiles of calls. Used by wasmctl. */
#include "client/profile.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "client/quantity.h"
#include "client/text.h"

/* ---- reading ----------------------------------------------------------- */

static void
profile_row(struct profile_report *r, const char *line)
{
	struct profile_row row;
	int at = 0;

	if (sscanf(line, "%c %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64
		" %" SCNu64 " %" SCNu64 "%n", &row.kind, &row.index,
		&row.calls, &row.fuel, &row.total_fuel, &row.ns, &row.total_ns,
		&at) != 7 || line[at] != ' ' ||
	    strchr("fhoi", row.kind) == NULL)
		return;
	snprintf(row.name, sizeof(row.name), "%s", line + at + 1);
	if (row.kind == 'i' && r->ninstrs < PROFILE_ROWS_MAX)
		r->instrs[r->ninstrs++] = row;
	else if (row.kind != 'i' && r->count < PROFILE_ROWS_MAX)
		r->rows[r->count++] = row;
}

static void
profile_line(struct profile *p, const char *line)
{
	struct profile_report *r = &p->reports[p->coming];

	if (sscanf(line, "profile %" SCNu64 " %" SCNu64, &r->wall_ns,
	    &r->functions) == 2) {
		r->count = 0;
		r->ninstrs = 0;
		p->is_open = true;
	} else if (p->is_open && strcmp(line, "end") == 0) {
		p->is_open = false;
		p->has = true;
		p->coming = 1 - p->coming;
	} else if (p->is_open) {
		profile_row(r, line);
	}
}

void
profile_push(struct profile *p, const char *data, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (data[i] != '\n') {
			/* Of a line that is too long the front is kept. */
			if (p->len < PROFILE_LINE_MAX - 1)
				p->line[p->len++] = data[i];
			continue;
		}
		p->line[p->len] = '\0';
		p->len = 0;
		profile_line(p, p->line);
	}
}

const struct profile_report *
profile_last(const struct profile *p)
{
	return p->has ? &p->reports[1 - p->coming] : NULL;
}

/* ---- sums -------------------------------------------------------------- */

static void
row_add(struct profile_row *to, const struct profile_row *row)
{
	to->calls += row->calls;
	to->fuel += row->fuel;
	to->ns += row->ns;
}

static struct profile_row
report_sum(const struct profile_report *r)
{
	struct profile_row sum = { .kind = 'o' };

	for (unsigned i = 0; i < r->count; i++)
		row_add(&sum, &r->rows[i]);
	return sum;
}

/* ---- a table ----------------------------------------------------------- */

/* Rows of less than this part of all time are shown together, but for some. */
#define TABLE_PART 1000
#define TABLE_LEAST 20

static int
table_percent(struct buf *out, uint64_t part, uint64_t all)
{
	return buf_printf(out, "%7.1f%%", all == 0 ? 0.0 :
		100.0 * (double)part / (double)all);
}

static int
table_row(struct buf *out, const struct profile_row *row, uint64_t all_ns)
{
	if (table_percent(out, row->ns, all_ns) == -1 ||
	    (row->kind == 'o' ? buf_printf(out, "%8s", "-") :
		table_percent(out, row->total_ns, all_ns)) == -1 ||
	    buf_printf(out, " %12" PRIu64 " %14" PRIu64 "  ", row->calls,
		row->fuel) == -1)
		return -1;
	if (row->kind == 'f' && strcmp(row->name, "?") == 0)
		return buf_printf(out, "func %" PRIu64 "\n", row->index);
	if (text_escape(out, row->name, strlen(row->name)) == -1)
		return -1;
	return buf_append(out, "\n", 1);
}

/* All that has no line of its own. */
static int
table_others(struct buf *out, const struct profile_report *r, unsigned shown,
	uint64_t all_ns)
{
	struct profile_row others = { .kind = 'o' };

	for (unsigned i = shown; i < r->count; i++)
		row_add(&others, &r->rows[i]);
	if (r->functions <= shown)
		return 0;
	snprintf(others.name, sizeof(others.name), "(%" PRIu64 " others)",
		r->functions - shown);
	return table_row(out, &others, all_ns);
}

static int
table_instrs(struct buf *out, const struct profile_report *r)
{
	uint64_t all = 0;

	for (unsigned i = 0; i < r->ninstrs; i++)
		all += r->instrs[i].calls;
	if (r->ninstrs > 0 && buf_printf(out, "%8s %14s  %s\n", "",
		    "executed", "internal instruction") == -1)
		return -1;
	for (unsigned i = 0; i < r->ninstrs; i++) {
		const struct profile_row *row = &r->instrs[i];

		if (i >= TABLE_LEAST && row->calls <= all / TABLE_PART)
			break;
		if (table_percent(out, row->calls, all) == -1 ||
		    buf_printf(out, " %14" PRIu64 "  ", row->calls) == -1 ||
		    text_escape(out, row->name, strlen(row->name)) == -1 ||
		    buf_append(out, "\n", 1) == -1)
			return -1;
	}
	return 0;
}

int
profile_table(struct buf *out, const struct profile_report *r)
{
	struct profile_row sum = report_sum(r);
	char time[QUANTITY_MAX];
	unsigned n = 0;

	while (n < r->count && r->rows[n].kind != 'o' &&
	    (n < TABLE_LEAST || r->rows[n].ns > sum.ns / TABLE_PART))
		n++;
	if (buf_printf(out, "profile: %s, %" PRIu64 " instructions, %" PRIu64
		" function%s\n%8s%8s %12s %14s  %s\n",
		quantity_write_time(time, r->wall_ns / 1000), sum.fuel,
		r->functions, r->functions == 1 ? "" : "s", "self", "total",
		"calls", "instructions", "function") == -1)
		return -1;
	for (unsigned i = 0; i < n; i++) {
		if (table_row(out, &r->rows[i], sum.ns) == -1)
			return -1;
	}
	return table_others(out, r, n, sum.ns) == -1 ? -1 :
		table_instrs(out, r);
}

/* ---- JSON -------------------------------------------------------------- */

static int
json_row(struct buf *out, const struct profile_row *row)
{
	const char *kind = row->kind == 'f' ? "guest" :
		row->kind == 'h' ? "host" : "others";

	if (buf_printf(out, "{\"kind\":\"%s\",", kind) == -1)
		return -1;
	if (row->kind == 'f' &&
	    buf_printf(out, "\"index\":%" PRIu64 ",", row->index) == -1)
		return -1;
	if (buf_printf(out, "\"name\":") == -1 ||
	    text_json(out, row->name, strlen(row->name)) == -1)
		return -1;
	return buf_printf(out, ",\"calls\":%" PRIu64 ",\"instructions\":%" PRIu64
		",\"total_instructions\":%" PRIu64 ",\"ns\":%" PRIu64
		",\"total_ns\":%" PRIu64 "}", row->calls, row->fuel,
		row->total_fuel, row->ns, row->total_ns);
}

static int
json_instrs(struct buf *out, const struct profile_report *r)
{
	if (r->ninstrs == 0)
		return 0;
	for (unsigned i = 0; i < r->ninstrs; i++) {
		const struct profile_row *row = &r->instrs[i];

		if (buf_printf(out, "%s{\"name\":", i == 0 ?
			    ",\"internal\":[" : ",") == -1 ||
		    text_json(out, row->name, strlen(row->name)) == -1 ||
		    buf_printf(out, ",\"executed\":%" PRIu64 "}",
			    row->calls) == -1)
			return -1;
	}
	return buf_append(out, "]", 1);
}

int
profile_json(struct buf *out, const struct profile_report *r)
{
	if (buf_printf(out, "{\"wall_ns\":%" PRIu64 ",\"called\":%" PRIu64
		",\"functions\":[", r->wall_ns, r->functions) == -1)
		return -1;
	for (unsigned i = 0; i < r->count; i++) {
		if ((i > 0 && buf_append(out, ",", 1) == -1) ||
		    json_row(out, &r->rows[i]) == -1)
			return -1;
	}
	return buf_append(out, "]", 1) == -1 || json_instrs(out, r) == -1 ? -1 :
		buf_append(out, "}", 1);
}
