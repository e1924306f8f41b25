/* Tests of guest/wasi_poll: clocks, descriptors, both together, and what no
 * program should pass. */
#include "tests/guest/wasi_fake.h"

#define IN 1001u		/* unaligned on purpose */
#define OUT 20003u
#define N 500u			/* where the number of events goes */
#define END FAKE_MEMORY

#define MS UINT64_C(1000000)
#define S UINT64_C(1000000000)

enum { TYPE_CLOCK, TYPE_READ, TYPE_WRITE };

/* A clock subscription of either interface at the i-th place. */
static void
put_clock(uint32_t i, bool unstable, uint64_t userdata, uint32_t id,
	uint64_t timeout, uint16_t flags)
{
	uint8_t s[56] = { 0 };
	uint32_t size = unstable ? 56 : 48;
	uint32_t clock = unstable ? 24 : 16;

	memcpy(s, &userdata, 8);
	s[8] = TYPE_CLOCK;
	if (unstable)
		memset(s + 16, 0xee, 8);	/* the clock's identifier */
	memcpy(s + clock, &id, 4);
	memcpy(s + clock + 8, &timeout, 8);
	memcpy(s + clock + 24, &flags, 2);
	poke(IN + i * size, s, size);
}

static void
put_fd(uint32_t i, bool unstable, uint64_t userdata, uint8_t type, uint32_t fd)
{
	uint8_t s[56] = { 0 };
	uint32_t size = unstable ? 56 : 48;

	memcpy(s, &userdata, 8);
	s[8] = type;
	memcpy(s + 16, &fd, 4);
	poke(IN + i * size, s, size);
}

static void
check_event(uint32_t i, uint64_t userdata, uint16_t error, uint8_t type)
{
	uint32_t at = OUT + i * 32;

	assert_int_equal(peek64(at), userdata);
	assert_int_equal(peek32(at + 8), error | (uint32_t)type << 16);
}

static uint64_t
event_nbytes(uint32_t i)
{
	return peek64(OUT + i * 32 + 16);
}

static uint32_t
event_flags(uint32_t i)
{
	return (uint32_t)peek64(OUT + i * 32 + 24);
}

#define POLL(n) CALL("poll_oneoff", IN, OUT, n, N)

/* ---- clocks ------------------------------------------------------------ */

static void
test_relative_timeout_waits_that_long(void **state)
{
	put_clock(0, false, 77, 1, 50 * MS, 0);
	assert_errno(SUCCESS, POLL(1));
	assert_int_equal(peek32(N), 1);
	check_event(0, 77, 0, TYPE_CLOCK);
	assert_int_equal(fake.nwaits, 1);
	assert_int_equal(fake.wait_ns, 50 * MS);
	assert_false(fake.wait_input);
	assert_int_equal(fake.memory[OUT + 32], FAKE_FILL);
}

static void
test_absolute_timeouts_wait_for_the_rest(void **state)
{
	uint64_t now;

	for (uint32_t id = 0; id < 2; id++) {
		assert_errno(SUCCESS, CALL("clock_time_get", id, 0, N));
		now = peek64(N);
		put_clock(0, false, 5, id, now + 10 * S, 1);
		assert_errno(SUCCESS, POLL(1));
		assert_in_range(fake.wait_ns, 9 * S, 10 * S);
		check_event(0, 5, 0, TYPE_CLOCK);
	}
}

static void
test_time_that_is_past_does_not_wait(void **state)
{
	put_clock(0, false, 1, 0, 1, 1);
	assert_errno(SUCCESS, POLL(1));
	assert_int_equal(peek32(N), 1);
	put_clock(0, false, 1, 1, 0, 0);
	assert_errno(SUCCESS, POLL(1));
	assert_int_equal(peek32(N), 1);
	assert_int_equal(fake.nwaits, 0);
}

static void
test_shortest_of_several_clocks_wins(void **state)
{
	put_clock(0, false, 10, 1, 300 * MS, 0);
	put_clock(1, false, 11, 0, 20 * MS, 0);
	put_clock(2, false, 12, 1, 20 * MS, 0);
	put_clock(3, false, 13, 0, UINT64_MAX, 1);
	assert_errno(SUCCESS, POLL(4));
	assert_int_equal(fake.wait_ns, 20 * MS);
	assert_int_equal(peek32(N), 2);
	check_event(0, 11, 0, TYPE_CLOCK);
	check_event(1, 12, 0, TYPE_CLOCK);
}

static void
test_cpu_clocks_cannot_be_waited_for(void **state)
{
	put_clock(0, false, 1, 2, S, 0);
	put_clock(1, false, 2, 3, S, 1);
	put_clock(2, false, 3, 1, S, 0);
	assert_errno(SUCCESS, POLL(3));
	assert_int_equal(fake.nwaits, 0);
	assert_int_equal(peek32(N), 2);
	check_event(0, 1, WASI_ENOTSUP, TYPE_CLOCK);
	check_event(1, 2, WASI_ENOTSUP, TYPE_CLOCK);
}

static void
test_older_interface_has_an_identifier_before_the_clock(void **state)
{
	put_clock(0, true, 21, 1, 40 * MS, 0);
	put_fd(1, true, 22, TYPE_READ, 0);
	put_clock(2, true, 23, 0, 30 * MS, 0);
	assert_errno(SUCCESS,
		CALL_IN(UNSTABLE, "poll_oneoff", IN, OUT, 3, N));
	assert_int_equal(fake.wait_ns, 30 * MS);
	assert_true(fake.wait_input);
	assert_int_equal(peek32(N), 1);
	check_event(0, 23, 0, TYPE_CLOCK);
}

/* ---- descriptors ------------------------------------------------------- */

static void
test_output_can_always_be_written(void **state)
{
	put_fd(0, false, 1, TYPE_WRITE, 1);
	put_fd(1, false, 2, TYPE_WRITE, 2);
	put_clock(2, false, 3, 1, S, 0);
	assert_errno(SUCCESS, POLL(3));
	assert_int_equal(peek32(N), 2);
	check_event(0, 1, 0, TYPE_WRITE);
	check_event(1, 2, 0, TYPE_WRITE);
	assert_in_range(event_nbytes(0), 1, 65536);
	assert_int_equal(event_flags(0), 0);
	assert_int_equal(fake.nwaits, 0);
}

static void
test_buffered_input_is_counted(void **state)
{
	fake.input_len = 5;
	put_fd(0, false, 9, TYPE_READ, 0);
	assert_errno(SUCCESS, POLL(1));
	assert_int_equal(peek32(N), 1);
	check_event(0, 9, 0, TYPE_READ);
	assert_int_equal(event_nbytes(0), 5);
	assert_int_equal(event_flags(0), 0);
}

static void
test_end_of_input_is_a_hangup(void **state)
{
	fake.pending_eof = true;
	put_fd(0, false, 9, TYPE_READ, 0);
	assert_errno(SUCCESS, POLL(1));
	assert_int_equal(peek32(N), 1);
	assert_int_equal(event_nbytes(0), 0);
	assert_int_equal(event_flags(0), 1);
	assert_int_equal(fake.wait_ns, UINT64_MAX);
}

static void
test_input_or_time_whichever_is_first(void **state)
{
	put_clock(0, false, 1, 1, 80 * MS, 0);
	put_fd(1, false, 2, TYPE_READ, 0);
	assert_errno(SUCCESS, POLL(2));
	assert_int_equal(peek32(N), 1);
	check_event(0, 1, 0, TYPE_CLOCK);
	fake.pending_len = 3;
	assert_errno(SUCCESS, POLL(2));
	assert_int_equal(fake.wait_ns, 80 * MS);
	assert_true(fake.wait_input);
	assert_int_equal(peek32(N), 1);
	check_event(0, 2, 0, TYPE_READ);
	assert_int_equal(event_nbytes(0), 3);
}

/* Input must reach a guest that also asks for what is always true. */
static void
test_input_is_asked_for_beside_output(void **state)
{
	put_fd(0, false, 1, TYPE_WRITE, 1);
	put_fd(1, false, 2, TYPE_READ, 0);
	assert_errno(SUCCESS, POLL(2));
	assert_int_equal(peek32(N), 1);
	assert_int_equal(fake.nwaits, 1);
	assert_int_equal(fake.wait_ns, 0);
	fake.pending_len = 4;
	assert_errno(SUCCESS, POLL(2));
	assert_int_equal(peek32(N), 2);
	check_event(1, 2, 0, TYPE_READ);
	assert_int_equal(event_nbytes(1), 4);
}

static void
test_bad_descriptors_are_events(void **state)
{
	put_fd(0, false, 1, TYPE_READ, 1);
	put_fd(1, false, 2, TYPE_WRITE, 0);
	put_fd(2, false, 3, TYPE_READ, 3);
	put_fd(3, false, 4, TYPE_WRITE, 0xffffffff);
	put_clock(4, false, 5, 1, S, 0);
	assert_errno(SUCCESS, POLL(5));
	assert_int_equal(peek32(N), 4);
	check_event(0, 1, WASI_EBADF, TYPE_READ);
	check_event(1, 2, WASI_EBADF, TYPE_WRITE);
	check_event(2, 3, WASI_EBADF, TYPE_READ);
	check_event(3, 4, WASI_EBADF, TYPE_WRITE);
	assert_int_equal(fake.nwaits, 0);
}

static void
test_polling_needs_its_right(void **state)
{
	CALL("fd_fdstat_set_rights", 0, UINT64_C(1) << 1, 0);
	put_fd(0, false, 1, TYPE_READ, 0);
	assert_errno(SUCCESS, POLL(1));
	check_event(0, 1, WASI_ENOTCAPABLE, TYPE_READ);
}

/* ---- what no program should pass --------------------------------------- */

static void
test_no_subscriptions_is_invalid(void **state)
{
	assert_errno(INVAL, POLL(0));
	assert_errno(INVAL, CALL_IN(UNSTABLE, "poll_oneoff", IN, OUT, 0, N));
	fake_assert_untouched();
}

static void
test_unknown_types_clocks_and_flags_are_invalid(void **state)
{
	put_clock(0, false, 1, 1, 1, 0);
	put_fd(1, false, 1, 3, 0);
	assert_errno(INVAL, POLL(2));
	put_fd(1, false, 1, 255, 0);
	assert_errno(INVAL, POLL(2));
	put_clock(1, false, 1, 4, 1, 0);
	assert_errno(INVAL, POLL(2));
	put_clock(1, false, 1, 0xffffffff, 1, 0);
	assert_errno(INVAL, POLL(2));
	put_clock(1, false, 1, 1, 1, 2);
	assert_errno(INVAL, POLL(2));
	assert_int_equal(fake.nwaits, 0);
	assert_int_equal(peek32(N), 0xa5a5a5a5);
	assert_int_equal(fake.memory[OUT], FAKE_FILL);
}

static void
test_poll_checks_all_memory_before_it_waits(void **state)
{
	put_clock(0, false, 1, 1, S, 0);
	assert_errno(FAULT, CALL("poll_oneoff", END - 47, OUT, 1, N));
	assert_errno(FAULT, CALL("poll_oneoff", IN, END - 31, 1, N));
	assert_errno(FAULT, CALL("poll_oneoff", IN, OUT, 1, END - 3));
	assert_errno(FAULT, CALL("poll_oneoff", IN, OUT, 0xffffffff, N));
	/* 48 * 0x05555556 is 32 in 32 bits. */
	assert_errno(FAULT, CALL("poll_oneoff", IN, OUT, 0x05555556, N));
	assert_errno(FAULT, CALL("poll_oneoff", 0xffffffff, OUT, 1, N));
	assert_errno(FAULT, CALL("poll_oneoff", IN, 0xfffffff0, 1, N));
	assert_errno(FAULT,
		CALL_IN(UNSTABLE, "poll_oneoff", END - 55, OUT, 1, N));
	assert_int_equal(fake.nwaits, 0);
}

/* Events over the subscriptions, at every distance: no answer is promised,
 * but no byte outside either array may change. */
static void
test_events_over_subscriptions_stay_in_their_array(void **state)
{
	for (uint32_t shift = 0; shift < 96; shift++) {
		memset(fake.memory, FAKE_FILL, FAKE_MEMORY);
		for (uint32_t i = 0; i < 4; i++)
			put_fd(i, false, UINT64_MAX, TYPE_WRITE, 1);
		assert_errno(SUCCESS, CALL("poll_oneoff", IN, IN + shift, 4, N));
		assert_in_range(peek32(N), 1, 4);
		assert_int_equal(fake.memory[IN - 1], FAKE_FILL);
		assert_int_equal(fake.memory[IN + shift + 192], FAKE_FILL);
	}
}

#define TEST(f) cmocka_unit_test_setup(f, fake_setup)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_relative_timeout_waits_that_long),
		TEST(test_absolute_timeouts_wait_for_the_rest),
		TEST(test_time_that_is_past_does_not_wait),
		TEST(test_shortest_of_several_clocks_wins),
		TEST(test_cpu_clocks_cannot_be_waited_for),
		TEST(test_older_interface_has_an_identifier_before_the_clock),
		TEST(test_output_can_always_be_written),
		TEST(test_buffered_input_is_counted),
		TEST(test_end_of_input_is_a_hangup),
		TEST(test_input_or_time_whichever_is_first),
		TEST(test_input_is_asked_for_beside_output),
		TEST(test_bad_descriptors_are_events),
		TEST(test_polling_needs_its_right),
		TEST(test_no_subscriptions_is_invalid),
		TEST(test_unknown_types_clocks_and_flags_are_invalid),
		TEST(test_poll_checks_all_memory_before_it_waits),
		TEST(test_events_over_subscriptions_stay_in_their_array),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
