/* What the daemon does for messages about jobs that are there: others than the
 * connection's own, too. Runs in the daemon. */
#ifndef DAEMON_REQUEST_JOBS_H
#define DAEMON_REQUEST_JOBS_H

#include "daemon/request.h"

void handle_jobs(struct conn *c, const struct request_context *ctx,
	const struct msg *m);
void handle_follow(struct conn *c, const struct request_context *ctx,
	const struct msg *m);
void handle_forget(struct conn *c, const struct request_context *ctx,
	const struct msg *m);
void handle_events(struct conn *c, const struct request_context *ctx,
	const struct msg *m);

#endif
