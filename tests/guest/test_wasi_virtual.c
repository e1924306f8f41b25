/* Tests of deterministic calls: clocks, sleep, randomness and input that do not
 * depend on the machine. */
#include "tests/guest/wasi_fake.h"

#include "guest/wasi.h"

#define OUT 1001u		/* unaligned on purpose */
#define IN 3001u
#define EVENTS 20003u
#define N 500u

#define LOOK UINT64_C(1000)
#define S UINT64_C(1000000000)
#define YEAR_2025 (UINT64_C(1735689600) * S)

static const struct call with_seed_0 = { .deterministic = true };
static const struct call with_seed_1 = { .deterministic = true, .seed = 1 };
static const struct call on_terminal = { .deterministic = true, .tty = 1 };

static int
setup(void **state)
{
	fake_setup(state);
	fake_start(&with_seed_0);
	return 0;
}

static uint64_t
now(uint32_t clock)
{
	assert_errno(SUCCESS, CALL("clock_time_get", clock, 0, OUT));
	return peek64(OUT);
}

/* A subscription to a clock, or to descriptor fd. */
static void
put_clock(uint32_t i, uint32_t id, uint64_t timeout, uint16_t flags)
{
	uint8_t s[48] = { 0 };

	memcpy(s + 16, &id, 4);
	memcpy(s + 24, &timeout, 8);
	memcpy(s + 40, &flags, 2);
	poke(IN + i * 48, s, sizeof(s));
}

static void
put_input(uint32_t i)
{
	uint8_t s[48] = { [8] = 1 };

	poke(IN + i * 48, s, sizeof(s));
}

static uint32_t
poll(uint32_t n)
{
	assert_errno(SUCCESS, CALL("poll_oneoff", IN, EVENTS, n, N));
	return peek32(N);
}

static void
test_clocks_begin_the_same_and_advance_by_looking(void **state)
{
	assert_int_equal(now(0), YEAR_2025 + LOOK);
	assert_int_equal(now(0), YEAR_2025 + 2 * LOOK);
	assert_int_equal(now(1), S + 3 * LOOK);
	assert_int_equal(now(2), 4 * LOOK);
	assert_int_equal(now(3), 5 * LOOK);
	fake_start(&with_seed_1);
	assert_int_equal(now(0), YEAR_2025 + LOOK);
	assert_errno(INVAL, CALL("clock_time_get", 4, 0, OUT));
}

static void
test_sleeping_passes_time_and_waits_for_nothing(void **state)
{
	uint64_t before = now(1), cpu = now(2);

	put_clock(0, 1, 3600 * S, 0);
	assert_int_equal(poll(1), 1);
	assert_in_range(now(1) - before, 3600 * S, 3600 * S + 10 * LOOK);
	assert_in_range(now(2) - cpu, 0, 10 * LOOK);
	assert_int_equal(fake.nwaits, 0);
}

static void
test_absolute_timeouts_are_of_the_made_up_clock(void **state)
{
	put_clock(0, 0, YEAR_2025 + 60 * S, 1);
	assert_int_equal(poll(1), 1);
	assert_in_range(now(0), YEAR_2025 + 60 * S, YEAR_2025 + 61 * S);
	/* It is past now. */
	assert_int_equal(poll(1), 1);
	assert_in_range(now(0), YEAR_2025 + 60 * S, YEAR_2025 + 61 * S);
	assert_int_equal(fake.nwaits, 0);
}

static void
test_sleeping_for_ever_is_the_end_of_time(void **state)
{
	put_clock(0, 1, UINT64_MAX, 0);
	assert_int_equal(poll(1), 1);
	assert_int_equal(now(0), UINT64_MAX);
	assert_int_equal(now(1), UINT64_MAX);
	assert_int_equal(poll(1), 1);
	assert_in_range(now(2), 0, S);
}

static void
test_random_bytes_follow_from_the_seed(void **state)
{
	uint8_t first[37];

	assert_errno(SUCCESS, CALL("random_get", OUT, 37));
	memcpy(first, fake.memory + OUT, 37);
	assert_int_equal(fake.memory[OUT + 37], FAKE_FILL);
	assert_errno(SUCCESS, CALL("random_get", OUT, 37));
	assert_memory_not_equal(fake.memory + OUT, first, 37);
	fake_start(&with_seed_0);
	assert_errno(SUCCESS, CALL("random_get", OUT, 37));
	assert_memory_equal(fake.memory + OUT, first, 37);
	fake_start(&with_seed_1);
	assert_errno(SUCCESS, CALL("random_get", OUT, 37));
	assert_memory_not_equal(fake.memory + OUT, first, 37);
	assert_errno(FAULT, CALL("random_get", FAKE_MEMORY - 1, 2));
}

/* xoshiro256**, seeded with 0 by SplitMix64: the same on every machine, and in
 * every version. */
static void
test_random_bytes_are_those_of_the_generator(void **state)
{
	assert_errno(SUCCESS, CALL("random_get", OUT, 16));
	assert_int_equal(peek64(OUT), UINT64_C(0x99ec5f36cb75f2b4));
	assert_int_equal(peek64(OUT + 8), UINT64_C(0xbf6e1f784956452a));
}

static void
test_reads_wait_for_all_they_have_room_for(void **state)
{
	memcpy(fake.input, "abc", 3);
	fake.input_len = 3;
	memcpy(fake.pending, "defgh", 5);
	fake.pending_len = 5;
	fake.read_max = 2;
	poke_iov(IN, 2000, 4);
	poke_iov(IN + 8, 2010, 3);
	assert_errno(SUCCESS, CALL("fd_read", 0, IN, 2, N));
	assert_int_equal(peek32(N), 7);
	assert_memory_equal(fake.memory + 2000, "abcd", 4);
	assert_memory_equal(fake.memory + 2010, "efg", 3);
	/* NONBLOCK does not tell whether there is input, either. */
	assert_errno(SUCCESS, CALL("fd_fdstat_set_flags", 0, 4));
	fake.pending_eof = true;
	assert_errno(SUCCESS, CALL("fd_read", 0, IN, 2, N));
	assert_int_equal(peek32(N), 1);
	assert_errno(SUCCESS, CALL("fd_read", 0, IN, 2, N));
	assert_int_equal(peek32(N), 0);
	assert_int_equal(fake.nwaits, 0);
}

static void
test_a_terminal_is_read_as_it_is_typed(void **state)
{
	fake_start(&on_terminal);
	memcpy(fake.input, "abc", 3);
	fake.input_len = 3;
	poke_iov(IN, 2000, 100);
	assert_errno(SUCCESS, CALL("fd_read", 0, IN, 1, N));
	assert_int_equal(peek32(N), 3);
	assert_int_equal(fake.nblocked, 0);
}

static void
test_input_is_ready_before_time_passes(void **state)
{
	uint64_t before = now(1);

	memcpy(fake.pending, "abc", 3);
	fake.pending_len = 3;
	put_clock(0, 1, S, 0);
	put_input(1);
	assert_int_equal(poll(2), 1);
	assert_int_equal(fake.wait_ns, UINT64_MAX);
	assert_int_equal(fake.memory[EVENTS + 10], 1);
	/* Not how many bytes there are. */
	assert_int_equal(peek64(EVENTS + 16), 1);
	assert_in_range(now(1) - before, 0, 10 * LOOK);
	fake.input_len = 0;
	fake.pending_eof = true;
	assert_int_equal(poll(2), 1);
	assert_int_equal(peek64(EVENTS + 16), 0);
	assert_int_equal(peek64(EVENTS + 24) & 0xffff, 1);
}

#define TEST(f) cmocka_unit_test_setup(f, setup)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_clocks_begin_the_same_and_advance_by_looking),
		TEST(test_sleeping_passes_time_and_waits_for_nothing),
		TEST(test_absolute_timeouts_are_of_the_made_up_clock),
		TEST(test_sleeping_for_ever_is_the_end_of_time),
		TEST(test_random_bytes_follow_from_the_seed),
		TEST(test_random_bytes_are_those_of_the_generator),
		TEST(test_reads_wait_for_all_they_have_room_for),
		TEST(test_a_terminal_is_read_as_it_is_typed),
		TEST(test_input_is_ready_before_time_passes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
