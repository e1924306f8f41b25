/*
 * A client that follows a detached job: it gets what is kept of the output,
 * then what comes, then the record. Following never slows the job down: who
 * reads too slowly misses bytes and is told how many. Runs in the daemon.
 */
#ifndef DAEMON_FOLLOW_H
#define DAEMON_FOLLOW_H

#include "proto/msg.h"

struct conn;
struct follow;
struct kept;

/* Begin what the request asks for, and answer it. 0, or -1 with the error
 * set. */
int follow_start(struct conn *c, struct kept *p, const struct msg *m,
	struct err *err);

/* Messages about a job that the connection follows. False: it follows no such
 * job. follow_input closes the connection for what was not wanted. */
bool follow_credit(struct conn *c, uint64_t id, uint64_t bytes);
bool follow_input(struct conn *c, uint64_t id, struct span data, bool eof);

/* For the job: there is more output, or its end; input is wanted; it is gone. */
void follows_pump(struct kept *p);
void follows_grant(struct kept *p, uint32_t bytes);
void follows_end(struct kept *p);

#endif
