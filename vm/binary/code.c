/* Function bodies in the binary format: their declarations of locals. */
#include "vm/binary/code.h"

#include <stdlib.h>

#include "vm/binary/types.h"
#include "vm/vm.h"

void
code_locals_init(struct code_locals *l)
{
	*l = (struct code_locals){ .runs = NULL };
}

void
code_locals_clear(struct code_locals *l)
{
	free(l->runs);
	code_locals_init(l);
}

static int
locals_push(struct reader *r, struct code_locals *l, struct local_run run)
{
	if (l->nruns == l->cap) {
		uint32_t cap = l->cap == 0 ? 16 : l->cap * 2;
		struct local_run *runs = realloc(l->runs, cap * sizeof(*runs));

		if (runs == NULL)
			return reader_fail_at(r, VM_NOMEM, reader_offset(r),
				"out of memory");
		l->runs = runs;
		l->cap = cap;
	}
	l->runs[l->nruns++] = run;
	return 0;
}

/* Summed in 64 bits: each run may claim 2^32 - 1 locals. Nothing is kept of
 * what passes the limit, so there are at most LIMIT_LOCALS runs. */
static void
read_locals(struct reader *r, struct code_locals *l)
{
	uint32_t start = reader_offset(r);
	uint32_t n = read_count(r, 2, UINT32_MAX, "local declarations");
	uint64_t total = 0;

	l->nruns = 0;
	for (uint32_t i = 0; i < n && reader_ok(r); i++) {
		struct local_run run = { .count = read_u32(r) };

		run.type = read_valtype(r);
		total += run.count;
		if (run.count > 0 && total <= LIMIT_LOCALS && reader_ok(r))
			locals_push(r, l, run);
	}
	if (total > UINT32_MAX)
		reader_fail_at(r, VM_MALFORMED, start, "too many locals");
	else if (total > LIMIT_LOCALS)
		reader_fail_at(r, VM_LIMIT, start,
			"too many locals: %u, at most %u",
			(unsigned)total, LIMIT_LOCALS);
	l->count = (uint32_t)total;
}

int
code_open(struct reader *r, const struct module *m, uint32_t func,
	struct code_locals *l, struct err *err)
{
	reader_init(r, m->bytes, m->funcs[func].body, err);
	r->needs_data_count = !m->has_data_count;
	read_locals(r, l);
	return reader_ok(r) ? 0 : -1;
}

int
code_close(struct reader *r)
{
	if (!reader_ok(r))
		return -1;
	if (r->pos != r->end)
		return reader_fail_at(r, VM_MALFORMED, reader_offset(r),
			"section size mismatch");
	return 0;
}
