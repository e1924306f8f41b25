/* Tests of guest/wasi_fd: the three streams and what can be done with them. */
#include "tests/guest/wasi_fake.h"

#include "guest/wasi.h"

#define OUT 1000u
#define IOVS 2001u		/* unaligned on purpose */
#define END FAKE_MEMORY

#define RIGHT_READ (UINT64_C(1) << 1)
#define RIGHT_SET_FLAGS (UINT64_C(1) << 3)
#define RIGHT_WRITE (UINT64_C(1) << 6)
#define RIGHT_STAT (UINT64_C(1) << 21)
#define RIGHT_POLL (UINT64_C(1) << 27)

/* ---- writing ----------------------------------------------------------- */

static void
test_write_goes_out_at_once(void **state)
{
	poke(100, "name? ", 6);
	poke_iov(IOVS, 100, 6);
	assert_errno(SUCCESS, CALL("fd_write", 1, IOVS, 1, OUT + 1));
	assert_int_equal(peek32(OUT + 1), 6);
	assert_int_equal(fake.nwrites, 1);
	assert_int_equal(fake.writes[0].stream, 1);
	assert_int_equal(fake.writes[0].len, 6);
	assert_memory_equal(fake.writes[0].data, "name? ", 6);
}

static void
test_small_buffers_leave_as_one_write(void **state)
{
	poke(100, "abc", 3);
	poke(200, "defg", 4);
	poke_iov(IOVS, 100, 3);
	poke_iov(IOVS + 8, 0xffffffff, 0);	/* empty: its address is not looked at */
	poke_iov(IOVS + 16, 200, 4);
	poke_iov(IOVS + 24, 100, 1);
	assert_errno(SUCCESS, CALL("fd_write", 2, IOVS, 4, OUT));
	assert_int_equal(peek32(OUT), 8);
	assert_int_equal(fake.nwrites, 1);
	assert_int_equal(fake.writes[0].stream, 2);
	assert_memory_equal(fake.writes[0].data, "abcdefga", 8);
}

static void
test_big_buffers_are_not_copied_together(void **state)
{
	memset(fake.memory + 10000, 'x', 5000);
	poke_iov(IOVS, 10000, 5000);
	poke_iov(IOVS + 8, 10000, 1);
	assert_errno(SUCCESS, CALL("fd_write", 1, IOVS, 2, OUT));
	assert_int_equal(peek32(OUT), 5001);
	assert_int_equal(fake.nwrites, 2);
	assert_int_equal(fake.writes[0].len, 5000);
	assert_int_equal(fake.writes[1].len, 1);
}

static void
test_writing_nothing_writes_nothing(void **state)
{
	assert_errno(SUCCESS, CALL("fd_write", 1, END, 0, OUT));
	assert_int_equal(peek32(OUT), 0);
	poke_iov(IOVS, 0, 0);
	assert_errno(SUCCESS, CALL("fd_write", 1, IOVS, 1, OUT));
	assert_int_equal(fake.nwrites, 0);
}

static void
test_output_limit_ends_the_guest(void **state)
{
	poke(100, "0123456789", 10);
	poke_iov(IOVS, 100, 10);
	fake.output_limit = 4;
	CALL("fd_write", 1, IOVS, 1, OUT);
	assert_int_equal(fake.status, VM_EXIT);
	assert_true(wasi_output_exceeded(wasi_get()));
	assert_int_equal(fake.writes[0].len, 4);
}

static void
test_more_buffers_than_one_call_takes_are_a_short_write(void **state)
{
	poke(100, "z", 1);
	for (uint32_t i = 0; i < 1500; i++)
		poke_iov(IOVS + 8 * i, 100, 1);
	assert_errno(SUCCESS, CALL("fd_write", 1, IOVS, 1500, OUT));
	assert_int_equal(peek32(OUT), 1024);
	assert_int_equal(fake.writes[0].len, 1024);
}

static void
test_write_checks_before_it_writes(void **state)
{
	poke(100, "abc", 3);
	poke_iov(IOVS, 100, 3);
	poke_iov(IOVS + 8, END - 1, 2);
	assert_errno(FAULT, CALL("fd_write", 1, IOVS, 2, OUT));
	assert_errno(FAULT, CALL("fd_write", 1, IOVS, 1, END - 3));
	assert_errno(FAULT, CALL("fd_write", 1, END - 7, 1, OUT));
	assert_errno(FAULT, CALL("fd_write", 1, IOVS, 0xffffffff, OUT));
	assert_errno(FAULT, CALL("fd_write", 1, 0xfffffff8, 1, OUT));
	assert_errno(BADF, CALL("fd_write", 0, IOVS, 1, OUT));
	assert_errno(BADF, CALL("fd_write", 3, IOVS, 1, OUT));
	assert_errno(BADF, CALL("fd_write", 0xffffffff, IOVS, 1, OUT));
	assert_int_equal(fake.nwrites, 0);
	assert_int_equal(peek32(OUT), 0xa5a5a5a5);
}

/* ---- reading ----------------------------------------------------------- */

static void
give_input(const char *text)
{
	fake.input_len = strlen(text);
	memcpy(fake.input, text, fake.input_len);
}

static void
give_pending(const char *text)
{
	fake.pending_len = strlen(text);
	memcpy(fake.pending, text, fake.pending_len);
}

static void
test_read_scatters(void **state)
{
	give_input("abcdefgh");
	poke_iov(IOVS, 100, 3);
	poke_iov(IOVS + 8, 0xfffffff0, 0);
	poke_iov(IOVS + 16, 201, 100);
	assert_errno(SUCCESS, CALL("fd_read", 0, IOVS, 3, OUT + 3));
	assert_int_equal(peek32(OUT + 3), 8);
	assert_memory_equal(fake.memory + 100, "abc", 3);
	assert_memory_equal(fake.memory + 201, "defgh", 5);
	assert_int_equal(fake.memory[206], FAKE_FILL);
	assert_int_equal(fake.nblocked, 0);
}

static void
test_read_blocks_for_the_first_byte_only(void **state)
{
	give_pending("abc");
	poke_iov(IOVS, 100, 3);
	poke_iov(IOVS + 8, 200, 3);
	assert_errno(SUCCESS, CALL("fd_read", 0, IOVS, 2, OUT));
	assert_int_equal(peek32(OUT), 3);
	assert_int_equal(fake.nblocked, 1);
}

/* A buffer that was not filled is the last one, or there would be a gap. */
static void
test_read_stops_at_a_buffer_that_was_not_filled(void **state)
{
	give_input("abcdefgh");
	fake.read_max = 2;
	poke_iov(IOVS, 100, 3);
	poke_iov(IOVS + 8, 200, 3);
	assert_errno(SUCCESS, CALL("fd_read", 0, IOVS, 2, OUT));
	assert_int_equal(peek32(OUT), 2);
	assert_int_equal(fake.memory[200], FAKE_FILL);
}

static void
test_read_ends_with_zero(void **state)
{
	fake.eof = true;
	poke_iov(IOVS, 100, 3);
	assert_errno(SUCCESS, CALL("fd_read", 0, IOVS, 1, OUT));
	assert_int_equal(peek32(OUT), 0);
}

static void
test_read_of_nothing_does_not_block(void **state)
{
	poke_iov(IOVS, 100, 0);
	assert_errno(SUCCESS, CALL("fd_read", 0, IOVS, 1, OUT));
	assert_errno(SUCCESS, CALL("fd_read", 0, IOVS, 0, OUT));
	assert_int_equal(peek32(OUT), 0);
	assert_int_equal(fake.nblocked, 0);
}

static void
test_nonblocking_read_asks_once(void **state)
{
	poke_iov(IOVS, 100, 10);
	assert_errno(SUCCESS, CALL("fd_fdstat_set_flags", 0, 4));
	assert_errno(AGAIN, CALL("fd_read", 0, IOVS, 1, OUT));
	assert_int_equal(fake.nwaits, 1);
	assert_int_equal(fake.wait_ns, 0);
	assert_int_equal(fake.nblocked, 0);
	give_pending("now");
	assert_errno(SUCCESS, CALL("fd_read", 0, IOVS, 1, OUT));
	assert_int_equal(peek32(OUT), 3);
	assert_int_equal(fake.nblocked, 0);
}

/* The buffer lies over the vectors: those that were passed count. */
static void
test_read_over_its_own_vectors(void **state)
{
	give_input("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"
		"tail");
	poke_iov(IOVS, IOVS, 16);
	poke_iov(IOVS + 8, 100, 4);
	assert_errno(SUCCESS, CALL("fd_read", 0, IOVS, 2, OUT));
	assert_int_equal(peek32(OUT), 20);
	assert_memory_equal(fake.memory + 100, "tail", 4);
}

static void
test_read_checks_before_it_reads(void **state)
{
	give_input("abc");
	poke_iov(IOVS, 100, 3);
	poke_iov(IOVS + 8, 0xffffffff, 0xffffffff);
	assert_errno(FAULT, CALL("fd_read", 0, IOVS, 2, OUT));
	assert_errno(FAULT, CALL("fd_read", 0, IOVS, 1, 0xffffffff));
	assert_errno(FAULT, CALL("fd_read", 0, IOVS, 0xffffffff, OUT));
	assert_errno(BADF, CALL("fd_read", 1, IOVS, 1, OUT));
	assert_errno(BADF, CALL("fd_read", 2, IOVS, 1, OUT));
	assert_errno(BADF, CALL("fd_read", 3, IOVS, 1, OUT));
	assert_int_equal(fake.input_len, 3);
	assert_int_equal(fake.memory[100], FAKE_FILL);
}

/* Many vectors over the same bytes: a sum that a size cannot hold. */
static void
test_sum_of_buffers_beyond_32_bits_is_invalid(void **state)
{
	static uint8_t big[5 << 20];

	fake.memory = big;
	fake.memory_len = sizeof(big);
	for (uint32_t i = 0; i < 1024; i++)
		poke_iov(IOVS + 8 * i, 0, sizeof(big));
	assert_errno(INVAL, CALL("fd_write", 1, IOVS, 1024, OUT));
	assert_errno(INVAL, CALL("fd_read", 0, IOVS, 1024, OUT));
	assert_int_equal(fake.nwrites, 0);
	/* The largest sum that fits: 819 times 5 MiB. */
	fake.eof = true;
	assert_errno(SUCCESS, CALL("fd_read", 0, IOVS, 819, OUT));
	assert_errno(INVAL, CALL("fd_read", 0, IOVS, 820, OUT));
}

/* ---- the table --------------------------------------------------------- */

static void
test_closed_is_closed(void **state)
{
	poke_iov(IOVS, 100, 1);
	for (uint64_t fd = 0; fd < 3; fd++) {
		assert_errno(SUCCESS, CALL("fd_close", fd));
		assert_errno(BADF, CALL("fd_close", fd));
		assert_errno(BADF, CALL("fd_fdstat_get", fd, OUT));
		assert_errno(BADF, CALL("fd_write", fd, IOVS, 1, OUT));
		assert_errno(BADF, CALL("fd_read", fd, IOVS, 1, OUT));
		assert_errno(BADF, CALL("fd_seek", fd, 0, 0, OUT));
	}
	assert_errno(BADF, CALL("fd_close", 3));
	assert_errno(BADF, CALL("fd_close", 0xffffffff));
}

static void
test_renumber_moves_the_stream(void **state)
{
	poke(100, "x", 1);
	poke_iov(IOVS, 100, 1);
	assert_errno(SUCCESS, CALL("fd_renumber", 2, 1));
	assert_errno(SUCCESS, CALL("fd_write", 1, IOVS, 1, OUT));
	assert_int_equal(fake.writes[0].stream, 2);
	assert_errno(BADF, CALL("fd_write", 2, IOVS, 1, OUT));
	assert_errno(SUCCESS, CALL("fd_renumber", 1, 0));
	assert_errno(SUCCESS, CALL("fd_write", 0, IOVS, 1, OUT));
	assert_errno(BADF, CALL("fd_read", 0, IOVS, 1, OUT));
}

static void
test_renumber_needs_both_ends(void **state)
{
	assert_errno(SUCCESS, CALL("fd_renumber", 1, 1));
	assert_errno(BADF, CALL("fd_renumber", 1, 3));
	assert_errno(BADF, CALL("fd_renumber", 3, 1));
	assert_errno(BADF, CALL("fd_renumber", 1, 0xffffffff));
	assert_errno(SUCCESS, CALL("fd_fdstat_get", 1, OUT));
}

static void
check_fdstat(uint32_t fd, uint8_t type, uint16_t flags, uint64_t rights)
{
	assert_errno(SUCCESS, CALL("fd_fdstat_get", fd, OUT + 1));
	assert_int_equal(fake.memory[OUT + 1], type);
	assert_int_equal(peek32(OUT + 1) >> 16, flags);
	assert_int_equal(peek64(OUT + 1 + 8), rights);
	assert_int_equal(peek64(OUT + 1 + 16), 0);
	assert_int_equal(fake.memory[OUT + 1 + 24], FAKE_FILL);
}

static void
test_terminals_are_character_devices(void **state)
{
	static const struct call call = { .tty = 1 << 0 | 1 << 2 };
	const uint64_t common = RIGHT_SET_FLAGS | RIGHT_STAT | RIGHT_POLL;

	fake_start(&call);
	check_fdstat(0, 2, 0, common | RIGHT_READ);
	check_fdstat(1, 0, 0, common | RIGHT_WRITE);
	check_fdstat(2, 2, 0, common | RIGHT_WRITE);
	assert_errno(FAULT, CALL("fd_fdstat_get", 0, END - 23));
	assert_errno(BADF, CALL("fd_fdstat_get", 3, OUT));
}

static void
test_flags_can_be_set_and_seen(void **state)
{
	const uint64_t rights = RIGHT_SET_FLAGS | RIGHT_STAT | RIGHT_POLL |
		RIGHT_WRITE;

	assert_errno(SUCCESS, CALL("fd_fdstat_set_flags", 1, 5));
	check_fdstat(1, 0, 5, rights);
	assert_errno(INVAL, CALL("fd_fdstat_set_flags", 1, 2));
	assert_errno(INVAL, CALL("fd_fdstat_set_flags", 1, 0x20));
	assert_errno(INVAL, CALL("fd_fdstat_set_flags", 1, 0x10000));
	assert_errno(BADF, CALL("fd_fdstat_set_flags", 3, 0));
	check_fdstat(1, 0, 5, rights);
}

static void
test_rights_are_only_given_away(void **state)
{
	poke_iov(IOVS, 100, 1);
	assert_errno(NOTCAPABLE, CALL("fd_fdstat_set_rights", 1,
		RIGHT_WRITE | RIGHT_READ, 0));
	assert_errno(NOTCAPABLE, CALL("fd_fdstat_set_rights", 1, 0, 1));
	assert_errno(SUCCESS, CALL("fd_fdstat_set_rights", 1, RIGHT_WRITE, 0));
	check_fdstat(1, 0, 0, RIGHT_WRITE);
	assert_errno(NOTCAPABLE, CALL("fd_fdstat_set_flags", 1, 0));
	assert_errno(NOTCAPABLE, CALL("fd_filestat_get", 1, OUT));
	assert_errno(SUCCESS, CALL("fd_write", 1, IOVS, 1, OUT));
	assert_errno(SUCCESS, CALL("fd_fdstat_set_rights", 1, 0, 0));
	assert_errno(NOTCAPABLE, CALL("fd_write", 1, IOVS, 1, OUT));
	assert_errno(NOTCAPABLE, CALL("fd_fdstat_set_rights", 1, RIGHT_WRITE, 0));
	assert_errno(SUCCESS, CALL("fd_fdstat_set_rights", 0, 0, 0));
	assert_errno(NOTCAPABLE, CALL("fd_read", 0, IOVS, 1, OUT));
	assert_errno(BADF, CALL("fd_fdstat_set_rights", 3, 0, 0));
}

/* ---- attributes -------------------------------------------------------- */

static void
test_filestat_of_a_stream(void **state)
{
	static const struct call call = { .tty = 1 << 1 };

	fake_start(&call);
	assert_errno(SUCCESS, CALL("fd_filestat_get", 1, OUT + 1));
	assert_int_equal(peek64(OUT + 1), 0);
	assert_int_equal(peek64(OUT + 1 + 8), 2);
	assert_int_equal(peek64(OUT + 1 + 16), 2);	/* type and padding */
	assert_int_equal(peek64(OUT + 1 + 24), 1);	/* nlink */
	for (uint32_t at = 32; at < 64; at += 8)
		assert_int_equal(peek64(OUT + 1 + at), 0);
	assert_int_equal(fake.memory[OUT + 1 + 64], FAKE_FILL);
	assert_errno(FAULT, CALL("fd_filestat_get", 1, END - 63));
	assert_errno(BADF, CALL("fd_filestat_get", 3, OUT));
}

static void
test_filestat_of_the_older_interface_is_shorter(void **state)
{
	assert_errno(SUCCESS, CALL_IN(UNSTABLE, "fd_filestat_get", 2, OUT));
	assert_int_equal(peek64(OUT + 8), 3);
	assert_int_equal(peek32(OUT + 16), 0);		/* type and padding */
	assert_int_equal(peek32(OUT + 20), 1);		/* nlink */
	for (uint32_t at = 24; at < 56; at += 8)
		assert_int_equal(peek64(OUT + at), 0);
	assert_int_equal(fake.memory[OUT + 56], FAKE_FILL);
	assert_errno(SUCCESS,
		CALL_IN(UNSTABLE, "fd_filestat_get", 2, END - 56));
	assert_errno(FAULT, CALL_IN(UNSTABLE, "fd_filestat_get", 2, END - 55));
	assert_errno(BADF, CALL_IN(UNSTABLE, "fd_filestat_get", 3, OUT));
}

/* ---- what streams cannot do -------------------------------------------- */

static void
check_refusals(uint64_t fd, bool open)
{
#define REFUSED(id, call) \
	fake_assert_errno(open ? WASI_E##id : WASI_EBADF, call, #call, \
		__FILE__, __LINE__)
	for (uint64_t whence = 0; whence < 3; whence++) {
		REFUSED(SPIPE, CALL("fd_seek", fd, 0, whence, OUT));
		REFUSED(SPIPE, CALL_IN(UNSTABLE, "fd_seek", fd, 0, whence, OUT));
	}
	REFUSED(INVAL, CALL("fd_seek", fd, 0, 3, OUT));
	REFUSED(SPIPE, CALL("fd_tell", fd, OUT));
	REFUSED(SPIPE, CALL("fd_pread", fd, IOVS, 1, 0, OUT));
	REFUSED(SPIPE, CALL("fd_pwrite", fd, IOVS, 1, 0, OUT));
	REFUSED(SPIPE, CALL("fd_advise", fd, 0, 0, 5));
	REFUSED(INVAL, CALL("fd_advise", fd, 0, 0, 6));
	REFUSED(SPIPE, CALL("fd_allocate", fd, 0, 1));
	REFUSED(INVAL, CALL("fd_allocate", fd, 0, 0));
	REFUSED(INVAL, CALL("fd_sync", fd));
	REFUSED(INVAL, CALL("fd_datasync", fd));
	REFUSED(INVAL, CALL("fd_filestat_set_size", fd, 0));
	REFUSED(NOTSUP, CALL("fd_filestat_set_times", fd, 0, 0, 0));
	REFUSED(NOTDIR, CALL("fd_readdir", fd, OUT, 10, 0, OUT));
#undef REFUSED
}

static void
test_streams_refuse_what_files_do(void **state)
{
	for (uint64_t fd = 0; fd < 3; fd++)
		check_refusals(fd, true);
	check_refusals(3, false);
	check_refusals(0xffffffff, false);
	CALL("fd_close", 1);
	check_refusals(1, false);
	fake_assert_untouched();
}

static void
test_nothing_is_preopened(void **state)
{
	for (uint64_t fd = 0; fd < 5; fd++) {
		assert_errno(BADF, CALL("fd_prestat_get", fd, OUT));
		assert_errno(BADF, CALL("fd_prestat_dir_name", fd, OUT, 4));
	}
	fake_assert_untouched();
}

static void
test_closed_streams_are_not_open(void **state)
{
	static const struct call call = { .closed = 1 << 0 | 1 << 2 };

	fake_start(&call);
	assert_errno(BADF, CALL("fd_fdstat_get", 0, 1000));
	assert_errno(SUCCESS, CALL("fd_fdstat_get", 1, 1000));
	assert_errno(BADF, CALL("fd_fdstat_get", 2, 1000));
	poke_iov(1000, 2000, 1);
	assert_errno(BADF, CALL("fd_read", 0, 1000, 1, 3000));
	assert_errno(SUCCESS, CALL("fd_write", 1, 1000, 1, 3000));
	assert_errno(BADF, CALL("fd_write", 2, 1000, 1, 3000));
	assert_int_equal(fake.nblocked, 0);
}

#define TEST(f) cmocka_unit_test_setup(f, fake_setup)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_write_goes_out_at_once),
		TEST(test_small_buffers_leave_as_one_write),
		TEST(test_big_buffers_are_not_copied_together),
		TEST(test_writing_nothing_writes_nothing),
		TEST(test_output_limit_ends_the_guest),
		TEST(test_more_buffers_than_one_call_takes_are_a_short_write),
		TEST(test_write_checks_before_it_writes),
		TEST(test_read_scatters),
		TEST(test_read_blocks_for_the_first_byte_only),
		TEST(test_read_stops_at_a_buffer_that_was_not_filled),
		TEST(test_read_ends_with_zero),
		TEST(test_read_of_nothing_does_not_block),
		TEST(test_nonblocking_read_asks_once),
		TEST(test_read_over_its_own_vectors),
		TEST(test_read_checks_before_it_reads),
		TEST(test_sum_of_buffers_beyond_32_bits_is_invalid),
		TEST(test_closed_is_closed),
		TEST(test_renumber_moves_the_stream),
		TEST(test_renumber_needs_both_ends),
		TEST(test_terminals_are_character_devices),
		TEST(test_flags_can_be_set_and_seen),
		TEST(test_rights_are_only_given_away),
		TEST(test_filestat_of_a_stream),
		TEST(test_filestat_of_the_older_interface_is_shorter),
		TEST(test_streams_refuse_what_files_do),
		TEST(test_nothing_is_preopened),
		TEST(test_closed_streams_are_not_open),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
