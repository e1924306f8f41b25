/*
 * What the cache of templates decides, as functions of what it knows: how many
 * children are kept ready, which template goes, which program rests.
 */
#include "tests/daemon/unit.h"

#include "daemon/demand.h"
#include "daemon/evict.h"
#include "daemon/quarantine.h"

/* ---- demand -------------------------------------------------------------- */

static void
test_cold_template_keeps_nothing_ready(void **state)
{
	struct demand d = { 0 };

	for (int i = 1; i < DEMAND_HOT; i++) {
		demand_call(&d, 0, 8);
		assert_int_equal(d.want, 0);
	}
	demand_call(&d, 0, 8);
	assert_int_equal(d.want, 1);
}

static void
test_calls_that_find_nobody_raise_it_to_the_bound(void **state)
{
	struct demand d = { 0 };

	for (int i = 0; i < 100; i++)
		demand_call(&d, 0, 8);
	assert_int_equal(d.want, 8);
	d = (struct demand){ 0 };
	for (int i = 0; i < 100; i++)
		demand_call(&d, 0, 0);
	assert_int_equal(d.want, 0);
}

static void
test_calls_that_find_somebody_do_not(void **state)
{
	struct demand d = { .calls = DEMAND_HOT, .want = 2 };

	for (int i = 0; i < 100; i++)
		demand_call(&d, 1, 8);
	assert_int_equal(d.want, 2);
}

static void
test_always_one_too_many_lowers_it_to_one(void **state)
{
	struct demand d = { .calls = DEMAND_HOT, .want = 5, .quiet = 1 };

	for (int i = 0; i < 3; i++) {
		for (int k = 0; k < 10; k++)
			demand_call(&d, d.want, 8);
		demand_period(&d);
		assert_int_equal(d.want, 4 - i);
	}
	/* Once it was needed: it stays. */
	demand_call(&d, 2, 8);
	demand_call(&d, 1, 8);
	demand_period(&d);
	assert_int_equal(d.want, 2);
	for (int i = 0; i < 10; i++) {
		demand_call(&d, d.want, 8);
		demand_period(&d);
	}
	assert_int_equal(d.want, 1);
}

static void
test_nobody_comes_and_it_falls_to_none(void **state)
{
	struct demand d = { .calls = DEMAND_HOT, .want = 8 };
	unsigned periods = 0;

	demand_call(&d, 0, 8);
	while (d.want > 0) {
		demand_period(&d);
		periods++;
		assert_in_range(periods, 1, 100);
	}
	assert_in_range(periods, 4 * DEMAND_QUIET, 5 * DEMAND_QUIET);
	/* And it is cold again. */
	demand_call(&d, 0, 8);
	assert_int_equal(d.want, 0);
}

/* ---- eviction ------------------------------------------------------------ */

static void
test_within_limits_nobody_goes(void **state)
{
	const struct evict_item items[] = { { 1, 10, false }, { 2, 10, false } };
	const struct evict_limits limits = { .count = 2, .bytes = 20 };

	assert_int_equal(evict_choose(items, 2, &limits), -1);
	assert_int_equal(evict_choose(items, 0, &limits), -1);
}

static void
test_too_many_the_longest_unused_goes(void **state)
{
	const struct evict_item items[] = {
		{ 1, 10, false }, { 1, 50, false }, { 1, 10, false },
	};
	const struct evict_limits limits = { .count = 2, .bytes = 1000 };

	assert_int_equal(evict_choose(items, 3, &limits), 2);
}

static void
test_too_much_the_longest_unused_goes(void **state)
{
	const struct evict_item items[] = {
		{ 1, 990, false }, { 1, 10, false }, { 1, 10, false },
	};
	const struct evict_limits limits = { .count = 10, .bytes = 1000 };

	assert_int_equal(evict_choose(items, 3, &limits), 2);
	assert_int_equal(evict_choose(items, 2, &limits), -1);
}

static void
test_busy_ones_stay(void **state)
{
	const struct evict_item items[] = {
		{ 1, 10, true }, { 1, 10, false }, { 1, 10, true },
	};
	const struct evict_item busy[] = { { 1, 10, true }, { 2, 10, true } };
	const struct evict_limits limits = { .count = 0, .bytes = 0 };

	assert_int_equal(evict_choose(items, 3, &limits), 1);
	assert_int_equal(evict_choose(busy, 2, &limits), -1);
}

static void
test_the_greediest_user_pays(void **state)
{
	const struct evict_item items[] = {
		{ 1, 300, false }, { 1, 400, false }, { 2, 300, false },
		{ 3, 100, false },
	};
	const struct evict_item busy[] = {
		{ 1, 900, true }, { 2, 300, false }, { 3, 100, false },
	};
	const struct evict_limits limits = { .count = 10, .bytes = 1000 };

	assert_int_equal(evict_choose(items, 4, &limits), 1);
	assert_int_equal(evict_choose(busy, 3, &limits), 1);
}

/* A template may claim to hold any number of bytes. */
static void
test_sums_do_not_overflow(void **state)
{
	const struct evict_item items[] = {
		{ 1, UINT64_MAX, false }, { 2, 10, false }, { 1, 3, false },
	};
	const struct evict_limits limits = { .count = 10, .bytes = 1000 };

	assert_int_equal(evict_choose(items, 3, &limits), 2);
}

/* ---- quarantine ---------------------------------------------------------- */

#define SECOND ((uint64_t)1000000)
static const uint8_t one[MODULE_DIGEST] = { 1 }, two[MODULE_DIGEST] = { 2 };
static struct quarantine q;

static void
test_three_crashes_in_time_lead_into_quarantine(void **state)
{
	quarantine_init(&q, 60 * SECOND);
	assert_int_equal(quarantine_crash(&q, 7, one, 100 * SECOND), 0);
	assert_int_equal(quarantine_crash(&q, 7, one, 110 * SECOND), 0);
	assert_int_equal(quarantine_left_us(&q, 7, one, 110 * SECOND), 0);
	assert_int_equal(quarantine_crash(&q, 7, one, 159 * SECOND), 1);
	assert_int_equal(quarantine_left_us(&q, 7, one, 159 * SECOND),
		60 * SECOND);
	assert_int_equal(quarantine_left_us(&q, 7, one, 218 * SECOND), SECOND);
	assert_int_equal(quarantine_left_us(&q, 7, one, 219 * SECOND), 0);
}

static void
test_other_programs_and_users_are_free(void **state)
{
	quarantine_init(&q, 60 * SECOND);
	for (int i = 0; i < 3; i++)
		quarantine_crash(&q, 7, one, SECOND);
	assert_true(quarantine_left_us(&q, 7, one, SECOND) > 0);
	assert_int_equal(quarantine_left_us(&q, 7, two, SECOND), 0);
	assert_int_equal(quarantine_left_us(&q, 8, one, SECOND), 0);
}

static void
test_crashes_far_apart_are_forgiven(void **state)
{
	quarantine_init(&q, 60 * SECOND);
	for (uint64_t i = 0; i < 100; i++)
		assert_int_equal(quarantine_crash(&q, 7, one,
			i * 31 * SECOND), 0);
	assert_int_equal(quarantine_left_us(&q, 7, one, 100 * 31 * SECOND), 0);
}

static void
test_after_it_three_more_are_needed_in_time(void **state)
{
	quarantine_init(&q, 60 * SECOND);
	for (int i = 0; i < 3; i++)
		quarantine_crash(&q, 7, one, SECOND);
	/* Those that were under way. */
	assert_int_equal(quarantine_crash(&q, 7, one, 2 * SECOND), 0);
	assert_int_equal(quarantine_left_us(&q, 7, one, 2 * SECOND),
		59 * SECOND);
	assert_int_equal(quarantine_crash(&q, 7, one, 70 * SECOND), 0);
	assert_int_equal(quarantine_crash(&q, 7, one, 71 * SECOND), 0);
	assert_int_equal(quarantine_crash(&q, 7, one, 72 * SECOND), 1);
}

static void
test_no_time_no_quarantine(void **state)
{
	quarantine_init(&q, 0);
	for (int i = 0; i < 10; i++)
		assert_int_equal(quarantine_crash(&q, 7, one, SECOND), 0);
	assert_int_equal(quarantine_left_us(&q, 7, one, SECOND), 0);
}

/* With new modules all the time one pushes out nobody else's. */
static void
test_flood_of_modules_replaces_the_floods_own(void **state)
{
	quarantine_init(&q, 60 * SECOND);
	for (int i = 0; i < 3; i++)
		quarantine_crash(&q, 7, one, SECOND);
	for (uint32_t i = 0; i < 3 * QUARANTINE_ENTRIES; i++) {
		uint8_t key[MODULE_DIGEST] = { 9 };

		memcpy(key + 1, &i, sizeof(i));
		quarantine_crash(&q, 8, key, 2 * SECOND + i);
	}
	assert_true(quarantine_left_us(&q, 7, one, 3 * SECOND) > 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cold_template_keeps_nothing_ready),
		cmocka_unit_test(
			test_calls_that_find_nobody_raise_it_to_the_bound),
		cmocka_unit_test(test_calls_that_find_somebody_do_not),
		cmocka_unit_test(test_always_one_too_many_lowers_it_to_one),
		cmocka_unit_test(test_nobody_comes_and_it_falls_to_none),
		cmocka_unit_test(test_within_limits_nobody_goes),
		cmocka_unit_test(test_too_many_the_longest_unused_goes),
		cmocka_unit_test(test_too_much_the_longest_unused_goes),
		cmocka_unit_test(test_busy_ones_stay),
		cmocka_unit_test(test_the_greediest_user_pays),
		cmocka_unit_test(test_sums_do_not_overflow),
		cmocka_unit_test(
			test_three_crashes_in_time_lead_into_quarantine),
		cmocka_unit_test(test_other_programs_and_users_are_free),
		cmocka_unit_test(test_crashes_far_apart_are_forgiven),
		cmocka_unit_test(test_after_it_three_more_are_needed_in_time),
		cmocka_unit_test(test_no_time_no_quarantine),
		cmocka_unit_test(test_flood_of_modules_replaces_the_floods_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
