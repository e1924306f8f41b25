/*
 * The daemon's parts put together, and its end: idle, or by signal. Runs in the
 * daemon.
 */
#ifndef DAEMON_SERVER_H
#define DAEMON_SERVER_H

#include "base/err.h"
#include "sandbox/launch.h"

struct listener;
struct options;
struct server;

/* Start the worker and make everything ready. The listener is taken, also on
 * failure. NULL with the error set. */
struct server *server_new_take(const struct options *o,
	const struct launch_config *launch, struct listener *l,
	struct err *err);

/* Serve until it is time to leave; no confined process is left then. */
void server_run(struct server *s);

void server_free(struct server *s);

#endif
