/*
 * What a job is made of: the modules that its client named or sent, and the
 * socket to the client's broker. Runs in the daemon.
 */
#ifndef DAEMON_INTAKE_H
#define DAEMON_INTAKE_H

#include "base/err.h"
#include "base/fd.h"
#include "proto/msg.h"

struct conn;
struct job;

/*
 * Begin to read all of them; what is taken of fds is -1 there. The job gets
 * JOB_EV_MODULE when the last is complete, or JOB_EV_NO_MODULE with its
 * refusal. -1 with the error set if one cannot be had at once.
 */
int intake_take(struct job *j, const struct conn *conn, const struct msg *m,
	struct fds *fds, struct err *err);

#endif
