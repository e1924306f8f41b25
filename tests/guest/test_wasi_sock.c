/*
 * Tests of WASI's sockets, with the real broker: one that listens, a connection
 * and a directory are granted. The broker's socket is where a child has it; the
 * test makes the system calls that a child would, and is the other end.
 */
#include "config.h"

#include "tests/guest/wasi_fake.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"
#include "lib/wasmd.h"
#include "guest/wasi.h"
#include "proto/broker.h"

#define OUT 1000u
#define OUT2 1100u
#define IOVS 2001u		/* unaligned on purpose */
#define BUF 16000u
#define END FAKE_MEMORY
#define ALL ((UINT64_C(1) << 30) - 1)

enum { LISTENER = 3, CONN = 4, DIR = 5, FIRST = 6 };	/* descriptors */
enum { PEEK = 1, WAITALL = 2 };
enum { RD = 1, WR = 2 };
enum { APPEND = 1, NONBLOCK = 4 };

#define RIGHT(n) (UINT64_C(1) << (n))
#define RIGHTS_LISTENER (RIGHT(1) | RIGHT(3) | RIGHT(21) | RIGHT(27) | RIGHT(29))
#define RIGHTS_CONN (RIGHT(1) | RIGHT(3) | RIGHT(6) | RIGHT(21) | RIGHT(27) | \
	RIGHT(28))

/* Our ends. */
static struct sockaddr_un address;
static socklen_t address_len;
static int peer;

/* ---- the ground -------------------------------------------------------- */

static int
new_listener(void)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	address = (struct sockaddr_un){ .sun_family = AF_UNIX };
	assert_int_equal(bind(fd, (struct sockaddr *)&address,
		sizeof(sa_family_t)), 0);
	assert_int_equal(listen(fd, 8), 0);
	address_len = sizeof(address);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address,
		&address_len), 0);
	return fd;
}

static int
try_broker(const int *sockets, size_t n, struct wasmd_error *err)
{
	const struct wasmd_grant dir = {
		open("/tmp", O_PATH | O_CLOEXEC), "/", true,
	};
	const struct wasmd_grants grants = {
		sizeof(grants), &dir, 1, sockets, n,
	};
	int sock = wasmd_broker_start(&grants, err);

	close(dir.dir);
	return sock;
}

static int
setup(void **state)
{
	static const struct call call = { .files = 6 };
	struct wasmd_error err = { .code = 0 };
	int pair[2], sockets[2], sock;

	signal(SIGPIPE, SIG_IGN);	/* as in the daemon's children */
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC |
		SOCK_NONBLOCK, 0, pair), 0);
	assert_int_equal(fcntl(pair[0], F_SETFL, 0), 0);
	peer = pair[0];
	if (peer == BROKER_FD) {
		peer = fcntl(peer, F_DUPFD_CLOEXEC, BROKER_FD + 1);
		close(BROKER_FD);
	}
	sockets[0] = new_listener();
	sockets[1] = pair[1];
	sock = try_broker(sockets, 2, &err);
	assert_string_equal(err.text, "");
	close(sockets[0]);
	close(sockets[1]);
	if (sock != BROKER_FD) {
		assert_int_equal(dup2(sock, BROKER_FD), BROKER_FD);
		close(sock);
	}
	fake_setup(state);
	fake_start(&call);
	return 0;
}

static int
teardown(void **state)
{
	for (uint32_t fd = 0; fd < 9; fd++)
		CALL("fd_close", fd);
	for (int fd = BROKER_FD; fd < 64; fd++)
		close(fd);
	return 0;
}

/* ---- calls ------------------------------------------------------------- */

static int
dial(void)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(connect(fd, (struct sockaddr *)&address, address_len),
		0);
	return fd;
}

static void
give_buffer(const char *text)
{
	poke(BUF, text, strlen(text));
	poke_iov(IOVS, BUF, (uint32_t)strlen(text));
}

static void
assert_peer_gets(int fd, const char *text)
{
	char got[64] = "";

	assert_int_equal(read(fd, got, sizeof(got) - 1), strlen(text));
	assert_string_equal(got, text);
}

static void
assert_receives(const char *text)
{
	assert_int_equal(peek32(OUT), strlen(text));
	assert_memory_equal(fake.memory + BUF, text, strlen(text));
}

/* ---- what is there ----------------------------------------------------- */

static void
test_sockets_come_before_directories(void **state)
{
	static const uint64_t rights[] = { RIGHTS_LISTENER, RIGHTS_CONN };

	for (uint32_t fd = LISTENER; fd <= CONN; fd++) {
		assert_errno(SUCCESS, CALL("fd_fdstat_get", fd, OUT));
		assert_int_equal(fake.memory[OUT], 6);	/* a stream socket */
		assert_int_equal(fake.memory[OUT + 2], 0);
		assert_int_equal(peek64(OUT + 8), rights[fd - LISTENER]);
		assert_errno(SUCCESS, CALL("fd_filestat_get", fd, OUT));
		assert_int_equal(fake.memory[OUT + 16], 6);
		assert_errno(BADF, CALL("fd_prestat_get", fd, OUT));
	}
	assert_errno(SUCCESS, CALL("fd_prestat_get", DIR, OUT));
	assert_errno(BADF, CALL("fd_fdstat_get", FIRST, OUT));
}

static void
test_a_connection_is_read_and_written(void **state)
{
	assert_int_equal(write(peer, "hello", 5), 5);
	poke_iov(IOVS, BUF, 64);
	assert_errno(SUCCESS, CALL("fd_read", CONN, IOVS, 1, OUT));
	assert_receives("hello");
	give_buffer("answer");
	assert_errno(SUCCESS, CALL("fd_write", CONN, IOVS, 1, OUT));
	assert_int_equal(peek32(OUT), 6);
	assert_peer_gets(peer, "answer");
}

static void
test_sending_and_receiving(void **state)
{
	give_buffer("sent");
	assert_errno(SUCCESS, CALL("sock_send", CONN, IOVS, 1, 0, OUT));
	assert_int_equal(peek32(OUT), 4);
	assert_peer_gets(peer, "sent");
	assert_int_equal(write(peer, "come", 4), 4);
	poke_iov(IOVS, BUF, 2);
	poke_iov(IOVS + 8, BUF + 2, 40);
	assert_errno(SUCCESS, CALL("sock_recv", CONN, IOVS, 2, 0, OUT, OUT2));
	assert_receives("come");
	assert_int_equal(peek32(OUT2) & 0xffff, 0);
	close(peer);
	assert_errno(SUCCESS, CALL("sock_recv", CONN, IOVS, 2, 0, OUT, OUT2));
	assert_int_equal(peek32(OUT), 0);
	assert_errno(PIPE, CALL("sock_send", CONN, IOVS, 2, 0, OUT));
}

static void
test_flags_of_sending_and_receiving(void **state)
{
	poke_iov(IOVS, BUF, 4);
	assert_errno(INVAL, CALL("sock_send", CONN, IOVS, 1, 1, OUT));
	assert_errno(INVAL, CALL("sock_recv", CONN, IOVS, 1, 4, OUT, OUT2));
	assert_errno(NOTSUP, CALL("sock_recv", CONN, IOVS, 1, PEEK, OUT, OUT2));
	assert_errno(FAULT, CALL("sock_recv", CONN, IOVS, 1, 0, OUT, END - 1));
	assert_errno(FAULT, CALL("sock_recv", CONN, IOVS, 1, 0, END - 3, OUT));
	assert_errno(FAULT, CALL("sock_recv", CONN, END, 1, 0, OUT, OUT2));
	assert_errno(FAULT, CALL("sock_send", CONN, IOVS, 1, 0, END - 3));
	assert_errno(FAULT, CALL("sock_send", CONN, END, 1, 0, OUT));
}

static void
test_receiving_all_waits_for_all(void **state)
{
	int writer;

	assert_int_equal(write(peer, "ab", 2), 2);
	writer = fork();
	if (writer == 0) {
		usleep(20000);
		_exit(write(peer, "cdef", 4) == 4 ? 0 : 1);
	}
	poke_iov(IOVS, BUF, 3);
	poke_iov(IOVS + 8, BUF + 3, 3);
	assert_errno(SUCCESS, CALL("sock_recv", CONN, IOVS, 2, WAITALL, OUT,
		OUT2));
	assert_receives("abcdef");
	/* Less at the end. */
	assert_int_equal(write(peer, "gh", 2), 2);
	shutdown(peer, SHUT_WR);
	assert_errno(SUCCESS, CALL("sock_recv", CONN, IOVS, 2, WAITALL, OUT,
		OUT2));
	assert_receives("gh");
}

static void
test_connections_do_not_block_if_asked(void **state)
{
	poke_iov(IOVS, BUF, 4);
	assert_errno(SUCCESS, CALL("fd_fdstat_set_flags", CONN, NONBLOCK));
	assert_errno(AGAIN, CALL("sock_recv", CONN, IOVS, 1, 0, OUT, OUT2));
	assert_errno(AGAIN, CALL("sock_recv", CONN, IOVS, 1, WAITALL, OUT,
		OUT2));
	assert_errno(AGAIN, CALL("fd_read", CONN, IOVS, 1, OUT));
	assert_int_equal(write(peer, "x", 1), 1);
	assert_errno(SUCCESS, CALL("sock_recv", CONN, IOVS, 1, WAITALL, OUT,
		OUT2));
	assert_receives("x");
}

/* ---- accepting --------------------------------------------------------- */

static void
test_accepting(void **state)
{
	int ours = dial();

	assert_errno(SUCCESS, CALL("sock_accept", LISTENER, 0, OUT));
	assert_int_equal(peek32(OUT), FIRST);
	assert_errno(SUCCESS, CALL("fd_fdstat_get", FIRST, OUT));
	assert_int_equal(fake.memory[OUT], 6);
	assert_int_equal(fake.memory[OUT + 2], 0);
	assert_int_equal(peek64(OUT + 8), RIGHTS_CONN);
	assert_int_equal(write(ours, "ping", 4), 4);
	poke_iov(IOVS, BUF, 64);
	assert_errno(SUCCESS, CALL("sock_recv", FIRST, IOVS, 1, 0, OUT, OUT2));
	assert_receives("ping");
	assert_errno(SUCCESS, CALL("fd_close", FIRST));
	assert_peer_gets(ours, "");
}

static void
test_accepting_waits(void **state)
{
	if (fork() == 0) {
		usleep(20000);
		_exit(dial() != -1 ? 0 : 1);
	}
	assert_errno(SUCCESS, CALL("sock_accept", LISTENER, NONBLOCK, OUT));
	assert_errno(SUCCESS, CALL("fd_fdstat_get", FIRST, OUT));
	assert_int_equal(fake.memory[OUT + 2], NONBLOCK);
}

static void
test_accepting_does_not_wait_if_asked(void **state)
{
	assert_errno(SUCCESS, CALL("fd_fdstat_set_flags", LISTENER, NONBLOCK));
	assert_errno(AGAIN, CALL("sock_accept", LISTENER, 0, OUT));
	dial();
	assert_errno(SUCCESS, CALL("sock_accept", LISTENER, NONBLOCK, OUT));
	poke_iov(IOVS, BUF, 4);
	assert_errno(AGAIN, CALL("fd_read", FIRST, IOVS, 1, OUT));
	assert_errno(AGAIN, CALL("sock_accept", LISTENER, 0, OUT));
}

static void
test_accepting_checks_before_it_accepts(void **state)
{
	dial();
	assert_errno(INVAL, CALL("sock_accept", LISTENER, APPEND, OUT));
	assert_errno(FAULT, CALL("sock_accept", LISTENER, 0, END - 3));
	assert_errno(INVAL, CALL("sock_accept", CONN, 0, OUT));
	assert_errno(NOTSOCK, CALL("sock_accept", DIR, 0, OUT));
	assert_errno(BADF, CALL("sock_accept", FIRST, 0, OUT));
	assert_errno(SUCCESS, CALL("sock_accept", LISTENER, 0, OUT));
	for (uint32_t fd = FIRST + 1; fd < 9; fd++) {
		dial();
		assert_errno(SUCCESS, CALL("sock_accept", LISTENER, 0, OUT));
		assert_int_equal(peek32(OUT), fd);
	}
	dial();
	assert_errno(MFILE, CALL("sock_accept", LISTENER, 0, OUT));
	assert_errno(SUCCESS, CALL("fd_close", FIRST));
	assert_errno(SUCCESS, CALL("sock_accept", LISTENER, 0, OUT));
}

static void
test_a_listener_is_no_connection(void **state)
{
	poke_iov(IOVS, BUF, 4);
	assert_errno(BADF, CALL("fd_read", LISTENER, IOVS, 1, OUT));
	assert_errno(BADF, CALL("fd_write", LISTENER, IOVS, 1, OUT));
	assert_errno(NOTCONN, CALL("sock_recv", LISTENER, IOVS, 1, 0, OUT,
		OUT2));
	assert_errno(NOTCONN, CALL("sock_send", LISTENER, IOVS, 1, 0, OUT));
	assert_errno(NOTCONN, CALL("sock_shutdown", LISTENER, RD));
}

static void
test_listeners_can_be_closed_and_moved(void **state)
{
	int ours = dial();

	assert_errno(SUCCESS, CALL("fd_renumber", LISTENER, CONN));
	assert_peer_gets(peer, "");
	assert_errno(SUCCESS, CALL("sock_accept", CONN, 0, OUT));
	assert_int_equal(peek32(OUT), LISTENER);
	assert_errno(SUCCESS, CALL("fd_close", CONN));
	assert_errno(BADF, CALL("sock_accept", CONN, 0, OUT));
	close(ours);
	ours = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(connect(ours, (struct sockaddr *)&address, address_len),
		-1);
}

/* ---- the rest ---------------------------------------------------------- */

static void
test_shutting_down(void **state)
{
	poke_iov(IOVS, BUF, 4);
	assert_errno(INVAL, CALL("sock_shutdown", CONN, 0));
	assert_errno(INVAL, CALL("sock_shutdown", CONN, 4));
	assert_errno(SUCCESS, CALL("sock_shutdown", CONN, WR));
	assert_peer_gets(peer, "");
	assert_errno(PIPE, CALL("sock_send", CONN, IOVS, 1, 0, OUT));
	assert_int_equal(write(peer, "late", 4), 4);
	assert_errno(SUCCESS, CALL("sock_recv", CONN, IOVS, 1, 0, OUT, OUT2));
	assert_receives("late");
	assert_errno(SUCCESS, CALL("sock_shutdown", CONN, RD | WR));
	assert_int_equal(write(peer, "x", 1), -1);
	assert_errno(NOTSOCK, CALL("sock_shutdown", DIR, RD));
}

static void
test_rights_can_be_given_away(void **state)
{
	poke_iov(IOVS, BUF, 4);
	assert_errno(NOTCAPABLE, CALL("fd_fdstat_set_rights", CONN, ALL, 0));
	assert_errno(SUCCESS, CALL("fd_fdstat_set_rights", CONN, 0, 0));
	assert_errno(NOTCAPABLE, CALL("sock_recv", CONN, IOVS, 1, 0, OUT, OUT2));
	assert_errno(NOTCAPABLE, CALL("sock_send", CONN, IOVS, 1, 0, OUT));
	assert_errno(NOTCAPABLE, CALL("sock_shutdown", CONN, RD));
	assert_errno(SUCCESS, CALL("fd_fdstat_set_rights", LISTENER, RIGHT(29),
		RIGHT(1)));
	dial();
	assert_errno(SUCCESS, CALL("sock_accept", LISTENER, 0, OUT));
	assert_errno(SUCCESS, CALL("fd_fdstat_get", FIRST, OUT));
	assert_int_equal(peek64(OUT + 8), RIGHT(1));
	assert_errno(SUCCESS, CALL("fd_fdstat_set_rights", LISTENER, 0, 0));
	assert_errno(NOTCAPABLE, CALL("sock_accept", LISTENER, 0, OUT));
}

static void
test_sockets_are_no_files(void **state)
{
	poke_iov(IOVS, BUF, 4);
	for (uint32_t fd = LISTENER; fd <= CONN; fd++) {
		assert_errno(SPIPE, CALL("fd_seek", fd, 0, 0, OUT));
		assert_errno(SPIPE, CALL("fd_tell", fd, OUT));
		assert_errno(SPIPE, CALL("fd_pread", fd, IOVS, 1, 0, OUT));
		assert_errno(INVAL, CALL("fd_sync", fd));
		assert_errno(INVAL, CALL("fd_filestat_set_size", fd, 0));
		assert_errno(NOTSUP, CALL("fd_filestat_set_times", fd, 0, 0, 2));
		assert_errno(NOTDIR, CALL("path_open", fd, 0, BUF, 1, 0, 0, 0, 0,
			OUT));
	}
}

/* One subscription, as preview 1 lays it out. */
static void
test_sockets_are_taken_for_ready(void **state)
{
	uint8_t in[48] = { 0 };

	in[8] = 1;	/* fd_read */
	for (uint8_t fd = LISTENER; fd <= CONN; fd++) {
		in[16] = fd;
		poke(BUF, in, sizeof(in));
		assert_errno(SUCCESS, CALL("poll_oneoff", BUF, OUT, 1, OUT2));
		assert_int_equal(peek32(OUT2), 1);
		assert_int_equal(peek32(OUT + 8) & 0xffff, 0);
		assert_int_equal(peek64(OUT + 16), 1);
	}
}

/* ---- the broker -------------------------------------------------------- */

static void
test_only_streams_can_be_granted(void **state)
{
	struct wasmd_error err = { .code = 0 };
	int pair[2], bad;

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	assert_int_equal(try_broker(pair, 1, &err), -1);
	assert_non_null(strstr(err.text, "no stream socket"));
	bad = socket(AF_UNIX, SOCK_STREAM, 0);	/* not connected */
	err = (struct wasmd_error){ .code = 0 };
	assert_int_equal(try_broker(&bad, 1, &err), -1);
	bad = open("/dev/null", O_RDWR);
	err = (struct wasmd_error){ .code = 0 };
	assert_int_equal(try_broker(&bad, 1, &err), -1);
}

/* What a child would ask that was taken over. */
static int32_t
ask(uint32_t op, uint32_t handle, uint32_t flags, int pass, int *came)
{
	struct broker_request r = {
		.op = op, .flags = flags, .dir[0] = handle,
	};
	struct broker_answer a;
	size_t n;

	assert_int_equal(fd_send(BROKER_FD, &r, sizeof(r), &pass, pass != -1),
		0);
	assert_int_equal(fd_recv(BROKER_FD, &a, sizeof(a), came, 1, &n),
		sizeof(a));
	if (n == 0)
		*came = -1;
	return a.error;
}

static void
test_a_hostile_child_gets_no_more(void **state)
{
	enum { ROOT = 0, SOCKET0 = 1, GONE = 2 };	/* handles */
	int came, pair[2];

	/* A connection once, a listener never, a directory in no way. */
	assert_int_equal(ask(BROKER_OP_SOCKET, 1, 0, -1, &came), EBADF);
	assert_int_equal(ask(BROKER_OP_SOCKET, 2, 0, -1, &came), EBADF);
	assert_int_equal(ask(BROKER_OP_SOCKET, UINT32_MAX, 0, -1, &came), EBADF);
	assert_int_equal(ask(BROKER_OP_SOCKET, 0, 0, -1, &came), 0);
	assert_int_equal(came, -1);
	assert_int_equal(ask(BROKER_OP_ACCEPT, ROOT, 0, -1, &came), ENOTSOCK);
	assert_int_equal(ask(BROKER_OP_ACCEPT, GONE, 0, -1, &came), EBADF);
	assert_int_equal(ask(BROKER_OP_SYNC, SOCKET0, 0, -1, &came), ENOTDIR);
	assert_int_equal(ask(BROKER_OP_OPEN, SOCKET0, 0, -1, &came), ENOTDIR);
	/* Only a stream is shut down. */
	assert_int_equal(ask(BROKER_OP_SHUTDOWN, 0, 1, -1, &came), EBADF);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	assert_int_equal(ask(BROKER_OP_SHUTDOWN, 0, 1, pair[0], &came), EINVAL);
	/* A directory takes the handle of a socket that was closed. */
	assert_int_equal(ask(BROKER_OP_CLOSE, SOCKET0, 0, -1, &came), 0);
	assert_errno(SUCCESS, CALL("path_open", DIR, 1, (poke(BUF, ".", 1), BUF),
		1, 2, 0, 0, 0, OUT));
	assert_int_equal(ask(BROKER_OP_SYNC, SOCKET0, 0, -1, &came), 0);
	assert_int_equal(ask(BROKER_OP_SOCKET, 0, 0, -1, &came), EBADF);
	assert_int_equal(came, -1);
}

static void
test_the_broker_ends_while_it_waits(void **state)
{
	struct broker_request r = { .op = BROKER_OP_ACCEPT, .dir[0] = 1 };
	char byte;

	/* Two requests at once are none. */
	assert_int_equal(send(BROKER_FD, &r, sizeof(r), 0), sizeof(r));
	assert_int_equal(send(BROKER_FD, &r, sizeof(r), 0), sizeof(r));
	assert_true(recv(BROKER_FD, &byte, 1, 0) <= 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_sockets_come_before_directories),
		TEST(test_a_connection_is_read_and_written),
		TEST(test_sending_and_receiving),
		TEST(test_flags_of_sending_and_receiving),
		TEST(test_receiving_all_waits_for_all),
		TEST(test_connections_do_not_block_if_asked),
		TEST(test_accepting),
		TEST(test_accepting_waits),
		TEST(test_accepting_does_not_wait_if_asked),
		TEST(test_accepting_checks_before_it_accepts),
		TEST(test_a_listener_is_no_connection),
		TEST(test_listeners_can_be_closed_and_moved),
		TEST(test_shutting_down),
		TEST(test_rights_can_be_given_away),
		TEST(test_sockets_are_no_files),
		TEST(test_sockets_are_taken_for_ready),
		TEST(test_only_streams_can_be_granted),
		TEST(test_a_hostile_child_gets_no_more),
		TEST(test_the_broker_ends_while_it_waits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
