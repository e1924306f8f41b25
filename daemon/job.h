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

struct job {
	TAILQ_ENTRY(job) entry;		/* of all jobs, or of those to be freed */
	TAILQ_ENTRY(job) of_conn;	/* conn's */
	TAILQ_ENTRY(job) waiting;	/* the queue's */
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
	struct store_op *fetch;		/* of the module; NULL: not, or done */
	enum template_mode mode;
	bool deterministic;
	struct limits limits;
	struct buf packed;		/* the payload of IN_CALL */
	bool has_stdin;

	/* queue.c's */
	bool is_waiting, has_slot;
	unsigned priority;		/* to its user's other jobs; 9 first */
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

struct jobs_config {
	struct event_base *base;
	struct queue *queue;
	struct templates *templates;
	struct store *store;
	struct keeper *keeper;
	const struct layer_report *layers;
	uint64_t max_module;
	void (*on_idle)(void *arg);	/* the last job is gone */
	void *arg;
};

struct jobs *jobs_new(const struct jobs_config *config);
void jobs_free(struct jobs *jobs);	/* there must be none left */
unsigned jobs_count(const struct jobs *jobs);
void jobs_count_states(const struct jobs *jobs, unsigned out[JOB_STATE_COUNT]);

/* For modules that come from now on. */
void jobs_set_max_module(struct jobs *jobs, uint64_t max_module);

/* The number of the last job so far; later ones have greater numbers than n. */
uint64_t jobs_last_id(const struct jobs *jobs);
void jobs_number_above(struct jobs *jobs, uint64_t n);

/* Take no more: submit gets PROTO_ERROR_UNAVAILABLE. */
void jobs_close(struct jobs *jobs);

/* End all: each is reported as cancelled, because the daemon ends. */
void jobs_cancel_all(struct jobs *jobs);

/*
 * A job of a submit message. fds came with it, and are taken in any case. It is answered later: accepted or refused. NULL with the error set
 * (and *retry_ms for PROTO_ERROR_QUEUE_FULL) if it is refused at once.
 */
struct job *job_new_take(struct jobs *jobs, struct conn *conn,
	struct user *user, const struct msg *m, struct fds *fds, struct err *err,
	uint64_t *retry_ms);

/* The one writer of a job's state. */
void job_event(struct job *j, enum job_event event);

void job_cancel(struct job *j);		/* the client's request */
void job_abandon(struct job *j);	/* the client is gone */

/* That of the number, if the user may know of it; it has not ended. */
struct job *jobs_find(const struct jobs *jobs, uint64_t id, uid_t uid);
/* The first with a greater number that its client knows, or NULL. */
const struct job *jobs_next(const struct jobs *jobs, uint64_t after);
/* The one after it. */
const struct job *job_next(const struct job *j);
/* Who is told of jobs' states. */
struct watch_list *jobs_watches(struct jobs *jobs);

/* While it waits: so many others come before it. */
void job_tell_ahead(struct job *j, uint64_t ahead);

/* The state's name, for people. */
const char *job_state_text(const struct job *j);

/* Whether the client has been told its number. */
bool job_is_known(const struct job *j);

/* More output may be sent; input came. -1: the client broke the protocol. */
void job_add_credit(struct job *j, uint64_t bytes);
int job_input(struct job *j, struct span data, bool eof);

/* The connection can take output again. */
void job_resume(struct job *j);

#endif
