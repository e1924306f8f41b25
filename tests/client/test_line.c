/* Lines of wasmctl open. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "client/line.h"

static char text[4096];
static struct line line;
static const char *why;

static int
parse(const char *s)
{
	snprintf(text, sizeof(text), "%s", s);
	why = NULL;
	return line_parse(&line, text, strlen(text), &why);
}

static void
assert_argument(size_t n, enum wasmd_kind kind, const char *data, size_t len)
{
	assert_in_range(n, 0, line.nargs - 1);
	assert_int_equal(line.args[n].kind, kind);
	assert_int_equal(line.args[n].as.bytes.len, len);
	assert_memory_equal(line.args[n].as.bytes.data, data, len);
}

static void
test_words_are_a_function_and_its_numbers(void **state)
{
	assert_int_equal(parse("add 1 -2"), 1);
	assert_string_equal(line.name, "add");
	assert_int_equal(line.nargs, 2);
	assert_false(line.wants_bytes);
	assert_argument(0, WASMD_TEXT, "1", 1);
	assert_argument(1, WASMD_TEXT, "-2", 2);
	assert_int_equal(parse(" \tadd\t 1  \r"), 1);
	assert_string_equal(line.name, "add");
	assert_int_equal(line.nargs, 1);
	assert_int_equal(parse("count"), 1);
	assert_int_equal(line.nargs, 0);
}

static void
test_quoted_words_are_bytes(void **state)
{
	assert_int_equal(parse("put \"a b\" 7 \"\""), 1);
	assert_int_equal(line.nargs, 3);
	assert_argument(0, WASMD_BYTES, "a b", 3);
	assert_argument(1, WASMD_TEXT, "7", 1);
	assert_argument(2, WASMD_BYTES, "", 0);
	assert_int_equal(parse("put \"\\n\\t\\r\\\\\\\"\\x00\\xfF.\""), 1);
	assert_argument(0, WASMD_BYTES, "\n\t\r\\\"\0\xff.", 8);
}

static void
test_a_name_may_be_quoted(void **state)
{
	assert_int_equal(parse("\"two words\" 1"), 1);
	assert_string_equal(line.name, "two words");
	assert_int_equal(parse("\"-b\""), 1);
	assert_string_equal(line.name, "-b");
	assert_int_equal(parse("\"a\\x00b\""), -1);
}

static void
test_bytes_may_be_wanted(void **state)
{
	assert_int_equal(parse("-b shift \"x\""), 1);
	assert_true(line.wants_bytes);
	assert_string_equal(line.name, "shift");
	assert_int_equal(line.nargs, 1);
	assert_int_equal(parse("-b"), -1);
	assert_non_null(why);
}

static void
test_blank_lines_and_comments_are_none(void **state)
{
	assert_int_equal(parse(""), 0);
	assert_int_equal(parse(" \t\r"), 0);
	assert_int_equal(parse("# add 1"), 0);
	assert_int_equal(parse("add #1"), 1);
}

static void
test_wrong_quotes_are_told(void **state)
{
	static const char *const wrong[] = {
		"f \"", "f \"abc", "f \"a\\\"", "f \"a\"b", "f \"\\q\"",
		"f \"\\x\"", "f \"\\x1\"", "f \"\\x1g\"", "f \"\\", "f \"\\x",
		"\"", "\"a\"b",
	};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		if (parse(wrong[i]) != -1)
			fail_msg("taken: %s", wrong[i]);
		assert_non_null(why);
	}
	memcpy(text, "f \0 1", 6);
	assert_int_equal(line_parse(&line, text, 5, &why), -1);
}

static void
test_too_many_arguments_are_told(void **state)
{
	char many[4 * LINE_ARGS_MAX] = "f";

	for (int i = 0; i < LINE_ARGS_MAX; i++)
		strcat(many, " 1");
	assert_int_equal(parse(many), 1);
	assert_int_equal(line.nargs, LINE_ARGS_MAX);
	strcat(many, " 1");
	assert_int_equal(parse(many), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words_are_a_function_and_its_numbers),
		cmocka_unit_test(test_quoted_words_are_bytes),
		cmocka_unit_test(test_a_name_may_be_quoted),
		cmocka_unit_test(test_bytes_may_be_wanted),
		cmocka_unit_test(test_blank_lines_and_comments_are_none),
		cmocka_unit_test(test_wrong_quotes_are_told),
		cmocka_unit_test(test_too_many_arguments_are_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
