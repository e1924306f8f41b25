/* Tests of base/err: the first error wins; offsets; prefixes; cutting. */
#include "tests/cmocka.h"

#include <string.h>

#include "base/err.h"

static void
test_first_error_wins(void **state)
{
	struct err err = ERR_NONE;

	assert_int_equal(err_set(&err, 3, "first %d", 1), -1);
	assert_int_equal(err_set_at(&err, 4, 9, "second"), -1);
	assert_int_equal(err.code, 3);
	assert_false(err.has_offset);
	assert_string_equal(err.text, "first 1");
}

static void
test_offset_is_kept(void **state)
{
	struct err err = ERR_NONE;

	err_set_at(&err, 2, 0x1234, "unexpected end");
	assert_true(err.has_offset);
	assert_int_equal(err.offset, 0x1234);
}

static void
test_no_error_to_fill_in_is_fine(void **state)
{
	assert_int_equal(err_set(NULL, 1, "lost"), -1);
	assert_int_equal(err_set_at(NULL, 1, 0, "lost"), -1);
	err_prefix(NULL, "x");
}

static void
test_prefix_stands_before_the_text(void **state)
{
	struct err err = ERR_NONE;

	err_prefix(&err, "ignored");
	assert_string_equal(err.text, "");
	err_set(&err, 1, "type mismatch");
	err_prefix(&err, "function %d", 7);
	assert_string_equal(err.text, "function 7: type mismatch");
}

static void
test_long_texts_are_cut(void **state)
{
	struct err err = ERR_NONE;
	char longer[2 * ERR_TEXT_MAX];

	memset(longer, 'x', sizeof(longer));
	longer[sizeof(longer) - 1] = '\0';
	err_set(&err, 1, "%s", longer);
	assert_int_equal(strlen(err.text), ERR_TEXT_MAX - 1);
	err_prefix(&err, "%s", longer);
	assert_true(strlen(err.text) < ERR_TEXT_MAX);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_first_error_wins),
		cmocka_unit_test(test_offset_is_kept),
		cmocka_unit_test(test_no_error_to_fill_in_is_fine),
		cmocka_unit_test(test_prefix_stands_before_the_text),
		cmocka_unit_test(test_long_texts_are_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
