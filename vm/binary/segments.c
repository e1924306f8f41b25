/* Element and data segments in the binary format. */
#include "vm/binary/segments.h"

#include "vm/binary/instr.h"
#include "vm/binary/types.h"
#include "vm/vm.h"

#define FEATURE_BIT(id) (UINT64_C(1) << FEATURE_##id)

enum {	/* bits of an element segment's first number */
	ELEM_NOT_ACTIVE = 1,
	ELEM_EXPLICIT = 2,	/* active: has a table index; else declarative */
	ELEM_EXPRS = 4,		/* items are expressions */
	ELEM_FLAGS = 7,
};

enum { DATA_ACTIVE, DATA_PASSIVE, DATA_ACTIVE_EXPLICIT };

struct range
read_expr(struct reader *r, struct module *m)
{
	uint32_t start = reader_offset(r);

	if (!reader_ok(r) || expr_skip(r, m) == -1)
		return (struct range){ 0, 0 };
	return reader_range_from(r, start);
}

static void
read_elem_kind(struct reader *r)
{
	uint32_t start = reader_offset(r);

	if (read_byte(r) != 0)
		reader_fail_at(r, VM_MALFORMED, start,
			"malformed element kind");
}

/* Function indices, or expressions. What stands here may be referred to. */
static void
read_elem_items(struct reader *r, struct module *m, struct elem_segment *s)
{
	uint32_t start;

	s->count = read_count(r, s->is_funcs ? 1 : 2, LIMIT_TABLE_ELEMS,
		"elements");
	start = reader_offset(r);
	for (uint32_t i = 0; i < s->count && reader_ok(r); i++) {
		if (!s->is_funcs) {
			expr_skip(r, m);
		} else {
			uint32_t func = read_u32(r);

			if (func < m->nfuncs)
				m->funcs[func].declared = true;
		}
	}
	if (reader_ok(r))
		s->items = reader_range_from(r, start);
}

void
read_elem_segment(struct reader *r, struct module *m, struct elem_segment *s)
{
	uint32_t start = reader_offset(r);
	uint32_t flags = read_u32(r);

	s->entry = start;
	if (flags > ELEM_FLAGS) {
		reader_fail_at(r, VM_MALFORMED, start,
			"malformed elements segment kind");
		return;
	}
	if (flags & ELEM_NOT_ACTIVE)
		r->features |= FEATURE_BIT(BULK_MEMORY);
	if (flags & ELEM_EXPRS)
		r->features |= FEATURE_BIT(REFERENCE_TYPES);
	s->is_funcs = !(flags & ELEM_EXPRS);
	s->mode = !(flags & ELEM_NOT_ACTIVE) ? SEGMENT_ACTIVE :
		flags & ELEM_EXPLICIT ? SEGMENT_DECLARATIVE : SEGMENT_PASSIVE;
	if (s->mode == SEGMENT_ACTIVE) {
		s->table = flags & ELEM_EXPLICIT ? read_u32(r) : 0;
		s->offset = read_expr(r, m);
	}
	s->type = VALTYPE_REF(!s->is_funcs, HEAP_FUNC);
	if (flags & (ELEM_NOT_ACTIVE | ELEM_EXPLICIT)) {
		if (s->is_funcs)
			read_elem_kind(r);
		else
			s->type = read_reftype(r);
	}
	read_elem_items(r, m, s);
}

void
read_data_segment(struct reader *r, struct module *m, struct data_segment *s)
{
	uint32_t start = reader_offset(r);
	uint32_t flags = read_u32(r);

	s->entry = start;
	if (flags > DATA_ACTIVE_EXPLICIT) {
		reader_fail_at(r, VM_MALFORMED, start,
			"malformed data segment kind");
		return;
	}
	if (flags != DATA_ACTIVE)
		r->features |= FEATURE_BIT(BULK_MEMORY);
	s->mode = flags == DATA_PASSIVE ? SEGMENT_PASSIVE : SEGMENT_ACTIVE;
	if (s->mode == SEGMENT_ACTIVE) {
		s->memory = flags == DATA_ACTIVE_EXPLICIT ? read_u32(r) : 0;
		s->offset = read_expr(r, m);
	}
	s->bytes = read_byte_vec(r);
}
