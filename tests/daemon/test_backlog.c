/* What is kept of a detached job's output: the last bytes, in their order, within
 * a bound of memory. */
#include "tests/daemon/unit.h"

#include "daemon/backlog.h"

/* All that is kept from a place on: "1:abc 2:de ". */
static const char *
read_all(const struct backlog *b, uint64_t at)
{
	static char text[200000];
	char *out = text;
	int last = 0;

	while (at < b->end) {
		const void *data;
		int fd;
		size_t n = backlog_read(b, at, &fd, &data);

		assert_true(n > 0);
		if (fd != last)
			out += sprintf(out, "%s%d:", last == 0 ? "" : " ", fd);
		memcpy(out, data, n);
		out += n;
		at += n;
		last = fd;
	}
	*out = '\0';
	return text;
}

static void
test_order_and_places(void **state)
{
	struct backlog b;

	backlog_init(&b, 10000);
	backlog_append(&b, 1, "ab", 2);
	backlog_append(&b, 1, "c", 1);
	backlog_append(&b, 2, "de", 2);
	backlog_append(&b, 1, "f", 1);
	assert_int_equal(b.end, 6);
	assert_string_equal(read_all(&b, 0), "1:abc 2:de 1:f");
	assert_string_equal(read_all(&b, 2), "1:c 2:de 1:f");
	assert_string_equal(read_all(&b, 4), "2:e 1:f");
	backlog_shrink(&b);
	assert_int_equal(b.begin, 3);
	assert_string_equal(read_all(&b, b.begin), "2:de 1:f");
	backlog_clear(&b);
	assert_int_equal(b.held, 0);
	assert_int_equal(b.begin, 6);
	backlog_append(&b, 2, "g", 1);
	assert_string_equal(read_all(&b, 6), "2:g");
	backlog_clear(&b);
}

static void
test_the_last_bytes_stay(void **state)
{
	static char big[50000];
	struct backlog b;
	const char *kept;

	for (size_t i = 0; i < sizeof(big); i++)
		big[i] = (char)('a' + i % 26);
	backlog_init(&b, 40000);
	backlog_append(&b, 1, big, sizeof(big));
	assert_true(b.held <= 40000);
	assert_int_equal(b.end, sizeof(big));
	assert_true(b.begin > 0 && b.begin < 20000);
	kept = read_all(&b, b.begin);
	assert_int_equal(strlen(kept), 2 + sizeof(big) - b.begin);
	assert_memory_equal(kept + 2, big + b.begin, sizeof(big) - b.begin);
	backlog_clear(&b);
}

static void
test_a_stream_that_changes_with_every_byte(void **state)
{
	struct backlog b;

	backlog_init(&b, 20000);
	for (unsigned i = 0; i < 100000; i++) {
		backlog_append(&b, 1 + (int)(i & 1), "x", 1);
		assert_true(b.held <= 20000);
	}
	assert_int_equal(b.end, 100000);
	assert_true(b.end - b.begin > 20);
	backlog_clear(&b);
}

static void
test_nothing_may_be_kept(void **state)
{
	struct backlog b;

	backlog_init(&b, 0);
	backlog_append(&b, 1, "abc", 3);
	assert_int_equal(b.held, 0);
	assert_int_equal(b.begin, 3);
	assert_int_equal(b.end, 3);
	backlog_shrink(&b);
	backlog_clear(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order_and_places),
		cmocka_unit_test(test_the_last_bytes_stay),
		cmocka_unit_test(test_a_stream_that_changes_with_every_byte),
		cmocka_unit_test(test_nothing_may_be_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
