/* The daemon makes way for its successor. Runs in the daemon that leaves. */
#include "daemon/handover.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "base/fd.h"
#include "base/log.h"
#include "daemon/conn.h"
#include "daemon/listen.h"

#define HANDOVER_READY_S 60	/* for the successor to be ready */
#define HANDOVER_TICK_US 10000	/* from look to look at the connections */

struct handover {
	struct handover_config config;
	int sock;
	struct event *ev;
	struct event *tick;
	bool gone;		/* GO has been sent */
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

/* What was to be given up is: now the successor may serve. */
static void
handover_go(struct handover *h)
{
	h->gone = true;
	if (handover_send(h->sock, HANDOVER_GO, h->number, NULL) == -1)
		log_err("the successor is lost: %s", strerror(errno));
}

static void
handover_on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct handover *h = arg;

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
