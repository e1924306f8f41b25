/*
 * Detached jobs: what outlives their clients. While one runs its output comes
 * here; when it has ended its record does, and both stay for a time. Bounded by
 * the number of jobs that have ended, the time since, and the memory of all
 * output. Runs in the daemon.
 */
#ifndef DAEMON_KEPT_H
#define DAEMON_KEPT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>
#include <sys/types.h>

#include "base/buf.h"
#include "daemon/backlog.h"
#include "daemon/digest.h"
#include "proto/msg.h"

struct event_base;
struct follow;
struct job;
struct keeper;
struct user;

TAILQ_HEAD(follow_list, follow);

struct kept {
	TAILQ_ENTRY(kept) entry;	/* the keeper's, in the order of ids */
	struct keeper *keeper;
	struct job *job;		/* NULL: it has ended */
	struct user *user;
	uint64_t id;
	char module[DIGEST_HEX + 1];
	pid_t client;
	uint64_t created_s, ended_s;	/* Unix time */
	uint64_t ended_us;		/* monotonic */
	struct backlog output;
	uint64_t bytes[2];		/* written to descriptors 1 and 2 */
	uint64_t granted;		/* input that may still be sent */
	struct buf record;		/* job.exit, a whole frame */
	char status[3];			/* of it */
	uint32_t exit_code;
	struct follow_list follows;
	bool passed;			/* the daemon's successor has it, too */
};

struct keeper_config {
	struct event_base *base;
	void (*on_idle)(void *arg);	/* nothing is kept any more */
	void *arg;
};

struct keeper_limits {
	uint64_t time_ms;	/* that what has ended is kept */
	uint64_t max;		/* jobs that have ended */
	uint64_t max_bytes;	/* of all output */
};

struct keeper *keeper_new(const struct keeper_config *config);
void keeper_free(struct keeper *k);	/* all have ended */
void keeper_set_limits(struct keeper *k, const struct keeper_limits *limits);
unsigned keeper_count(const struct keeper *k);

/* From the beginning of a detached job; NULL: no memory. max: bytes of output
 * kept of it. */
struct kept *kept_new(struct keeper *k, struct job *j, size_t max);

/* What a running one does: bytes of its output; input is wanted; its end. */
void kept_output(struct kept *p, int fd, const void *data, size_t len);
void kept_grant(struct kept *p, uint32_t bytes);
void kept_end(struct kept *p, const struct msg *record);

/*
 * One that ended under the daemon before this one: a new one without a job, to
 * be filled in, but for when it ended on the monotonic clock; then it is kept
 * like others, or given up. NULL: no memory.
 */
struct kept *kept_begin(struct keeper *k, struct user *u);
void kept_note_record(struct kept *p, const struct msg *record);
void kept_take_over(struct kept *p);
void kept_give_up(struct kept *p);

/* It never became a job, or it has ended and is not wanted any more: it is gone,
 * and whoever follows it is told so. */
void kept_drop(struct kept *p);

/* That of the number, if the user may know of it. */
struct kept *keeper_find(const struct keeper *k, uint64_t id, uid_t uid);
/* The first with a greater number, or NULL. */
struct kept *keeper_next(const struct keeper *k, uint64_t after);

#endif
