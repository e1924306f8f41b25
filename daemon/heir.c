/* The successor of a daemon that runs. Runs in the daemon that comes. */
#include "config.h"

#include "daemon/heir.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/log.h"
#include "daemon/conn.h"
#include "daemon/handover.h"
#include "daemon/parcel.h"
#include "proto/msg.h"
#include "proto/wire.h"

#define HEIR_WAIT_S 30	/* for each of the old one's answers */

enum { HEIR_HELLO = 1, HEIR_HANDOVER };		/* numbers of our requests */

/* ---- asking -------------------------------------------------------------- */

static int
heir_request_of(void *arg, uint32_t call)
{
	return call == HEIR_HELLO ? MSG_HELLO : MSG_HANDOVER;
}

static int
heir_connect(const char *path, struct err *err)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	const struct timeval wait = { .tv_sec = HEIR_WAIT_S };
	int fd;

	if (strlen(path) >= sizeof(addr.sun_path))
		return err_set(err, 1, "%s: too long for a socket", path);
	strcpy(addr.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd != -1 && setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait,
		    sizeof(wait)) == 0 &&
	    connect(fd, (struct sockaddr *)&addr, sizeof(addr)) == 0)
		return fd;
	err_set(err, 1, "there is no wasmd at %s: %s", path, strerror(errno));
	fd_close(&fd);
	return -1;
}

static int
heir_send(int sock, struct msg *m, const int *fd, struct err *err)
{
	struct buf frame;
	int r;

	buf_init(&frame, PROTO_FRAME_MAX);
	r = msg_pack(m, &frame, err);
	if (r == 0 && fd_send(sock, frame.data, frame.len, fd,
		    fd == NULL ? 0 : 1) == -1)
		r = err_set(err, 1, "%s", strerror(errno));
	buf_clear(&frame);
	return r;
}

/* 0: it agreed. */
static int
heir_take_answer(const uint8_t *frame, size_t len, uint32_t call,
	struct err *err)
{
	const struct msg_side side = { TO_CLIENT, heir_request_of, NULL };
	struct span text;
	struct msg m;
	int r = msg_unpack(&m, &side, frame, len, err);

	if (r == 0 && (m.form != FORM_ANSWER || m.call != call))
		r = err_set(err, 1, "it answered what it was not asked");
	if (r == 0 && m.id == MSG_ERROR) {
		text = msg_bytes(&m, FIELD_ERROR_TEXT);
		r = err_set(err, 1, "%.*s", (int)text.len, text.data);
	}
	msg_clear(&m);
	return r;
}

static int
heir_wait_answer(int sock, struct wire *in, uint32_t call, struct err *err)
{
	uint8_t chunk[4096];
	const uint8_t *frame;
	size_t len;
	ssize_t n;
	int r;

	while ((r = wire_next(in, &frame, &len, err)) == 0) {
		n = read(sock, chunk, sizeof(chunk));
		if (n <= 0)
			return err_set(err, 1, "it does not answer");
		if (wire_feed(in, chunk, (size_t)n, err) == -1)
			return -1;
	}
	return r == 1 ? heir_take_answer(frame, len, call, err) : -1;
}

/* Say hello, and ask with our end of the packets' socket. */
static int
heir_negotiate(int sock, int theirs, struct err *err)
{
	struct msg hello, ask;
	struct wire in;
	int r;

	msg_init_request(&hello, MSG_HELLO, HEIR_HELLO);
	msg_set_number(&hello, FIELD_HELLO_VERSION, PROTO_VERSION);
	msg_set_str(&hello, FIELD_HELLO_CLIENT, PACKAGE_STRING);
	msg_init_request(&ask, MSG_HANDOVER, HEIR_HANDOVER);
	wire_init(&in);
	r = heir_send(sock, &hello, NULL, err) == -1 ||
		heir_wait_answer(sock, &in, HEIR_HELLO, err) == -1 ||
		heir_send(sock, &ask, &theirs, err) == -1 ||
		heir_wait_answer(sock, &in, HEIR_HANDOVER, err) == -1;
	wire_clear(&in);
	return r ? -1 : 0;
}

/* ---- packets ------------------------------------------------------------- */

static int
heir_recv(struct heir *h, struct handover_packet *p, struct fds *fds,
	struct err *err)
{
	ssize_t n = fd_recv(h->sock, p, sizeof(*p), fds->fd, FD_PASS_MAX,
		&fds->count);

	if (n == 0)
		errno = ECONNRESET;
	if (n <= 0)
		return err_set(err, 1, "the old wasmd: %s", strerror(errno));
	if (n == sizeof(*p) && p->version == HANDOVER_VERSION)
		return 0;
	fds_close(fds);
	return err_set(err, 1, "the old wasmd hands over in another way");
}

static void
heir_take_group(struct fds *from, size_t *at, uint32_t count, uint32_t lock,
	struct fds *to, int *to_lock)
{
	to->count = 0;
	while (count-- > 0)
		to->fd[to->count++] = from->fd[(*at)++];
	*to_lock = lock ? from->fd[(*at)++] : -1;
}

static int
heir_take_listeners(struct heir *h, struct err *err)
{
	struct handover_packet p;
	struct fds fds;
	size_t at = 0;

	if (heir_recv(h, &p, &fds, err) == -1)
		return -1;
	if (p.kind != HANDOVER_LISTEN || p.clients > FD_PASS_MAX ||
	    p.metrics > FD_PASS_MAX || p.clients_lock > 1 ||
	    p.metrics_lock > 1 || p.clients == 0 || fds.count !=
	    p.clients + p.clients_lock + p.metrics + p.metrics_lock) {
		fds_close(&fds);
		return err_set(err, 1, "the old wasmd sent other sockets than "
			"it said");
	}
	heir_take_group(&fds, &at, p.clients, p.clients_lock, &h->clients,
		&h->clients_lock);
	heir_take_group(&fds, &at, p.metrics, p.metrics_lock, &h->metrics,
		&h->metrics_lock);
	return 0;
}

int
heir_ask(struct heir *h, const char *path, struct err *err)
{
	const struct timeval wait = { .tv_sec = HEIR_WAIT_S };
	int pair[2], sock = heir_connect(path, err), r;

	if (sock == -1)
		return -1;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == -1) {
		fd_close(&sock);
		return err_set(err, 1, "socketpair: %s", strerror(errno));
	}
	h->sock = pair[0];
	r = setsockopt(h->sock, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
	if (r == 0)
		r = heir_negotiate(sock, pair[1], err);
	fd_close(&pair[1]);
	fd_close(&sock);
	if (r == 0)
		r = heir_take_listeners(h, err);
	if (r == -1) {
		err_prefix(err, "nothing to take over");
		fd_close(&h->sock);
	}
	return r;
}

/* A detached job of the old one's that has ended. */
static void
heir_take_kept(struct heir *h, struct fds *fds)
{
	struct err err = ERR_NONE;

	if (fds->count == 1 && parcel_open(h->keeper, h->users, fds->fd[0],
		    &err) == -1)
		log_err("a job of the old wasmd is lost: %s", err.text);
	fds_close(fds);
}

int
heir_go(struct heir *h, struct keeper *keeper, struct users *users,
	uint64_t *number, struct err *err)
{
	struct handover_packet p = {
		.version = HANDOVER_VERSION, .kind = HANDOVER_READY,
	};
	struct fds fds;

	h->keeper = keeper;
	h->users = users;
	if (fd_send(h->sock, &p, sizeof(p), NULL, 0) == -1)
		return err_set(err, 1, "the old wasmd: %s", strerror(errno));
	do {
		if (heir_recv(h, &p, &fds, err) == -1)
			return -1;
		if (p.kind == HANDOVER_KEPT)
			heir_take_kept(h, &fds);
	} while (p.kind == HANDOVER_KEPT);
	fds_close(&fds);
	if (p.kind != HANDOVER_GO)
		return err_set(err, 1, "the old wasmd does not let go");
	*number = h->number = p.number;
	return 0;
}

/* ---- connections --------------------------------------------------------- */

/* One packet; false: there is none, or will be none. */
static bool
heir_take_packet(struct heir *h)
{
	struct handover_packet p;
	struct err err = ERR_NONE;
	struct fds fds;

	if (heir_recv(h, &p, &fds, &err) == -1) {
		if (errno == EAGAIN)
			return false;
		log_notice("the old wasmd has gone");
		heir_end(h);
		return false;
	}
	if (p.kind == HANDOVER_KEPT)
		heir_take_kept(h, &fds);
	else if (p.kind == HANDOVER_CONN && fds.count == 1)
		conn_adopt_take(h->conns, fds.fd[0], p.number != 0, NULL, 0);
	else
		fds_close(&fds);
	return true;
}

static void
heir_on_packet(evutil_socket_t sock, short what, void *arg)
{
	heir_take_packet(arg);
}

bool
heir_may_run(const struct heir *h, uint64_t job)
{
	return h != NULL && h->ev != NULL && job <= h->number;
}

void
heir_look(struct heir *h)
{
	while (h->ev != NULL && heir_take_packet(h))
		;
}

int
heir_give_back(struct heir *h, int fd, const void *data, size_t len)
{
	const struct handover_packet p = {
		.version = HANDOVER_VERSION, .kind = HANDOVER_BACK,
	};
	int fds[2] = { fd, memfd_create("wasmd-bytes", MFD_CLOEXEC) };
	int r = -1;

	if (h->ev != NULL && fds[1] != -1 &&
	    fd_write_all(fds[1], data, len) == 0)
		r = fd_send(h->sock, &p, sizeof(p), fds, 2);
	fd_close(&fds[1]);
	return r;
}

int
heir_serve(struct heir *h, struct event_base *base, struct conns *conns)
{
	h->conns = conns;
	h->ev = event_new(base, h->sock, EV_READ | EV_PERSIST, heir_on_packet,
		h);
	return h->ev != NULL && fd_set_nonblock(h->sock) == 0 ?
		event_add(h->ev, NULL) : -1;
}

void
heir_end(struct heir *h)
{
	if (h == NULL)
		return;
	if (h->ev != NULL)
		event_free(h->ev);
	h->ev = NULL;
	fd_close(&h->sock);
}
