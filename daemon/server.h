/*
 * The daemon's parts put together, and its end: idle, or by signal. Runs in the
 * daemon.
 */
#ifndef DAEMON_SERVER_H
#define DAEMON_SERVER_H

#include "base/err.h"
#include "sandbox/launch.h"

struct conf_source;
struct heir;
struct listener;
struct options;
struct server;

struct server_config {
	struct options *options;		/* of conf_load; taken */
	const struct conf_source *source;	/* to load them again */
	const struct launch_config *launch;
	struct listener *listener;		/* taken */
	struct listener *metrics;		/* taken; NULL: none */
	struct heir *heir;	/* of the daemon before; NULL: there is none */
};

/* Start the worker and make everything ready. What is taken is taken on
 * failure, too. NULL with the error set. */
struct server *server_new_take(const struct server_config *config,
	struct err *err);

/* Take over from the daemon before, if there is one. -1: it stays. */
int server_take_over(struct server *s, struct err *err);

/* Serve until it is time to leave; no confined process is left then. */
void server_run(struct server *s);

void server_free(struct server *s);

#endif
