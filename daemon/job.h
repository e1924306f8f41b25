/*
 * Jobs: one call of one module for one client, from its submit to its
 * job.exit. What may happen when is in daemon/job_table.c. Runs in the daemon.
 */
#ifndef DAEMON_JOB_H
#define DAEMON_JOB_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/fd.h"
#include "daemon/feed.h"
#include "daemon/job_table.h"
#include "daemon/limits.h"
#include "daemon/program.h"
#include "daemon/result.h"
#include "daemon/stream.h"
#include "daemon/template.h"
#include "daemon/watch.h"
#include "proto/msg.h"

struct child;
struct conn;
struct event;
struct event_base;
struct jobs;
struct keeper;
struct kept;
struct layer_report;
struct queue;
struct store;
struct store_op;
struct user;

/* One of its modules on its way out of the store. */
struct job_fetch {
	struct job *job;
	struct store_op *op;	/* NULL: done */
	struct module **to;
};

struct job {
	TAILQ_ENTRY(job) entry;		/* of all jobs, or of those to be freed */
	TAILQ_ENTRY(job) of_conn;	/* conn's */
	TAILQ_ENTRY(job) waiting;	/* all that wait, in their order */
	TAILQ_ENTRY(job) of_user;	/* its user's that wait, by priority */
	struct jobs *jobs;
	struct conn *conn;		/* NULL: the client is gone, or */
	struct kept *kept;		/* it is detached from it */
	struct user *user;
	gid_t gid;			/* of the client's process */
	pid_t pid;
	uint64_t id;
	uint32_t call;			/* number of the request */
	struct err refusal;		/* why it is, if it is not accepted */
	uint64_t retry_ms;		/* or UINT64_MAX */
	enum job_state state;		/* written by job_event only */

	/* what was asked for */
	struct program program;
	unsigned reading;		/* its modules that are not complete */
	struct job_fetch fetches[1 + CTL_PRELOAD_MAX];
	unsigned nfetches;
	enum template_mode mode;
	bool deterministic;
	struct limits limits;
	struct buf packed;		/* the payload of IN_CALL */
	bool has_stdin;

	/* queue.c's */
	bool is_waiting, has_slot;
	unsigned priority;		/* to its user's other jobs; 9 first */
	uint64_t waits_since;		/* a number that grows */
	uint64_t ahead;			/* of queue_count_ahead */
	uint64_t told_ahead;		/* its client was; 0: nothing yet */
	uint64_t slot_us;

	/* while it runs */
	struct child_request request;
	struct child *child;
	struct stream stream;
	struct feed feed;
	struct event *wall;		/* timer */
	struct event *sleep;		/* timer of OUT_WAIT */
	uint64_t sleep_until_us;
	uint64_t sleep_seq;

	/* how it went */
	uint64_t created_us, started_us, child_us, ended_us;	/* or 0 */
	struct facts facts;
};

TAILQ_HEAD(job_list, job);

/*
 * A job of a submit message. fds came with it, and are taken in any case. It is
 * answered later: accepted or refused. NULL with the error set (and *retry_ms
 * for PROTO_ERROR_QUEUE_FULL) if it is refused at once.
 */
struct job *job_new_take(struct jobs *jobs, struct conn *conn,
	struct user *user, const struct msg *m, struct fds *fds, struct err *err,
	uint64_t *retry_ms);

/* Once it has ended: by jobs.c only. */
void job_free(struct job *j);

/* The one writer of a job's state. */
void job_event(struct job *j, enum job_event event);

/* The child is not one of ours any more: nothing it says counts. */
void job_break(struct job *j);

/* The guest sleeps; a later wait takes the place of an earlier one. */
void job_sleep(struct job *j, const struct frame_wait *wait);

void job_cancel(struct job *j);		/* the client's request */
void job_abandon(struct job *j);	/* the client is gone */

/* While it waits: so many others come before it. */
void job_tell_ahead(struct job *j, uint64_t ahead);

/* The state's name, for people. */
const char *job_state_text(const struct job *j);

/* Whether the client has been told its number. */
bool job_is_known(const struct job *j);

#endif
