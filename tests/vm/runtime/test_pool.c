/* Arrays that grow in a region. */
#include "tests/cmocka.h"

#include <string.h>

#include "vm/runtime/pool.h"

static void
test_last_array_grows_in_place_and_others_move(void **state)
{
	struct pool p;
	uint8_t *a, *b, *moved;

	assert_int_equal(pool_init(&p, 1 << 20), 0);
	a = pool_realloc(&p, NULL, 0, 100);
	memset(a, 1, 100);
	assert_ptr_equal(pool_realloc(&p, a, 100, 1000), a);
	b = pool_realloc(&p, NULL, 0, 64);
	assert_true(b >= a + 1000);
	assert_int_equal((uintptr_t)b % 16, 0);
	memset(b, 2, 64);
	moved = pool_realloc(&p, a, 100, 2000);
	assert_true(moved >= b + 64);
	for (int i = 0; i < 100; i++)
		assert_int_equal(moved[i], 1);
	for (int i = 0; i < 64; i++)
		assert_int_equal(b[i], 2);
	pool_free(&p, moved);
	pool_clear(&p);
}

static void
test_full_pool_leaves_the_array_as_it_was(void **state)
{
	struct pool p;
	uint8_t *a;

	assert_int_equal(pool_init(&p, 64 << 10), 0);
	a = pool_realloc(&p, NULL, 0, 60 << 10);
	memset(a, 3, 60 << 10);
	assert_null(pool_realloc(&p, a, 60 << 10, 65 << 10));
	assert_null(pool_realloc(&p, a, 60 << 10, SIZE_MAX));
	assert_null(pool_realloc(&p, NULL, 0, 8 << 10));
	assert_int_equal(a[0], 3);
	assert_int_equal(a[(60 << 10) - 1], 3);
	assert_ptr_equal(pool_realloc(&p, a, 60 << 10, 64 << 10), a);
	pool_clear(&p);
}

static void
test_without_a_pool_it_is_malloc(void **state)
{
	uint8_t *a = pool_realloc(NULL, NULL, 0, 10);

	assert_non_null(a);
	memset(a, 4, 10);
	a = pool_realloc(NULL, a, 10, 100000);
	assert_non_null(a);
	assert_int_equal(a[9], 4);
	pool_free(NULL, a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_last_array_grows_in_place_and_others_move),
		cmocka_unit_test(test_full_pool_leaves_the_array_as_it_was),
		cmocka_unit_test(test_without_a_pool_it_is_malloc),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
