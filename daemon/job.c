/* Jobs: what their state table says, done. Runs in the daemon. */
#include "daemon/job.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/socket.h>

#include <event2/event.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "daemon/audit.h"
#include "daemon/child.h"
#include "daemon/conn.h"
#include "daemon/family.h"
#include "daemon/kept.h"
#include "daemon/probe.h"
#include "daemon/queue.h"
#include "daemon/report.h"
#include "daemon/store.h"
#include "daemon/submit.h"
#include "daemon/templates.h"
#include "daemon/user.h"
#include "sandbox/process.h"

/* CPU time for loading. The same for all, or calls with different limits could
 * not share a template; the call's wall time covers loading, too. */
#define JOB_LOAD_CPU_US 60000000u

/* Output of a detached one that is kept when nobody said how much. */
#define JOB_KEEP_DEFAULT (1u << 20)

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

/* ---- what the actions need ----------------------------------------------- */

/* The first cause is the cause. */
static void
job_blame(struct job *j, enum job_cause cause)
{
	if (j->facts.cause == CAUSE_NONE)
		j->facts.cause = cause;
}

static void
job_kill(struct job *j)
{
	if (j->child != NULL && j->child->process != NULL)
		process_kill(j->child->process);
}

static void
job_start_timer(struct event *timer, uint64_t us)
{
	struct timeval tv = { (time_t)(us / 1000000),
		(suseconds_t)(us % 1000000) };

	evtimer_add(timer, &tv);
}

/* Whether it is at, in microseconds: libevent's clock is behind by a tick and
 * by what was done since the loop woke up. The timer runs on if it is not. */
static bool
job_time_has_come(struct event *timer, uint64_t at)
{
	uint64_t now = clock_monotonic_us();

	if (now < at)
		job_start_timer(timer, at - now);
	return now >= at;
}

/* Everything it holds but its record; twice is legal. */
static void
job_let_go(struct job *j)
{
	template_cancel(&j->request);
	stream_stop(&j->stream);
	feed_stop(&j->feed);
	evtimer_del(j->wall);
	evtimer_del(j->sleep);
	child_free(j->child);
	j->child = NULL;
	fd_close(&j->request.broker);
	buf_clear(&j->packed);
	queue_withdraw(j->jobs->config.queue, j);
	queue_release(j->jobs->config.queue, j);
}

/* The end of it, whatever it was: tell the client, if it is to hear of it;
 * write the log's line; leave all lists. */
static void
job_conclude(struct job *j, bool tell)
{
	struct jobs *jobs = j->jobs;
	struct outcome o;

	j->ended_us = clock_monotonic_us();
	outcome_of(&o, &j->facts, &j->limits);
	if (tell)
		report_exit(j, &o, jobs->config.layers);
	else if (j->kept != NULL)
		kept_drop(j->kept);
	j->kept = NULL;
	watches_tell(&jobs->watches, j, job_state_name[JOB_DONE],
		proto_status_info[o.status].letters);
	audit_job(j, &o);
	job_let_go(j);
	if (j->conn != NULL)
		conn_remove_job(j->conn, j);
	j->conn = NULL;
	TAILQ_REMOVE(&jobs->all, j, entry);
	TAILQ_INSERT_TAIL(&jobs->done, j, entry);
	event_active(jobs->reaper, 0, 0);
}

/* ---- the child's output -------------------------------------------------- */

static bool
job_has_room(void *arg)
{
	struct job *j = arg;

	/* What is kept never waits. */
	return j->kept != NULL || conn_has_room(j->conn);
}

static void
job_on_data(void *arg, int fd, const void *data, size_t len)
{
	struct job *j = arg;
	struct msg m;

	if (j->kept != NULL) {
		kept_output(j->kept, fd, data, len);
		return;
	}
	msg_init_notify(&m, MSG_JOB_OUTPUT);
	msg_set_number(&m, FIELD_JOB_OUTPUT_JOB, j->id);
	msg_set_number(&m, FIELD_JOB_OUTPUT_FD, (uint64_t)fd);
	msg_set_bytes(&m, FIELD_JOB_OUTPUT_DATA, data, len);
	conn_send(j->conn, &m);
}

/* The child is not one of ours any more: nothing it says counts. */
static void
job_break(struct job *j)
{
	stream_stop(&j->stream);
	if (j->facts.cause == CAUSE_NONE)
		templates_crash(j->jobs->config.templates, j->user->uid,
			&j->program);
	job_blame(j, CAUSE_BROKEN);
	job_event(j, JOB_EV_BROKEN);
}

static void
job_on_want_input(void *arg)
{
	struct job *j = arg;

	feed_want(&j->feed);
}

/* The guest sleeps; a later wait takes the place of an earlier one. */
static void
job_on_wait(void *arg, const struct frame_wait *wait)
{
	struct job *j = arg;

	/* Rounded up: never wake it early. */
	uint64_t us = wait->timeout_ns / 1000 + (wait->timeout_ns % 1000 != 0);

	j->sleep_seq = wait->seq;
	j->sleep_until_us = clock_monotonic_us() + us;
	if (wait->timeout_ns == UINT64_MAX)
		evtimer_del(j->sleep);
	else
		job_start_timer(j->sleep, us);
}

static void
job_on_violation(void *arg, const struct frame_violation *v)
{
	struct job *j = arg;

	j->facts.has_violation = true;
	j->facts.violation = v->number;
}

static void
job_on_result(void *arg, const struct call_result *r, const char *text,
	size_t len)
{
	struct job *j = arg;

	if (facts_set_result(&j->facts, r, text, len) == -1)
		job_break(j);
}

static void
job_on_stream_end(void *arg, enum stream_end end)
{
	struct job *j = arg;

	switch (end) {
	case STREAM_EOF:
		job_event(j, JOB_EV_OUTPUT_END);
		break;
	case STREAM_BAD:
		job_break(j);
		break;
	case STREAM_LIMIT:
		job_blame(j, CAUSE_OUTPUT);
		job_event(j, JOB_EV_OVERFLOW);
		break;
	}
}

static const struct stream_ops job_stream_ops = {
	.has_room = job_has_room,
	.on_data = job_on_data,
	.on_want_input = job_on_want_input,
	.on_wait = job_on_wait,
	.on_violation = job_on_violation,
	.on_result = job_on_result,
	.on_end = job_on_stream_end,
};

static void
job_on_grant(void *arg, uint32_t bytes)
{
	struct job *j = arg;
	struct msg m;

	if (j->kept != NULL)
		kept_grant(j->kept, bytes);
	if (j->conn == NULL)
		return;
	msg_init_notify(&m, MSG_JOB_WANT_INPUT);
	msg_set_number(&m, FIELD_JOB_WANT_INPUT_JOB, j->id);
	msg_set_number(&m, FIELD_JOB_WANT_INPUT_BYTES, bytes);
	conn_send(j->conn, &m);
}

/* ---- other events' sources ----------------------------------------------- */

static void
job_on_module(void *arg, const struct err *err)
{
	struct job *j = arg;

	/* One of several may be complete after the job's end. */
	if (j->state != JOB_READING)
		return;
	if (err == NULL) {
		if (--j->reading > 0)
			return;
		program_set_key(&j->program);
		if (templates_admit(j->jobs->config.templates, j->user->uid,
			    &j->program, &j->refusal, &j->retry_ms) == 0) {
			job_event(j, JOB_EV_MODULE);
			return;
		}
	} else {
		j->refusal = *err;
	}
	memcpy(j->facts.text, j->refusal.text, sizeof(j->refusal.text));
	job_blame(j, CAUSE_MODULE);
	job_event(j, JOB_EV_NO_MODULE);
}

static void
job_on_fetched(void *arg, struct module *m, const struct err *err)
{
	struct job *j = arg;

	j->fetch = NULL;
	if (err == NULL)
		j->program.module = module_ref(m);
	job_on_module(j, err);
}

static void
job_on_child_exit(struct child *c, const struct process_end *end)
{
	struct job *j = c->arg;

	/* Only who was asked to take calls may want a successor; one that was
	 * ended by us has none. */
	if (j->mode == MODE_SERVE && j->facts.cause == CAUSE_NONE &&
	    j->state == JOB_REAPING && end->info.si_code == CLD_EXITED &&
	    end->info.si_status == PROCESS_EXIT_AGAIN) {
		job_event(j, JOB_EV_AGAIN);
		return;
	}
	j->facts.has_end = true;
	j->facts.end = *end;
	if (process_end_is_crash(end))
		templates_crash(j->jobs->config.templates, j->user->uid,
			&j->program);
	else if (c->family->condemned && end->info.si_code == CLD_KILLED)
		job_blame(j, CAUSE_CONDEMNED);
	job_event(j, JOB_EV_EXIT);
}

static void
job_on_child(void *arg, struct child *c)
{
	struct job *j = arg;

	c->on_exit = job_on_child_exit;
	c->arg = j;
	j->child = c;
	job_event(j, JOB_EV_CHILD);
}

static void
job_on_no_child(void *arg, const struct failure *f)
{
	struct job *j = arg;

	j->facts.failure = *f;
	job_blame(j, CAUSE_FAILURE);
	job_event(j, JOB_EV_NO_CHILD);
}

static void
job_on_wall(evutil_socket_t fd, short what, void *arg)
{
	struct job *j = arg;

	if (!job_time_has_come(j->wall, j->started_us +
		    j->limits.v[LIMIT_WALL] * 1000))
		return;
	job_blame(j, CAUSE_WALL);
	job_event(j, JOB_EV_TIMEOUT);
}

static void
job_on_sleep_end(evutil_socket_t fd, short what, void *arg)
{
	struct job *j = arg;

	if (!job_time_has_come(j->sleep, j->sleep_until_us))
		return;
	if (feed_wake(&j->feed, j->sleep_seq) == -1)
		job_break(j);
}

/* ---- actions ------------------------------------------------------------- */

static void
act_none(struct job *j)
{
}

/* Its client knows its number, and may leave it alone. */
static void
job_detach(struct job *j)
{
	struct kept *p = j->kept;

	memcpy(p->module, program_hex(&j->program), sizeof(p->module));
	p->client = j->conn->pid;
	conn_remove_job(j->conn, j);
	j->conn = NULL;
}

static void
act_accept(struct job *j)
{
	struct msg m;

	msg_init_answer(&m, MSG_SUBMIT, j->call);
	msg_set_number(&m, RESULT_SUBMIT_JOB, j->id);
	msg_set_str(&m, RESULT_SUBMIT_MODULE, module_hex(j->program.module));
	conn_send(j->conn, &m);
	if (j->kept != NULL)
		job_detach(j);
	queue_wait(j->jobs->config.queue, j);
}

static void
act_refuse(struct job *j)
{
	if (j->facts.cause == CAUSE_SHUTDOWN) {
		j->refusal = ERR_NONE;
		err_set(&j->refusal, PROTO_ERROR_UNAVAILABLE, "wasmd ends");
	}
	conn_send_error(j->conn, j->call, (enum proto_error)j->refusal.code,
		j->refusal.text, j->retry_ms);
	job_conclude(j, false);
}

static void
job_request_child(struct job *j)
{
	const struct limits *l = &j->limits;
	struct template_limits shape = {
		.memory_bytes = l->v[LIMIT_MEMORY],
		.stack_bytes = l->v[LIMIT_STACK],
		.table_elems = l->v[LIMIT_TABLE],
		.module_bytes = j->jobs->config.max_module,
		.load_cpu_us = JOB_LOAD_CPU_US,
		.cpu_us = l->v[LIMIT_CPU] * 1000,
		.mode = j->mode,
		.trace = j->stream.trace_left > 0,
		.one_nan = j->deterministic,
	};

	template_request(j->jobs->config.templates, &j->request, j->user->uid,
		&j->program, &shape);
}

static void
act_start(struct job *j)
{
	j->started_us = clock_monotonic_us();
	job_start_timer(j->wall, j->limits.v[LIMIT_WALL] * 1000);
	job_request_child(j);
}

/* The state is gone with the child; its age is not. */
static void
act_again(struct job *j)
{
	child_free(j->child);
	j->child = NULL;
	job_request_child(j);
}

/*
 * Write the child its limits, and give the other end of its socket to the
 * client: what is said there is none of our business. It waits for no slot any
 * more, or instances that idle would hold them all.
 */
static void
job_run_serving(struct job *j)
{
	struct child *c = j->child;
	struct frame head = { IN_CALL, (uint32_t)j->packed.len };
	struct iovec parts[2] = {
		{ &head, sizeof(head) }, { j->packed.data, j->packed.len },
	};
	struct msghdr call = { .msg_iov = parts, .msg_iovlen = 2 };
	int sock = c->in;
	struct msg m;

	c->in = -1;
	queue_release(j->jobs->config.queue, j);
	if (sendmsg(sock, &call, MSG_DONTWAIT | MSG_NOSIGNAL) !=
	    (ssize_t)(sizeof(head) + j->packed.len)) {
		fd_close(&sock);
		job_blame(j, CAUSE_DAEMON);
		job_event(j, JOB_EV_BROKEN);
		return;
	}
	msg_init_notify(&m, MSG_JOB_SOCKET);
	msg_set_number(&m, FIELD_JOB_SOCKET_JOB, j->id);
	conn_send_fd_take(j->conn, &m, sock);
	job_event(j, JOB_EV_OUTPUT_END);
}

static void
act_run(struct job *j)
{
	struct event_base *base = j->jobs->config.base;
	struct child *c = j->child;
	int in = c->in, out = c->out, taken;

	if (j->mode == MODE_SERVE) {
		job_run_serving(j);
		return;
	}
	j->child_us = clock_monotonic_us();
	c->in = c->out = -1;
	/* The child has it; the broker is to learn of its end. */
	fd_close(&j->request.broker);
	/* Both are taken, whatever becomes of the first. */
	taken = feed_start_take(&j->feed, base, in);
	if (stream_start_take(&j->stream, base, out) == -1 || taken == -1 ||
	    feed_call(&j->feed, j->packed.data, j->packed.len) == -1) {
		job_blame(j, CAUSE_DAEMON);
		job_break(j);
	}
	buf_clear(&j->packed);
}

static void
act_report(struct job *j)
{
	job_conclude(j, j->conn != NULL || j->kept != NULL);
}

static void
act_drain(struct job *j)
{
	evtimer_del(j->wall);
	evtimer_del(j->sleep);
	feed_stop(&j->feed);
	queue_release(j->jobs->config.queue, j);
	stream_set_last(&j->stream);
}

static void
act_silence(struct job *j)
{
	job_kill(j);
	stream_discard(&j->stream);
}

static void
act_discard(struct job *j)
{
	stream_discard(&j->stream);
}

static void
act_orphan(struct job *j)
{
	stream_stop(&j->stream);
	job_kill(j);
	if (j->conn != NULL)
		conn_remove_job(j->conn, j);
	j->conn = NULL;
}

static void
act_drop(struct job *j)
{
	job_conclude(j, false);
}

static void (*const job_actions[])(struct job *) = {
	[ACT_NONE] = act_none,
	[ACT_ACCEPT] = act_accept,
	[ACT_REFUSE] = act_refuse,
	[ACT_START] = act_start,
	[ACT_RUN] = act_run,
	[ACT_AGAIN] = act_again,
	[ACT_REPORT] = act_report,
	[ACT_DRAIN] = act_drain,
	[ACT_KILL] = job_kill,
	[ACT_SILENCE] = act_silence,
	[ACT_DISCARD] = act_discard,
	[ACT_ORPHAN] = act_orphan,
	[ACT_DROP] = act_drop,
};

void
job_event(struct job *j, enum job_event event)
{
	const struct job_cell *cell = &job_table[j->state][event];

	log_debug("job %llu: %s: %s -> %s", (unsigned long long)j->id,
		job_event_name[event], job_state_name[j->state],
		job_state_name[cell->next]);
	PROBE_JOB_EVENT(j->id, job_event_name[event],
		job_state_name[cell->next]);
	assert(cell->action != ACT_IMPOSSIBLE);
	/* First the state: an action may cause the next event. */
	if (j->state != cell->next && cell->next != JOB_DONE)
		watches_tell(&j->jobs->watches, j, job_state_name[cell->next],
			NULL);
	j->state = cell->next;
	job_actions[cell->action](j);
}

/* ---- what others call ---------------------------------------------------- */

void
job_cancel(struct job *j)
{
	job_blame(j, CAUSE_CANCEL);
	job_event(j, JOB_EV_CANCEL);
}

void
job_abandon(struct job *j)
{
	job_blame(j, CAUSE_ABANDON);
	job_event(j, JOB_EV_ABANDON);
}

void
job_tell_ahead(struct job *j, uint64_t ahead)
{
	struct msg m;

	/* One more, as 0 stands for nothing. */
	if (j->conn == NULL || j->told_ahead == ahead + 1)
		return;
	j->told_ahead = ahead + 1;
	msg_init_notify(&m, MSG_JOB_QUEUED);
	msg_set_number(&m, FIELD_JOB_QUEUED_JOB, j->id);
	msg_set_number(&m, FIELD_JOB_QUEUED_AHEAD, ahead);
	conn_send(j->conn, &m);
}

const char *
job_state_text(const struct job *j)
{
	return j->mode == MODE_SERVE && j->state == JOB_REAPING ? "serving" :
		job_state_name[j->state];
}

bool
job_is_known(const struct job *j)
{
	return j->state != JOB_READING;
}

void
job_add_credit(struct job *j, uint64_t bytes)
{
	stream_add_credit(&j->stream, bytes);
}

int
job_input(struct job *j, struct span data, bool eof)
{
	if (!j->has_stdin || feed_data(&j->feed, data.data, data.len) == -1)
		return -1;
	if (eof && feed_eof(&j->feed) == -1)
		return -1;
	return 0;
}

void
job_resume(struct job *j)
{
	stream_resume(&j->stream);
}

/* ---- birth and death ----------------------------------------------------- */

static void
job_free(struct job *j)
{
	struct jobs *jobs = j->jobs;

	queue_leave(jobs->config.queue, j);
	fd_close(&j->request.broker);
	if (j->fetch != NULL)
		store_forget(j->fetch);
	program_clear(&j->program);
	buf_clear(&j->packed);
	if (j->wall != NULL)
		event_free(j->wall);
	if (j->sleep != NULL)
		event_free(j->sleep);
	user_unref(j->user);
	free(j);
	jobs->count--;
}

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

static struct job *
job_alloc(struct jobs *jobs, struct user *user)
{
	struct job *j = calloc(1, sizeof(*j));

	if (j == NULL)
		return NULL;
	j->jobs = jobs;
	j->user = user_ref(user->users, user->uid);
	j->created_us = clock_monotonic_us();
	j->retry_ms = UINT64_MAX;
	j->request.on_child = job_on_child;
	j->request.on_failure = job_on_no_child;
	j->request.arg = j;
	j->request.broker = -1;
	j->stream.fd = j->feed.fd = -1;
	j->stream.ops = &job_stream_ops;
	j->stream.arg = j->feed.arg = j;
	j->feed.on_grant = job_on_grant;
	buf_init(&j->packed, CALL_MAX);
	j->wall = evtimer_new(jobs->config.base, job_on_wall, j);
	j->sleep = evtimer_new(jobs->config.base, job_on_sleep_end, j);
	jobs->count++;
	queue_enter(jobs->config.queue, j);
	return j;
}

/* A module of the next descriptor, which is taken. All of a job's together
 * are as large as one may be, *room. */
static struct module *
job_take_module(struct job *j, struct fds *fds, size_t *at, uint64_t *room,
	struct err *err)
{
	struct module_reader reader = { job_on_module, j };
	int fd = fds->fd[*at];
	struct module *m;

	fds->fd[(*at)++] = -1;
	m = module_from_fd_take(j->jobs->config.base, fd, *room, reader, err);
	if (m != NULL) {
		*room -= module_size(m);
		j->reading++;
	}
	return m;
}

/* The socket to the client's broker: the last descriptor, which is taken. It is
 * passed on to the child and never read here. */
static int
job_take_broker(struct job *j, const struct msg *m, struct fds *fds, size_t at,
	struct err *err)
{
	int domain = 0, type = 0;
	socklen_t len = sizeof(int);
	int fd;

	if (msg_number(m, FIELD_SUBMIT_BROKER, 0) == 0)
		return 0;
	fd = fds->fd[at];
	if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) == -1 ||
	    getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) == -1 ||
	    domain != AF_UNIX || type != SOCK_SEQPACKET)
		return err_set(err, PROTO_ERROR_USAGE,
			"submit: broker: it is no socket of the type "
			"SOCK_SEQPACKET");
	j->request.broker = fd;
	fds->fd[at] = -1;
	return 0;
}

static int
job_fetch_module(struct job *j, const struct msg *m, struct err *err)
{
	struct store_reader reader = { job_on_fetched, j };
	struct span hex = msg_bytes(m, FIELD_SUBMIT_DIGEST);
	uint8_t digest[DIGEST_BYTES];

	if (!digest_parse(digest, hex.data, hex.len))
		return err_set(err, PROTO_ERROR_USAGE, "submit: digest: not 64 "
			"hexadecimal digits in lower case");
	if (store_ready(j->jobs->config.store, err) == -1)
		return -1;
	j->fetch = store_get(j->jobs->config.store, j->user->uid, digest,
		reader);
	if (j->fetch == NULL)
		return err_set(err, PROTO_ERROR_INTERNAL, "out of memory");
	j->reading++;
	return 0;
}

static int
job_read_main_module(struct job *j, const struct msg *m, struct fds *fds,
	size_t *at, uint64_t *room, struct err *err)
{
	struct module_reader reader = { job_on_module, j };
	struct span bytes = msg_bytes(m, FIELD_SUBMIT_MODULE);
	struct program *p = &j->program;

	if (msg_has(m, FIELD_SUBMIT_DIGEST))
		return job_fetch_module(j, m, err);
	if (msg_has(m, FIELD_SUBMIT_MODULE)) {
		if (bytes.len > *room)
			return err_set(err, PROTO_ERROR_TOO_LARGE, "the module "
				"has %zu bytes, more than the limit of %" PRIu64,
				bytes.len, *room);
		*room -= bytes.len;
		p->module = module_from_bytes(j->jobs->config.base, bytes.data,
			bytes.len, reader, err);
		j->reading++;
	} else {
		p->module = job_take_module(j, fds, at, room, err);
	}
	return p->module == NULL ? -1 : 0;
}

static int
job_read_modules(struct job *j, const struct msg *m, struct fds *fds,
	struct err *err)
{
	uint64_t room = j->jobs->config.max_module;
	struct program *p = &j->program;
	size_t at = 0;

	if (job_read_main_module(j, m, fds, &at, &room, err) == -1)
		return -1;
	for (unsigned i = 0; i < p->npreload; i++) {
		p->preload[i].module = job_take_module(j, fds, &at, &room, err);
		if (p->preload[i].module == NULL) {
			err_prefix(err, "preload %s", p->preload[i].name);
			return -1;
		}
	}
	return job_take_broker(j, m, fds, at, err);
}

/* Whether there may be one more of the user's. */
static int
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

struct job *
job_new_take(struct jobs *jobs, struct conn *conn, struct user *user,
	const struct msg *m, struct fds *fds, struct err *err,
	uint64_t *retry_ms)
{
	struct job *j = NULL;

	*retry_ms = UINT64_MAX;
	if (jobs_admit(jobs, user, err, retry_ms) == -1)
		goto fail;
	j = job_alloc(jobs, user);
	if (j == NULL || j->wall == NULL || j->sleep == NULL) {
		err_set(err, PROTO_ERROR_INTERNAL, "out of memory");
		goto fail;
	}
	if (msg_number(m, FIELD_SUBMIT_DETACH, 0) != 0 &&
	    (j->kept = kept_new(jobs->config.keeper, j, msg_number(m,
		FIELD_SUBMIT_KEEP_BYTES, JOB_KEEP_DEFAULT))) == NULL) {
		err_set(err, PROTO_ERROR_INTERNAL, "out of memory");
		goto fail;
	}
	if (submit_read(j, m, fds->count, &user->policy.most, err) == -1 ||
	    job_read_modules(j, m, fds, err) == -1)
		goto fail;
	j->id = ++jobs->last_id;
	if (j->kept != NULL)
		j->kept->id = j->id;
	j->call = m->call;
	j->conn = conn;
	j->gid = conn->gid;
	j->pid = conn->pid;
	conn_add_job(conn, j);
	TAILQ_INSERT_TAIL(&jobs->all, j, entry);
	return j;
fail:
	fds_close(fds);
	if (j != NULL && j->kept != NULL)
		kept_drop(j->kept);
	if (j != NULL)
		job_free(j);
	return NULL;
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
		job_blame(j, CAUSE_SHUTDOWN);
		job_event(j, JOB_EV_CANCEL);
	}
}
