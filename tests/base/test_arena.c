/* Tests of base/arena: alignment, zeroing, the limit, big objects. */
#include "tests/cmocka.h"

#include <stdint.h>
#include <string.h>

#include "base/arena.h"

static void
test_memory_is_zeroed_and_aligned(void **state)
{
	struct arena a;

	arena_init(&a, 1 << 20);
	for (size_t n = 1; n < 200; n++) {
		unsigned char *p = arena_alloc(&a, n, 3);

		assert_non_null(p);
		assert_int_equal((uintptr_t)p % 16, 0);
		for (size_t i = 0; i < 3 * n; i++)
			assert_int_equal(p[i], 0);
		memset(p, 0xff, 3 * n);
	}
	arena_clear(&a);
	assert_int_equal(a.used, 0);
}

static void
test_big_objects_leave_the_small_ones_in_place(void **state)
{
	struct arena a;
	char *small, *big, *next;

	arena_init(&a, 10 << 20);
	small = arena_strndup(&a, "small", 5);
	big = arena_alloc(&a, 1 << 20, 1);
	next = arena_strndup(&a, "next", 4);
	assert_non_null(small);
	assert_non_null(big);
	assert_non_null(next);
	memset(big, 'x', 1 << 20);
	assert_string_equal(small, "small");
	assert_string_equal(next, "next");
	/* The chunk in use is still the first one. */
	assert_int_equal(next - small, 16);
	arena_clear(&a);
}

static void
test_limit_counts_every_allocation(void **state)
{
	struct arena a;

	arena_init(&a, 64);
	assert_non_null(arena_alloc(&a, 48, 1));
	assert_null(arena_alloc(&a, 17, 1));
	assert_non_null(arena_alloc(&a, 16, 1));
	assert_null(arena_alloc(&a, 1, 1));
	assert_int_equal(a.used, 64);
	arena_clear(&a);
}

static void
test_products_that_overflow_are_refused(void **state)
{
	/* volatile: the compiler would refuse what the test is about. */
	volatile size_t huge = SIZE_MAX;
	struct arena a;

	arena_init(&a, SIZE_MAX);
	assert_null(arena_alloc(&a, huge / 2, 3));
	assert_null(arena_alloc(&a, huge, 1));
	assert_null(arena_strndup(&a, "", huge));
	assert_non_null(arena_alloc(&a, 0, 8));
	arena_clear(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_memory_is_zeroed_and_aligned),
		cmocka_unit_test(test_big_objects_leave_the_small_ones_in_place),
		cmocka_unit_test(test_limit_counts_every_allocation),
		cmocka_unit_test(test_products_that_overflow_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
