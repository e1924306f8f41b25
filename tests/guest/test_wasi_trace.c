/* Tests of guest/wasi_trace and wasi_show: what a trace says of each function,
 * and of what no program should pass. */
#include "tests/guest/wasi_fake.h"

#include <stdlib.h>

#include "guest/wasi.h"
#include "guest/wasi_show.h"
#include "guest/wasi_trace.h"

#define AT 1001u		/* unaligned on purpose */
#define OUT 20003u
#define N 500u

static const struct call deterministic = { .deterministic = true };

/* The one line of the trace, without its times. */
static const char *
line(void)
{
	static char text[sizeof(fake.trace_text)];
	char *end, *name;

	assert_true(fake.trace_len > 0);
	memcpy(text, fake.trace_text, fake.trace_len);
	text[fake.trace_len] = '\0';
	end = text + fake.trace_len - 1;
	assert_int_equal(*end, '\n');
	*end = '\0';
	assert_null(strchr(text, '\n'));
	name = strrchr(text, '<');
	assert_non_null(name);
	assert_int_equal(name[-1], ' ');
	name[-1] = '\0';
	name = strchr(text, ' ');
	assert_non_null(name);
	fake.trace_len = 0;
	return name + 1;
}

#define assert_line(call, text) do { \
	(void)(call); \
	assert_string_equal(line(), text); \
} while (0)

static void
test_every_function_says_what_its_parameters_are(void **state)
{
	for (unsigned i = 0; wasi_function(i) != NULL; i++) {
		const char *params = wasi_trace_params(i), *sig;

		if (params == NULL)
			fail_msg("%s has no row", wasi_function(i));
		sig = fake_find(PREVIEW1, wasi_function(i))->sig;
		if (show_count(params) != (int)strcspn(sig, ":"))
			fail_msg("%s: %s takes not \"%s\"", wasi_function(i),
				sig, params);
	}
	assert_int_equal(fake_nfuncs, 92);
}

static void
test_numbers_and_names(void **state)
{
	assert_line(CALL("fd_close", 77), "fd_close(fd=77) = EBADF");
	assert_line(CALL("clock_res_get", 1, OUT),
		"clock_res_get(id=MONOTONIC) = 0 resolution=1");
	assert_line(CALL("clock_res_get", 9, OUT),
		"clock_res_get(id=9) = EINVAL");
	assert_line(CALL("fd_seek", 1, UINT64_MAX, 2, OUT),
		"fd_seek(fd=1, offset=-1, whence=END) = ESPIPE");
	assert_line(CALL_IN(UNSTABLE, "fd_seek", 1, 5, 2, OUT),
		"unstable.fd_seek(fd=1, offset=5, whence=SET) = ESPIPE");
	assert_line(CALL("fd_advise", 1, 1, UINT64_MAX, 4), "fd_advise(fd=1, "
		"offset=1, len=18446744073709551615, advice=DONTNEED) = ESPIPE");
	assert_line(fake_call(PREVIEW1, "sched_yield", 0, NULL),
		"sched_yield() = 0");
	assert_line(CALL("args_get", 16, 32),
		"args_get(argv=0x10, argv_buf=0x20) = 0");
	assert_line(CALL("proc_raise", 6), "proc_raise(signal=ABRT) = ?");
	assert_line(CALL("proc_raise", 13), "proc_raise(signal=PIPE) = 0");
	assert_line(CALL("proc_exit", 3), "proc_exit(code=3) = ?");
}

static void
test_flags_by_name(void **state)
{
	assert_line(CALL("fd_fdstat_set_flags", 1, 5),
		"fd_fdstat_set_flags(fd=1, flags=APPEND|NONBLOCK) = 0");
	assert_line(CALL("fd_fdstat_set_flags", 1, 0x10040),
		"fd_fdstat_set_flags(fd=1, flags=0x10040) = EINVAL");
	assert_line(CALL("fd_fdstat_set_flags", 1, 0),
		"fd_fdstat_set_flags(fd=1, flags=0) = 0");
	assert_line(CALL("fd_fdstat_set_rights", 77, 0x3fffffff, 0x40000002),
		"fd_fdstat_set_rights(fd=77, base=ALL, "
		"inheriting=FD_READ|0x40000000) = EBADF");
	poke(AT, "a/b", 3);
	assert_line(CALL("path_open", 9, 1, AT, 3, 9, 2, 0, 1, OUT),
		"path_open(fd=9, dirflags=SYMLINK_FOLLOW, path=\"a/b\", "
		"oflags=CREAT|TRUNC, base=FD_READ, inheriting=0, "
		"fdflags=APPEND) = EBADF");
	assert_line(CALL("sock_shutdown", 9, 3),
		"sock_shutdown(fd=9, how=RD|WR) = EBADF");
}

static void
test_strings_are_escaped_and_cut(void **state)
{
	static const char text[] = "a\n\033[31m\"\\\x7f\xc3\xa4\t";

	poke(AT, text, sizeof(text) - 1);
	assert_line(CALL("path_unlink_file", 9, AT, sizeof(text) - 1),
		"path_unlink_file(fd=9, path=\"a\\n\\x1b[31m\\\"\\\\\\x7f"
		"\\xc3\\xa4\\t\") = EBADF");
	memset(fake.memory + AT, 'x', 100);
	assert_line(CALL("path_unlink_file", 9, AT, 65),
		"path_unlink_file(fd=9, path=\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
		"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\"...) = EBADF");
	assert_line(CALL("path_unlink_file", 9, 0xfffffff0, 65),
		"path_unlink_file(fd=9, path=0xfffffff0) = EBADF");
	assert_line(CALL("path_unlink_file", 9, AT, 0xffffffff),
		"path_unlink_file(fd=9, path=0x3e9) = EBADF");
}

static void
test_buffers_that_are_written(void **state)
{
	poke(2000, "one", 3);
	poke(2010, "two", 3);
	poke_iov(AT, 2000, 3);
	poke_iov(AT + 8, 0xfffffff0, 0);
	poke_iov(AT + 16, 2010, 3);
	assert_line(CALL("fd_write", 1, AT, 3, N),
		"fd_write(fd=1, iovs=[\"one\", \"\", \"two\"]) = 0 nwritten=6");
	poke_iov(AT + 8, 0xfffffff0, 9);
	assert_line(CALL("fd_write", 1, AT, 2, N),
		"fd_write(fd=1, iovs=[\"one\", 0xfffffff0]) = EFAULT");
	assert_line(CALL("fd_write", 1, FAKE_MEMORY - 4, 0xffffffff, N),
		"fd_write(fd=1, iovs=[, ...]) = EFAULT");
}

static void
test_buffers_that_are_read(void **state)
{
	memcpy(fake.input, "hello", 5);
	fake.input_len = 5;
	poke_iov(AT, 2000, 3);
	poke_iov(AT + 8, 2010, 30);
	assert_line(CALL("fd_read", 0, AT, 2, N),
		"fd_read(fd=0, iovs=[3, 30]) = 0 iovs=[\"hel\", \"lo\"] nread=5");
	fake.eof = true;
	assert_line(CALL("fd_read", 0, AT, 2, N),
		"fd_read(fd=0, iovs=[3, 30]) = 0 iovs=[] nread=0");
	for (uint32_t i = 0; i < 9; i++)
		poke_iov(AT + i * 8, 2000, 1);
	assert_line(CALL("fd_read", 0, AT, 9, N), "fd_read(fd=0, "
		"iovs=[1, 1, 1, 1, 1, 1, 1, 1, ...]) = 0 iovs=[] nread=0");
}

static void
test_structures(void **state)
{
	assert_line(CALL("fd_fdstat_get", 0, OUT), "fd_fdstat_get(fd=0) = 0 "
		"stat={type=UNKNOWN, flags=0, base=FD_READ|FD_FDSTAT_SET_FLAGS|"
		"FD_FILESTAT_GET|POLL_FD_READWRITE, inheriting=0}");
	assert_line(CALL("fd_filestat_get", 2, OUT),
		"fd_filestat_get(fd=2) = 0 "
		"stat={type=UNKNOWN, ino=3, nlink=1, size=0, mtim=0}");
	assert_line(CALL_IN(UNSTABLE, "fd_filestat_get", 2, OUT),
		"unstable.fd_filestat_get(fd=2) = 0 "
		"stat={type=UNKNOWN, ino=3, nlink=1, size=0, mtim=0}");
	assert_line(CALL("fd_fdstat_get", 0, FAKE_MEMORY - 23),
		"fd_fdstat_get(fd=0) = EFAULT");
	assert_line(CALL("fd_prestat_get", 3, OUT),
		"fd_prestat_get(fd=3) = EBADF");
	assert_line(CALL("fd_readdir", 0, OUT, 100, 7, N),
		"fd_readdir(fd=0, buf=[100], cookie=7) = ENOTDIR");
}

static void
test_polls(void **state)
{
	uint8_t s[3][48] = { { 0 }, { [8] = 1, [16] = 7 }, { [8] = 2, [16] = 2 } };

	s[0][16] = 1;	/* monotonic, */
	s[0][24] = 5;	/* 5 ns, */
	s[0][40] = 1;	/* absolute */
	poke(AT, s, sizeof(s));
	assert_line(CALL("poll_oneoff", AT, OUT, 3, N),
		"poll_oneoff(in=[CLOCK MONOTONIC at 5, FD_READ fd=7, "
		"FD_WRITE fd=2], nsubscriptions=3) = 0 "
		"out=[CLOCK, FD_READ EBADF, FD_WRITE] nevents=3");
	assert_line(CALL("poll_oneoff", AT, OUT, 0, N),
		"poll_oneoff(in=[], nsubscriptions=0) = EINVAL");
	assert_line(CALL("poll_oneoff", FAKE_MEMORY - 47, OUT, 0xffffffff, N),
		"poll_oneoff(in=[, ...], nsubscriptions=4294967295) = EFAULT");
}

/* A trace of a deterministic call is deterministic, and changes nothing. */
static void
test_time_of_a_deterministic_call_is_its_own(void **state)
{
	static const char text[] =
		"0.000000 clock_time_get(id=MONOTONIC, precision=0) = 0 "
		"time=1000001000 <0.000001>\n"
		"0.000001 clock_time_get(id=MONOTONIC, precision=0) = 0 "
		"time=1000002000 <0.000001>\n";

	fake_start(&deterministic);
	assert_errno(SUCCESS, CALL("clock_time_get", 1, 0, OUT));
	assert_errno(SUCCESS, CALL("clock_time_get", 1, 0, OUT));
	assert_int_equal(fake.trace_len, sizeof(text) - 1);
	assert_memory_equal(fake.trace_text, text, sizeof(text) - 1);
}

/* Each function with the same number for everything, good and bad. */
static void
test_whatever_is_passed_the_line_is_text(void **state)
{
	static const uint64_t numbers[] = { 0, 1, 3, 64, AT, FAKE_MEMORY - 1,
		FAKE_MEMORY, 0x7fffffff, 0xffffffff, UINT64_MAX };
	uint64_t args[9];

	for (size_t i = 0; i < fake_nfuncs; i++) {
		for (size_t k = 0; k < 10; k++) {
			const struct vm_host_func *f = &fake_funcs[i];

			for (size_t n = 0; n < 9; n++)
				args[n] = numbers[k];
			memset(fake.memory, 0xe5 + (int)k, FAKE_MEMORY);
			fake.trace_len = 0;
			fake.nwrites = 0;
			fake.eof = true;
			fake_call(f->module, f->name, strcspn(f->sig, ":"),
				args);
			for (const char *p = line(); *p != '\0'; p++)
				assert_in_range(*p, ' ', '~');
		}
	}
}

#define TEST(f) cmocka_unit_test_setup(f, fake_setup_traced)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_every_function_says_what_its_parameters_are),
		TEST(test_numbers_and_names),
		TEST(test_flags_by_name),
		TEST(test_strings_are_escaped_and_cut),
		TEST(test_buffers_that_are_written),
		TEST(test_buffers_that_are_read),
		TEST(test_structures),
		TEST(test_polls),
		TEST(test_time_of_a_deterministic_call_is_its_own),
		TEST(test_whatever_is_passed_the_line_is_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
