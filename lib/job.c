/* The jobs of a connection, as a client sees them. */
#include "lib/job.h"

#include <stdlib.h>
#include <string.h>

#include "lib/conn.h"
#include "lib/error.h"
#include "lib/given.h"
#include "lib/message.h"
#include "lib/module.h"

_Static_assert(WASMD_PRELOAD_MAX == PROTO_PRELOAD_MAX &&
	WASMD_PRELOAD_NAME_MAX == PROTO_PRELOAD_NAME_MAX &&
	WASMD_KEEP_MAX == PROTO_KEEP_MAX &&
	WASMD_CREDIT_MAX == PROTO_CREDIT_MAX &&
	WASMD_INPUT_MAX == PROTO_DATA_MAX &&
	WASMD_OUTPUT_MAX == PROTO_DATA_MAX, "the limits are the protocol's");

struct wasmd_job {
	struct wasmd_job *next;
	struct wasmd *conn;
	struct wasmd_events events;
	void *arg;
	bool started;		/* id is known */
	bool cancel_wanted;	/* as soon as it is */
	bool is_follow;
	bool no_wait;
	bool detach;
	uint64_t id;
	bool trace;		/* there may be one */
	bool profile;
	size_t credit;		/* output bytes that may still come */
	uint64_t wanted;	/* input bytes that may still be sent */
	bool input_ended;
};

static void
job_free(struct wasmd_job *job)
{
	struct wasmd_job **at = conn_jobs(job->conn);

	while (*at != job)
		at = &(*at)->next;
	*at = job->next;
	free(job);
}

void
job_free_all(struct wasmd *w)
{
	while (*conn_jobs(w) != NULL)
		job_free(*conn_jobs(w));
}

/* ---- submitting -------------------------------------------------------- */

static void
job_ignore_answer(void *arg, const struct msg *answer)
{
	/* A job that had ended already cannot be cancelled, which is fine. */
}

static int
job_send_cancel(struct wasmd_job *job, struct err *err)
{
	const struct conn_asked asked = { .on_answer = job_ignore_answer };
	struct msg m;

	msg_init_request(&m, MSG_CANCEL, 0);
	msg_set_number(&m, FIELD_CANCEL_JOB, job->id);
	return conn_request(job->conn, &m, CONN_NO_FDS, &asked, err);
}

static void
job_refused(struct wasmd_job *job, const struct msg *answer)
{
	struct wasmd_error error = error_of_answer(answer);

	if (job->events.on_refused != NULL)
		job->events.on_refused(job->arg, &error);
	job_free(job);
}

static void
job_on_answer(void *arg, const struct msg *answer)
{
	struct wasmd_job *job = arg;
	struct err err = ERR_NONE;

	/* With the connection the job ends, too. */
	if (answer == NULL)
		return;
	if (answer->id == MSG_ERROR) {
		job_refused(job, answer);
		return;
	}
	job->started = true;
	job->id = msg_number(answer, job->is_follow ? RESULT_FOLLOW_JOB :
		RESULT_SUBMIT_JOB, 0);
	if (job->events.on_started != NULL)
		job->events.on_started(job->arg, job);
	if (job->detach) {
		job_free(job);
		return;
	}
	/* Without memory the request is lost, the job is not: its end comes
	 * with its limits or the connection's. */
	if (job->cancel_wanted)
		job_send_cancel(job, &err);
}

/* Spans for a vector of strings; freed by the caller. */
static struct span *
job_spans(const char *const *strings, size_t count, struct err *err)
{
	struct span *spans = calloc(count + 1, sizeof(*spans));

	if (spans == NULL) {
		err_set(err, PROTO_ERROR_INTERNAL, "out of memory");
		return NULL;
	}
	for (size_t i = 0; i < count; i++)
		spans[i] = (struct span){ strings[i], strlen(strings[i]) };
	return spans;
}

static void
job_set_limits(struct msg *m, const struct wasmd_call *call)
{
	const struct {
		enum field_id field;
		uint64_t value;
	} limits[] = {
		{ FIELD_SUBMIT_WALL_MS, call->wall_ms },
		{ FIELD_SUBMIT_CPU_MS, call->cpu_ms },
		{ FIELD_SUBMIT_FUEL, call->fuel },
		{ FIELD_SUBMIT_MEMORY_BYTES, call->memory_bytes },
		{ FIELD_SUBMIT_STACK_BYTES, call->stack_bytes },
		{ FIELD_SUBMIT_OUTPUT_BYTES, call->output_bytes },
		{ FIELD_SUBMIT_TABLE_ELEMS, call->table_elems },
		{ FIELD_SUBMIT_OPEN_FILES, call->open_files },
	};

	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++)
		if (limits[i].value != 0)
			msg_set_number(m, limits[i].field, limits[i].value);
}

struct job_preload {
	struct span names[PROTO_PRELOAD_MAX];
	struct span digests[PROTO_PRELOAD_MAX];	/* empty: of a descriptor */
	bool has_digest;
};

/* The names and digests of what is preloaded, the descriptors of all modules
 * but those that go as bytes or by digest, and the broker's socket. */
static int
job_fds(const struct wasmd_call *call, int module_fd, struct fds *fds,
	struct job_preload *preload, struct err *err)
{
	fds->count = 0;
	if (call->npreload > PROTO_PRELOAD_MAX)
		return err_set(err, PROTO_ERROR_USAGE,
			"at most %u modules can be preloaded",
			PROTO_PRELOAD_MAX);
	if (module_fd != -1)
		fds->fd[fds->count++] = module_fd;
	for (size_t i = 0; i < call->npreload; i++) {
		const struct wasmd_preload *p = &call->preload[i];

		preload->names[i] = (struct span){ p->name, strlen(p->name) };
		preload->digests[i] = (struct span){ "", 0 };
		if (p->digest == NULL) {
			fds->fd[fds->count++] = p->fd;
			continue;
		}
		preload->digests[i] = (struct span){ p->digest,
			strlen(p->digest) };
		preload->has_digest = true;
	}
	if (call->has_broker)
		fds->fd[fds->count++] = call->broker;
	return 0;
}

/* Whatever is not the module, nor a vector. */
static void
job_set_options(struct msg *m, const struct wasmd_call *call)
{
	if (call->mode != NULL)
		msg_set_str(m, FIELD_SUBMIT_MODE, call->mode);
	if (call->invoke != NULL)
		msg_set_str(m, FIELD_SUBMIT_INVOKE, call->invoke);
	if (call->detach)
		msg_set_number(m, FIELD_SUBMIT_DETACH, true);
	if (call->keep_bytes > 0)
		msg_set_number(m, FIELD_SUBMIT_KEEP_BYTES, call->keep_bytes);
	if (call->priority > 0)
		msg_set_number(m, FIELD_SUBMIT_PRIORITY, call->priority);
	if (call->max_calls > 0)
		msg_set_number(m, FIELD_SUBMIT_MAX_CALLS, call->max_calls);
	if (call->reset)
		msg_set_number(m, FIELD_SUBMIT_RESET, true);
	if (call->has_broker)
		msg_set_number(m, FIELD_SUBMIT_BROKER, true);
	/* An instance has its own socket. */
	if (call->mode == NULL || strcmp(call->mode, "serve") != 0) {
		msg_set_number(m, FIELD_SUBMIT_STDIN, call->has_stdin);
		msg_set_number(m, FIELD_SUBMIT_TTY, call->tty);
		msg_set_number(m, FIELD_SUBMIT_CREDIT, call->credit);
	}
	if (call->closed != 0)
		msg_set_number(m, FIELD_SUBMIT_CLOSED, call->closed);
	if (call->trace)
		msg_set_number(m, FIELD_SUBMIT_TRACE, true);
	if (call->profile)
		msg_set_number(m, FIELD_SUBMIT_PROFILE, true);
	if (call->deterministic) {
		msg_set_number(m, FIELD_SUBMIT_DETERMINISTIC, true);
		msg_set_number(m, FIELD_SUBMIT_SEED, call->seed);
	}
}

static int
job_open_module(const struct wasmd *w, struct module *module,
	const struct wasmd_call *call, struct err *err)
{
	return (conn_is_stream(w) ? module_open_bytes : module_open)(module,
		call->module, call->module_len, call->module_fd, err);
}

static void
job_set_module(struct msg *m, const struct wasmd_call *call,
	const struct module *module)
{
	if (call->digest != NULL)
		msg_set_str(m, FIELD_SUBMIT_DIGEST, call->digest);
	else if (module->fd != -1)
		msg_set_number(m, FIELD_SUBMIT_MODULE_FD, true);
	else
		msg_set_bytes(m, FIELD_SUBMIT_MODULE, module->bytes,
			module->len);
}

static int
job_send_submit(struct wasmd_job *job, const struct wasmd_call *call,
	struct err *err)
{
	const struct conn_asked asked = { .on_answer = job_on_answer,
		.arg = job };
	struct span *args = job_spans(call->args, call->nargs, err);
	struct span *env = job_spans(call->env, call->nenv, err);
	struct span *params = job_spans(call->params, call->nparams, err);
	struct job_preload preload = { .has_digest = false };
	struct module module = MODULE_NONE;
	struct fds fds;
	struct msg m;
	int ret = -1;

	if (args == NULL || env == NULL || params == NULL ||
	    (call->digest == NULL && job_open_module(job->conn, &module, call,
		    err) == -1) ||
	    job_fds(call, module.fd, &fds, &preload, err) == -1)
		goto out;
	msg_init_request(&m, MSG_SUBMIT, 0);
	job_set_module(&m, call, &module);
	if (call->npreload > 0)
		msg_set_strs(&m, FIELD_SUBMIT_PRELOAD, preload.names,
			call->npreload);
	if (preload.has_digest)
		msg_set_strs(&m, FIELD_SUBMIT_PRELOAD_DIGESTS, preload.digests,
			call->npreload);
	msg_set_strs(&m, FIELD_SUBMIT_ARGS, args, call->nargs);
	msg_set_strs(&m, FIELD_SUBMIT_ENV, env, call->nenv);
	if (call->invoke != NULL && call->nparams > 0)
		msg_set_strs(&m, FIELD_SUBMIT_PARAMS, params, call->nparams);
	job_set_options(&m, call);
	job_set_limits(&m, call);
	ret = conn_request(job->conn, &m, &fds, &asked, err);
out:
	module_close(&module);
	free(args);
	free(env);
	free(params);
	return ret;
}

/* A job of the connection's that is not known to the daemon yet. */
static struct wasmd_job *
job_new(struct wasmd *w, const struct wasmd_events *events, void *arg,
	struct err *err)
{
	struct wasmd_job *job = calloc(1, sizeof(*job));

	if (job == NULL) {
		err_set(err, PROTO_ERROR_INTERNAL, "out of memory");
		return NULL;
	}
	job->conn = w;
	job->arg = arg;
	job->next = *conn_jobs(w);
	*conn_jobs(w) = job;
	if (given_take(&job->events, sizeof(job->events), events, "events",
		err) == 0)
		return job;
	job_free(job);
	return NULL;
}

struct wasmd_job *
job_submit(struct wasmd *w, const struct wasmd_call *call,
	const struct wasmd_events *events, void *arg, struct err *err)
{
	struct wasmd_job *job = job_new(w, events, arg, err);

	if (job == NULL)
		return NULL;
	job->credit = call->credit;
	job->detach = call->detach;
	job->trace = call->trace;
	job->profile = call->profile;
	if (job_send_submit(job, call, err) == 0)
		return job;
	job_free(job);
	return NULL;
}

struct wasmd_job *
wasmd_submit(struct wasmd *w, const struct wasmd_call *call,
	const struct wasmd_events *events, void *arg, struct wasmd_error *error)
{
	struct wasmd_job *job = NULL;
	struct err err = ERR_NONE;
	struct wasmd_call c;

	if (given_take(&c, sizeof(c), call, "call", &err) == 0)
		job = job_submit(w, &c, events, arg, &err);
	if (job == NULL)
		error_give(error, &err);
	return job;
}

/* ---- following --------------------------------------------------------- */

static int
job_send_follow(struct wasmd_job *job, const struct wasmd_follow *what,
	struct err *err)
{
	const struct conn_asked asked = { .on_answer = job_on_answer,
		.arg = job };
	struct msg m;

	msg_init_request(&m, MSG_FOLLOW, 0);
	msg_set_number(&m, FIELD_FOLLOW_JOB, what->job);
	msg_set_number(&m, FIELD_FOLLOW_OUTPUT, !what->no_output);
	msg_set_number(&m, FIELD_FOLLOW_WAIT, !what->no_wait);
	msg_set_number(&m, FIELD_FOLLOW_STDIN, what->has_stdin);
	msg_set_number(&m, FIELD_FOLLOW_CREDIT, what->credit);
	return conn_request(job->conn, &m, CONN_NO_FDS, &asked, err);
}

static struct wasmd_job *
job_follow(struct wasmd *w, const struct wasmd_follow *given,
	const struct wasmd_events *events, void *arg, struct err *err)
{
	struct wasmd_follow what;
	struct wasmd_job *job;

	if (given_take(&what, sizeof(what), given, "what to follow", err) == -1)
		return NULL;
	job = job_new(w, events, arg, err);
	if (job == NULL)
		return NULL;
	job->credit = what.credit;
	job->is_follow = true;
	job->no_wait = what.no_wait;
	if (job_send_follow(job, &what, err) == 0)
		return job;
	job_free(job);
	return NULL;
}

struct wasmd_job *
wasmd_follow(struct wasmd *w, const struct wasmd_follow *what,
	const struct wasmd_events *events, void *arg, struct wasmd_error *error)
{
	struct err err = ERR_NONE;
	struct wasmd_job *job = job_follow(w, what, events, arg, &err);

	if (job == NULL)
		error_give(error, &err);
	return job;
}

uint64_t
wasmd_job_id(const struct wasmd_job *job)
{
	return job->id;
}

/* ---- while it runs ----------------------------------------------------- */

/* Before it has a number nothing can be said of it. */
static int
job_check_started(const struct wasmd_job *job, struct err *err)
{
	return job->started ? 0 : err_set(err, PROTO_ERROR_USAGE,
		"the job has not started");
}

int
wasmd_job_credit(struct wasmd_job *job, size_t bytes, struct wasmd_error *error)
{
	struct err err = ERR_NONE;
	struct msg m;

	if (job_check_started(job, &err) == -1)
		return error_give(error, &err);
	msg_init_notify(&m, MSG_JOB_CREDIT);
	msg_set_number(&m, FIELD_JOB_CREDIT_JOB, job->id);
	msg_set_number(&m, FIELD_JOB_CREDIT_BYTES, bytes);
	if (conn_notify(job->conn, &m, &err) == -1)
		return error_give(error, &err);
	job->credit += bytes;
	return 0;
}

/* What the daemon would end the connection for. */
static int
job_check_input(const struct wasmd_job *job, size_t len, struct err *err)
{
	if (job_check_started(job, err) == -1)
		return -1;
	if (job->input_ended)
		return err_set(err, PROTO_ERROR_USAGE,
			"standard input has ended already");
	if (len > job->wanted)
		return err_set(err, PROTO_ERROR_USAGE,
			"more standard input than was asked for");
	return 0;
}

static int
job_input(struct wasmd_job *job, const void *data, size_t len, struct err *err)
{
	struct msg m;

	/* Its end may be asked for while it is on its way. */
	if (job->input_ended && len == 0)
		return 0;
	if (job_check_input(job, len, err) == -1)
		return -1;
	msg_init_notify(&m, MSG_JOB_INPUT);
	msg_set_number(&m, FIELD_JOB_INPUT_JOB, job->id);
	if (len > 0)
		msg_set_bytes(&m, FIELD_JOB_INPUT_DATA, data, len);
	else
		msg_set_number(&m, FIELD_JOB_INPUT_EOF, true);
	if (conn_notify(job->conn, &m, err) == -1)
		return -1;
	job->wanted -= len;
	job->input_ended = len == 0;
	return 0;
}

int
wasmd_job_input(struct wasmd_job *job, const void *data, size_t len,
	struct wasmd_error *error)
{
	struct err err = ERR_NONE;

	return job_input(job, data, len, &err) == 0 ? 0 :
		error_give(error, &err);
}

int
job_cancel(struct wasmd_job *job, struct err *err)
{
	if (job->cancel_wanted)
		return 0;
	job->cancel_wanted = true;
	return job->started ? job_send_cancel(job, err) : 0;
}

int
wasmd_job_cancel(struct wasmd_job *job, struct wasmd_error *error)
{
	struct err err = ERR_NONE;

	return job_cancel(job, &err) == 0 ? 0 : error_give(error, &err);
}

void
job_abandon(struct wasmd_job *job)
{
	struct err err = ERR_NONE;

	job->events = (struct wasmd_events){ .size = sizeof(job->events) };
	/* Without memory it ends with its connection. */
	job_cancel(job, &err);
}

static struct wasmd_job *
job_find(struct wasmd *w, uint64_t id)
{
	struct wasmd_job *job = *conn_jobs(w);

	while (job != NULL && (!job->started || job->id != id))
		job = job->next;
	return job;
}

static int
job_on_output(struct wasmd_job *job, const struct msg *m, struct err *err)
{
	int fd = (int)msg_number(m, FIELD_JOB_OUTPUT_FD, 0);
	struct span data = msg_bytes(m, FIELD_JOB_OUTPUT_DATA);

	if (fd < 1 || (fd == WASMD_OUTPUT_TRACE && !job->trace) ||
	    (fd == WASMD_OUTPUT_PROFILE && !job->profile))
		return err_set(err, PROTO_ERROR_PROTOCOL,
			"the daemon sent output for descriptor %d", fd);
	if (data.len > job->credit)
		return err_set(err, PROTO_ERROR_PROTOCOL,
			"the daemon sent more output than it was allowed");
	job->credit -= data.len;
	if (job->events.on_output != NULL)
		job->events.on_output(job->arg, fd, data.data, data.len);
	return 0;
}

static void
job_on_want_input(struct wasmd_job *job, uint64_t bytes)
{
	job->wanted += bytes;
	if (job->events.on_want_input != NULL && !job->input_ended)
		job->events.on_want_input(job->arg, bytes);
}

/* What only a job that waits, or is followed, has. */
static int
job_on_other(struct wasmd_job *job, const struct msg *m, struct err *err)
{
	const struct wasmd_events *events = &job->events;
	int fd;

	/* Some of it would be its end. */
	if (!job->is_follow && m->id != MSG_JOB_SOCKET &&
	    m->id != MSG_JOB_QUEUED)
		return err_set(err, PROTO_ERROR_PROTOCOL, "the daemon sent %s "
			"for a job that is not followed", msg_info[m->id].name);
	switch (m->id) {
	case MSG_JOB_SOCKET:
		fd = conn_take_fd(job->conn);
		if (events->on_socket != NULL && fd != -1)
			events->on_socket(job->arg, fd);
		else
			fd_close(&fd);
		break;
	case MSG_JOB_QUEUED:
		if (events->on_queued != NULL)
			events->on_queued(job->arg, msg_number(m,
				FIELD_JOB_QUEUED_AHEAD, 0));
		break;
	case MSG_JOB_DROPPED:
		if (events->on_dropped != NULL)
			events->on_dropped(job->arg, msg_number(m,
				FIELD_JOB_DROPPED_BYTES, 0));
		break;
	case MSG_JOB_CAUGHT_UP:
		if (events->on_caught_up != NULL)
			events->on_caught_up(job->arg);
		if (job->no_wait)
			job_free(job);
		break;
	default:
		if (events->on_gone != NULL)
			events->on_gone(job->arg);
		job_free(job);
	}
	return 0;
}

static void
job_on_exit(struct wasmd_job *job, const struct msg *record)
{
	if (job->events.on_exit != NULL)
		job->events.on_exit(job->arg, message_show(record));
	job_free(job);
}

int
job_notify(struct wasmd *w, const struct msg *m, struct err *err)
{
	struct wasmd_job *job;

	switch (m->id) {
	case MSG_JOB_QUEUED:
	case MSG_JOB_DROPPED:
	case MSG_JOB_CAUGHT_UP:
	case MSG_JOB_GONE:
	case MSG_JOB_SOCKET:
		/* All begin with the job's number. */
		job = job_find(w, msg_number(m, msg_info[m->id].first, 0));
		return job == NULL ? 0 : job_on_other(job, m, err);
	case MSG_JOB_OUTPUT:
		job = job_find(w, msg_number(m, FIELD_JOB_OUTPUT_JOB, 0));
		return job == NULL ? 0 : job_on_output(job, m, err);
	case MSG_JOB_WANT_INPUT:
		job = job_find(w, msg_number(m, FIELD_JOB_WANT_INPUT_JOB, 0));
		if (job != NULL)
			job_on_want_input(job, msg_number(m,
				FIELD_JOB_WANT_INPUT_BYTES, 0));
		return 0;
	case MSG_JOB_EXIT:
		job = job_find(w, msg_number(m, FIELD_JOB_EXIT_JOB, 0));
		if (job != NULL)
			job_on_exit(job, m);
		return 0;
	default:
		return err_set(err, PROTO_ERROR_PROTOCOL,
			"the daemon sent a message it must not send");
	}
}
