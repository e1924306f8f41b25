/* Tests of base/fd: whole reads and writes, passing descriptors. */
#include "tests/cmocka.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"

static int
count_open_fds(void)
{
	int n = 0;

	for (int fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) != -1;
	return n;
}

static void
test_read_all_tells_early_end_from_error(void **state)
{
	char data[8];
	int p[2];

	assert_int_equal(pipe(p), 0);
	assert_int_equal(fd_write_all(p[1], "12345", 5), 0);
	fd_close(&p[1]);
	assert_int_equal(p[1], -1);
	assert_int_equal(fd_read_all(p[0], data, 4), 0);
	assert_memory_equal(data, "1234", 4);
	errno = EIO;
	assert_int_equal(fd_read_all(p[0], data, 4), -1);
	assert_int_equal(errno, 0);
	fd_close(&p[0]);
	assert_int_equal(fd_read_all(-1, data, 1), -1);
	assert_int_equal(errno, EBADF);
}

static void
test_descriptors_arrive_close_on_exec(void **state)
{
	int s[2], p[2], got[FD_PASS_MAX];
	size_t n;
	char byte;

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, s), 0);
	assert_int_equal(pipe(p), 0);
	assert_int_equal(fd_send(s[0], "x", 1, p, 2), 0);
	assert_int_equal(fd_recv(s[1], &byte, 1, got, 2, &n), 1);
	assert_int_equal(n, 2);
	assert_int_equal(byte, 'x');
	assert_true(fcntl(got[0], F_GETFD) & FD_CLOEXEC);
	assert_int_equal(fd_write_all(got[1], "y", 1), 0);
	assert_int_equal(fd_read_all(p[0], &byte, 1), 0);
	assert_int_equal(byte, 'y');
	for (int i = 0; i < 2; i++) {
		close(s[i]);
		close(p[i]);
		close(got[i]);
	}
}

static void
test_too_many_descriptors_are_refused_and_closed(void **state)
{
	int s[2], fds[4] = { 0, 0, 0, 0 }, got[2];
	int before;
	size_t n;
	char byte;

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, s), 0);
	before = count_open_fds();
	assert_int_equal(fd_send(s[0], "x", 1, fds, 4), 0);
	assert_int_equal(fd_recv(s[1], &byte, 1, got, 2, &n), -1);
	assert_int_equal(errno, EMSGSIZE);
	assert_int_equal(n, 0);
	assert_int_equal(count_open_fds(), before);
	close(s[0]);
	close(s[1]);
}

static void
test_cut_packets_are_refused(void **state)
{
	int s[2], got[1];
	char data[2];
	size_t n;

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, s), 0);
	assert_int_equal(fd_send(s[0], "abcd", 4, NULL, 0), 0);
	assert_int_equal(fd_recv(s[1], data, 2, got, 1, &n), -1);
	assert_int_equal(errno, EMSGSIZE);
	close(s[0]);
	assert_int_equal(fd_recv(s[1], data, 2, got, 1, &n), 0);
	close(s[1]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read_all_tells_early_end_from_error),
		cmocka_unit_test(test_descriptors_arrive_close_on_exec),
		cmocka_unit_test(test_too_many_descriptors_are_refused_and_closed),
		cmocka_unit_test(test_cut_packets_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
