/* Types in the binary format: values, references, limits. */
#include "vm/binary/types.h"

#include "vm/vm.h"

/* The negative s33 numbers of the binary format, as bytes. */
enum {
	CODE_I32 = 0x7f, CODE_I64 = 0x7e, CODE_F32 = 0x7d, CODE_F64 = 0x7c,
	CODE_V128 = 0x7b,
	CODE_NOEXN = 0x74, CODE_NOFUNC = 0x73, CODE_NOEXTERN = 0x72,
	CODE_NONE = 0x71, CODE_FUNC = 0x70, CODE_EXTERN = 0x6f,
	CODE_ANY = 0x6e, CODE_EQ = 0x6d, CODE_I31 = 0x6c, CODE_STRUCT = 0x6b,
	CODE_ARRAY = 0x6a, CODE_EXN = 0x69,
	CODE_REF = 0x64, CODE_REF_NULL = 0x63,
	CODE_EMPTY = 0x40,
};

enum {	/* flags of limits */
	LIMITS_HAS_MAX = 0x01,
	LIMITS_SHARED = 0x02,
	LIMITS_64 = 0x04,
	LIMITS_PAGE_SIZE = 0x08,
};

#define FEATURE_BIT(id) (UINT64_C(1) << FEATURE_##id)
#define PAGE_LOG2_DEFAULT 16

static const heaptype abstract_heaptypes[0x80] = {
	[CODE_NOEXN] = HEAP_NOEXN, [CODE_NOFUNC] = HEAP_NOFUNC,
	[CODE_NOEXTERN] = HEAP_NOEXTERN, [CODE_NONE] = HEAP_NONE,
	[CODE_FUNC] = HEAP_FUNC, [CODE_EXTERN] = HEAP_EXTERN,
	[CODE_ANY] = HEAP_ANY, [CODE_EQ] = HEAP_EQ, [CODE_I31] = HEAP_I31,
	[CODE_STRUCT] = HEAP_STRUCT, [CODE_ARRAY] = HEAP_ARRAY,
	[CODE_EXN] = HEAP_EXN,
};

static const valtype number_types[0x80] = {
	[CODE_I32] = VAL_I32, [CODE_I64] = VAL_I64, [CODE_F32] = VAL_F32,
	[CODE_F64] = VAL_F64, [CODE_V128] = VAL_V128,
};

static uint64_t
heaptype_features(heaptype h)
{
	switch (h) {
	case HEAP_FUNC:
	case HEAP_EXTERN:
		return FEATURE_BIT(REFERENCE_TYPES);
	case HEAP_EXN:
	case HEAP_NOEXN:
		return FEATURE_BIT(EXCEPTIONS);
	default:
		return FEATURE_BIT(GC);
	}
}

heaptype
read_heaptype(struct reader *r)
{
	uint32_t start = reader_offset(r);
	int64_t index;

	if (r->pos < r->end && *r->pos < 0x80 &&
	    abstract_heaptypes[*r->pos] != 0) {
		heaptype heap = abstract_heaptypes[*r->pos++];

		r->features |= heaptype_features(heap);
		return heap;
	}
	index = read_s33(r);
	if (index < 0) {
		reader_fail_at(r, VM_MALFORMED, start, "malformed heap type");
		return HEAP_NO_SUCH_INDEX;
	}
	r->features |= FEATURE_BIT(REFERENCE_TYPES) |
		FEATURE_BIT(FUNCTION_REFERENCES);
	return index < HEAP_NO_SUCH_INDEX ? (heaptype)index : HEAP_NO_SUCH_INDEX;
}

valtype
read_valtype_rest(struct reader *r, uint8_t byte)
{
	heaptype heap;

	if (byte >= 0x80)
		return VAL_BOT;
	if (number_types[byte] != 0) {
		if (byte == CODE_V128)
			r->features |= FEATURE_BIT(SIMD);
		return number_types[byte];
	}
	heap = abstract_heaptypes[byte];
	if (heap != 0) {
		r->features |= heaptype_features(heap);
		return VALTYPE_REF(true, heap);
	}
	if (byte != CODE_REF && byte != CODE_REF_NULL)
		return VAL_BOT;
	r->features |= FEATURE_BIT(REFERENCE_TYPES) |
		FEATURE_BIT(FUNCTION_REFERENCES);
	heap = read_heaptype(r);
	return VALTYPE_REF(byte == CODE_REF_NULL, heap);
}

valtype
read_valtype(struct reader *r)
{
	uint32_t start = reader_offset(r);
	valtype type = read_valtype_rest(r, read_byte(r));

	if (type == VAL_BOT)
		reader_fail_at(r, VM_MALFORMED, start, "malformed value type");
	return type;
}

valtype
read_reftype(struct reader *r)
{
	uint32_t start = reader_offset(r);
	valtype type = read_valtype_rest(r, read_byte(r));

	if (!valtype_is_ref(type))
		reader_fail_at(r, VM_MALFORMED, start,
			"malformed reference type");
	return type;
}

struct blocktype
read_blocktype(struct reader *r)
{
	uint32_t start = reader_offset(r);
	struct blocktype block = { .kind = BLOCK_EMPTY };
	int64_t index;

	if (r->pos < r->end && *r->pos == CODE_EMPTY) {
		r->pos++;
		return block;
	}
	if (r->pos < r->end && (*r->pos & 0xc0) == 0x40) {
		block.kind = BLOCK_VALUE;
		block.value = read_valtype(r);
		return block;
	}
	index = read_s33(r);
	if (index < 0)
		reader_fail_at(r, VM_MALFORMED, start, "malformed block type");
	r->features |= FEATURE_BIT(MULTI_VALUE);
	block.kind = BLOCK_TYPE;
	block.type = (uint32_t)index;
	return block;
}

/* Flags and bounds; returns the flags. Bounds have 64 bits whatever the
 * address type: one too large for it is invalid, not malformed. */
static uint8_t
read_limits(struct reader *r, uint8_t allowed, struct limits *limits)
{
	uint32_t start = reader_offset(r);
	uint8_t flags = read_byte(r);

	if (flags & LIMITS_SHARED && flags <= (allowed | LIMITS_SHARED))
		reader_fail_at(r, VM_MALFORMED, start, "malformed limits flags:"
			" shared memory (threads) is not supported");
	else if (flags & ~allowed)
		reader_fail_at(r, VM_MALFORMED, start,
			"malformed limits flags");
	limits->has_max = flags & LIMITS_HAS_MAX;
	limits->is64 = flags & LIMITS_64;
	if (limits->is64)
		r->features |= FEATURE_BIT(MEMORY64);
	limits->min = read_u64(r);
	limits->max = limits->has_max ? read_u64(r) : 0;
	return flags;
}

void
read_tabletype(struct reader *r, struct tabletype *t)
{
	/* WebAssembly 1.0 had tables of functions, and no other references. */
	if (r->pos < r->end && *r->pos == CODE_FUNC) {
		r->pos++;
		t->elem = VALTYPE_FUNCREF;
	} else {
		t->elem = read_reftype(r);
		r->features |= FEATURE_BIT(REFERENCE_TYPES);
	}
	read_limits(r, LIMITS_HAS_MAX | LIMITS_64, &t->limits);
}

/* With custom page sizes, the logarithm of the size follows the bounds. What
 * it may be is for validation to say; what does not fit is invalid too. */
void
read_memtype(struct reader *r, struct memtype *t)
{
	uint32_t log2;

	t->page_log2 = PAGE_LOG2_DEFAULT;
	if (!(read_limits(r, LIMITS_HAS_MAX | LIMITS_64 | LIMITS_PAGE_SIZE,
	    &t->limits) & LIMITS_PAGE_SIZE))
		return;
	r->features |= FEATURE_BIT(CUSTOM_PAGE_SIZES);
	log2 = read_u32(r);
	t->page_log2 = log2 < UINT8_MAX ? (uint8_t)log2 : UINT8_MAX;
}

void
read_globaltype(struct reader *r, struct globaltype *t)
{
	uint32_t start;
	uint8_t mutability;

	t->type = read_valtype(r);
	start = reader_offset(r);
	mutability = read_byte(r);
	if (mutability > 1)
		reader_fail_at(r, VM_MALFORMED, start, "malformed mutability");
	t->mutable = mutability == 1;
}

uint32_t
read_tagtype(struct reader *r)
{
	uint32_t start = reader_offset(r);

	if (read_byte(r) != 0)
		reader_fail_at(r, VM_MALFORMED, start,
			"malformed tag attribute");
	r->features |= FEATURE_BIT(EXCEPTIONS);
	return read_u32(r);
}
