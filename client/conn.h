/*
 * The transport of a connection: frames, requests that wait for their answers,
 * and the jobs that notifications belong to. Inside of libwasmd only.
 */
#ifndef CLIENT_CONN_H
#define CLIENT_CONN_H

#include "base/fd.h"
#include "client/libwasmd.h"

#define CONN_NO_FDS (&(const struct fds){ .count = 0 })

/* Takes the answer to a request: its own or MSG_ERROR. */
typedef void (*conn_answer_fn)(void *arg, const struct msg *answer);

/*
 * Queue a request; fds are duplicated and attached to its frame. 0, or -1 when
 * it passes a limit, which leaves the connection as it was.
 */
int conn_request(struct wasmd *w, struct msg *request, const struct fds *fds,
	conn_answer_fn on_answer, void *arg, struct err *err);

/* Queue a notification. */
int conn_notify(struct wasmd *w, const struct msg *m, struct err *err);

/* The first descriptor that came and was not taken yet; -1: there is none. */
int conn_take_fd(struct wasmd *w);

/* The head of the connection's jobs, a list of job.c. */
struct wasmd_job **conn_jobs(struct wasmd *w);

/* job.c: a notification has arrived. -1: the daemon broke a rule. */
int job_notify(struct wasmd *w, const struct msg *m, struct err *err);
void job_free_all(struct wasmd *w);

#endif
