/* What the daemon does for messages about stored modules. Runs in the daemon. */
#ifndef DAEMON_REQUEST_STORE_H
#define DAEMON_REQUEST_STORE_H

#include "daemon/request.h"

void handle_put(struct conn *c, const struct request_context *ctx,
	const struct msg *m);
void handle_put_data(struct conn *c, const struct request_context *ctx,
	const struct msg *m);
void handle_list(struct conn *c, const struct request_context *ctx,
	const struct msg *m);
void handle_info(struct conn *c, const struct request_context *ctx,
	const struct msg *m);
void handle_remove(struct conn *c, const struct request_context *ctx,
	const struct msg *m);

#endif
