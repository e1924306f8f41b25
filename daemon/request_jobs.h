/* What the daemon does for messages about jobs that are there: others than the
 * connection's own, too. Runs in the daemon. */
#ifndef DAEMON_REQUEST_JOBS_H
#define DAEMON_REQUEST_JOBS_H

#include "daemon/request.h"

struct kept;

void handle_jobs(struct conn *c, const struct request_context *ctx,
	const struct msg *m);
void handle_follow(struct conn *c, const struct request_context *ctx,
	const struct msg *m);
void handle_forget(struct conn *c, const struct request_context *ctx,
	const struct msg *m);
void handle_events(struct conn *c, const struct request_context *ctx,
	const struct msg *m);

/* One that has ended, as job.item; its texts are borrowed. */
void item_of_ended(struct msg *item, uint32_t call, const struct kept *p);

#endif
