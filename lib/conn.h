/*
 * The transport of a connection: frames, requests that wait for their answers,
 * and the jobs that notifications belong to. Inside of libwasmd only.
 */
#ifndef LIB_CONN_H
#define LIB_CONN_H

#include "base/err.h"
#include "base/fd.h"
#include "lib/wasmd.h"
#include "proto/msg.h"

#define CONN_NO_FDS (&(const struct fds){ .count = 0 })

/*
 * How a request ends. on_answer is called once: with the answer, its own or
 * MSG_ERROR, or with NULL when the connection ends first; then nothing must be
 * asked any more. Before it on_item, if it is not NULL, for each notification
 * that belongs to the request.
 */
struct conn_asked {
	void (*on_answer)(void *arg, const struct msg *answer);
	void (*on_item)(void *arg, const struct msg *item);
	void *arg;
};

/*
 * Queue a request; fds are duplicated and attached to its frame. 0, or -1 when
 * it passes a limit, which leaves the connection as it was.
 */
int conn_request(struct wasmd *w, struct msg *request, const struct fds *fds,
	const struct conn_asked *asked, struct err *err);

/* Whether bytes only pass. */
bool conn_is_stream(const struct wasmd *w);

/* Queue a put, with the module's bytes behind it. */
int conn_request_source(struct wasmd *w, struct msg *put, int fd, uint64_t size,
	const struct conn_asked *asked, struct err *err);

/* Who is told of job.event and job.missed. */
void conn_on_event(struct wasmd *w,
	void (*on_event)(void *arg, const struct wasmd_msg *event), void *arg);

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
