/* Bytes and descriptors on their way, through a socket that takes little. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "lib/outbox.h"

#define BOX_MAX (4u << 20)

static struct outbox box;
static int sock[2];

static int
setup(void **state)
{
	const int small = 4096;

	outbox_init(&box, BOX_MAX);
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, sock) == -1 ||
	    setsockopt(sock[0], SOL_SOCKET, SO_SNDBUF, &small, sizeof(small)) ==
	    -1)
		return -1;
	return fd_set_nonblock(sock[0]) == -1 ||
		fd_set_nonblock(sock[1]) == -1 ? -1 : 0;
}

static int
teardown(void **state)
{
	outbox_clear(&box);
	close(sock[0]);
	close(sock[1]);
	return 0;
}

/* A frame of len bytes c, with so many descriptors that tell by their file's
 * size who they are. */
static void
put(char c, size_t len, size_t nfds)
{
	char *data = malloc(len);
	struct fds fds = { .count = nfds };
	size_t at = box.bytes.len;

	memset(data, c, len);
	assert_int_equal(buf_append(&box.bytes, data, len), 0);
	free(data);
	for (size_t i = 0; i < nfds; i++) {
		char path[] = "/tmp/outbox.XXXXXX";

		fds.fd[i] = mkstemp(path);
		assert_int_not_equal(fds.fd[i], -1);
		unlink(path);
		assert_int_equal(ftruncate(fds.fd[i], c * 10 + (off_t)i), 0);
	}
	if (nfds > 0)
		assert_int_equal(outbox_attach(&box, at, &fds), 0);
	fds_close(&fds);
}

/* Receive all. Descriptors must come with the read that has the first byte of
 * their frame. */
static size_t
take(char *data, size_t max, size_t *nfds)
{
	size_t len = 0;

	*nfds = 0;
	for (;;) {
		struct fds got;
		size_t n = 0;
		ssize_t r;

		assert_int_equal(outbox_send(&box, sock[0]), 0);
		r = fd_recv(sock[1], data + len, max - len, got.fd, FD_PASS_MAX,
			&n);
		if (r == -1)
			break;
		for (size_t i = 0; i < n; i++) {
			struct stat st;

			assert_int_equal(fstat(got.fd[i], &st), 0);
			assert_int_equal(st.st_size % 10, i);
			assert_non_null(memchr(data + len,
				(int)(st.st_size / 10), (size_t)r));
			assert_true(len == 0 ||
				data[len - 1] != st.st_size / 10);
		}
		got.count = n;
		fds_close(&got);
		*nfds += n;
		len += (size_t)r;
	}
	assert_int_equal(errno, EAGAIN);
	return len;
}

static void
assert_frame(const char *data, char c, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (data[i] != c)
			fail_msg("byte %zu of frame %c is %c", i, c, data[i]);
}

static void
test_descriptors_come_with_their_frames(void **state)
{
	static char data[BOX_MAX];
	size_t nfds;

	put('a', 100, 1);
	put('b', 50000, 0);
	put('c', 1, 2);
	put('d', 1, FD_PASS_MAX);
	put('e', 90000, 1);
	put('f', 10, 0);
	assert_int_equal(take(data, sizeof(data), &nfds), 140112);
	assert_int_equal(nfds, 1 + 2 + FD_PASS_MAX + 1);
	assert_frame(data, 'a', 100);
	assert_frame(data + 100, 'b', 50000);
	assert_frame(data + 50100, 'c', 1);
	assert_frame(data + 50101, 'd', 1);
	assert_frame(data + 50102, 'e', 90000);
	assert_frame(data + 140102, 'f', 10);
	assert_int_equal(box.bytes.len, 0);
}

static void
test_sending_never_waits(void **state)
{
	static char data[BOX_MAX];
	size_t len = 0, nfds;

	for (char c = 'A'; c <= 'Z'; c++) {
		put(c, 20000, 1);
		assert_int_equal(outbox_send(&box, sock[0]), 0);
	}
	assert_true(box.bytes.len > 0);
	len = take(data, sizeof(data), &nfds);
	assert_int_equal(len, 26 * 20000);
	assert_int_equal(nfds, 26);
	for (int i = 0; i < 26; i++)
		assert_frame(data + 20000 * i, (char)('A' + i), 20000);
}

static void
test_what_is_not_sent_is_closed(void **state)
{
	int before, after;

	before = dup(0);
	close(before);
	for (int i = 0; i < 20; i++)
		put('x', 10, 3);
	outbox_clear(&box);
	after = dup(0);
	close(after);
	assert_int_equal(before, after);
}

static void
test_a_reader_that_has_gone_is_an_error(void **state)
{
	put('a', 10, 1);
	close(sock[1]);
	assert_int_equal(outbox_send(&box, sock[0]), -1);
	assert_int_equal(errno, EPIPE);
	sock[1] = dup(0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			test_descriptors_come_with_their_frames, setup,
			teardown),
		cmocka_unit_test_setup_teardown(test_sending_never_waits,
			setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_what_is_not_sent_is_closed, setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_a_reader_that_has_gone_is_an_error, setup,
			teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
