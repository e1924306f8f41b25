/*
 * The successor of a daemon that runs: takes over its listening sockets and,
 * later, its connections. See daemon/handover.h. Runs in the daemon that comes.
 */
#ifndef DAEMON_HEIR_H
#define DAEMON_HEIR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/fd.h"

struct conns;
struct event;
struct event_base;
struct keeper;
struct users;

struct heir {
	int sock;
	/* What came: sockets, and locks of their paths, or -1. */
	struct fds clients, metrics;
	int clients_lock, metrics_lock;
	/* Where the old one's detached jobs go to. */
	struct keeper *keeper;
	struct users *users;
	uint64_t number;	/* calls of the old one have no greater ones */
	/* While it serves: */
	struct event *ev;
	struct conns *conns;
};

/* Ask the daemon at this socket; waits for its answer. -1 with the error set,
 * and nothing has changed. */
int heir_ask(struct heir *h, const char *path, struct err *err);

/* All is ready: from the return on this daemon serves, calls have numbers above
 * *number, and what the old one kept is here. -1: the old one stays. */
int heir_go(struct heir *h, struct keeper *keeper, struct users *users,
	uint64_t *number, struct err *err);

/* Take the old one's connections as they come. -1: out of memory. */
int heir_serve(struct heir *h, struct event_base *base, struct conns *conns);

/* Whether the old one is there, and may run a job of that number. NULL is
 * legal. */
bool heir_may_run(const struct heir *h, uint64_t job);
/* Take what it has sent up to now. */
void heir_look(struct heir *h);
/* Give it a connection that has said hello, with bytes that were read there, at
 * most WIRE_FEED_MAX. -1: it has gone. */
int heir_give_back(struct heir *h, int fd, const void *data, size_t len);

/* No more of them; before the event loop is freed. NULL is legal. */
void heir_end(struct heir *h);

#endif
