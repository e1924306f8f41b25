/* Tests of base/buf: growth, the bound, draining, taking. */
#include "tests/cmocka.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

static void
test_append_keeps_bytes_in_order(void **state)
{
	struct buf b;

	buf_init(&b, 1000);
	for (int i = 0; i < 100; i++)
		assert_int_equal(buf_append(&b, "0123456789", 10), 0);
	assert_int_equal(b.len, 1000);
	for (int i = 0; i < 1000; i++)
		assert_int_equal(b.data[i], '0' + i % 10);
	buf_clear(&b);
	assert_int_equal(b.len, 0);
}

static void
test_append_past_the_bound_fails_and_changes_nothing(void **state)
{
	struct buf b;

	buf_init(&b, 8);
	assert_int_equal(buf_append(&b, "12345678", 8), 0);
	errno = 0;
	assert_int_equal(buf_append(&b, "9", 1), -1);
	assert_int_equal(errno, EMSGSIZE);
	assert_int_equal(b.len, 8);
	assert_memory_equal(b.data, "12345678", 8);
	assert_int_equal(buf_append(&b, "", 0), 0);
	assert_null(buf_reserve(&b, SIZE_MAX));
	buf_clear(&b);
}

static void
test_bound_of_zero_takes_nothing(void **state)
{
	struct buf b;

	buf_init(&b, 0);
	assert_int_equal(buf_append(&b, "x", 1), -1);
	assert_int_equal(buf_append(&b, NULL, 0), 0);
	buf_clear(&b);
}

static void
test_printf_appends_formatted_text(void **state)
{
	struct buf b;

	buf_init(&b, 12);
	assert_int_equal(buf_printf(&b, "%s-%d", "ab", 7), 0);
	assert_int_equal(buf_printf(&b, "%s", "cd"), 0);
	assert_int_equal(b.len, 6);
	assert_memory_equal(b.data, "ab-7cd", 6);
	assert_int_equal(buf_printf(&b, "%s", "too long"), -1);
	assert_int_equal(b.len, 6);
	buf_clear(&b);
}

static void
test_drain_moves_the_rest_to_the_front(void **state)
{
	struct buf b;

	buf_init(&b, 100);
	assert_int_equal(buf_append(&b, "headtail", 8), 0);
	buf_drain(&b, 4);
	assert_int_equal(b.len, 4);
	assert_memory_equal(b.data, "tail", 4);
	buf_drain(&b, 4);
	assert_int_equal(b.len, 0);
	buf_clear(&b);
}

static void
test_take_hands_over_the_storage(void **state)
{
	struct buf b;
	uint8_t *data;
	size_t len;

	buf_init(&b, 100);
	assert_int_equal(buf_append(&b, "mine", 4), 0);
	data = buf_take(&b, &len);
	assert_int_equal(len, 4);
	assert_memory_equal(data, "mine", 4);
	assert_int_equal(b.len, 0);
	assert_null(b.data);
	free(data);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_append_keeps_bytes_in_order),
		cmocka_unit_test(test_append_past_the_bound_fails_and_changes_nothing),
		cmocka_unit_test(test_bound_of_zero_takes_nothing),
		cmocka_unit_test(test_printf_appends_formatted_text),
		cmocka_unit_test(test_drain_moves_the_rest_to_the_front),
		cmocka_unit_test(test_take_hands_over_the_storage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
