/* A heap with synthetic types, a limit and an array of roots, for its tests. */
#ifndef TESTS_VM_RUNTIME_HEAP_FIXTURE_H
#define TESTS_VM_RUNTIME_HEAP_FIXTURE_H

#include "tests/cmocka.h"

#include <string.h>

#include "vm/runtime/heap.h"

#define MIB ((uint64_t)1 << 20)
#define ANYREF VALTYPE_REF(true, HEAP_ANY)

enum {
	LEAF,	/* struct (i64) */
	CELL,	/* struct (anyref) */
	PAIR,	/* struct (i64, anyref, anyref) */
	BYTES,	/* array i8 */
	REFS,	/* array anyref */
	VECTORS, /* array v128 */
	FAILURE, /* exception (i32, anyref) */
	NTYPES
};

enum { PAIR_ID, PAIR_A, PAIR_B };	/* fields */

static const struct fieldtype leaf_fields[] = { { VAL_I64, true } };
static const struct fieldtype cell_fields[] = { { ANYREF, true } };
static const struct fieldtype pair_fields[] = {
	{ VAL_I64, true }, { ANYREF, true }, { ANYREF, true },
};
static const valtype failure_params[] = { VAL_I32, ANYREF };

static const struct subtype fixture_types[NTYPES] = {
	[LEAF] = { .kind = COMP_STRUCT, .struct_ = { 1, leaf_fields } },
	[CELL] = { .kind = COMP_STRUCT, .struct_ = { 1, cell_fields } },
	[PAIR] = { .kind = COMP_STRUCT, .struct_ = { 3, pair_fields } },
	[BYTES] = { .kind = COMP_ARRAY, .array = { VAL_I8, true } },
	[REFS] = { .kind = COMP_ARRAY, .array = { ANYREF, true } },
	[VECTORS] = { .kind = COMP_ARRAY, .array = { VAL_V128, true } },
	[FAILURE] = { .kind = COMP_FUNC,
		.func = { .nparams = 2, .params = failure_params } },
};

#define FIXTURE_ROOTS 64

struct fixture {
	struct heap heap;
	struct arena arena;
	struct heap_layout layouts[NTYPES];
	uint64_t roots[FIXTURE_ROOTS];
	int64_t charged, limit;
};

static bool
fixture_charge(void *ctx, int64_t bytes)
{
	struct fixture *f = ctx;

	if (bytes > f->limit - f->charged)
		return false;
	f->charged += bytes;
	assert_true(f->charged >= 0);
	return true;
}

static void
fixture_visit(void *ctx, struct heap *h)
{
	struct fixture *f = ctx;

	heap_mark_slots(h, f->roots, FIXTURE_ROOTS);
}

static void
fixture_init(struct fixture *f, uint64_t limit)
{
	struct heap_config config = { .bytes = limit,
		.charge = fixture_charge, .roots = fixture_visit, .ctx = f };

	memset(f, 0, sizeof(*f));
	f->limit = (int64_t)limit;
	arena_init(&f->arena, 1 << 20);
	for (uint32_t i = 0; i < NTYPES; i++)
		assert_int_equal(heap_layout_init(&f->layouts[i],
		    fixture_types, i, &f->arena), 0);
	assert_int_equal(heap_init(&f->heap, &config), 0);
	heap_set_layouts(&f->heap, f->layouts, NTYPES);
}

static void
fixture_clear(struct fixture *f)
{
	assert_int_equal(f->charged, heap_charged(&f->heap));
	heap_clear(&f->heap);
	arena_clear(&f->arena);
}

/* A field of 8 bytes of a structure, or an element of REFS. */
static inline uint64_t *
fixture_field(struct fixture *f, uint64_t ref, uint32_t i)
{
	struct heap_object *o = heap_object(ref);
	const struct heap_layout *l = &f->layouts[o->type];

	if (l->kind == HEAP_LAYOUT_ARRAY)
		return (uint64_t *)heap_field(o, l->size) + i;
	return heap_field(o, l->offsets[i]);
}

/* All of these give 0 when out of memory. */
static inline uint64_t
fixture_leaf(struct fixture *f, uint64_t value)
{
	uint64_t ref = heap_ref(heap_alloc_struct(&f->heap, LEAF));

	if (ref != 0)
		*fixture_field(f, ref, 0) = value;
	return ref;
}

/* child must be reachable from a root, as operands are. */
static inline uint64_t
fixture_cell(struct fixture *f, uint64_t child)
{
	uint64_t ref = heap_ref(heap_alloc_struct(&f->heap, CELL));

	if (ref != 0)
		*fixture_field(f, ref, 0) = child;
	return ref;
}

static inline uint64_t
fixture_pair(struct fixture *f, uint64_t id, uint64_t a, uint64_t b)
{
	uint64_t ref = heap_ref(heap_alloc_struct(&f->heap, PAIR));

	if (ref != 0) {
		*fixture_field(f, ref, PAIR_ID) = id;
		*fixture_field(f, ref, PAIR_A) = a;
		*fixture_field(f, ref, PAIR_B) = b;
	}
	return ref;
}

/* An array with every byte set. */
static inline uint64_t
fixture_array(struct fixture *f, uint32_t type, uint32_t length, int byte)
{
	struct heap_object *o = heap_alloc_array(&f->heap, type, length);

	if (o != NULL)
		memset(heap_field(o, f->layouts[type].size), byte,
		    (size_t)length << f->layouts[type].elem_log2);
	return heap_ref(o);
}

#endif
