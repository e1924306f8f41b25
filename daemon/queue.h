/*
 * Who runs next: a bounded number of jobs; of those that wait, users with fewer
 * running jobs for their priority first, then those who had fewer turns for it,
 * then in the order of their coming. What one user may have is in its policy.
 * Runs in the daemon.
 */
#ifndef DAEMON_QUEUE_H
#define DAEMON_QUEUE_H

#include <stdint.h>

struct event_base;
struct job;
struct queue;
struct user;

struct queue_config {
	unsigned max_running;
	unsigned max_jobs;	/* waiting ones included */
};

struct queue *queue_new(struct event_base *base,
	const struct queue_config *config);
void queue_free(struct queue *q);
void queue_set_config(struct queue *q, const struct queue_config *config);

/* Whether one more job of the user may exist: 0, or -1. */
int queue_admit(const struct queue *q, const struct user *u);

/* When to try again after -1: a guess from how long jobs take. */
uint64_t queue_retry_ms(const struct queue *q);

/* A job exists, or does not any more: what queue_admit counts. */
void queue_enter(struct queue *q, struct job *j);
void queue_leave(struct queue *q, struct job *j);

/* Wait for a slot: JOB_EV_START comes from the event loop. */
void queue_wait(struct queue *q, struct job *j);
/* Do not wait any more; legal when it does not wait. */
void queue_withdraw(struct queue *q, struct job *j);
/* Write into each job that waits how many come before it, as it looks now. */
void queue_count_ahead(struct queue *q);

/* Give a slot back; legal when it holds none. */
void queue_release(struct queue *q, struct job *j);

#endif
