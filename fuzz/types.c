/* The types of generated modules and how they are written. */
#include "fuzz/types.h"

#include <stdlib.h>

const struct signature fixed_signatures[] = {
	{ 0, 0, { 0 }, { 0 } },
	{ 1, 0, { VAL_I32 }, { 0 } },
	{ 2, 0, { VAL_I64, VAL_F64 }, { 0 } },
	{ 0, 2, { 0 }, { VAL_I64, VAL_F64 } },
	{ 0, 3, { 0 }, { VAL_I64, VAL_F64, REF_NULL(HEAP_EXN) } },
	{ 0, 2, { 0 }, { VAL_I32, REF_NULL(HEAP_EXN) } },
	{ 2, 1, { VAL_I32, VAL_I64 }, { VAL_I32 } },
};

static const struct {
	unsigned n;
	valtype fields[FIELDS_MAX];
} aggregates[TYPE_FIXED_GROUP] = {
	[TYPE_STRUCT] = { 5, { VAL_I32, VAL_I8, VAL_I64,
		REF_NULL(TYPE_STRUCT), REF_NULL(HEAP_ANY) } },
	[TYPE_SUBSTRUCT] = { 8, { VAL_I32, VAL_I8, VAL_I64,
		REF_NULL(TYPE_STRUCT), REF_NULL(HEAP_ANY), VAL_F64, VAL_V128,
		VAL_I16 } },
	[TYPE_ARRAY_I8] = { 1, { VAL_I8 } },
	[TYPE_ARRAY_I16] = { 1, { VAL_I16 } },
	[TYPE_ARRAY_I32] = { 1, { VAL_I32 } },
	[TYPE_ARRAY_I64] = { 1, { VAL_I64 } },
	[TYPE_ARRAY_F32] = { 1, { VAL_F32 } },
	[TYPE_ARRAY_V128] = { 1, { VAL_V128 } },
	[TYPE_ARRAY_ANY] = { 1, { REF_NULL(HEAP_ANY) } },
	[TYPE_ARRAY_FUNC] = { 1, { REF_NULL(HEAP_FUNC) } },
};

unsigned
type_fields(uint32_t type, const valtype **out)
{
	*out = aggregates[type].fields;
	return aggregates[type].n;
}

bool
type_is_array(uint32_t type)
{
	return type >= TYPE_ARRAY_I8 && type <= TYPE_ARRAY_FUNC;
}

valtype
type_unpacked(valtype field)
{
	return field == VAL_I8 || field == VAL_I16 ? VAL_I32 : field;
}

/* The next heap type up its hierarchy; HEAP_BOT above the top. */
static heaptype
heap_super(heaptype h)
{
	if (h == TYPE_SUBSTRUCT)
		return TYPE_STRUCT;
	if (h == TYPE_STRUCT)
		return HEAP_STRUCT;
	if (heaptype_is_index(h))
		return type_is_array(h) ? HEAP_ARRAY : HEAP_FUNC;
	switch (h) {
	case HEAP_I31:
	case HEAP_STRUCT:
	case HEAP_ARRAY:
		return HEAP_EQ;
	case HEAP_EQ:
		return HEAP_ANY;
	default:
		return HEAP_BOT;
	}
}

bool
type_matches(valtype sub, valtype super)
{
	heaptype h = valtype_heap(sub);

	if (sub == super)
		return true;
	if (!valtype_is_ref(sub) || !valtype_is_ref(super) ||
	    (valtype_is_nullable(sub) && !valtype_is_nullable(super)))
		return false;
	while (h != HEAP_BOT && h != valtype_heap(super))
		h = heap_super(h);
	return h != HEAP_BOT;
}

/* ---- writing ----------------------------------------------------------- */

void
write_byte(struct buf *out, unsigned byte)
{
	uint8_t b = (uint8_t)byte;

	if (buf_append(out, &b, 1) == -1)
		abort();
}

void
write_u(struct buf *out, uint64_t n)
{
	for (; n > 0x7f; n >>= 7)
		write_byte(out, 0x80 | (n & 0x7f));
	write_byte(out, (unsigned)n);
}

void
write_s(struct buf *out, int64_t n)
{
	for (; n < -0x40 || n > 0x3f; n >>= 7)
		write_byte(out, 0x80 | (n & 0x7f));
	write_byte(out, n & 0x7f);
}

void
type_write_heap(struct buf *out, heaptype h)
{
	static const uint8_t codes[] = {
		0x70, 0x73, 0x6f, 0x72, 0x6e, 0x6d, 0x6c, 0x6b, 0x6a, 0x71,
		0x69, 0x74,
	};

	if (heaptype_is_index(h))
		write_s(out, h);
	else
		write_byte(out, codes[h - HEAP_FIRST_ABSTRACT]);
}

void
type_write(struct buf *out, valtype t)
{
	static const uint8_t codes[] = {
		[VAL_I32] = 0x7f, [VAL_I64] = 0x7e, [VAL_F32] = 0x7d,
		[VAL_F64] = 0x7c, [VAL_V128] = 0x7b, [VAL_I8] = 0x78,
		[VAL_I16] = 0x77,
	};

	if (!valtype_is_ref(t)) {
		write_byte(out, codes[valtype_kind(t)]);
		return;
	}
	write_byte(out, valtype_is_nullable(t) ? 0x63 : 0x64);
	type_write_heap(out, valtype_heap(t));
}

void
type_write_group(struct buf *out)
{
	write_byte(out, 0x4e);
	write_u(out, TYPE_FIXED_GROUP);
	for (uint32_t i = 0; i < TYPE_FIXED_GROUP; i++) {
		if (i == TYPE_STRUCT) {
			write_byte(out, 0x50);
			write_u(out, 0);
		} else if (i == TYPE_SUBSTRUCT) {
			write_byte(out, 0x4f);
			write_u(out, 1);
			write_u(out, TYPE_STRUCT);
		}
		write_byte(out, type_is_array(i) ? 0x5e : 0x5f);
		if (!type_is_array(i))
			write_u(out, aggregates[i].n);
		for (unsigned f = 0; f < aggregates[i].n; f++) {
			type_write(out, aggregates[i].fields[f]);
			write_byte(out, 1);
		}
	}
}

void
type_write_signature(struct buf *out, const struct signature *s)
{
	write_byte(out, 0x60);
	write_u(out, s->nparams);
	for (unsigned i = 0; i < s->nparams; i++)
		type_write(out, s->params[i]);
	write_u(out, s->nresults);
	for (unsigned i = 0; i < s->nresults; i++)
		type_write(out, s->results[i]);
}
