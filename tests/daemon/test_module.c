/* Modules: copied or used as they are, sealed, named by their digest. */
#include "tests/daemon/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <event2/event.h>

#include "daemon/module.h"
#include "proto/proto.h"

/* Of "abc": FIPS 180-4's example. */
#define ABC_HEX \
	"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

static unsigned calls;
static struct err last;

static void
on_ready(void *arg, const struct err *err)
{
	calls++;
	last = err == NULL ? ERR_NONE : *err;
}

static const struct module_reader reader = { on_ready, NULL };

static int
memfd_of(const char *data, size_t len, int seals)
{
	int fd = memfd_create("t", MFD_ALLOW_SEALING | MFD_CLOEXEC);

	assert_int_equal(write(fd, data, len), len);
	if (seals != 0)
		assert_int_equal(fcntl(fd, F_ADD_SEALS, seals), 0);
	return fd;
}

static void
finish(struct event_base *base)
{
	calls = 0;
	for (int i = 0; i < 200 && calls == 0; i++)
		event_base_loop(base, EVLOOP_NONBLOCK);
	assert_int_equal(calls, 1);
}

static void
check_abc(const struct module *m)
{
	char bytes[4];

	assert_int_equal(last.code, 0);
	assert_string_equal(module_hex(m), ABC_HEX);
	assert_int_equal(module_digest(m)[0], 0xba);
	assert_int_equal(module_size(m), 3);
	assert_int_equal(pread(module_fd(m), bytes, 4, 0), 3);
	assert_memory_equal(bytes, "abc", 3);
	assert_int_equal(pwrite(module_fd(m), "x", 1, 0), -1);
	assert_int_equal(errno, EPERM);
	assert_int_equal(ftruncate(module_fd(m), 1), -1);
}

static const struct span abc = { "abc", 3 };

static struct module *
make(struct event_base *base, uid_t owner, struct span bytes)
{
	struct module *m = module_from_bytes(base, owner, bytes, reader, NULL);

	assert_non_null(m);
	finish(base);
	return m;
}

static bool
same_memory(const struct module *a, const struct module *b)
{
	struct stat of_a, of_b;

	assert_int_equal(fstat(module_fd(a), &of_a), 0);
	assert_int_equal(fstat(module_fd(b), &of_b), 0);
	return of_a.st_dev == of_b.st_dev && of_a.st_ino == of_b.st_ino;
}

/* The same bytes of one user are there once, as long as somebody uses them. */
static void
test_bytes_are_kept_once_for_each_user(void **state)
{
	struct event_base *base = event_base_new();
	const struct span other = { "abd", 3 };
	struct module *m[4];

	m[0] = make(base, 1, abc);
	m[1] = make(base, 1, abc);
	m[2] = make(base, 2, abc);
	m[3] = make(base, 1, other);
	assert_true(same_memory(m[0], m[1]));
	assert_false(same_memory(m[0], m[2]));
	assert_false(same_memory(m[0], m[3]));
	module_unref(m[0]);
	check_abc(m[1]);
	module_unref(m[1]);
	check_abc(m[2]);
	module_unref(m[2]);
	module_unref(m[3]);
	m[0] = make(base, 1, abc);
	check_abc(m[0]);
	module_unref(m[0]);
	event_base_free(base);
}

static void
test_from_bytes(void **state)
{
	struct event_base *base = event_base_new();
	struct err err = ERR_NONE;
	struct module *m = module_from_bytes(base, 1, abc, reader, &err);

	assert_non_null(m);
	finish(base);
	check_abc(m);
	module_unref(m);
	event_base_free(base);
}

static void
test_from_memfd_sealed_or_not(void **state)
{
	struct event_base *base = event_base_new();

	for (int sealed = 0; sealed < 2; sealed++) {
		struct err err = ERR_NONE;
		int fd = memfd_of("abc", 3, sealed ? F_SEAL_WRITE |
			F_SEAL_GROW | F_SEAL_SHRINK : 0);
		struct module *m = module_from_fd_take(base, fd, 3, reader,
			&err);

		assert_non_null(m);
		finish(base);
		check_abc(m);
		/* A sealed one is kept, another was copied and closed. */
		assert_int_equal(module_fd(m) == fd, sealed);
		module_unref(m);
		assert_int_equal(fcntl(fd, F_GETFD), -1);
	}
	event_base_free(base);
}

static void
test_large_one_takes_many_turns(void **state)
{
	struct event_base *base = event_base_new();
	size_t len = 20 << 20;
	char *data = calloc(1, len);
	struct err err = ERR_NONE;
	struct module *m;
	int turns = 0;

	m = module_from_fd_take(base, memfd_of(data, len, 0), len, reader, &err);
	assert_non_null(m);
	calls = 0;
	for (; calls == 0; turns++)
		event_base_loop(base, EVLOOP_NONBLOCK | EVLOOP_ONCE);
	assert_true(turns >= 10);
	assert_int_equal(last.code, 0);
	assert_int_equal(module_size(m), len);
	module_unref(m);
	free(data);
	event_base_free(base);
}

static void
test_given_up_while_it_is_read(void **state)
{
	struct event_base *base = event_base_new();
	size_t len = 5 << 20;
	char *data = calloc(1, len);
	struct err err = ERR_NONE;
	struct module *m;

	m = module_from_fd_take(base, memfd_of(data, len, 0), len, reader, &err);
	assert_non_null(m);
	calls = 0;
	event_base_loop(base, EVLOOP_NONBLOCK | EVLOOP_ONCE);
	module_unref(m);
	event_base_loop(base, EVLOOP_NONBLOCK);
	assert_int_equal(calls, 0);
	free(data);
	event_base_free(base);
}

static void
test_became_shorter(void **state)
{
	struct event_base *base = event_base_new();
	struct err err = ERR_NONE;
	int fd = memfd_of("abcdef", 6, 0), same = dup(fd);
	struct module *m = module_from_fd_take(base, fd, 6, reader, &err);

	assert_non_null(m);
	assert_int_equal(ftruncate(same, 2), 0);
	finish(base);
	assert_int_equal(last.code, PROTO_ERROR_INTERNAL);
	module_unref(m);
	close(same);
	event_base_free(base);
}

static void
expect_refused(struct event_base *base, int fd, int code)
{
	struct err err = ERR_NONE;

	assert_true(fd >= 0);
	assert_null(module_from_fd_take(base, fd, 1000, reader, &err));
	assert_int_equal(err.code, code);
	assert_int_equal(fcntl(fd, F_GETFD), -1);	/* taken all the same */
}

static void
test_what_is_not_taken(void **state)
{
	struct event_base *base = event_base_new();
	int pipes[2], fd;
	char path[64];

	assert_int_equal(pipe(pipes), 0);
	expect_refused(base, pipes[0], PROTO_ERROR_USAGE);
	expect_refused(base, pipes[1], PROTO_ERROR_USAGE);
	expect_refused(base, open("/dev/zero", O_RDONLY), PROTO_ERROR_USAGE);
	expect_refused(base, open("/", O_RDONLY), PROTO_ERROR_USAGE);
	expect_refused(base, open("/proc/self/exe", O_RDONLY),
		PROTO_ERROR_USAGE);
	fd = memfd_of("abc", 3, 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	expect_refused(base, open(path, O_WRONLY), PROTO_ERROR_USAGE);
	expect_refused(base, open(path, O_PATH), PROTO_ERROR_USAGE);
	assert_int_equal(ftruncate(fd, 1001), 0);
	expect_refused(base, fd, PROTO_ERROR_TOO_LARGE);
	event_base_free(base);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_from_bytes),
		cmocka_unit_test(test_bytes_are_kept_once_for_each_user),
		cmocka_unit_test(test_from_memfd_sealed_or_not),
		cmocka_unit_test(test_large_one_takes_many_turns),
		cmocka_unit_test(test_given_up_while_it_is_read),
		cmocka_unit_test(test_became_shorter),
		cmocka_unit_test(test_what_is_not_taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
