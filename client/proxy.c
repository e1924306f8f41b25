/* wasmctl proxy: what ssh runs for `wasmctl -H`: copy between standard input and
 * output and the daemon's socket, until both are at their end. */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"
#include "client/address.h"
#include "client/outcome.h"
#include "client/report.h"
#include "client/verb.h"

#define PROXY_ROOM 65536

struct proxy_values {
	struct where where;
	bool help;
};

const struct option_spec proxy_options[] = {
	OPTIONS_LOCAL(struct proxy_values),
	{ .name = NULL },
};

/* One direction. What was read is written before more is. */
struct pump {
	int from, to;
	bool ended;		/* nothing more comes */
	size_t at, len;		/* what is to be written of the data */
	char data[PROXY_ROOM];
};

static void
pump_read(struct pump *p)
{
	ssize_t n = read(p->from, p->data, sizeof(p->data));

	if (n == -1 && (errno == EINTR || errno == EAGAIN))
		return;
	p->ended = n <= 0;
	p->at = 0;
	p->len = n > 0 ? (size_t)n : 0;
}

/* Without waiting, in whatever mode others have put what we write to: a socket
 * can be told so, a pipe takes this much when poll(2) says that it has room. */
static int
pump_write(struct pump *p)
{
	size_t len = p->len < PIPE_BUF ? p->len : PIPE_BUF;
	ssize_t n = send(p->to, p->data + p->at, p->len,
		MSG_DONTWAIT | MSG_NOSIGNAL);

	if (n == -1 && errno == ENOTSOCK)
		n = write(p->to, p->data + p->at, len);
	if (n == -1)
		return errno == EINTR || errno == EAGAIN ? 0 : -1;
	p->at += (size_t)n;
	p->len -= (size_t)n;
	return 0;
}

static void
pump_poll(const struct pump *p, struct pollfd to[2])
{
	to[0] = (struct pollfd){ p->len == 0 && !p->ended ? p->from : -1,
		POLLIN, 0 };
	to[1] = (struct pollfd){ p->len > 0 ? p->to : -1, POLLOUT, 0 };
}

/* -1: what it writes to has gone. */
static int
pump_step(struct pump *p, const struct pollfd polled[2])
{
	if (polled[0].revents != 0)
		pump_read(p);
	return polled[1].revents != 0 ? pump_write(p) : 0;
}

/* The daemon's end is the end; that of our input it is told of. */
static int
proxy_copy(int sock)
{
	static struct pump in, out;
	bool told = false;

	in.from = STDIN_FILENO;
	in.to = out.from = sock;
	out.to = STDOUT_FILENO;
	while (!out.ended || out.len > 0) {
		struct pollfd p[5];

		pump_poll(&in, p);
		pump_poll(&out, p + 2);
		p[4] = (struct pollfd){ STDOUT_FILENO, 0, 0 };
		if (poll(p, 5, -1) == -1)
			continue;
		if (pump_step(&out, p + 2) == -1 ||
		    (p[4].revents & POLLERR) != 0)
			return EXIT_CANCELLED;
		/* A daemon that has closed may have said why. */
		if (pump_step(&in, p) == -1) {
			in.ended = true;
			in.len = 0;
		}
		if (in.ended && in.len == 0 && !told)
			told = shutdown(sock, SHUT_WR) == 0;
	}
	return 0;
}

/* A connection on which nothing has been said, beside the one that has found
 * the daemon, started it if need be, and keeps it there. */
static int
proxy_connect(const struct proxy_values *v)
{
	struct err err = ERR_NONE;
	struct address address;
	struct wasmd *conn = address_open(&v->where, &address, &err);
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int sock = -1;

	if (conn == NULL) {
		report("%s: %s", address_text(&address), err.text);
		return -1;
	}
	strcpy(sun.sun_path, address.path);
	sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (sock == -1 ||
	    connect(sock, (struct sockaddr *)&sun, sizeof(sun)) == -1) {
		report("%s: %s", address.path, strerror(errno));
		fd_close(&sock);
	}
	wasmd_close(conn);
	return sock;
}

int
proxy_run(const struct verb *verb, int argc, char **argv)
{
	struct proxy_values v = { .where.is_local = true };
	int status, first = verb_parse(verb, &v, argc, argv, &status);
	int sock;

	if (first == -1)
		return status;
	if (first < argc) {
		report("proxy: no operands, but \"%s\" was given", argv[first]);
		return EXIT_WASMCTL;
	}
	if (isatty(STDIN_FILENO)) {
		report("proxy: standard input is a terminal; this is what "
			"wasmctl -H has ssh run on another machine");
		return EXIT_WASMCTL;
	}
	signal(SIGPIPE, SIG_IGN);
	sock = proxy_connect(&v);
	if (sock == -1)
		return EXIT_WASMCTL;
	status = proxy_copy(sock);
	fd_close(&sock);
	return status;
}
