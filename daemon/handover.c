/* The daemon makes way for its successor. Runs in the daemon that leaves. */
#include "daemon/handover.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/fd.h"
#include "base/log.h"
#include "daemon/conn.h"
#include "daemon/kept.h"
#include "daemon/listen.h"
#include "daemon/parcel.h"

#define HANDOVER_READY_S 60	/* for the successor to be ready */
#define HANDOVER_TICK_US 10000	/* from look to look at the connections */

struct handover {
	struct handover_config config;
	int sock;
	struct event *ev;
	struct event *tick;
	bool gone;		/* GO has been sent */
	bool lost;		/* nobody is there to be given anything */
	uint64_t number;	/* for it */
};

static int
handover_send(int sock, enum handover_kind kind, uint64_t number,
	const int *fd)
{
	const struct handover_packet p = {
		.version = HANDOVER_VERSION, .kind = kind, .number = number,
	};

	return fd_send(sock, &p, sizeof(p), fd, fd == NULL ? 0 : 1);
}

static int
handover_send_listeners(const struct handover_config *c, int sock,
	struct err *err)
{
	struct handover_packet p = {
		.version = HANDOVER_VERSION, .kind = HANDOVER_LISTEN,
	};
	struct fds fds = { .count = 0 };

	if (listener_fds(c->clients, &fds, &p.clients, &p.clients_lock) == -1 ||
	    (c->metrics != NULL && listener_fds(c->metrics, &fds, &p.metrics,
		    &p.metrics_lock) == -1))
		return err_set(err, 1, "there are too many listening sockets");
	if (fd_send(sock, &p, sizeof(p), fds.fd, fds.count) == -1)
		return err_set(err, 1, "the successor: %s", strerror(errno));
	return 0;
}

/* It ended before it was ready. */
static void
handover_fail(struct handover *h)
{
	void (*on_failure)(void *) = h->config.on_failure;
	void *arg = h->config.arg;

	listener_resume(h->config.clients);
	handover_free(h);
	on_failure(arg);
}

/* A client wants something of a job that runs here. */
static void
handover_take_back(struct handover *h, struct fds *fds)
{
	static uint8_t data[WIRE_FEED_MAX];
	ssize_t n;

	if (fds->count == 2) {
		n = pread(fds->fd[1], data, sizeof(data), 0);
		if (n > 0) {
			conn_adopt_take(h->config.conns, fds->fd[0], true,
				data, (size_t)n);
			fds->fd[0] = -1;
		}
	}
	fds_close(fds);
}

/* Since GO. Its end ends nothing here. */
static void
handover_on_back(struct handover *h)
{
	struct handover_packet p;
	struct fds fds;
	ssize_t n = fd_recv(h->sock, &p, sizeof(p), fds.fd, FD_PASS_MAX,
		&fds.count);

	if (n == -1 && errno == EAGAIN)
		return;
	if (n <= 0)
		event_del(h->ev);
	else if (n == sizeof(p) && p.kind == HANDOVER_BACK)
		handover_take_back(h, &fds);
	else
		fds_close(&fds);
}

/* What was to be given up is: now the successor may serve. */
static void
handover_go(struct handover *h)
{
	h->gone = true;
	event_add(h->ev, NULL);
	if (handover_send(h->sock, HANDOVER_GO, h->number, NULL) == -1)
		log_err("the successor is lost: %s", strerror(errno));
}

/* Whether it has been taken, or never can be. */
static bool
handover_give_kept(struct handover *h, struct kept *p)
{
	struct err err = ERR_NONE;
	int fd = parcel_pack(p, &err), r = 0;

	if (fd == -1)
		log_err("job %llu cannot be handed over: %s",
			(unsigned long long)p->id, err.text);
	else
		r = handover_send(h->sock, HANDOVER_KEPT, 0, &fd);
	if (r == -1 && errno == EAGAIN) {
		fd_close(&fd);
		return false;
	}
	if (r == -1) {
		log_err("the successor is lost: %s", strerror(errno));
		h->lost = true;
	}
	p->passed = true;
	fd_close(&fd);
	return true;
}

/* Whether all that have ended are the successor's; the rest at the next tick. */
static bool
handover_give_all_kept(struct handover *h)
{
	struct kept *p = keeper_next(h->config.keeper, 0);

	for (; p != NULL && !h->lost; p = keeper_next(h->config.keeper, p->id)) {
		if (p->job == NULL && !p->passed && !handover_give_kept(h, p))
			return false;
	}
	return true;
}

bool
handover_is_done(struct handover *h)
{
	return h == NULL || handover_give_all_kept(h);
}

static void
handover_on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct handover *h = arg;

	if (!handover_give_all_kept(h))
		return;
	if (!h->gone && h->config.has_given_up(h->config.arg))
		handover_go(h);
	if (!h->gone)
		return;
	conns_give(h->config.conns, h->sock);
	if (conns_count(h->config.conns) == 0)
		h->config.on_idle(h->config.arg);
}

/* From here on there is no way back. */
static void
handover_on_ready(struct handover *h)
{
	const struct timeval tick = { 0, HANDOVER_TICK_US };

	h->number = h->config.on_ready(h->config.arg);
	h->config.clients = h->config.metrics = NULL;	/* given up */
	event_del(h->ev);
	event_add(h->tick, &tick);
}

static void
handover_on_read(evutil_socket_t sock, short what, void *arg)
{
	struct handover *h = arg;
	struct handover_packet p;
	struct fds fds;
	ssize_t n;

	if (h->gone) {
		handover_on_back(h);
		return;
	}
	if (what & EV_TIMEOUT) {
		log_err("the successor does not get ready");
		handover_fail(h);
		return;
	}
	n = fd_recv(h->sock, &p, sizeof(p), fds.fd, FD_PASS_MAX, &fds.count);
	if (n == -1 && errno == EAGAIN)
		return;
	if (n > 0)
		fds_close(&fds);
	if (n == sizeof(p) && p.version == HANDOVER_VERSION &&
	    p.kind == HANDOVER_READY)
		handover_on_ready(h);
	else
		handover_fail(h);
}

struct handover *
handover_start_take(const struct handover_config *config, int sock,
	struct err *err)
{
	const struct timeval limit = { HANDOVER_READY_S, 0 };
	struct handover *h = calloc(1, sizeof(*h));

	if (h == NULL) {
		err_set(err, 1, "out of memory");
		fd_close(&sock);
		return NULL;
	}
	h->config = *config;
	h->sock = sock;
	h->ev = event_new(config->base, sock, EV_READ | EV_PERSIST,
		handover_on_read, h);
	h->tick = event_new(config->base, -1, EV_PERSIST, handover_on_tick, h);
	if (h->ev == NULL || h->tick == NULL || fd_set_nonblock(sock) == -1 ||
	    event_add(h->ev, &limit) == -1)
		err_set(err, 1, "out of memory");
	if (err->code != 0 || handover_send_listeners(config, sock, err) == -1) {
		handover_free(h);
		return NULL;
	}
	listener_stop(config->clients);
	return h;
}

void
handover_free(struct handover *h)
{
	if (h == NULL)
		return;
	if (h->ev != NULL)
		event_free(h->ev);
	if (h->tick != NULL)
		event_free(h->tick);
	fd_close(&h->sock);
	free(h);
}
