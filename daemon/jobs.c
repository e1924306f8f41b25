/* The jobs there are. Runs in the daemon. */
#include "daemon/jobs.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "base/clock.h"
#include "daemon/queue.h"
#include "daemon/user.h"

static void
jobs_on_reap(evutil_socket_t fd, short what, void *arg)
{
	struct jobs *jobs = arg;
	struct job *j;

	while ((j = TAILQ_FIRST(&jobs->done)) != NULL) {
		TAILQ_REMOVE(&jobs->done, j, entry);
		job_free(j);
	}
	if (jobs->count == 0)
		jobs->config.on_idle(jobs->config.arg);
}

struct jobs *
jobs_new(const struct jobs_config *config)
{
	struct jobs *jobs = calloc(1, sizeof(*jobs));

	if (jobs == NULL)
		return NULL;
	jobs->config = *config;
	TAILQ_INIT(&jobs->all);
	TAILQ_INIT(&jobs->done);
	TAILQ_INIT(&jobs->watches);
	jobs->reaper = event_new(config->base, -1, 0, jobs_on_reap, jobs);
	if (jobs->reaper == NULL) {
		free(jobs);
		return NULL;
	}
	return jobs;
}

void
jobs_free(struct jobs *jobs)
{
	if (jobs == NULL)
		return;
	assert(jobs->count == 0);
	event_free(jobs->reaper);
	free(jobs);
}

int
jobs_admit(const struct jobs *jobs, struct user *user, struct err *err,
	uint64_t *retry_ms)
{
	if (jobs->closed)
		return err_set(err, PROTO_ERROR_UNAVAILABLE, "wasmd ends");
	if (!user_is_admitted(user))
		return err_set(err, PROTO_ERROR_DENIED, "user %u is not "
			"admitted any more", (unsigned)user->uid);
	if (queue_admit(jobs->config.queue, user) == -1) {
		*retry_ms = queue_retry_ms(jobs->config.queue);
		return err_set(err, PROTO_ERROR_QUEUE_FULL,
			"too many calls wait already; try again later");
	}
	*retry_ms = user_pay_call(user, clock_monotonic_us());
	if (*retry_ms > 0)
		return err_set(err, PROTO_ERROR_RATE,
			"more calls than max-rate-per-user allows; try again "
			"in %llu ms", (unsigned long long)*retry_ms);
	*retry_ms = UINT64_MAX;
	return 0;
}

void
jobs_retire(struct job *j)
{
	TAILQ_REMOVE(&j->jobs->all, j, entry);
	TAILQ_INSERT_TAIL(&j->jobs->done, j, entry);
	event_active(j->jobs->reaper, 0, 0);
}

struct job *
jobs_find(const struct jobs *jobs, uint64_t id, uid_t uid)
{
	struct job *j;

	TAILQ_FOREACH(j, &jobs->all, entry) {
		if (j->id == id)
			return job_is_known(j) &&
				(uid == 0 || uid == j->user->uid) ? j : NULL;
	}
	return NULL;
}

const struct job *
jobs_next(const struct jobs *jobs, uint64_t after)
{
	const struct job *j;

	TAILQ_FOREACH(j, &jobs->all, entry) {
		if (j->id > after && job_is_known(j))
			return j;
	}
	return NULL;
}

const struct job *
job_next(const struct job *j)
{
	do {
		j = TAILQ_NEXT(j, entry);
	} while (j != NULL && !job_is_known(j));
	return j;
}

struct watch_list *
jobs_watches(struct jobs *jobs)
{
	return &jobs->watches;
}

unsigned
jobs_count(const struct jobs *jobs)
{
	return jobs->count;
}

void
jobs_count_states(const struct jobs *jobs, unsigned out[JOB_STATE_COUNT])
{
	const struct job *j;

	memset(out, 0, JOB_STATE_COUNT * sizeof(*out));
	TAILQ_FOREACH(j, &jobs->all, entry)
		out[j->state]++;
}

uint64_t
jobs_last_id(const struct jobs *jobs)
{
	return jobs->last_id;
}

void
jobs_number_above(struct jobs *jobs, uint64_t n)
{
	if (jobs->last_id < n)
		jobs->last_id = n;
}

void
jobs_set_max_module(struct jobs *jobs, uint64_t max_module)
{
	jobs->config.max_module = max_module;
}

void
jobs_close(struct jobs *jobs)
{
	jobs->closed = true;
}

void
jobs_cancel_all(struct jobs *jobs)
{
	struct job *j, *next;

	for (j = TAILQ_FIRST(&jobs->all); j != NULL; j = next) {
		next = TAILQ_NEXT(j, entry);
		facts_blame(&j->facts, CAUSE_SHUTDOWN);
		job_event(j, JOB_EV_CANCEL);
	}
}
