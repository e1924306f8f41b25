/* Limits of a template and of a call, each reached. */
#include "config.h"

#include "tests/cmocka.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "tests/sandbox/harness.h"

static struct launch launch;

static int
setup(void **state)
{
	harness_start(&launch);
	return 0;
}

static int
teardown(void **state)
{
	launch_stop(&launch);
	return 0;
}

static uint64_t
children_cpu_us(void)
{
	struct rusage ru;

	getrusage(RUSAGE_CHILDREN, &ru);
	return (uint64_t)(ru.ru_utime.tv_sec + ru.ru_stime.tv_sec) * 1000000 +
	    (uint64_t)(ru.ru_utime.tv_usec + ru.ru_stime.tv_usec);
}

/* Several, as the kernel samples the time at its ticks. */
static void
test_cpu_limit_ends_a_call_by_sigxcpu(void **state)
{
	static const uint64_t limits_us[] = { 5000, 50000, 500000 };
	const struct call call = { .invoke = "spin", .fuel = UINT64_MAX };

	for (size_t i = 0; i < sizeof(limits_us) / sizeof(limits_us[0]); i++) {
		uint64_t before = children_cpu_us(), used;
		struct template_limits lim;
		struct ctl_msg answer;
		struct template t;
		struct outcome o;
		struct child c;

		harness_limits(&lim);
		lim.cpu_us = limits_us[i];
		assert_true(template_try(&launch, "probe", &lim, &t, &answer));
		child_fork(&t, &c);
		child_call(&c, &call);
		child_finish(&c, &o);
		used = children_cpu_us() - before;
		assert_false(o.has_result);
		assert_int_equal(o.info.si_code, CLD_KILLED);
		assert_int_equal(o.info.si_status, SIGXCPU);
		if (used + 1000 < limits_us[i] || used > limits_us[i] + 10000)
			fail_msg("limit %llu us, used %llu us",
			    (unsigned long long)limits_us[i],
			    (unsigned long long)used);
		outcome_clear(&o);
		template_stop(&t);
	}
}

static void
test_cpu_limit_of_loading_ends_the_template(void **state)
{
	struct template_limits lim;
	struct ctl_msg answer;
	struct template t;
	siginfo_t info;

	harness_limits(&lim);
	lim.load_cpu_us = 50000;
	assert_false(template_try(&launch, "spin", &lim, &t, &answer));
	harness_reap(t.pidfd, &info);
	assert_int_equal(info.si_code, CLD_KILLED);
	assert_int_equal(info.si_status, SIGXCPU);
	fd_close(&t.pidfd);
	fd_close(&t.sock);
}

static void
need_data_limit(void)
{
#ifdef WITH_SANITIZERS
	print_message("a sanitizer's shadow does not fit any data limit\n");
	skip();
#endif
}

static void
test_memory_limit_stops_growth(void **state)
{
	struct template t;
	struct outcome o;

	need_data_limit();
	template_start(&launch, "probe", &t);
	harness_run(&t, &o, "grow", "0x1000000", NULL);
	assert_int_equal(o.value, 0);
	outcome_clear(&o);
	harness_run(&t, &o, "grow", "0x20000000", NULL);
	assert_int_equal(o.value, -12);	/* ENOMEM */
	outcome_clear(&o);
	template_stop(&t);
}

static void
test_memory_limit_stops_loading(void **state)
{
	struct template_limits lim;
	struct ctl_msg answer;
	struct template t;
	unsigned mib;

	need_data_limit();
	harness_limits(&lim);
	assert_false(template_try(&launch, "eat", &lim, &t, &answer));
	assert_int_equal(answer.kind, CTL_FAILED);
	assert_int_equal(answer.failure, CTL_FAIL_MEMORY);
	assert_int_equal(sscanf(answer.error.text, "%u MiB", &mib), 1);
	assert_in_range(mib, 64, 160);
	template_stop(&t);
}

static void
test_module_over_its_limit_is_not_read(void **state)
{
	struct template_limits lim;
	struct ctl_msg answer;
	struct template t;

	harness_limits(&lim);
	lim.module_bytes = 4;
	assert_false(template_try(&launch, "probe", &lim, &t, &answer));
	assert_int_equal(answer.kind, CTL_FAILED);
	assert_int_equal(answer.failure, CTL_FAIL_LIMIT);
	template_stop(&t);
}

static void
test_malformed_module_is_told_with_its_offset(void **state)
{
	struct template_limits lim;
	struct ctl_msg answer;
	struct template t;

	harness_limits(&lim);
	assert_false(template_try(&launch, "malformed", &lim, &t, &answer));
	assert_int_equal(answer.kind, CTL_FAILED);
	assert_int_equal(answer.failure, CTL_FAIL_MALFORMED);
	assert_true(answer.error.has_offset);
	assert_int_equal(answer.error.offset, 3);
	assert_string_equal(answer.error.text, "a word");
	template_stop(&t);
}

/* The bomb's children are ours, as all that are cloned down there; they end
 * with the template's socket. */
static void
test_fork_bomb_in_a_template_is_bounded(void **state)
{
	struct template_limits lim;
	struct ctl_msg answer;
	struct template t;
	unsigned n;

	harness_limits(&lim);
	assert_false(template_try(&launch, "bomb", &lim, &t, &answer));
	assert_int_equal(answer.kind, CTL_FAILED);
	assert_int_equal(answer.failure, CTL_FAIL_SPAWN);
	assert_int_equal(sscanf(answer.error.text, "%u clones", &n), 1);
	assert_in_range(n, 32, 64);
	template_stop(&t);
	for (unsigned i = 0; i < n; i++)
		assert_true(waitpid(-1, NULL, 0) > 0);
}

static void
test_output_limit_cuts_a_flood(void **state)
{
	struct template t;
	struct outcome o;

	template_start(&launch, "probe", &t);
	harness_run(&t, &o, "flood", NULL);
	assert_true(o.has_result);
	assert_int_equal(o.output.len, 1 << 20);
	outcome_clear(&o);
	template_stop(&t);
}

/* No state between calls: a counter starts the same in each. */
static void
test_calls_share_no_state(void **state)
{
	struct template t;
	struct outcome o;

	template_start(&launch, "probe", &t);
	for (int i = 0; i < 100; i++) {
		harness_run(&t, &o, "count", NULL);
		assert_int_equal(o.value, 1);
		outcome_clear(&o);
	}
	template_stop(&t);
}

static int
random_order(const void *a, const void *b)
{
	return memcmp(a, b, 16);
}

static void
test_random_bytes_never_repeat(void **state)
{
	enum { CALLS = 1000 };
	static uint8_t seen[CALLS][16];
	struct template t;
	struct outcome o;

	template_start(&launch, "probe", &t);
	for (int i = 0; i < CALLS; i++) {
		harness_run(&t, &o, "random", NULL);
		assert_int_equal(o.value, 16);
		assert_int_equal(o.output.len, 16);
		memcpy(seen[i], o.output.data, 16);
		outcome_clear(&o);
	}
	qsort(seen, CALLS, 16, random_order);
	for (int i = 1; i < CALLS; i++)
		assert_memory_not_equal(seen[i - 1], seen[i], 16);
	template_stop(&t);
}

static void
test_deaths_are_told_apart(void **state)
{
	struct template t;
	struct outcome o;

	template_start(&launch, "probe", &t);
	harness_run(&t, &o, "trap", NULL);
	assert_int_equal(o.info.si_code, CLD_KILLED);
	assert_int_equal(o.info.si_status, SIGILL);
	outcome_clear(&o);
	harness_run(&t, &o, "segv", NULL);
	assert_int_equal(o.info.si_status, SIGSEGV);
	outcome_clear(&o);
	harness_run(&t, &o, "code", NULL);	/* sealed: not writable */
	assert_int_equal(o.info.si_status, SIGSEGV);
	outcome_clear(&o);
	harness_run(&t, &o, "syscall", "64", "0x3e7", NULL);
	assert_int_equal(o.info.si_status, SIGSYS);
	outcome_clear(&o);
	template_stop(&t);
}

/* Descriptors and processes of the test itself, which plays the daemon. */
static void
test_many_calls_leave_nothing_behind(void **state)
{
	struct template t;
	struct outcome o;
	int before, after;

	template_start(&launch, "probe", &t);
	before = dup(STDIN_FILENO);
	close(before);
	for (int i = 0; i < 2000; i++) {
		harness_run(&t, &o, NULL, NULL);
		assert_true(o.has_result);
		outcome_clear(&o);
	}
	after = dup(STDIN_FILENO);
	close(after);
	assert_int_equal(before, after);
	template_stop(&t);
	launch_stop(&launch);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);	/* no child at all */
	harness_start(&launch);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cpu_limit_ends_a_call_by_sigxcpu),
		cmocka_unit_test(test_cpu_limit_of_loading_ends_the_template),
		cmocka_unit_test(test_memory_limit_stops_growth),
		cmocka_unit_test(test_memory_limit_stops_loading),
		cmocka_unit_test(test_module_over_its_limit_is_not_read),
		cmocka_unit_test(test_malformed_module_is_told_with_its_offset),
		cmocka_unit_test(test_fork_bomb_in_a_template_is_bounded),
		cmocka_unit_test(test_output_limit_cuts_a_flood),
		cmocka_unit_test(test_calls_share_no_state),
		cmocka_unit_test(test_random_bytes_never_repeat),
		cmocka_unit_test(test_deaths_are_told_apart),
		cmocka_unit_test(test_many_calls_leave_nothing_behind),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
