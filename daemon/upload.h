/*
 * A module on its way into the store: the bytes of one put request, as they
 * come, until the answer. Runs in the daemon.
 */
#ifndef DAEMON_UPLOAD_H
#define DAEMON_UPLOAD_H

#include <sys/types.h>

#include "base/err.h"
#include "base/fd.h"
#include "proto/msg.h"

struct conn;
struct event_base;
struct store;

/* Those of one user that may be under way at the same time. */
#define UPLOADS_MAX 4

struct upload_config {
	struct event_base *base;
	struct store *store;
	uint64_t max_module;
};

/* Begin what the request asks for; it is answered later. fds are taken in any
 * case. 0, or -1 with the error set: it is refused at once. */
int upload_start_take(struct conn *c, const struct upload_config *config,
	const struct msg *m, struct fds *fds, struct err *err);

/* Bytes of the upload that the message names; of none, if it was refused. */
void upload_data(struct conn *c, const struct msg *m);

#endif
