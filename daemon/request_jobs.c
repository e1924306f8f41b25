/* What the daemon does for messages about jobs that are there. Runs in the
 * daemon. */
#include "daemon/request_jobs.h"

#include "base/clock.h"
#include "daemon/conn.h"
#include "daemon/elsewhere.h"
#include "daemon/follow.h"
#include "daemon/job.h"
#include "daemon/jobs.h"
#include "daemon/kept.h"
#include "daemon/queue.h"
#include "daemon/user.h"
#include "daemon/watch.h"

#define JOBS_PAGE 256	/* in one answer */

/* It may be a job of the daemon before this one. */
static void
refuse_job(struct conn *c, const struct request_context *ctx,
	const struct msg *m, uint64_t id)
{
	if (elsewhere_pass(c, ctx->heir, m, id))
		return;
	conn_send_error(c, m->call, PROTO_ERROR_NO_JOB,
		"there is no such job of yours, or not any more", UINT64_MAX);
}

/* ---- jobs ------------------------------------------------------------------ */

static void
item_init(struct msg *item, uint32_t call, uint64_t job, const char *state)
{
	msg_init_notify(item, MSG_JOB_ITEM);
	msg_set_number(item, FIELD_JOB_ITEM_CALL, call);
	msg_set_number(item, FIELD_JOB_ITEM_JOB, job);
	msg_set_str(item, FIELD_JOB_ITEM_STATE, state);
}

static void
item_set_kept(struct msg *item, const struct kept *p)
{
	if (p->output.begin > 0)
		msg_set_number(item, FIELD_JOB_ITEM_DROPPED, p->output.begin);
	msg_set_number(item, FIELD_JOB_ITEM_PID, (uint64_t)p->client);
}

void
item_of_ended(struct msg *item, uint32_t call, const struct kept *p)
{
	item_init(item, call, p->id, "done");
	msg_set_number(item, FIELD_JOB_ITEM_UID, p->user->uid);
	msg_set_str(item, FIELD_JOB_ITEM_MODULE, p->module);
	msg_set_number(item, FIELD_JOB_ITEM_DETACHED, true);
	msg_set_number(item, FIELD_JOB_ITEM_CREATED_S, p->created_s);
	msg_set_number(item, FIELD_JOB_ITEM_BYTES_OUT, p->bytes[0]);
	msg_set_number(item, FIELD_JOB_ITEM_BYTES_ERR, p->bytes[1]);
	msg_set_number(item, FIELD_JOB_ITEM_ENDED_S, p->ended_s);
	msg_set_str(item, FIELD_JOB_ITEM_STATUS, p->status);
	msg_set_number(item, FIELD_JOB_ITEM_EXIT_CODE, p->exit_code);
	item_set_kept(item, p);
}

static void
send_ended(struct conn *c, uint32_t call, const struct kept *p)
{
	struct msg item;

	item_of_ended(&item, call, p);
	conn_send(c, &item);
}

static void
send_active(struct conn *c, uint32_t call, const struct job *j)
{
	uint64_t now_us = clock_monotonic_us();
	struct msg item;

	item_init(&item, call, j->id, job_state_text(j));
	msg_set_number(&item, FIELD_JOB_ITEM_UID, j->user->uid);
	msg_set_str(&item, FIELD_JOB_ITEM_MODULE, program_hex(&j->program));
	msg_set_number(&item, FIELD_JOB_ITEM_DETACHED, j->kept != NULL);
	msg_set_number(&item, FIELD_JOB_ITEM_CREATED_S,
		(clock_realtime_us() - (now_us - j->created_us)) / 1000000);
	if (j->is_waiting)
		msg_set_number(&item, FIELD_JOB_ITEM_POSITION, j->ahead + 1);
	if (j->started_us != 0)
		msg_set_number(&item, FIELD_JOB_ITEM_WALL_US,
			now_us - j->started_us);
	msg_set_number(&item, FIELD_JOB_ITEM_BYTES_OUT, j->stream.bytes[0]);
	msg_set_number(&item, FIELD_JOB_ITEM_BYTES_ERR, j->stream.bytes[1]);
	msg_set_number(&item, FIELD_JOB_ITEM_PID,
		j->conn != NULL ? (uint64_t)j->conn->pid : 0);
	if (j->kept != NULL)
		item_set_kept(&item, j->kept);
	conn_send(c, &item);
}

/* A walk over those that are active and those that are kept, in the order of
 * their numbers. Detached ones that are active are in both. */
struct jobs_walk {
	const struct job *job;
	const struct kept *kept;
};

/* Send the next one, if the client may know of it. Whether it was sent. */
static bool
send_next(struct conn *c, uint32_t call, struct jobs_walk *w)
{
	const struct job *j = w->job;
	const struct kept *p = w->kept;
	const struct user *u;

	if (j != NULL && (p == NULL || j->id <= p->id)) {
		w->job = job_next(j);
		u = j->user;
	} else {
		w->kept = TAILQ_NEXT(p, entry);
		u = p->user;
		j = NULL;
	}
	if ((c->uid != 0 && c->uid != u->uid) || (j == NULL && p->job != NULL))
		return false;
	if (j != NULL)
		send_active(c, call, j);
	else
		send_ended(c, call, p);
	return true;
}

static void
answer_jobs(struct conn *c, const struct msg *m, bool more)
{
	struct msg answer;

	msg_init_answer(&answer, MSG_JOBS, m->call);
	msg_set_number(&answer, RESULT_JOBS_MORE, more);
	conn_send(c, &answer);
}

static void
handle_one_job(struct conn *c, const struct request_context *ctx,
	const struct msg *m)
{
	uint64_t id = msg_number(m, FIELD_JOBS_JOB, 0);
	const struct job *j = jobs_find(ctx->jobs, id, c->uid);
	const struct kept *p;

	elsewhere_look(ctx->heir, id);
	p = keeper_find(ctx->keeper, id, c->uid);
	if (j != NULL)
		send_active(c, m->call, j);
	else if (p != NULL)
		send_ended(c, m->call, p);
	else {
		refuse_job(c, ctx, m, id);
		return;
	}
	answer_jobs(c, m, false);
}

void
handle_jobs(struct conn *c, const struct request_context *ctx,
	const struct msg *m)
{
	uint64_t after = msg_number(m, FIELD_JOBS_AFTER, 0);
	struct jobs_walk w = {
		jobs_next(ctx->jobs, after), keeper_next(ctx->keeper, after),
	};
	unsigned n = 0;

	queue_count_ahead(ctx->queue);
	if (msg_has(m, FIELD_JOBS_JOB)) {
		handle_one_job(c, ctx, m);
		return;
	}
	while (n < JOBS_PAGE && (w.job != NULL || w.kept != NULL))
		n += send_next(c, m->call, &w);
	answer_jobs(c, m, w.job != NULL || w.kept != NULL);
}

/* ---- the others ---------------------------------------------------------------- */

void
handle_follow(struct conn *c, const struct request_context *ctx,
	const struct msg *m)
{
	uint64_t id = msg_number(m, FIELD_FOLLOW_JOB, 0);
	struct err err = ERR_NONE;
	struct kept *p;

	elsewhere_look(ctx->heir, id);
	p = keeper_find(ctx->keeper, id, c->uid);
	if (p == NULL || (p->job != NULL && !job_is_known(p->job)))
		refuse_job(c, ctx, m, id);
	else if (follow_start(c, p, m, &err) == -1)
		conn_send_error(c, m->call, (enum proto_error)err.code,
			err.text, UINT64_MAX);
}

void
handle_forget(struct conn *c, const struct request_context *ctx,
	const struct msg *m)
{
	uint64_t id = msg_number(m, FIELD_FORGET_JOB, 0);
	struct kept *p;
	struct msg answer;

	elsewhere_look(ctx->heir, id);
	p = keeper_find(ctx->keeper, id, c->uid);
	if (p == NULL && jobs_find(ctx->jobs, id, c->uid) == NULL) {
		refuse_job(c, ctx, m, id);
		return;
	}
	if (p == NULL || p->job != NULL) {
		conn_send_error(c, m->call, PROTO_ERROR_USAGE,
			"forget: the job has not ended", UINT64_MAX);
		return;
	}
	kept_drop(p);
	msg_init_answer(&answer, MSG_FORGET, m->call);
	conn_send(c, &answer);
}

void
handle_events(struct conn *c, const struct request_context *ctx,
	const struct msg *m)
{
	struct err err = ERR_NONE;
	struct msg answer;

	if (watch_start(c, jobs_watches(ctx->jobs), &err) == -1) {
		conn_send_error(c, m->call, (enum proto_error)err.code,
			err.text, UINT64_MAX);
		return;
	}
	msg_init_answer(&answer, MSG_EVENTS, m->call);
	conn_send(c, &answer);
}
