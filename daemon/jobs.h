/*
 * The jobs there are, in the order of their numbers. Runs in the daemon.
 */
#ifndef DAEMON_JOBS_H
#define DAEMON_JOBS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>
#include <sys/types.h>

#include "base/err.h"
#include "daemon/job.h"
#include "daemon/job_table.h"
#include "daemon/watch.h"

struct event;
struct event_base;
struct keeper;
struct layer_report;
struct queue;
struct store;
struct templates;
struct user;

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

/* For jobs' own files to look into. */
struct jobs {
	struct jobs_config config;
	struct job_list all;
	struct job_list done;	/* freed from the event loop */
	struct watch_list watches;
	unsigned count;
	uint64_t last_id;
	struct event *reaper;
	bool closed;
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

/* That of the number, if the user may know of it; it has not ended. */
struct job *jobs_find(const struct jobs *jobs, uint64_t id, uid_t uid);
/* The first with a greater number that its client knows, or NULL. */
const struct job *jobs_next(const struct jobs *jobs, uint64_t after);
/* The one after it that its client knows, or NULL. */
const struct job *job_next(const struct job *j);
/* Who is told of jobs' states. */
struct watch_list *jobs_watches(struct jobs *jobs);

/* Whether there may be one more of the user's; *retry_ms as in job_new_take. */
int jobs_admit(const struct jobs *jobs, struct user *user, struct err *err,
	uint64_t *retry_ms);

/* It has ended: freed when nothing refers to it any more. */
void jobs_retire(struct job *j);

#endif
