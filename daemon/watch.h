/*
 * Clients that watch jobs come and go. One that does not read misses events and
 * is told how many. Runs in the daemon.
 */
#ifndef DAEMON_WATCH_H
#define DAEMON_WATCH_H

#include <stdint.h>
#include <sys/queue.h>

#include "base/err.h"

struct conn;
struct job;
struct watch;

TAILQ_HEAD(watch_list, watch);

/* The connection's client wants to know, from now on. -1 with the error set. */
int watch_start(struct conn *c, struct watch_list *watches, struct err *err);

/* A job has come into a state of that name; status is not NULL at its end. */
void watches_tell(struct watch_list *watches, const struct job *j,
	const char *state, const char *status);

#endif
