/* What the daemon does for each message. Runs in the daemon. */
#include "config.h"

#include "daemon/request.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "daemon/conn.h"
#include "daemon/elsewhere.h"
#include "daemon/follow.h"
#include "daemon/job.h"
#include "daemon/job_streams.h"
#include "daemon/jobs.h"
#include "daemon/report.h"
#include "daemon/request_jobs.h"
#include "daemon/stats.h"
#include "daemon/request_store.h"
#include "daemon/user.h"
#include "daemon/worker.h"

static void
handle_hello(struct conn *c, const struct request_context *ctx,
	const struct msg *m)
{
	struct msg answer;

	if (msg_number(m, FIELD_HELLO_VERSION, 0) != PROTO_VERSION) {
		conn_send_error(c, m->call, PROTO_ERROR_VERSION,
			"this wasmd speaks version 1 of the protocol only",
			UINT64_MAX);
		return;
	}
	if (!user_is_admitted(c->user)) {
		log_notice("user %u, process %d: not admitted",
			(unsigned)c->uid, (int)c->pid);
		conn_send_error(c, m->call, PROTO_ERROR_DENIED,
			"the configuration of this wasmd does not admit you",
			UINT64_MAX);
		return;
	}
	conn_set_ready(c);
	msg_init_answer(&answer, MSG_HELLO, m->call);
	msg_set_number(&answer, RESULT_HELLO_VERSION, PROTO_VERSION);
	msg_set_str(&answer, RESULT_HELLO_SERVER, PACKAGE_STRING);
	msg_set_number(&answer, RESULT_HELLO_UID, c->uid);
	conn_send(c, &answer);
}

/* The answer comes from the job, when its module has been read. */
static void
handle_submit(struct conn *c, const struct request_context *ctx,
	const struct msg *m)
{
	struct fds fds = conn_take_fds(c);
	struct err err = ERR_NONE;
	uint64_t retry_ms;

	if (job_new_take(ctx->jobs, c, c->user, m, &fds, &err,
		    &retry_ms) == NULL)
		conn_send_error(c, m->call, (enum proto_error)err.code,
			err.text, retry_ms);
}

static void
handle_cancel(struct conn *c, const struct request_context *ctx,
	const struct msg *m)
{
	uint64_t id = msg_number(m, FIELD_CANCEL_JOB, 0);
	struct job *j = jobs_find(ctx->jobs, id, c->uid);
	struct msg answer;

	if (j == NULL && elsewhere_pass(c, ctx->heir, m, id))
		return;
	if (j == NULL) {
		conn_send_error(c, m->call, PROTO_ERROR_NO_JOB,
			"there is no such job of yours, or not any more",
			UINT64_MAX);
		return;
	}
	/* The answer first: the cancelled job may end at once. */
	msg_init_answer(&answer, MSG_CANCEL, m->call);
	conn_send(c, &answer);
	job_cancel(j);
}

/* "seccomp in-force", "landlock absent Function not implemented". */
static void
request_layer(char *out, size_t size, const struct layer_report *r, int layer)
{
	const char *name = layer_info[layer].name;

	if (r->in_force & 1u << layer)
		snprintf(out, size, "%s in-force", name);
	else if (r->error[layer] == 0)
		snprintf(out, size, "%s off", name);
	else
		snprintf(out, size, "%s absent %s; %s", name,
			strerror(r->error[layer]),
			layer_advice((enum layer)layer, r->error[layer]));
}

static void
handle_check(struct conn *c, const struct request_context *ctx,
	const struct msg *m)
{
	const struct layer_report *r = workers_layers(ctx->workers);
	static char text[LAYER_COUNT][256];
	struct span spans[LAYER_COUNT];
	struct msg answer;

	for (int i = 0; i < LAYER_COUNT; i++) {
		request_layer(text[i], sizeof(text[i]), r, i);
		spans[i] = (struct span){ text[i], strlen(text[i]) };
	}
	msg_init_answer(&answer, MSG_CHECK, m->call);
	msg_set_strs(&answer, RESULT_CHECK_LAYERS, spans, LAYER_COUNT);
	conn_send(c, &answer);
}

static void
handle_stats(struct conn *c, const struct request_context *ctx,
	const struct msg *m)
{
	struct msg answer;
	struct buf text;

	buf_init(&text, STATS_MAX);
	if (stats_print(ctx->stats, &text) == -1) {
		conn_send_error(c, m->call, PROTO_ERROR_INTERNAL,
			"out of memory", UINT64_MAX);
	} else {
		msg_init_answer(&answer, MSG_STATS, m->call);
		msg_set_bytes(&answer, RESULT_STATS_TEXT, text.data, text.len);
		conn_send(c, &answer);
	}
	buf_clear(&text);
}

static void
handle_handover(struct conn *c, const struct request_context *ctx,
	const struct msg *m)
{
	struct fds fds = conn_take_fds(c);
	struct err err = ERR_NONE;
	struct msg answer;

	if (c->uid != 0 && c->uid != ctx->owner)
		err_set(&err, PROTO_ERROR_DENIED, "only root and who started "
			"this wasmd can have it make way");
	else if (fds.count != 1)
		err_set(&err, PROTO_ERROR_USAGE, "handover: one descriptor, a "
			"socket, must come with it");
	if (err.code != 0) {
		fds_close(&fds);
	} else if (ctx->hand_over(ctx->arg, fds.fd[0], &err) == 0) {
		msg_init_answer(&answer, MSG_HANDOVER, m->call);
		conn_send(c, &answer);
		return;
	}
	conn_send_error(c, m->call, (enum proto_error)err.code, err.text,
		UINT64_MAX);
}

/* A job that has just ended, its client cannot know it yet: not an error. */
static void
handle_credit(struct conn *c, const struct request_context *ctx,
	const struct msg *m)
{
	uint64_t id = msg_number(m, FIELD_JOB_CREDIT_JOB, 0);
	uint64_t bytes = msg_number(m, FIELD_JOB_CREDIT_BYTES, 0);
	struct job *j = conn_job(c, id);

	if (j != NULL)
		job_add_credit(j, bytes);
	else
		follow_credit(c, id, bytes);
}

static void
handle_input(struct conn *c, const struct request_context *ctx,
	const struct msg *m)
{
	uint64_t id = msg_number(m, FIELD_JOB_INPUT_JOB, 0);
	struct span data = msg_bytes(m, FIELD_JOB_INPUT_DATA);
	bool eof = msg_number(m, FIELD_JOB_INPUT_EOF, 0) != 0;
	struct job *j = conn_job(c, id);

	if (j == NULL) {
		follow_input(c, id, data, eof);
		return;
	}
	if (job_input(j, data, eof) == -1)
		conn_close(c, "job.input: more than was wanted");
}

static void (*const request_handlers[MSG_COUNT])(struct conn *,
	const struct request_context *, const struct msg *) = {
	[MSG_HELLO] = handle_hello,
	[MSG_SUBMIT] = handle_submit,
	[MSG_CANCEL] = handle_cancel,
	[MSG_CHECK] = handle_check,
	[MSG_STATS] = handle_stats,
	[MSG_HANDOVER] = handle_handover,
	[MSG_JOB_CREDIT] = handle_credit,
	[MSG_JOB_INPUT] = handle_input,
	[MSG_PUT] = handle_put,
	[MSG_PUT_DATA] = handle_put_data,
	[MSG_LIST] = handle_list,
	[MSG_INFO] = handle_info,
	[MSG_REMOVE] = handle_remove,
	[MSG_JOBS] = handle_jobs,
	[MSG_FOLLOW] = handle_follow,
	[MSG_FORGET] = handle_forget,
	[MSG_EVENTS] = handle_events,
};

void
request_handle(struct conn *c, const struct request_context *ctx,
	const struct msg *m)
{
	request_handlers[m->id](c, ctx, m);
}
