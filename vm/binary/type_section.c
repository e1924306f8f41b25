/*
 * The type section: recursive groups of sub types.
 * https://webassembly.github.io/spec/core/binary/types.html#recursive-types
 */
#include <string.h>

#include "base/buf.h"
#include "vm/binary/types.h"
#include "vm/vm.h"

enum {
	CODE_FUNC = 0x60, CODE_STRUCT = 0x5f, CODE_ARRAY = 0x5e,
	CODE_SUB = 0x50, CODE_SUB_FINAL = 0x4f, CODE_REC = 0x4e,
	CODE_I8 = 0x78, CODE_I16 = 0x77,
};

#define FEATURE_BIT(id) (UINT64_C(1) << FEATURE_##id)

static int
fail_nomem(struct reader *r)
{
	return reader_fail_at(r, VM_NOMEM, reader_offset(r), "out of memory");
}

static uint32_t
count_slots(const valtype *types, uint32_t n)
{
	uint32_t slots = 0;

	for (uint32_t i = 0; i < n; i++)
		slots += valtype_slots(types[i]);
	return slots;
}

static uint32_t
read_valtypes(struct reader *r, valtype *to, uint32_t limit, const char *what)
{
	uint32_t n = read_count(r, 1, limit, what);

	for (uint32_t i = 0; i < n && reader_ok(r); i++)
		to[i] = read_valtype(r);
	return n;
}

static void
read_functype(struct reader *r, struct module *m, struct functype *f)
{
	valtype types[LIMIT_PARAMS + LIMIT_RESULTS];
	valtype *copy;

	f->nparams = read_valtypes(r, types, LIMIT_PARAMS, "parameters");
	f->nresults = read_valtypes(r, types + f->nparams, LIMIT_RESULTS,
		"results");
	if (f->nresults > 1)
		r->features |= FEATURE_BIT(MULTI_VALUE);
	if (!reader_ok(r))
		return;
	copy = arena_alloc(&m->arena, f->nparams + f->nresults, sizeof(*copy));
	if (copy == NULL) {
		fail_nomem(r);
		return;
	}
	for (uint32_t i = 0; i < f->nparams + f->nresults; i++)
		copy[i] = types[i];
	f->params = copy;
	f->results = copy + f->nparams;
	f->param_slots = count_slots(f->params, f->nparams);
	f->result_slots = count_slots(f->results, f->nresults);
}

static struct fieldtype
read_fieldtype(struct reader *r)
{
	struct fieldtype f = { .type = VAL_BOT };
	uint32_t start = reader_offset(r);
	uint8_t byte = read_byte(r);
	uint8_t mutability;

	if (byte == CODE_I8)
		f.type = VAL_I8;
	else if (byte == CODE_I16)
		f.type = VAL_I16;
	else
		f.type = read_valtype_rest(r, byte);
	if (f.type == VAL_BOT)
		reader_fail_at(r, VM_MALFORMED, start,
			"malformed storage type");
	start = reader_offset(r);
	mutability = read_byte(r);
	if (mutability > 1)
		reader_fail_at(r, VM_MALFORMED, start, "malformed mutability");
	f.mutable = mutability == 1;
	return f;
}

static void
read_structtype(struct reader *r, struct module *m, struct structtype *s)
{
	struct fieldtype *fields;

	s->nfields = read_count(r, 2, LIMIT_STRUCT_FIELDS, "fields");
	fields = arena_alloc(&m->arena, s->nfields, sizeof(*fields));
	if (fields == NULL) {
		fail_nomem(r);
		return;
	}
	for (uint32_t i = 0; i < s->nfields && reader_ok(r); i++)
		fields[i] = read_fieldtype(r);
	s->fields = fields;
}

static void
read_comptype(struct reader *r, struct module *m, uint8_t code,
	uint32_t start, struct subtype *t)
{
	switch (code) {
	case CODE_FUNC:
		t->kind = COMP_FUNC;
		read_functype(r, m, &t->func);
		break;
	case CODE_STRUCT:
		t->kind = COMP_STRUCT;
		r->features |= FEATURE_BIT(GC);
		read_structtype(r, m, &t->struct_);
		break;
	case CODE_ARRAY:
		t->kind = COMP_ARRAY;
		r->features |= FEATURE_BIT(GC);
		t->array = read_fieldtype(r);
		break;
	default:
		reader_fail_at(r, VM_MALFORMED, start,
			"malformed definition type");
	}
}

/* The format allows several supertypes; validation allows one. */
static uint32_t
read_supertypes(struct reader *r)
{
	uint32_t n = read_count(r, 1, UINT32_MAX, "supertypes");
	uint32_t super = TYPE_NONE;

	for (uint32_t i = 0; i < n && reader_ok(r); i++)
		super = read_u32(r);
	return n > 1 || (n == 1 && super == TYPE_NONE) ? TYPE_BAD : super;
}

/* A sub type whose first byte, at offset start, was read. A plain composite
 * type stands for a final one without supertypes. */
static void
read_subtype(struct reader *r, struct module *m, uint8_t code,
	uint32_t start, struct subtype *t)
{
	*t = (struct subtype){ .final = true, .super = TYPE_NONE,
		.offset = start };
	if (code == CODE_SUB || code == CODE_SUB_FINAL) {
		r->features |= FEATURE_BIT(GC);
		t->final = code == CODE_SUB_FINAL;
		t->super = read_supertypes(r);
		start = reader_offset(r);
		code = read_byte(r);
	}
	if (reader_ok(r))
		read_comptype(r, m, code, start, t);
}

/* One recursive group, appended to types. */
static void
read_rectype(struct reader *r, struct module *m, struct buf *types)
{
	uint32_t start = reader_offset(r);
	uint32_t group = (uint32_t)(types->len / sizeof(struct subtype));
	uint8_t code = read_byte(r);
	bool explicit = code == CODE_REC;
	uint32_t n = 1;
	struct subtype t;

	if (explicit) {
		r->features |= FEATURE_BIT(GC);
		n = read_count(r, 1, LIMIT_REC_GROUP, "types in a group");
	}
	if (n > LIMIT_TYPES - group)
		reader_fail_at(r, VM_LIMIT, start,
			"too many types: at most %u", LIMIT_TYPES);
	for (uint32_t i = 0; i < n && reader_ok(r); i++) {
		if (explicit) {
			start = reader_offset(r);
			code = read_byte(r);
		}
		read_subtype(r, m, code, start, &t);
		t.group_start = group;
		t.group_len = n;
		if (reader_ok(r) && buf_append(types, &t, sizeof(t)) == -1)
			fail_nomem(r);
	}
}

int
read_type_section(struct reader *r, struct module *m)
{
	uint32_t n = read_count(r, 1, LIMIT_TYPES, "types");
	struct buf types;

	buf_init(&types, (size_t)LIMIT_TYPES * sizeof(struct subtype));
	for (uint32_t i = 0; i < n && reader_ok(r); i++)
		read_rectype(r, m, &types);
	if (reader_ok(r)) {
		m->ntypes = (uint32_t)(types.len / sizeof(struct subtype));
		m->types = arena_alloc(&m->arena, m->ntypes,
			sizeof(struct subtype));
		if (m->types == NULL)
			fail_nomem(r);
		else if (types.len > 0)
			memcpy(m->types, types.data, types.len);
	}
	buf_clear(&types);
	return reader_ok(r) ? 0 : -1;
}
