/*
 * Sockets that the client named for the guest. Those that are connected are
 * handed over; those that listen stay here, and what comes in is handed over.
 * Runs in the broker.
 */
#include "config.h"

#include "lib/broker.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

/* How long accepting may wait for a connection that another process took. */
#define ACCEPT_US 100000

static int
socket_option(int fd, int option)
{
	socklen_t len = sizeof(int);
	int value;

	return getsockopt(fd, SOL_SOCKET, option, &value, &len) == -1 ?
		-1 : value;
}

bool
broker_socket_is_fit(int fd)
{
	struct sockaddr_storage peer;
	socklen_t len = sizeof(peer);

	return socket_option(fd, SO_TYPE) == SOCK_STREAM &&
		(socket_option(fd, SO_ACCEPTCONN) == 1 ||
		getpeername(fd, (struct sockaddr *)&peer, &len) == 0);
}

/* The dir[0]th that was named. A connected one is given away, and blocks. */
int
broker_do_SOCKET(struct broker *b)
{
	uint32_t n = b->request.dir[0];
	struct broker_dir *socket;

	socket = &b->dirs[b->ngrants + (n < b->nsockets ? n : 0)];
	/* Once it is closed, its handle may be that of a directory. */
	if (n >= b->nsockets || socket->fd == -1 || !socket->is_socket) {
		errno = EBADF;
		return -1;
	}
	if (socket_option(socket->fd, SO_ACCEPTCONN) == 1) {
		b->answer.head.dir = (uint32_t)b->ngrants + n;
		return 0;
	}
	if (fcntl(socket->fd, F_SETFL,
	    fcntl(socket->fd, F_GETFL) & ~O_NONBLOCK) == -1)
		return -1;
	b->give = socket->fd;
	socket->fd = -1;
	return 0;
}

/* 1: there is one to accept; 0: none yet, if that is not to be waited for. With
 * the child, or should it talk out of turn, the broker ends. */
static int
accept_wait(struct broker *b, int fd)
{
	struct pollfd fds[] = {
		{ .fd = fd, .events = POLLIN }, { .fd = b->sock, .events = POLLIN },
	};
	bool waits = (b->request.flags & BROKER_NONBLOCK) == 0;
	int n;

	do {
		n = poll(fds, 2, waits ? -1 : 0);
	} while (n == -1 && errno == EINTR);
	if (n > 0 && fds[1].revents != 0)
		_exit(0);
	return n;
}

static void
accept_stop(int sig)
{
	(void)sig;
}

/*
 * accept4(2) that does not wait long: who shares the socket may have been
 * faster. Its O_NONBLOCK would be theirs as well, so a timer ends the call.
 */
static int
accept_now(int fd)
{
	const struct itimerval often = {
		{ .tv_usec = ACCEPT_US }, { .tv_usec = ACCEPT_US },
	};
	const struct itimerval never = { { 0 }, { 0 } };
	const struct sigaction stop = { .sa_handler = accept_stop };
	int conn, saved;

	if (sigaction(SIGALRM, &stop, NULL) == -1 ||
	    setitimer(ITIMER_REAL, &often, NULL) == -1)
		return -1;
	conn = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
	saved = errno;
	setitimer(ITIMER_REAL, &never, NULL);
	errno = saved == EINTR ? EAGAIN : saved;
	return conn;
}

int
broker_do_ACCEPT(struct broker *b)
{
	int fd = b->dirs[b->request.dir[0]].fd, n;

	do {
		n = accept_wait(b, fd);
		if (n == 0)
			errno = EAGAIN;
		if (n <= 0)
			return -1;
		b->give = accept_now(fd);
	} while (b->give == -1 && errno == EAGAIN &&
		(b->request.flags & BROKER_NONBLOCK) == 0);
	return b->give == -1 ? -1 : 0;
}

/* Of a connection, which the child passes back as it has no call of its own for
 * it. It can only pass what it was given; its socket to us is no stream. */
int
broker_do_SHUTDOWN(struct broker *b)
{
	uint32_t flags = b->request.flags;
	int type = socket_option(b->came, SO_TYPE);

	if (type == -1)
		return -1;
	if (type != SOCK_STREAM || flags == 0) {
		errno = EINVAL;
		return -1;
	}
	return shutdown(b->came, flags == BROKER_READ ? SHUT_RD :
		flags == BROKER_WRITE ? SHUT_WR : SHUT_RDWR);
}
