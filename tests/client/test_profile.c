/* Profiles: whole reports out of bytes that come in any pieces. */
#include "tests/cmocka.h"

#include <stdio.h>
#include <string.h>

#include "client/profile.h"

static struct profile profile;

#define ONE "profile 2000000 3\n" \
	"f 7 100 5000 6000 1500000 2000000 fib of it\n" \
	"h 0 1 2 2 500000 500000 wasi_snapshot_preview1.fd_write\n" \
	"o 0 9 1 0 0 0 \nend\n"

static const struct profile_report *
read_all(const char *text, size_t len, size_t piece)
{
	memset(&profile, 0, sizeof(profile));
	for (size_t at = 0; at < len; at += piece)
		profile_push(&profile, text + at, len - at < piece ? len - at :
			piece);
	return profile_last(&profile);
}

static const struct profile_report *
read_text(const char *text)
{
	return read_all(text, strlen(text), 7);
}

static void
test_reports_in_pieces(void **state)
{
	for (size_t piece = 1; piece <= sizeof(ONE); piece++) {
		const struct profile_report *r = read_all(ONE, strlen(ONE),
			piece);

		assert_non_null(r);
		assert_int_equal(r->wall_ns, 2000000);
		assert_int_equal(r->functions, 3);
		assert_int_equal(r->count, 3);
		assert_int_equal(r->rows[0].kind, 'f');
		assert_int_equal(r->rows[0].index, 7);
		assert_int_equal(r->rows[0].calls, 100);
		assert_int_equal(r->rows[0].fuel, 5000);
		assert_int_equal(r->rows[0].total_fuel, 6000);
		assert_int_equal(r->rows[0].ns, 1500000);
		assert_int_equal(r->rows[0].total_ns, 2000000);
		assert_string_equal(r->rows[0].name, "fib of it");
		assert_string_equal(r->rows[2].name, "");
	}
}

static void
test_last_whole_report_counts(void **state)
{
	assert_null(read_text(""));
	assert_null(read_text("profile 5 1\nf 0 1 1 1 1 1 a\n"));
	assert_int_equal(read_text(ONE "profile 5 0\nend\n")->wall_ns, 5);
	assert_int_equal(read_text(ONE "profile 5 0\n")->wall_ns, 2000000);
	assert_int_equal(read_text(ONE "profile 5 0\nen")->wall_ns, 2000000);
	assert_int_equal(read_text(ONE "end\n")->wall_ns, 2000000);
	/* One that is cut off by another. */
	assert_int_equal(read_text("profile 5 0\nf 0 1 1 1 1 1 a\n" ONE)->count,
		3);
}

static void
test_what_is_no_row_is_passed_over(void **state)
{
	static const char *const bad[] = {
		"", "f", "f 1 2 3 4 5", "f 1 2 3 4 5 x name",
		"x 1 2 3 4 5 6 name", "f 1 2 3 4 5 6name", "f 1 2 3 4 5 6",
		"\0f 1 2 3 4 5 6 a",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		char text[200];

		snprintf(text, sizeof(text), "profile 1 1\n%s\nend\n", bad[i]);
		assert_int_equal(read_text(text)->count, 0);
	}
}

/* Whoever sends them: bounded rows, bounded lines. */
static void
test_too_much_is_cut(void **state)
{
	static char text[200000];
	size_t n = (size_t)sprintf(text, "profile 1 1\n");

	for (unsigned i = 0; i < PROFILE_ROWS_MAX + 10; i++)
		n += (size_t)sprintf(text + n, "f 1 1 1 1 1 1 a\n");
	n += (size_t)sprintf(text + n, "f 1 1 1 1 1 1 ");
	memset(text + n, 'x', 100000);
	n += 100000;
	sprintf(text + n, "\nend\n");
	assert_int_equal(read_text(text)->count, PROFILE_ROWS_MAX);
	memset(text, 'x', 100000);
	sprintf(text + 100000, "\nprofile 1 1\nf 1 1 1 1 1 1 ");
	n = strlen(text);
	memset(text + n, 'y', 5000);
	sprintf(text + n + 5000, "\nend\n");
	assert_int_equal(read_text(text)->count, 1);
	assert_int_equal(strlen(profile_last(&profile)->rows[0].name), 255);
}

static void
check_text(int (*write)(struct buf *, const struct profile_report *),
	const char *from, const char *expected)
{
	struct buf out;

	buf_init(&out, 1 << 20);
	assert_int_equal(write(&out, read_text(from)), 0);
	assert_int_equal(buf_append(&out, "", 1), 0);
	assert_string_equal((char *)out.data, expected);
	buf_clear(&out);
}

static void
test_table(void **state)
{
	check_text(profile_table, ONE,
		"profile: 2.00 ms, 5003 instructions, 3 functions\n"
		"    self   total        calls   instructions  function\n"
		"   75.0%  100.0%          100           5000  fib of it\n"
		"   25.0%   25.0%            1              2  "
			"wasi_snapshot_preview1.fd_write\n"
		"    0.0%       -            9              1  (1 others)\n");
	check_text(profile_table, "profile 1000 1\nf 3 1 2 2 0 0 ?\nend\n",
		"profile: 1 us, 2 instructions, 1 function\n"
		"    self   total        calls   instructions  function\n"
		"    0.0%    0.0%            1              2  func 3\n");
	/* Nothing of a name acts on a terminal. */
	check_text(profile_table,
		"profile 0 1\nf 0 1 0 0 1 1 a\033[31m\200\nend\n",
		"profile: 0 us, 0 instructions, 1 function\n"
		"    self   total        calls   instructions  function\n"
		"  100.0%  100.0%            1              0  "
			"a\\x1b[31m\\x80\n");
}

static void
test_json(void **state)
{
	check_text(profile_json, ONE,
		"{\"wall_ns\":2000000,\"called\":3,\"functions\":["
		"{\"kind\":\"guest\",\"index\":7,\"name\":\"fib of it\","
		"\"calls\":100,\"instructions\":5000,"
		"\"total_instructions\":6000,\"ns\":1500000,"
		"\"total_ns\":2000000},"
		"{\"kind\":\"host\","
		"\"name\":\"wasi_snapshot_preview1.fd_write\",\"calls\":1,"
		"\"instructions\":2,\"total_instructions\":2,\"ns\":500000,"
		"\"total_ns\":500000},"
		"{\"kind\":\"others\",\"name\":\"\",\"calls\":9,"
		"\"instructions\":1,\"total_instructions\":0,\"ns\":0,"
		"\"total_ns\":0}]}");
	check_text(profile_json, "profile 1 0\nend\n",
		"{\"wall_ns\":1,\"called\":0,\"functions\":[]}");
}

#define WITH_INSTRS "profile 0 1\nf 0 1 0 0 1 1 a\n" \
	"i 0 30 0 0 0 0 i32_add_SSS + br\ni 0 10 0 0 0 0 mov_S-S\nend\n"

static void
test_internal_instructions(void **state)
{
	check_text(profile_table, WITH_INSTRS,
		"profile: 0 us, 0 instructions, 1 function\n"
		"    self   total        calls   instructions  function\n"
		"  100.0%  100.0%            1              0  a\n"
		"               executed  internal instruction\n"
		"   75.0%             30  i32_add_SSS + br\n"
		"   25.0%             10  mov_S-S\n");
	check_text(profile_json, WITH_INSTRS,
		"{\"wall_ns\":0,\"called\":1,\"functions\":["
		"{\"kind\":\"guest\",\"index\":0,\"name\":\"a\","
		"\"calls\":1,\"instructions\":0,"
		"\"total_instructions\":0,\"ns\":1,\"total_ns\":1}],"
		"\"internal\":[{\"name\":\"i32_add_SSS + br\","
		"\"executed\":30},{\"name\":\"mov_S-S\","
		"\"executed\":10}]}");
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reports_in_pieces),
		cmocka_unit_test(test_last_whole_report_counts),
		cmocka_unit_test(test_what_is_no_row_is_passed_over),
		cmocka_unit_test(test_too_much_is_cut),
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_internal_instructions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
