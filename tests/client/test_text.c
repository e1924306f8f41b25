/* Text of others, made harmless. */
#include "client/text.h"
#include "tests/cmocka.h"

struct row {
	const char *text;
	size_t len;
	const char *expected;
};

#define ROW(text, expected) { text, sizeof(text) - 1, expected }

static void
check(int (*convert)(struct buf *, const char *, size_t), const struct row *row)
{
	struct buf out;

	buf_init(&out, 4096);
	assert_int_equal(convert(&out, row->text, row->len), 0);
	assert_int_equal(buf_append(&out, "", 1), 0);
	assert_string_equal((char *)out.data, row->expected);
	buf_clear(&out);
}

static void
test_escape_leaves_nothing_that_controls_a_terminal(void **state)
{
	static const struct row rows[] = {
		ROW("", ""), ROW("plain\ttext", "plain\ttext"),
		ROW("\033[31m", "\\x1b[31m"), ROW("a\0b", "a\\x00b"),
		ROW("\177\r\n", "\\x7f\\x0d\\x0a"),
		ROW("\302\233m", "\\xc2\\x9bm"),	/* C1's CSI */
		ROW("\303\251 \342\202\254 \360\237\230\200",
			"\303\251 \342\202\254 \360\237\230\200"),
		ROW("\200\377\303", "\\x80\\xff\\xc3"),
		ROW("\300\257", "\\xc0\\xaf"),		/* overlong */
		ROW("\340\200\257", "\\xe0\\x80\\xaf"),
		ROW("\355\240\200", "\\xed\\xa0\\x80"),	/* a surrogate */
		ROW("\364\220\200\200", "\\xf4\\x90\\x80\\x80"),
		ROW("\342\202", "\\xe2\\x82"),		/* cut short */
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		check(text_escape, &rows[i]);
}

static void
test_json_strings_are_always_valid(void **state)
{
	static const struct row rows[] = {
		ROW("", "\"\""), ROW("a\"b\\c/", "\"a\\\"b\\\\c/\""),
		ROW("\n\t\0\037", "\"\\n\\u0009\\u0000\\u001f\""),
		ROW("\302\233\177", "\"\\u009b\\u007f\""),
		ROW("\342\200\250", "\"\\u2028\""),
		ROW("\377x\303", "\"\\ufffdx\\ufffd\""),
		ROW("\360\237\230\200", "\"\360\237\230\200\""),
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		check(text_json, &rows[i]);
}

static void
test_a_full_buffer_is_an_error(void **state)
{
	struct buf out;

	for (size_t max = 0; max < 6; max++) {
		buf_init(&out, max);
		assert_int_equal(text_json(&out, "\001", 1), -1);
		assert_int_equal(text_escape(&out, "abcdefgh", 8), -1);
		buf_clear(&out);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_escape_leaves_nothing_that_controls_a_terminal),
		cmocka_unit_test(test_json_strings_are_always_valid),
		cmocka_unit_test(test_a_full_buffer_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
