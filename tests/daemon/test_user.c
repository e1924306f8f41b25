/* Users: their policies, and the rate of their calls. */
#include "tests/daemon/unit.h"

#include "base/clock.h"
#include "daemon/user.h"

static struct policies policies;
static struct users users;

static int
setup(void **state)
{
	policies_init(&policies);
	policies.each = (struct policy){ .access = 1, .max_running = 4,
		.max_jobs = 8, .priority = 10 };
	users_init(&users, &policies);
	return 0;
}

static int
teardown(void **state)
{
	users_clear(&users);
	policies_clear(&policies);
	return 0;
}

static void
set(bool is_group, unsigned id, uint64_t running)
{
	struct section *s = policies_add(&policies, is_group, id);

	assert_non_null(s);
	s->policy.max_running = running;
	s->set = (uint64_t)1 << offsetof(struct policy, max_running) / 8;
}

static void
test_a_users_section_passes_its_groups(void **state)
{
	static const gid_t groups[] = { 5, 7 };
	struct user *u, *other;

	set(false, 1000, 1);
	set(true, 7, 2);
	set(true, 5, 3);
	u = user_ref(&users, 1000);
	other = user_ref(&users, 1001);
	assert_int_equal(u->policy.max_running, 1);
	assert_int_equal(other->policy.max_running, 4);
	assert_int_equal(user_set_groups(u, groups, 2), 0);
	assert_int_equal(user_set_groups(other, groups, 2), 0);
	assert_int_equal(u->policy.max_running, 1);
	/* The last section of those that are for it. */
	assert_int_equal(other->policy.max_running, 3);
	/* What the section does not name is as for everyone. */
	assert_int_equal(other->policy.max_jobs, 8);
	assert_int_equal(user_set_groups(other, groups + 1, 1), 0);
	assert_int_equal(other->policy.max_running, 2);
	assert_int_equal(user_set_groups(other, NULL, 0), 0);
	assert_int_equal(other->policy.max_running, 4);
	user_unref(u);
	user_unref(other);
}

static void
test_reload_finds_policies_anew(void **state)
{
	static const gid_t group = 7;
	struct policies other;
	struct user *u = user_ref(&users, 1000);
	struct section *s;

	assert_int_equal(user_set_groups(u, &group, 1), 0);
	policies_init(&other);
	other.each = policies.each;
	s = policies_add(&other, true, 7);
	s->policy.access = 0;
	s->set = 1;
	assert_true(user_is_admitted(u));
	users_reload(&users, &other);
	assert_false(user_is_admitted(u));
	user_unref(u);
	policies_clear(&other);
}

static void
test_root_is_always_admitted(void **state)
{
	struct user *u;

	policies.each.access = 0;
	u = user_ref(&users, 0);
	assert_true(user_is_admitted(u));
	user_unref(u);
}

/* Three at once, then one for each 100 ms. */
static void
test_rate_and_burst(void **state)
{
	struct user *u;
	uint64_t now = 1000000000, wait;

	policies.each.rate = 10;
	policies.each.burst = 3;
	u = user_ref(&users, 1000);
	for (int i = 0; i < 3; i++)
		assert_int_equal(user_pay_call(u, now), 0);
	wait = user_pay_call(u, now);
	assert_in_range(wait, 99, 101);
	/* Being refused costs nothing. */
	assert_int_equal(user_pay_call(u, now), wait);
	assert_int_equal(user_pay_call(u, now + wait * 1000), 0);
	assert_true(user_pay_call(u, now + wait * 1000) > 0);
	/* A long silence is worth one burst, not more. */
	now += 3600u * 1000000u;
	for (int i = 0; i < 3; i++)
		assert_int_equal(user_pay_call(u, now), 0);
	assert_true(user_pay_call(u, now) > 0);
	user_unref(u);
}

static void
test_no_rate_is_no_limit(void **state)
{
	struct user *u = user_ref(&users, 1000);

	for (int i = 0; i < 10000; i++)
		assert_int_equal(user_pay_call(u, 1), 0);
	user_unref(u);
	assert_true(TAILQ_EMPTY(&users.list));
}

/* Or a new connection for each call would be a way around it. */
static void
test_rate_outlives_the_last_connection(void **state)
{
	struct user *u;

	policies.each.rate = 1;
	policies.each.burst = 1;
	u = user_ref(&users, 1000);
	assert_int_equal(user_pay_call(u, clock_monotonic_us()), 0);
	user_unref(u);
	assert_int_equal(user_ref(&users, 1001)->refs, 1);
	u = user_ref(&users, 1000);
	assert_true(user_pay_call(u, clock_monotonic_us()) > 0);
	user_unref(u);
	user_unref(TAILQ_FIRST(&users.list)->uid == 1001 ?
		TAILQ_FIRST(&users.list) :
		TAILQ_NEXT(TAILQ_FIRST(&users.list), entry));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			test_a_users_section_passes_its_groups, setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_reload_finds_policies_anew, setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_root_is_always_admitted, setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_rate_and_burst, setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_no_rate_is_no_limit, setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_rate_outlives_the_last_connection, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
