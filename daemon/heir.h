/*
 * The successor of a daemon that runs: takes over its listening sockets and,
 * later, its connections. See daemon/handover.h. Runs in the daemon that comes.
 */
#ifndef DAEMON_HEIR_H
#define DAEMON_HEIR_H

#include <stdint.h>

#include "base/err.h"
#include "base/fd.h"

struct conns;
struct event;
struct event_base;

struct heir {
	int sock;
	/* What came: sockets, and locks of their paths, or -1. */
	struct fds clients, metrics;
	int clients_lock, metrics_lock;
	/* While it serves: */
	struct event *ev;
	struct conns *conns;
};

/* Ask the daemon at this socket; waits for its answer. -1 with the error set,
 * and nothing has changed. */
int heir_ask(struct heir *h, const char *path, struct err *err);

/* All is ready: from the return on this daemon serves, and calls have numbers
 * above *number. -1: the old one stays. */
int heir_go(struct heir *h, uint64_t *number, struct err *err);

/* Take the old one's connections as they come. -1: out of memory. */
int heir_serve(struct heir *h, struct event_base *base, struct conns *conns);

/* No more of them; before the event loop is freed. NULL is legal. */
void heir_end(struct heir *h);

#endif
