/* Jobs: what their state table says, done. Runs in the daemon. */
#include "daemon/job.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <event2/event.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "daemon/audit.h"
#include "daemon/child.h"
#include "daemon/conn.h"
#include "daemon/family.h"
#include "daemon/intake.h"
#include "daemon/job_streams.h"
#include "daemon/jobs.h"
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

/* ---- what the actions need ----------------------------------------------- */

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

void
job_break(struct job *j)
{
	stream_stop(&j->stream);
	if (j->facts.cause == CAUSE_NONE)
		templates_crash(j->jobs->config.templates, j->user->uid,
			&j->program);
	facts_blame(&j->facts, CAUSE_BROKEN);
	job_event(j, JOB_EV_BROKEN);
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
	jobs_retire(j);
}

/* ---- other events' sources ----------------------------------------------- */

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
		facts_blame(&j->facts, CAUSE_CONDEMNED);
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
	facts_blame(&j->facts, CAUSE_FAILURE);
	job_event(j, JOB_EV_NO_CHILD);
}

static void
job_on_wall(evutil_socket_t fd, short what, void *arg)
{
	struct job *j = arg;

	if (!job_time_has_come(j->wall, j->started_us +
		    j->limits.v[LIMIT_WALL] * 1000))
		return;
	facts_blame(&j->facts, CAUSE_WALL);
	job_event(j, JOB_EV_TIMEOUT);
}

/* The guest sleeps; a later wait takes the place of an earlier one. */
void
job_sleep(struct job *j, const struct frame_wait *wait)
{
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
		.profile = j->stream.profile_left > 0,
		.one_nan = j->deterministic,
		.files = j->request.broker != -1,
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
		facts_blame(&j->facts, CAUSE_DAEMON);
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
		facts_blame(&j->facts, CAUSE_DAEMON);
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
	facts_blame(&j->facts, CAUSE_CANCEL);
	job_event(j, JOB_EV_CANCEL);
}

void
job_abandon(struct job *j)
{
	facts_blame(&j->facts, CAUSE_ABANDON);
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

/* ---- birth and death ----------------------------------------------------- */

void
job_free(struct job *j)
{
	struct jobs *jobs = j->jobs;

	queue_leave(jobs->config.queue, j);
	fd_close(&j->request.broker);
	for (unsigned i = 0; i < j->nfetches; i++)
		if (j->fetches[i].op != NULL)
			store_forget(j->fetches[i].op);
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
	job_streams_init(j);
	buf_init(&j->packed, CALL_MAX);
	j->wall = evtimer_new(jobs->config.base, job_on_wall, j);
	j->sleep = evtimer_new(jobs->config.base, job_on_sleep_end, j);
	jobs->count++;
	queue_enter(jobs->config.queue, j);
	return j;
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
	    intake_take(j, conn, m, fds, err) == -1)
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
