/*
 * The child's frames, spoken with a child of the real template: order, limits,
 * waiting, and what ends it.
 */
#include "tests/cmocka.h"

#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "tests/sandbox/harness.h"

#define EXIT_PEER 3	/* enum process_exit */

static struct launch launch;
static struct template template;
static uint8_t data[FRAME_DATA_MAX];

static int
setup(void **state)
{
	harness_start(&launch);
	template_start(&launch, "probe", &template);
	return 0;
}

static int
teardown(void **state)
{
	template_stop(&template);
	launch_stop(&launch);
	return 0;
}

static void
start(struct child *c, const char *invoke, const char *p0, const char *p1)
{
	const char *params[] = { p0, p1 };
	struct call call = {
		.invoke = invoke, .params = params,
		.nparams = (p0 != NULL) + (p1 != NULL),
		.fuel = UINT64_MAX, .output_bytes = 1 << 20,
	};

	child_fork(&template, c);
	child_call(c, &call);
}

static void
expect(const struct child *c, enum frame_kind kind)
{
	struct frame f;

	assert_true(child_recv(c, &f, data));
	assert_int_equal(f.kind, kind);
}

static void
expect_exit(struct child *c, int status)
{
	struct outcome o;

	child_finish(c, &o);
	assert_int_equal(o.info.si_code, CLD_EXITED);
	assert_int_equal(o.info.si_status, status);
	assert_false(o.has_result && status != 0);
	outcome_clear(&o);
}

static void
test_input_is_asked_for_once_and_echoed(void **state)
{
	struct outcome o;
	struct child c;

	start(&c, "echo", NULL, NULL);
	expect(&c, OUT_WANT_INPUT);
	child_send(&c, IN_DATA, "abc", 3);
	child_send(&c, IN_DATA, "", 0);
	child_send(&c, IN_DATA, "de", 2);
	child_send(&c, IN_EOF, "", 0);
	child_finish(&c, &o);
	assert_true(o.has_result);
	assert_int_equal(o.output.len, 5);
	assert_memory_equal(o.output.data, "abcde", 5);
	assert_int_equal(o.value, 5);
	outcome_clear(&o);
}

static void
test_large_frames_pass_whole(void **state)
{
	static uint8_t big[FRAME_DATA_MAX];
	struct outcome o;
	struct child c;

	for (size_t i = 0; i < sizeof(big); i++)
		big[i] = (uint8_t)(i * 7);
	start(&c, "echo", NULL, NULL);
	expect(&c, OUT_WANT_INPUT);
	for (int i = 0; i < 8; i++) {
		struct frame f;

		child_send(&c, IN_DATA, big, sizeof(big));
		assert_true(child_recv(&c, &f, data));
		assert_int_equal(f.kind, OUT_STDOUT);
		assert_int_equal(f.len, sizeof(big));
		assert_memory_equal(data, big, sizeof(big));
	}
	child_send(&c, IN_EOF, "", 0);
	child_finish(&c, &o);
	assert_int_equal(o.value, 8 * (long)sizeof(big));
	outcome_clear(&o);
}

static void
test_sleep_ends_by_the_wake_of_its_number(void **state)
{
	struct frame_wait wait;
	struct outcome o;
	struct child c;
	uint64_t wrong;

	start(&c, "sleep", "5000", NULL);
	expect(&c, OUT_WAIT);
	memcpy(&wait, data, sizeof(wait));
	assert_int_equal(wait.timeout_ns, 5000);
	wrong = wait.seq + 1;
	child_send(&c, IN_WAKE, &wrong, sizeof(wrong));
	child_send(&c, IN_DATA, "kept", 4);
	child_send(&c, IN_WAKE, &wait.seq, sizeof(wait.seq));
	child_finish(&c, &o);
	assert_true(o.has_result);
	assert_int_equal(o.value, 0);	/* time is over, though input is there */
	outcome_clear(&o);
}

static void
test_wait_for_input_ends_by_input(void **state)
{
	struct outcome o;
	struct child c;

	start(&c, "sleep", "5000000000", "input");
	expect(&c, OUT_WANT_INPUT);
	expect(&c, OUT_WAIT);
	child_send(&c, IN_DATA, "x", 1);
	child_finish(&c, &o);
	assert_int_equal(o.value, 1);
	outcome_clear(&o);
	start(&c, "sleep", "5000000000", "input");
	expect(&c, OUT_WANT_INPUT);
	expect(&c, OUT_WAIT);
	child_send(&c, IN_EOF, "", 0);
	child_finish(&c, &o);
	assert_int_equal(o.value, 1);	/* the end is readable too */
	outcome_clear(&o);
}

/* The wake lies behind more input than there is room for: the clock ends the
 * sleep. */
static void
test_sleep_ends_though_input_piles_up(void **state)
{
	static const uint8_t big[FRAME_DATA_MAX];
	struct outcome o;
	struct child c;

	start(&c, "sleep", "1000000", NULL);
	expect(&c, OUT_WAIT);
	for (int i = 0; i < 4; i++)
		child_send(&c, IN_DATA, big, sizeof(big));
	child_finish(&c, &o);
	assert_true(o.has_result);
	assert_int_equal(o.value, 0);
	outcome_clear(&o);
}

static void
test_first_frame_must_be_a_call(void **state)
{
	static const enum frame_kind kinds[] = {
		(enum frame_kind)0, IN_DATA, IN_EOF, IN_WAKE, OUT_RESULT,
	};
	struct child c;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		child_fork(&template, &c);
		child_send(&c, kinds[i], "", 0);
		expect_exit(&c, EXIT_PEER);
	}
}

static void
test_call_that_is_not_well_formed_ends_the_child(void **state)
{
	struct frame huge = { .kind = IN_CALL, .len = CALL_MAX + 1 };
	struct child c;

	child_fork(&template, &c);
	child_send(&c, IN_CALL, "short", 5);
	expect_exit(&c, EXIT_PEER);
	child_fork(&template, &c);
	assert_int_equal(fd_write_all(c.in, &huge, sizeof(huge)), 0);
	expect_exit(&c, EXIT_PEER);
	child_fork(&template, &c);
	assert_int_equal(fd_write_all(c.in, &huge, 3), 0);	/* half a header */
	fd_close(&c.in);
	expect_exit(&c, EXIT_PEER);
}

static void
test_wrong_frames_end_a_reading_child(void **state)
{
	static const struct {
		enum frame_kind kind;
		size_t len;
	} wrong[] = {
		{ IN_CALL, 0 }, { IN_EOF, 1 }, { IN_WAKE, 4 }, { IN_WAKE, 16 },
		{ OUT_STDOUT, 1 }, { (enum frame_kind)99, 0 },
	};
	struct frame huge = { .kind = IN_DATA, .len = FRAME_DATA_MAX + 1 };
	struct child c;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		start(&c, "echo", NULL, NULL);
		expect(&c, OUT_WANT_INPUT);
		child_send(&c, wrong[i].kind, data, wrong[i].len);
		expect_exit(&c, EXIT_PEER);
	}
	start(&c, "echo", NULL, NULL);
	expect(&c, OUT_WANT_INPUT);
	assert_int_equal(fd_write_all(c.in, &huge, sizeof(huge)), 0);
	expect_exit(&c, EXIT_PEER);
	/* Data after the end of data. */
	start(&c, "sleep", "5000000000", NULL);
	expect(&c, OUT_WAIT);
	child_send(&c, IN_EOF, "", 0);
	child_send(&c, IN_DATA, "x", 1);
	expect_exit(&c, EXIT_PEER);
}

static void
test_closed_output_ends_a_flood(void **state)
{
	struct child c;
	siginfo_t info;

	start(&c, "flood", NULL, NULL);
	expect(&c, OUT_STDOUT);
	fd_close(&c.out);
	harness_reap(c.pidfd, &info);
	assert_int_equal(info.si_code, CLD_EXITED);
	assert_int_equal(info.si_status, EXIT_PEER);
	fd_close(&c.pidfd);
	fd_close(&c.in);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_input_is_asked_for_once_and_echoed),
		cmocka_unit_test(test_large_frames_pass_whole),
		cmocka_unit_test(test_sleep_ends_by_the_wake_of_its_number),
		cmocka_unit_test(test_wait_for_input_ends_by_input),
		cmocka_unit_test(test_sleep_ends_though_input_piles_up),
		cmocka_unit_test(test_first_frame_must_be_a_call),
		cmocka_unit_test(test_call_that_is_not_well_formed_ends_the_child),
		cmocka_unit_test(test_wrong_frames_end_a_reading_child),
		cmocka_unit_test(test_closed_output_ends_a_flood),
	};

	/* A child may end before it has read all that is written to it. */
	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, setup, teardown);
}
