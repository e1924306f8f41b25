/* What the daemon does for each message of a client. Runs in the daemon. */
#ifndef DAEMON_REQUEST_H
#define DAEMON_REQUEST_H

#include <sys/types.h>

#include "proto/msg.h"

struct conn;
struct event_base;
struct heir;
struct jobs;
struct keeper;
struct queue;
struct stats;
struct options;
struct store;
struct workers;

/* What handlers may use. */
struct request_context {
	struct jobs *jobs;
	const struct workers *workers;
	const struct stats *stats;
	/* Make way for who is at the other end of a socket, which is taken. */
	int (*hand_over)(void *arg, int sock, struct err *err);
	void *arg;
	uid_t owner;		/* who started the daemon */
	struct heir *heir;	/* of the daemon before this one, or NULL */
	struct store *store;
	struct keeper *keeper;
	struct queue *queue;
	struct event_base *base;
	struct options *const *options;	/* those of the moment */
};

/* Do it. The message is well formed and in season. */
void request_handle(struct conn *c, const struct request_context *ctx,
	const struct msg *m);

#endif
