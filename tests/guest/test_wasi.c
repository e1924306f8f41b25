/* Tests of guest/wasi: the table, arguments, clocks, randomness, processes,
 * paths and sockets. */
#include "tests/guest/wasi_fake.h"

#include <time.h>

#include "guest/wasi.h"

#define OUT 1000u		/* where results go; not aligned on purpose below */
#define END FAKE_MEMORY

/* ---- the table --------------------------------------------------------- */

static void
test_both_interfaces_have_all_46_functions(void **state)
{
	unsigned preview1 = 0, unstable = 0;

	for (size_t i = 0; i < fake_nfuncs; i++) {
		if (strcmp(fake_funcs[i].module, PREVIEW1) == 0)
			preview1++;
		else if (strcmp(fake_funcs[i].module, UNSTABLE) == 0)
			unstable++;
		assert_ptr_equal(&fake_funcs[i],
			fake_find(fake_funcs[i].module, fake_funcs[i].name));
	}
	assert_int_equal(preview1, 46);
	assert_int_equal(unstable, 46);
	assert_int_equal(fake_nfuncs, 92);
}

/* Signatures as compilers emit them, from the interface's documents. */
static void
test_signatures_are_those_of_the_witx(void **state)
{
	static const char *const sigs[][2] = {
		{ "args_get", "ii:i" }, { "args_sizes_get", "ii:i" },
		{ "environ_get", "ii:i" }, { "environ_sizes_get", "ii:i" },
		{ "clock_res_get", "ii:i" }, { "clock_time_get", "ili:i" },
		{ "fd_advise", "illi:i" }, { "fd_allocate", "ill:i" },
		{ "fd_close", "i:i" }, { "fd_datasync", "i:i" },
		{ "fd_fdstat_get", "ii:i" }, { "fd_fdstat_set_flags", "ii:i" },
		{ "fd_fdstat_set_rights", "ill:i" },
		{ "fd_filestat_get", "ii:i" },
		{ "fd_filestat_set_size", "il:i" },
		{ "fd_filestat_set_times", "illi:i" },
		{ "fd_pread", "iiili:i" }, { "fd_prestat_get", "ii:i" },
		{ "fd_prestat_dir_name", "iii:i" }, { "fd_pwrite", "iiili:i" },
		{ "fd_read", "iiii:i" }, { "fd_readdir", "iiili:i" },
		{ "fd_renumber", "ii:i" }, { "fd_seek", "ilii:i" },
		{ "fd_sync", "i:i" }, { "fd_tell", "ii:i" },
		{ "fd_write", "iiii:i" }, { "path_create_directory", "iii:i" },
		{ "path_filestat_get", "iiiii:i" },
		{ "path_filestat_set_times", "iiiilli:i" },
		{ "path_link", "iiiiiii:i" }, { "path_open", "iiiiillii:i" },
		{ "path_readlink", "iiiiii:i" },
		{ "path_remove_directory", "iii:i" },
		{ "path_rename", "iiiiii:i" }, { "path_symlink", "iiiii:i" },
		{ "path_unlink_file", "iii:i" }, { "poll_oneoff", "iiii:i" },
		{ "proc_exit", "i:" }, { "proc_raise", "i:i" },
		{ "sched_yield", ":i" }, { "random_get", "ii:i" },
		{ "sock_accept", "iii:i" }, { "sock_recv", "iiiiii:i" },
		{ "sock_send", "iiiii:i" }, { "sock_shutdown", "ii:i" },
	};

	assert_int_equal(sizeof(sigs) / sizeof(sigs[0]), 46);
	for (size_t i = 0; i < 46; i++) {
		assert_string_equal(fake_find(PREVIEW1, sigs[i][0])->sig,
			sigs[i][1]);
		assert_string_equal(fake_find(UNSTABLE, sigs[i][0])->sig,
			sigs[i][1]);
	}
}

static void
test_errnos_have_the_numbers_of_the_witx(void **state)
{
	assert_int_equal(WASI_ESUCCESS, 0);
	assert_int_equal(WASI_EAGAIN, 6);
	assert_int_equal(WASI_EBADF, 8);
	assert_int_equal(WASI_EFAULT, 21);
	assert_int_equal(WASI_EINVAL, 28);
	assert_int_equal(WASI_ENOTDIR, 54);
	assert_int_equal(WASI_ENOTSOCK, 57);
	assert_int_equal(WASI_ENOTSUP, 58);
	assert_int_equal(WASI_ESPIPE, 70);
	assert_int_equal(WASI_ENOTCAPABLE, 76);
}

/* ---- arguments and environment ----------------------------------------- */

static const char *const some_args[] = { "prog", "", "two words" };
static const char *const some_env[] = { "A=1", "EMPTY=" };
static const struct call some_call = {
	.nargs = 3, .args = some_args, .nenv = 2, .env = some_env,
};

static void
test_args_come_with_their_terminators(void **state)
{
	fake_start(&some_call);
	assert_errno(SUCCESS, CALL("args_sizes_get", 17, 33));
	assert_int_equal(peek32(17), 3);
	assert_int_equal(peek32(33), 16);
	assert_errno(SUCCESS, CALL("args_get", 101, 203));
	assert_int_equal(peek32(101), 203);
	assert_int_equal(peek32(105), 208);
	assert_int_equal(peek32(109), 209);
	assert_memory_equal(fake.memory + 203, "prog\0\0two words\0", 16);
	assert_int_equal(fake.memory[203 + 16], FAKE_FILL);
}

static void
test_environ_is_what_the_call_gave_and_nothing_else(void **state)
{
	fake_start(&some_call);
	assert_errno(SUCCESS, CALL("environ_sizes_get", 0, 4));
	assert_int_equal(peek32(0), 2);
	assert_int_equal(peek32(4), 11);
	assert_errno(SUCCESS, CALL("environ_get", 8, END - 11));
	assert_memory_equal(fake.memory + END - 11, "A=1\0EMPTY=\0", 11);
	assert_int_equal(peek32(8), END - 11);
	assert_int_equal(peek32(12), END - 7);
}

static void
test_no_args_need_no_room(void **state)
{
	assert_errno(SUCCESS, CALL("args_sizes_get", 0, 4));
	assert_int_equal(peek64(0), 0);
	assert_errno(SUCCESS, CALL("args_get", END, END));
	assert_errno(SUCCESS, CALL("environ_get", END, END));
}

static void
test_args_outside_memory_write_nothing(void **state)
{
	fake_start(&some_call);
	assert_errno(FAULT, CALL("args_get", END - 11, 0));
	assert_errno(FAULT, CALL("args_get", 0, END - 15));
	assert_errno(FAULT, CALL("args_get", 0xfffffff8, 0));
	assert_errno(FAULT, CALL("environ_get", 0, 0xffffffff));
	assert_errno(FAULT, CALL("args_sizes_get", 0, END - 3));
	assert_errno(FAULT, CALL("args_sizes_get", END - 3, 0));
	assert_errno(FAULT, CALL("environ_sizes_get", 0, 0xffffffff));
	fake_assert_untouched();
}

/* ---- clocks ------------------------------------------------------------ */

static void
test_clocks_have_a_resolution(void **state)
{
	for (uint32_t id = 0; id < 4; id++) {
		assert_errno(SUCCESS, CALL("clock_res_get", id, OUT + 1));
		assert_in_range(peek64(OUT + 1), 1, 1000000);
	}
	assert_errno(INVAL, CALL("clock_res_get", 4, OUT));
	assert_errno(INVAL, CALL("clock_res_get", 0xffffffff, OUT));
	assert_errno(FAULT, CALL("clock_res_get", 0, END - 7));
}

static void
test_realtime_is_the_hosts(void **state)
{
	uint64_t now = (uint64_t)time(NULL);

	assert_errno(SUCCESS, CALL("clock_time_get", 0, 0, OUT + 3));
	assert_in_range(peek64(OUT + 3) / 1000000000, now, now + 2);
}

static void
test_monotonic_begins_with_the_call(void **state)
{
	uint64_t first;

	assert_errno(SUCCESS, CALL("clock_time_get", 1, 0, OUT));
	first = peek64(OUT);
	assert_in_range(first, 1000000000, 10000000000);
	assert_errno(SUCCESS, CALL("clock_time_get", 1, UINT64_MAX, OUT));
	assert_true(peek64(OUT) >= first);
}

static void
test_cpu_clocks_advance_with_work(void **state)
{
	uint64_t first;

	for (uint32_t id = 2; id < 4; id++) {
		assert_errno(SUCCESS, CALL("clock_time_get", id, 0, OUT));
		first = peek64(OUT);
		for (volatile unsigned i = 0; i < 100000; i++)
			;
		assert_errno(SUCCESS, CALL("clock_time_get", id, 0, OUT));
		assert_true(peek64(OUT) > first);
	}
}

static void
test_clock_time_refuses_what_is_no_clock(void **state)
{
	assert_errno(INVAL, CALL("clock_time_get", 4, 0, OUT));
	assert_errno(INVAL, CALL("clock_time_get", 0x80000000, 0, OUT));
	assert_errno(FAULT, CALL("clock_time_get", 0, 0, END - 7));
	assert_errno(FAULT, CALL("clock_time_get", 1, 0, 0xffffffff));
	fake_assert_untouched();
}

/* ---- randomness -------------------------------------------------------- */

static void
test_random_fills_exactly_the_buffer(void **state)
{
	unsigned same = 0;

	assert_errno(SUCCESS, CALL("random_get", 101, 1024));
	assert_int_equal(fake.memory[100], FAKE_FILL);
	assert_int_equal(fake.memory[101 + 1024], FAKE_FILL);
	for (uint32_t i = 0; i < 1024; i++)
		same += fake.memory[101 + i] == FAKE_FILL;
	/* 4 are expected; 64 do not happen. */
	assert_in_range(same, 0, 64);
}

static void
test_random_checks_the_buffer(void **state)
{
	assert_errno(SUCCESS, CALL("random_get", END, 0));
	assert_errno(FAULT, CALL("random_get", END + 1, 0));
	assert_errno(FAULT, CALL("random_get", END - 1, 2));
	assert_errno(FAULT, CALL("random_get", 0, 0xffffffff));
	assert_errno(FAULT, CALL("random_get", 0xffffffff, 0xffffffff));
	fake_assert_untouched();
}

/* ---- processes --------------------------------------------------------- */

static void
test_proc_exit_ends_with_the_whole_code(void **state)
{
	CALL("proc_exit", 0xfffffffe);
	assert_int_equal(fake.status, VM_EXIT);
	assert_int_equal(wasi_exit_code(wasi_get()), 0xfffffffe);
	assert_false(wasi_output_exceeded(wasi_get()));
}

static void
test_ending_signals_trap_with_their_name(void **state)
{
	static const uint8_t ending[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12,
		14, 15, 23, 24, 25, 26, 28, 29, 30 };

	for (size_t i = 0; i < sizeof(ending); i++) {
		CALL("proc_raise", ending[i]);
		assert_int_equal(fake.status, VM_TRAP);
		assert_int_equal(fake.trap, TRAP_HOST);
	}
	CALL("proc_raise", 6);
	assert_string_equal(fake.trap_detail, "raised signal ABRT");
	CALL("proc_raise", 30);
	assert_string_equal(fake.trap_detail, "raised signal SYS");
}

static void
test_other_signals_are_ignored_or_refused(void **state)
{
	static const uint8_t ignored[] = { 0, 13, 16, 17, 22, 27 };

	for (size_t i = 0; i < sizeof(ignored); i++)
		assert_errno(SUCCESS, CALL("proc_raise", ignored[i]));
	for (uint32_t stop = 18; stop < 22; stop++)
		assert_errno(NOTSUP, CALL("proc_raise", stop));
	assert_errno(INVAL, CALL("proc_raise", 31));
	assert_errno(INVAL, CALL("proc_raise", 0xffffffff));
	assert_int_equal(fake.status, VM_OK);
}

static void
test_sched_yield_succeeds(void **state)
{
	assert_errno(SUCCESS, fake_call(PREVIEW1, "sched_yield", 0, NULL));
	assert_int_equal(fake.status, VM_OK);
}

/* ---- paths and sockets ------------------------------------------------- */

/* Each function of a path with fd as its directory: a stream is none. */
static void
check_path_functions(uint64_t fd, enum wasi_errno want)
{
	const enum wasi_errno got[] = {
		CALL("path_create_directory", fd, 0, 1),
		CALL("path_filestat_get", fd, 1, 0, 1, OUT),
		CALL("path_filestat_set_times", fd, 1, 0, 1, 0, 0, 1),
		CALL("path_link", fd, 0, 0, 1, 0, 0, 1),
		CALL("path_link", 0, 0, 0, 1, fd, 0, 1),
		CALL("path_open", fd, 0, 0, 1, 0, 0, 0, 0, OUT),
		CALL("path_readlink", fd, 0, 1, 0, 1, OUT),
		CALL("path_remove_directory", fd, 0, 1),
		CALL("path_rename", fd, 0, 1, 0, 0, 1),
		CALL("path_rename", 0, 0, 1, fd, 0, 1),
		CALL("path_symlink", 0, 1, fd, 0, 1),
		CALL("path_unlink_file", fd, 0, 1),
	};

	for (size_t i = 0; i < sizeof(got) / sizeof(got[0]); i++)
		assert_int_equal(got[i], want);
}

static void
test_streams_are_no_directories(void **state)
{
	for (uint64_t fd = 0; fd < 3; fd++)
		check_path_functions(fd, WASI_ENOTDIR);
	fake_assert_untouched();
}

static void
test_paths_need_an_open_descriptor(void **state)
{
	check_path_functions(3, WASI_EBADF);
	check_path_functions(0xffffffff, WASI_EBADF);
	CALL("fd_close", 2);
	check_path_functions(2, WASI_EBADF);
	fake_assert_untouched();
}

static void
check_socket_functions(uint64_t fd, enum wasi_errno want)
{
	assert_int_equal(CALL("sock_accept", fd, 0, OUT), want);
	assert_int_equal(CALL("sock_recv", fd, 0, 1, 0, OUT, OUT), want);
	assert_int_equal(CALL("sock_send", fd, 0, 1, 0, OUT), want);
	assert_int_equal(CALL("sock_shutdown", fd, 3), want);
}

static void
test_streams_are_no_sockets(void **state)
{
	check_socket_functions(0, WASI_ENOTSOCK);
	check_socket_functions(2, WASI_ENOTSOCK);
	check_socket_functions(3, WASI_EBADF);
	check_socket_functions(0xffffffff, WASI_EBADF);
	fake_assert_untouched();
}

#define TEST(f) cmocka_unit_test_setup(f, fake_setup)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_both_interfaces_have_all_46_functions),
		TEST(test_signatures_are_those_of_the_witx),
		TEST(test_errnos_have_the_numbers_of_the_witx),
		TEST(test_args_come_with_their_terminators),
		TEST(test_environ_is_what_the_call_gave_and_nothing_else),
		TEST(test_no_args_need_no_room),
		TEST(test_args_outside_memory_write_nothing),
		TEST(test_clocks_have_a_resolution),
		TEST(test_realtime_is_the_hosts),
		TEST(test_monotonic_begins_with_the_call),
		TEST(test_cpu_clocks_advance_with_work),
		TEST(test_clock_time_refuses_what_is_no_clock),
		TEST(test_random_fills_exactly_the_buffer),
		TEST(test_random_checks_the_buffer),
		TEST(test_proc_exit_ends_with_the_whole_code),
		TEST(test_ending_signals_trap_with_their_name),
		TEST(test_other_signals_are_ignored_or_refused),
		TEST(test_sched_yield_succeeds),
		TEST(test_streams_are_no_directories),
		TEST(test_paths_need_an_open_descriptor),
		TEST(test_streams_are_no_sockets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
