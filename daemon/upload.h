/*
 * A module on its way into the store: the bytes of one put request, as they
 * come, until the answer. A temporary one goes nowhere: it stays with its
 * connection, for jobs that name it. Runs in the daemon.
 */
#ifndef DAEMON_UPLOAD_H
#define DAEMON_UPLOAD_H

#include <sys/types.h>

#include "base/err.h"
#include "base/fd.h"
#include "daemon/digest.h"
#include "proto/msg.h"

struct conn;
struct event_base;
struct module;
struct store;

/* Those of one user that may be under way at the same time. */
#define UPLOADS_MAX 4

/* What may be held for one user, in modules of the largest size. */
#define UPLOAD_HELD_MODULES 4u

struct upload_config {
	struct event_base *base;
	struct store *store;
	uint64_t max_module;
};

/* Begin what the request asks for; it is answered later. fds are taken in any
 * case. 0, or -1 with the error set: it is refused at once. */
int upload_start_take(struct conn *c, const struct upload_config *config,
	const struct msg *m, struct fds *fds, struct err *err);

/* The module of that digest that is held for the connection, or NULL. It is
 * borrowed. */
struct module *upload_held(const struct conn *c,
	const uint8_t digest[DIGEST_BYTES]);

/* Bytes of the upload that the message names; of none, if it was refused. */
void upload_data(struct conn *c, const struct msg *m);

#endif
