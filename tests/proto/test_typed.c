/* Typed values as text, in both directions. */
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "proto/typed.h"

/* What both directions agree on. */
static const struct row {
	const char *text;
	struct typed value;
} rows[] = {
	{ "i32:0", { 'i', 0, { 0 } } },
	{ "i32:-1", { 'i', 0, { 0xff, 0xff, 0xff, 0xff } } },
	{ "i32:-2147483648", { 'i', 0, { 0, 0, 0, 0x80 } } },
	{ "i32:2147483647", { 'i', 0, { 0xff, 0xff, 0xff, 0x7f } } },
	{ "i64:-9223372036854775808", { 'l', 0, { [7] = 0x80 } } },
	{ "i64:1099511627776", { 'l', 0, { [5] = 1 } } },
	{ "f32:0.5", { 'f', 0, { 0, 0, 0, 0x3f } } },
	{ "f32:-0", { 'f', 0, { 0, 0, 0, 0x80 } } },
	{ "f32:inf", { 'f', 0, { 0, 0, 0x80, 0x7f } } },
	{ "f32:-inf", { 'f', 0, { 0, 0, 0x80, 0xff } } },
	{ "f32:nan:0x400000", { 'f', 0, { 0, 0, 0xc0, 0x7f } } },
	{ "f32:-nan:0x1", { 'f', 0, { 1, 0, 0x80, 0xff } } },
	{ "f32:1.40129846e-45", { 'f', 0, { 1 } } },
	{ "f64:0.5", { 'd', 0, { [6] = 0xe0, [7] = 0x3f } } },
	{ "f64:4.9406564584124654e-324", { 'd', 0, { 1 } } },
	{ "f64:-nan:0x8000000000000", { 'd', 0, { [6] = 0xf8, [7] = 0xff } } },
	{ "v128:0xff000000000000000000000000000201",
		{ 'v', 0, { 1, 2, [15] = 0xff } } },
	{ "ref:null", { 'r', 0, { 0 } } },
	{ "ref:opaque", { 'r', 0, { 1 } } },
};

static void
test_values_are_written_and_read(void **state)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[TYPED_TEXT_MAX];
		struct typed v = { .kind = 0 };

		typed_format(text, &rows[i].value);
		assert_string_equal(text, rows[i].text);
		if (typed_read(&v, text, strlen(text)) == -1)
			fail_msg("not read: %s", text);
		assert_memory_equal(&v, &rows[i].value, sizeof(v));
	}
}

static void
test_a_locale_with_a_comma_means_nothing(void **state)
{
	if (setlocale(LC_ALL, "de_DE.UTF-8") == NULL &&
	    setlocale(LC_ALL, "fr_FR.UTF-8") == NULL)
		skip();
	test_values_are_written_and_read(state);
	setlocale(LC_ALL, "C");
}

static void
test_other_text_is_refused(void **state)
{
	static const char *const wrong[] = {
		"", ":", "i32", "i32:", "i32:x", "i32:1x", "i32:2147483648",
		"i32:-2147483649", "i64:9223372036854775808", "i33:1", "f32:",
		"f32:0,5", "f32:0.5x", "f32:nan:0x0", "f32:nan:0x800000",
		"f32:nan:0x", "f64:nan:0x10000000000000", "v128:0x00",
		"v128:0x0g000000000000000000000000000000",
		"v128:00ff000000000000000000000000000201", "ref:", "ref:x",
		"i32:0000000000000000000000000000000000000000000000000000001",
	};
	struct typed v = { .kind = 'x' };

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		if (typed_read(&v, wrong[i], strlen(wrong[i])) == 0)
			fail_msg("read: %s", wrong[i]);
		assert_int_equal(v.kind, 'x');
	}
	/* Not beyond its length. */
	assert_int_equal(typed_read(&v, "i32:12", 5), 0);
	assert_int_equal(v.bytes[0], 1);
}

static void
test_a_kind_that_is_none_is_told(void **state)
{
	const struct typed none = { .kind = 0 };
	char text[TYPED_TEXT_MAX];

	typed_format(text, &none);
	assert_string_equal(text, "unknown");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values_are_written_and_read),
		cmocka_unit_test(test_a_locale_with_a_comma_means_nothing),
		cmocka_unit_test(test_other_text_is_refused),
		cmocka_unit_test(test_a_kind_that_is_none_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
