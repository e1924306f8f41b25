/* The cursor: LEB128, names, bounds, and that the first error stays. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "vm/binary/reader.h"
#include "vm/vm.h"

static struct err err;
static struct reader reader;

static struct reader *
open_bytes(const void *bytes, size_t len)
{
	err = ERR_NONE;
	reader_init(&reader, bytes, (struct range){ 0, (uint32_t)len }, &err);
	return &reader;
}
#define OPEN(literal) open_bytes(literal, sizeof(literal) - 1)

static void
assert_malformed(const char *text, uint32_t offset)
{
	assert_false(reader_ok(&reader));
	assert_int_equal(err.code, VM_MALFORMED);
	assert_string_equal(err.text, text);
	assert_int_equal(err.offset, offset);
	assert_int_equal(reader_left(&reader), 0);
}

static void
test_reads_numbers_of_every_width(void **state)
{
	assert_int_equal(read_u32(OPEN("\x7f")), 127);
	assert_int_equal(read_u32(OPEN("\xe5\x8e\x26")), 624485);
	assert_int_equal(read_u32(OPEN("\xff\xff\xff\xff\x0f")), UINT32_MAX);
	assert_int_equal(read_s32(OPEN("\x7f")), -1);
	assert_int_equal(read_s32(OPEN("\xc0\xbb\x78")), -123456);
	assert_int_equal(read_s32(OPEN("\x80\x80\x80\x80\x78")), INT32_MIN);
	assert_true(read_s33(OPEN("\x80\x80\x80\x80\x70")) == -((int64_t)1 << 32));
	assert_true(read_s33(OPEN("\xff\xff\xff\xff\x0f")) == UINT32_MAX);
	assert_true(read_s64(OPEN("\x80\x80\x80\x80\x80\x80\x80\x80\x80\x7f")) ==
		INT64_MIN);
	assert_true(read_u64(OPEN("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01")) ==
		UINT64_MAX);
	assert_true(reader_ok(&reader));
	assert_true(read_fixed64(OPEN("\1\2\3\4\5\6\7\x88")) ==
		0x8807060504030201u);
}

static void
test_accepts_padded_numbers_up_to_their_width(void **state)
{
	assert_int_equal(read_u32(OPEN("\x83\x80\x80\x80\0")), 3);
	assert_int_equal(read_s32(OPEN("\xff\xff\xff\xff\x7f")), -1);
	assert_true(reader_ok(&reader));
}

static void
test_refuses_numbers_that_are_too_long(void **state)
{
	read_u32(OPEN("\x83\x80\x80\x80\x80\0"));
	assert_malformed("integer representation too long", 0);
	read_s64(OPEN("\x83\x80\x80\x80\x80\x80\x80\x80\x80\x80\0"));
	assert_malformed("integer representation too long", 0);
}

static void
test_refuses_numbers_that_are_too_large(void **state)
{
	read_u32(OPEN("\xff\xff\xff\xff\x1f"));
	assert_malformed("integer too large", 0);
	read_s32(OPEN("\xff\xff\xff\xff\x0f"));
	assert_malformed("integer too large", 0);
	read_s32(OPEN("\x80\x80\x80\x80\x70"));
	assert_malformed("integer too large", 0);
	read_u64(OPEN("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"));
	assert_malformed("integer too large", 0);
	read_s33(OPEN("\xff\xff\xff\xff\x1f"));
	assert_malformed("integer too large", 0);
}

static void
test_fails_at_the_end_of_its_range(void **state)
{
	read_u32(OPEN("\x80"));
	assert_malformed("unexpected end of section or function", 1);
	read_byte(OPEN(""));
	assert_malformed("unexpected end of section or function", 0);
	read_fixed32(OPEN("\1\2\3"));
	assert_malformed("unexpected end of section or function", 0);
}

static void
test_remembers_only_the_first_error(void **state)
{
	struct reader *r = OPEN("\1\x80");

	read_byte(r);
	read_u32(r);
	assert_malformed("unexpected end of section or function", 2);
	assert_int_equal(read_byte(r), 0);
	assert_int_equal(read_u64(r), 0);
	reader_fail_at(r, VM_LIMIT, 7, "another");
	assert_malformed("unexpected end of section or function", 2);
}

static void
test_reads_names_that_are_utf8(void **state)
{
	static const char *const good[] = { "\1$", "\2\xc2\x80",
		"\3\xe0\xa0\x80", "\3\xed\x9f\xbf", "\3\xee\x80\x80",
		"\4\xf0\x90\x80\x80", "\4\xf4\x8f\xbf\xbf" };

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct name n = read_name(open_bytes(good[i], strlen(good[i])));

		assert_true(reader_ok(&reader));
		assert_int_equal(n.len, strlen(good[i]) - 1);
	}
	assert_int_equal(read_name(OPEN("\3a\0b")).len, 3);
	assert_int_equal(read_name(OPEN("\0")).len, 0);
	assert_true(reader_ok(&reader));
}

static void
test_refuses_names_that_are_not_utf8(void **state)
{
	static const char *const bad[] = { "\1\x80", "\1\xff", "\2\xc1\x80",
		"\2\xc2\x20", "\3\xe0\x9f\x80", "\3\xed\xa0\x80",
		"\4\xf0\x8f\x80\x80", "\4\xf4\x90\x80\x80", "\4\xf5\x80\x80\x80",
		"\1\xc2", "\2\xe1\x80", "\3\xf1\x80\x80" };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		read_name(open_bytes(bad[i], strlen(bad[i])));
		assert_malformed("malformed UTF-8 encoding", 1);
	}
}

static void
test_refuses_lengths_beyond_the_range(void **state)
{
	read_name(OPEN("\2a"));
	assert_malformed("length out of bounds", 1);
	read_byte_vec(OPEN("\xff\xff\xff\xff\x0f"));
	assert_malformed("length out of bounds", 5);
}

static void
test_counts_are_backed_by_bytes(void **state)
{
	assert_int_equal(read_count(OPEN("\2\0\0\0\0"), 2, 10, "things"), 2);
	assert_int_equal(read_count(OPEN("\3\0\0\0\0\0"), 2, 10, "things"), 0);
	assert_int_equal(err.code, VM_MALFORMED);
	assert_int_equal(read_count(OPEN("\3\0\0\0"), 1, 2, "things"), 0);
	assert_int_equal(err.code, VM_LIMIT);
	assert_string_equal(err.text, "too many things: 3, at most 2");
}

static void
test_takes_parts_of_itself(void **state)
{
	struct reader *r = OPEN("\1\2\3");
	struct reader sub;

	reader_take(r, 2, &sub);
	assert_int_equal(read_byte(&sub), 1);
	assert_int_equal(reader_offset(r), 2);
	assert_int_equal(reader_left(&sub), 1);
	reader_take(r, 2, &sub);
	assert_malformed("length out of bounds", 2);
	assert_false(reader_ok(&sub));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reads_numbers_of_every_width),
		cmocka_unit_test(test_accepts_padded_numbers_up_to_their_width),
		cmocka_unit_test(test_refuses_numbers_that_are_too_long),
		cmocka_unit_test(test_refuses_numbers_that_are_too_large),
		cmocka_unit_test(test_fails_at_the_end_of_its_range),
		cmocka_unit_test(test_remembers_only_the_first_error),
		cmocka_unit_test(test_reads_names_that_are_utf8),
		cmocka_unit_test(test_refuses_names_that_are_not_utf8),
		cmocka_unit_test(test_refuses_lengths_beyond_the_range),
		cmocka_unit_test(test_counts_are_backed_by_bytes),
		cmocka_unit_test(test_takes_parts_of_itself),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
