/* The registry: equal groups share ids, subtyping by ids. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "vm/syntax/canon.h"

static struct canon canon;

static int
setup(void **state)
{
	canon_init(&canon);
	return 0;
}

static int
teardown(void **state)
{
	canon_clear(&canon);
	return 0;
}

/* An array type as member `at` of a group. */
static struct subtype
array_of(valtype elem, uint32_t super, uint32_t group, uint32_t len)
{
	return (struct subtype){ .kind = COMP_ARRAY, .super = super,
		.group_start = group, .group_len = len,
		.array = { elem, false } };
}

static uint32_t
add_alone(struct subtype t)
{
	assert_int_equal(canon_add(&canon, &t, 0), CANON_OK);
	return t.canon;
}

static void
test_equal_types_have_equal_ids(void **state)
{
	uint32_t a = add_alone(array_of(VAL_I32, TYPE_NONE, 0, 1));
	uint32_t b = add_alone(array_of(VAL_I64, TYPE_NONE, 0, 1));

	assert_int_not_equal(a, b);
	assert_int_equal(add_alone(array_of(VAL_I32, TYPE_NONE, 0, 1)), a);
	assert_int_equal(canon.ntypes, 2);
}

static void
test_every_part_of_a_type_counts(void **state)
{
	struct subtype t = array_of(VAL_I32, TYPE_NONE, 0, 1);
	uint32_t plain = add_alone(t);

	t.final = true;
	assert_int_not_equal(add_alone(t), plain);
	t.final = false;
	t.array.mutable = true;
	assert_int_not_equal(add_alone(t), plain);
	assert_int_equal(canon.ntypes, 3);
}

/* A reference to itself is not one to a type of another group. */
static void
test_references_inside_a_group_are_relative(void **state)
{
	struct subtype types[] = {
		array_of(VALTYPE_REF(true, 0), TYPE_NONE, 0, 1),
		array_of(VALTYPE_REF(true, 1), TYPE_NONE, 1, 1),
		array_of(VALTYPE_REF(true, 0), TYPE_NONE, 2, 1),
	};

	for (uint32_t i = 0; i < 3; i++)
		assert_int_equal(canon_add(&canon, types, i), CANON_OK);
	assert_int_equal(types[0].canon, types[1].canon);
	assert_int_not_equal(types[0].canon, types[2].canon);
}

static void
test_a_type_is_its_place_in_its_group(void **state)
{
	struct subtype types[] = {
		array_of(VAL_I32, TYPE_NONE, 0, 2),
		array_of(VAL_I32, TYPE_NONE, 0, 2),
	};

	assert_int_equal(canon_add(&canon, types, 0), CANON_OK);
	assert_int_not_equal(types[0].canon, types[1].canon);
	assert_int_not_equal(add_alone(array_of(VAL_I32, TYPE_NONE, 0, 1)),
		types[0].canon);
}

#define CHAIN (LIMIT_SUBTYPE_DEPTH + 1)

/* Types 0 to CHAIN - 1, each a subtype of the one before. */
static void
make_chain(struct subtype *types, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		types[i] = array_of(VAL_I32, i == 0 ? TYPE_NONE : i - 1, i, 1);
}

static void
test_subtypes_at_every_distance(void **state)
{
	struct subtype types[CHAIN];

	make_chain(types, CHAIN);
	for (uint32_t i = 0; i < CHAIN; i++)
		assert_int_equal(canon_add(&canon, types, i), CANON_OK);
	for (uint32_t a = 0; a < CHAIN; a++) {
		for (uint32_t b = 0; b < CHAIN; b++)
			assert_int_equal(canon_is_subtype(&canon,
				types[a].canon, types[b].canon), a >= b);
	}
}

static void
test_siblings_are_not_subtypes(void **state)
{
	struct subtype types[] = {
		array_of(VAL_I32, TYPE_NONE, 0, 1),
		array_of(VAL_I32, 0, 1, 1),
		array_of(VAL_I32, 0, 2, 1),
		array_of(VAL_I32, 2, 3, 1),
	};

	types[2].final = false;
	types[1].final = true;
	for (uint32_t i = 0; i < 4; i++)
		assert_int_equal(canon_add(&canon, types, i), CANON_OK);
	assert_false(canon_is_subtype(&canon, types[3].canon, types[1].canon));
	assert_false(canon_is_subtype(&canon, types[1].canon, types[2].canon));
	assert_true(canon_is_subtype(&canon, types[3].canon, types[0].canon));
}

static void
test_chains_have_a_limit(void **state)
{
	struct subtype types[CHAIN + 1];

	make_chain(types, CHAIN + 1);
	for (uint32_t i = 0; i < CHAIN; i++)
		assert_int_equal(canon_add(&canon, types, i), CANON_OK);
	assert_int_equal(canon_add(&canon, types, CHAIN), CANON_TOO_DEEP);
}

static void
test_abstract_heap_types(void **state)
{
	uint32_t array = add_alone(array_of(VAL_I32, TYPE_NONE, 0, 1));
	static const heaptype all[] = { HEAP_FUNC, HEAP_NOFUNC, HEAP_EXTERN,
		HEAP_NOEXTERN, HEAP_ANY, HEAP_EQ, HEAP_I31, HEAP_STRUCT,
		HEAP_ARRAY, HEAP_NONE, HEAP_EXN, HEAP_NOEXN };

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		bool above = all[i] == HEAP_ANY || all[i] == HEAP_EQ ||
			all[i] == HEAP_ARRAY;

		assert_int_equal(canon_heaptype_match(&canon, array, all[i]),
			above);
		assert_int_equal(canon_heaptype_match(&canon, all[i], array),
			all[i] == HEAP_NONE);
		assert_true(canon_heaptype_match(&canon, HEAP_BOT, all[i]));
	}
	assert_true(canon_heaptype_match(&canon, HEAP_I31, HEAP_EQ));
	assert_false(canon_heaptype_match(&canon, HEAP_FUNC, HEAP_ANY));
}

static void
test_nullable_references_are_above_others(void **state)
{
	assert_true(canon_valtype_match(&canon, VALTYPE_REF(false, HEAP_EQ),
		VALTYPE_REF(true, HEAP_ANY)));
	assert_false(canon_valtype_match(&canon, VALTYPE_REF(true, HEAP_EQ),
		VALTYPE_REF(false, HEAP_ANY)));
	assert_true(canon_valtype_match(&canon, VAL_BOT, VAL_I32));
	assert_false(canon_valtype_match(&canon, VAL_I32, VAL_I64));
	assert_false(canon_valtype_match(&canon, VAL_I32, VALTYPE_FUNCREF));
}

static void
test_many_groups(void **state)
{
	for (uint32_t i = 0; i < 20000; i++) {
		struct subtype t = array_of(i == 0 ? (valtype)VAL_I32 :
			VALTYPE_REF(true, 0), TYPE_NONE, 1, 1);
		struct subtype types[2] = { { .canon = i - 1 }, t };

		if (i == 0)
			types[1].array.type = VAL_I32;
		assert_int_equal(canon_add(&canon, types, 1), CANON_OK);
		assert_int_equal(types[1].canon, i);
	}
}

#define UNIT(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT(test_equal_types_have_equal_ids),
		UNIT(test_every_part_of_a_type_counts),
		UNIT(test_references_inside_a_group_are_relative),
		UNIT(test_a_type_is_its_place_in_its_group),
		UNIT(test_subtypes_at_every_distance),
		UNIT(test_siblings_are_not_subtypes),
		UNIT(test_chains_have_a_limit),
		UNIT(test_abstract_heap_types),
		UNIT(test_nullable_references_are_above_others),
		UNIT(test_many_groups),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
