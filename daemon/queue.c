/* Who runs next. Runs in the daemon. */
#include "daemon/queue.h"

#include <stdlib.h>
#include <sys/queue.h>

#include <event2/event.h>

#include "base/clock.h"
#include "daemon/job.h"
#include "daemon/user.h"

/* How often clients are told how many jobs come before theirs. */
#define QUEUE_TELL_MS 250

#define QUEUE_RETRY_MIN_MS 20
#define QUEUE_RETRY_MAX_MS 10000

/* What a turn costs, divided by the user's priority. */
#define QUEUE_TURN	1000000u

TAILQ_HEAD(waiting_list, job);

struct queue {
	struct queue_config config;
	struct waiting_list waiting;
	struct user_list users;	/* whose jobs wait */
	unsigned nwaiting, nrunning, njobs;
	uint64_t last_since;
	uint64_t turn;		/* of whose turn it was last */
	uint64_t mean_us;	/* of a job's time in its slot, moving */
	struct event *serve;
	struct event *tell;	/* timer, while jobs wait */
};

/* Since when the first of a user's jobs waits; it has some. */
static uint64_t
queue_since(const struct user *u)
{
	uint64_t since = UINT64_MAX;

	for (int i = 0; i < USER_PRIORITIES; i++) {
		const struct job *j = TAILQ_FIRST(&u->waiting[i]);

		if (j != NULL && j->waits_since < since)
			since = j->waits_since;
	}
	return since;
}

/* Whether a user comes before another: by slots held, then by turns had, then
 * by who came first. */
static bool
queue_is_before(const struct user *a, const struct user *b)
{
	uint64_t x = a->running * b->policy.priority;
	uint64_t y = b->running * a->policy.priority;

	if (x != y)
		return x < y;
	return a->turn != b->turn ? a->turn < b->turn :
		queue_since(a) < queue_since(b);
}

/* Of the user who is before all others the first job with the highest
 * priority. Users are few, jobs many. */
static struct job *
queue_next(const struct queue *q)
{
	struct user *u, *best = NULL;

	TAILQ_FOREACH(u, &q->users, with_waiting) {
		if (u->running < u->policy.max_running &&
		    (best == NULL || queue_is_before(u, best)))
			best = u;
	}
	if (best == NULL)
		return NULL;
	for (int i = USER_PRIORITIES; i-- > 0;) {
		if (!TAILQ_EMPTY(&best->waiting[i]))
			return TAILQ_FIRST(&best->waiting[i]);
	}
	return NULL;
}

static void
queue_on_serve(evutil_socket_t fd, short what, void *arg)
{
	struct queue *q = arg;
	struct job *j;

	while (q->nrunning < q->config.max_running &&
	    (j = queue_next(q)) != NULL) {
		queue_withdraw(q, j);
		q->turn = j->user->turn;
		j->user->turn += QUEUE_TURN / j->user->policy.priority;
		q->nrunning++;
		j->user->running++;
		j->has_slot = true;
		j->slot_us = clock_monotonic_us();
		job_event(j, JOB_EV_START);
	}
}

static void
queue_start_telling(struct queue *q)
{
	const struct timeval tv = { 0, QUEUE_TELL_MS * 1000 };

	if (!evtimer_pending(q->tell, NULL))
		evtimer_add(q->tell, &tv);
}

void
queue_count_ahead(struct queue *q)
{
	struct job *j;
	uint64_t ahead = 0;

	TAILQ_FOREACH(j, &q->waiting, waiting)
		j->ahead = ahead++;
}

/* Not at once: most do not wait long enough to be told. */
static void
queue_on_tell(evutil_socket_t fd, short what, void *arg)
{
	struct queue *q = arg;
	struct job *j;

	queue_count_ahead(q);
	TAILQ_FOREACH(j, &q->waiting, waiting)
		job_tell_ahead(j, j->ahead);
	if (!TAILQ_EMPTY(&q->waiting))
		queue_start_telling(q);
}

struct queue *
queue_new(struct event_base *base, const struct queue_config *config)
{
	struct queue *q = calloc(1, sizeof(*q));

	if (q == NULL)
		return NULL;
	q->config = *config;
	TAILQ_INIT(&q->waiting);
	TAILQ_INIT(&q->users);
	q->serve = event_new(base, -1, 0, queue_on_serve, q);
	q->tell = evtimer_new(base, queue_on_tell, q);
	if (q->serve == NULL || q->tell == NULL) {
		queue_free(q);
		return NULL;
	}
	return q;
}

void
queue_free(struct queue *q)
{
	if (q == NULL)
		return;
	if (q->serve != NULL)
		event_free(q->serve);
	if (q->tell != NULL)
		event_free(q->tell);
	free(q);
}

void
queue_set_config(struct queue *q, const struct queue_config *config)
{
	q->config = *config;
	event_active(q->serve, 0, 0);
}

int
queue_admit(const struct queue *q, const struct user *u)
{
	return q->njobs < q->config.max_jobs &&
		u->jobs < u->policy.max_jobs ? 0 : -1;
}

uint64_t
queue_retry_ms(const struct queue *q)
{
	uint64_t ms = q->mean_us / 1000 * (1 + q->nwaiting) /
		q->config.max_running;

	if (ms < QUEUE_RETRY_MIN_MS)
		return QUEUE_RETRY_MIN_MS;
	return ms > QUEUE_RETRY_MAX_MS ? QUEUE_RETRY_MAX_MS : ms;
}

void
queue_enter(struct queue *q, struct job *j)
{
	q->njobs++;
	j->user->jobs++;
}

void
queue_leave(struct queue *q, struct job *j)
{
	queue_withdraw(q, j);
	queue_release(q, j);
	q->njobs--;
	j->user->jobs--;
}

void
queue_wait(struct queue *q, struct job *j)
{
	struct user *u = j->user;

	/* Turns that it did not ask for are lost. */
	if (u->turn < q->turn)
		u->turn = q->turn;
	j->waits_since = ++q->last_since;
	TAILQ_INSERT_TAIL(&q->waiting, j, waiting);
	q->nwaiting++;
	TAILQ_INSERT_TAIL(&u->waiting[j->priority], j, of_user);
	if (u->nwaiting++ == 0)
		TAILQ_INSERT_TAIL(&q->users, u, with_waiting);
	j->is_waiting = true;
	queue_start_telling(q);
	event_active(q->serve, 0, 0);
}

void
queue_withdraw(struct queue *q, struct job *j)
{
	struct user *u = j->user;

	if (!j->is_waiting)
		return;
	TAILQ_REMOVE(&q->waiting, j, waiting);
	q->nwaiting--;
	TAILQ_REMOVE(&u->waiting[j->priority], j, of_user);
	if (--u->nwaiting == 0)
		TAILQ_REMOVE(&q->users, u, with_waiting);
	j->is_waiting = false;
}

void
queue_release(struct queue *q, struct job *j)
{
	uint64_t us;

	if (!j->has_slot)
		return;
	us = clock_monotonic_us() - j->slot_us;
	q->mean_us = q->mean_us == 0 ? us : q->mean_us - q->mean_us / 8 + us / 8;
	j->has_slot = false;
	j->user->running--;
	q->nrunning--;
	/* From the event loop: never in the middle of another job's event. */
	event_active(q->serve, 0, 0);
}
