/*
 * Requests about jobs that still run under the daemon before this one: it gets
 * the connection, with the request, and gives it back when nothing goes on there
 * any more. Runs in the daemon.
 */
#ifndef DAEMON_ELSEWHERE_H
#define DAEMON_ELSEWHERE_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/msg.h"

struct conn;
struct heir;

/* Before a job of that number is looked for here: take what has come of it. */
void elsewhere_look(struct heir *h, uint64_t job);

/* It is not here. Whether the request has been passed on, or answered because
 * it cannot be; the connection may be closed by then. */
bool elsewhere_pass(struct conn *c, struct heir *h, const struct msg *m,
	uint64_t job);

#endif
