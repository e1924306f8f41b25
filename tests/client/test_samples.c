/* The daemon's metrics as wasmctl reads them. */
#include "tests/cmocka.h"

#include <string.h>

#include "client/samples.h"

static struct samples s, before;

static int
read_text(struct samples *to, const char *text)
{
	return samples_read(to, text, strlen(text));
}

static void
test_lines(void **state)
{
	assert_int_equal(read_text(&s, "# HELP a text {}\n# TYPE a gauge\n"
		"a 5\nb{state=\"x-y\"} 2\nb{state=\"z\"} 3.5\nc 1e+06\n"), 0);
	assert_int_equal(s.count, 4);
	assert_true(samples_get(&s, "a", NULL) == 5);
	assert_true(samples_get(&s, "b", "x-y") == 2);
	assert_true(samples_get(&s, "b", "other") == 0);
	assert_true(samples_get(&s, "nothing", NULL) == 0);
	assert_true(samples_sum(&s, "b") == 5.5);
	assert_true(samples_get(&s, "c", NULL) == 1000000);
	assert_string_equal(s.items[1].label, "state");
	assert_int_equal(read_text(&s, ""), 0);
	assert_int_equal(s.count, 0);
}

static void
test_lines_that_no_wasmd_writes(void **state)
{
	static const char *const bad[] = {
		"a 5", "a\n", "a \n", " 5\n", "a b\n", "a 5 6\n", "a -1\n",
		"a nan\n", "a 0x5\n", "a 1\033[0m\n", "A 5\n", "a{ 5\n",
		"a{b=\"c} 5\n", "a{b=\"c\"}\n", "a{b=\"\"} 1\n",
		"a{b=\"c\\\"\"} 1\n", "a{b=\"c\",d=\"e\"} 5\n", "\n",
		"a_name_that_is_longer_than_any_of_ours_is_and_therefore_not_ours 1\n",
	};
	char lines[SAMPLES_MAX * 4 + 5] = "";

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (read_text(&s, bad[i]) != -1)
			fail_msg("'%s' was taken", bad[i]);
	}
	for (size_t i = 0; i <= SAMPLES_MAX; i++)
		memcpy(lines + 4 * i, "a 1\n", 4);
	assert_int_equal(samples_read(&s, lines, SAMPLES_MAX * 4), 0);
	assert_int_equal(samples_read(&s, lines, SAMPLES_MAX * 4 + 4), -1);
}

static void
about(double got, double expected)
{
	assert_true(got > expected * 0.999 && got < expected * 1.001);
}

static void
test_quantiles(void **state)
{
	assert_int_equal(read_text(&before, "t_bucket{le=\"1\"} 10\n"
		"t_bucket{le=\"2\"} 10\nt_bucket{le=\"+Inf\"} 10\n"
		"t_count 10\n"), 0);
	assert_int_equal(read_text(&s, "t_bucket{le=\"1\"} 10\n"
		"t_bucket{le=\"2\"} 30\nt_bucket{le=\"+Inf\"} 40\n"
		"t_count 40\n"), 0);
	about(samples_quantile(&s, NULL, "t", 0.125), 0.5);
	about(samples_quantile(&s, NULL, "t", 0.5), 1.5);
	/* Above the last bound nothing is known but that. */
	about(samples_quantile(&s, NULL, "t", 0.99), 2);
	about(samples_quantile(&s, &before, "t", 1.0 / 3), 1.5);
	assert_true(samples_quantile(&s, &s, "t", 0.5) < 0);
	assert_true(samples_quantile(&s, NULL, "u", 0.5) < 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_lines_that_no_wasmd_writes),
		cmocka_unit_test(test_quantiles),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
