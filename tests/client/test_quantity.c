/* Numbers with units: what is read, what is refused, what is written. */
#include "client/quantity.h"
#include "tests/cmocka.h"

static void
test_sizes_are_read_with_units_and_fractions(void **state)
{
	static const struct {
		const char *text;
		uint64_t bytes;
	} rows[] = {
		{ "0", 0 }, { "1", 1 }, { "512B", 512 }, { "1K", 1024 },
		{ "1KiB", 1024 }, { "1.5M", 1572864 }, { "64MiB", 64 << 20 },
		{ "4G", 4ull << 30 }, { "0.001K", 1 },
		{ "18446744073709551615", UINT64_MAX },
	};
	uint64_t got;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(quantity_read_size(rows[i].text, &got), 0);
		assert_int_equal(got, rows[i].bytes);
	}
}

static void
test_times_are_read_in_milliseconds(void **state)
{
	static const struct {
		const char *text;
		uint64_t ms;
	} rows[] = {
		{ "1", 1000 }, { "0.5", 500 }, { "1.5s", 1500 }, { "20ms", 20 },
		{ "2m", 120000 }, { "2min", 120000 }, { "1h", 3600000 },
	};
	uint64_t got;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(quantity_read_time(rows[i].text, &got), 0);
		assert_int_equal(got, rows[i].ms);
	}
}

static void
test_what_is_no_quantity_is_refused(void **state)
{
	static const char *const rows[] = {
		"", " 1", "-1", "+1", "1 ", "1.", ".5", "1..5", "1.5.2", "1X", "K",
		"1e3", "0x10", "18446744073709551616", "99999999999999999999G",
		"0.00000000000001", "1kb",
	};
	uint64_t got = 42;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(quantity_read_size(rows[i], &got), -1);
		assert_int_equal(quantity_read_time(rows[i], &got), -1);
		assert_int_equal(quantity_read_number(rows[i], &got), -1);
	}
	assert_int_equal(quantity_read_number("1.5", &got), -1);
	assert_int_equal(quantity_read_size("18446744073709551615K", &got), -1);
	assert_int_equal(got, 42);
}

static void
test_quantities_are_written_with_three_digits(void **state)
{
	char out[QUANTITY_MAX];

	assert_string_equal(quantity_write_time(out, 0), "0 us");
	assert_string_equal(quantity_write_time(out, 999), "999 us");
	assert_string_equal(quantity_write_time(out, 1234), "1.23 ms");
	assert_string_equal(quantity_write_time(out, 123456), "123 ms");
	assert_string_equal(quantity_write_time(out, 12345678), "12.3 s");
	assert_string_equal(quantity_write_size(out, 1023), "1023 bytes");
	assert_string_equal(quantity_write_size(out, 1536), "1.50 KiB");
	assert_string_equal(quantity_write_size(out, 128 << 10), "128 KiB");
	assert_string_equal(quantity_write_size(out, 3ull << 30), "3.00 GiB");
	quantity_write_size(out, UINT64_MAX);
	quantity_write_time(out, UINT64_MAX);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sizes_are_read_with_units_and_fractions),
		cmocka_unit_test(test_times_are_read_in_milliseconds),
		cmocka_unit_test(test_what_is_no_quantity_is_refused),
		cmocka_unit_test(test_quantities_are_written_with_three_digits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
