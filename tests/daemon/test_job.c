/*
 * The life of a job: every cell of its table, done by job.c with everything
 * around it replaced by notes of what it was asked to do.
 */
#include "tests/daemon/unit.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/log.h"
#include "daemon/audit.h"
#include "daemon/child.h"
#include "daemon/conn.h"
#include "daemon/job.h"
#include "daemon/jobs.h"
#include "daemon/module.h"
#include "daemon/kept.h"
#include "daemon/queue.h"
#include "daemon/report.h"
#include "daemon/store.h"
#include "daemon/submit.h"
#include "daemon/templates.h"
#include "daemon/upload.h"
#include "daemon/user.h"

/* ---- notes --------------------------------------------------------------- */

/* One letter for each thing done, in order; once is enough. */
static char notes[64];

static void
note(char c)
{
	size_t len = strlen(notes);

	if (len + 1 < sizeof(notes) && strchr(notes, c) == NULL) {
		notes[len] = c;
		notes[len + 1] = '\0';
	}
}

/* client */
void conn_send_fd_take(struct conn *c, const struct msg *m, int fd)
{ note('N'); }
void conn_send(struct conn *c, const struct msg *m)
{ note(m->form == FORM_ANSWER ? 'A' : 'N'); }
void conn_send_error(struct conn *c, uint32_t call, enum proto_error code,
	const char *text, uint64_t retry_ms) { note('E'); }
bool conn_has_room(struct conn *c) { return true; }
void conn_add_job(struct conn *c, struct job *j) { }
void conn_remove_job(struct conn *c, struct job *j) { note('u'); }
void report_exit(struct job *j, const struct outcome *o,
	const struct layer_report *layers) { note('X'); }
void audit_job(const struct job *j, const struct outcome *o) { note('a'); }
void outcome_of(struct outcome *o, const struct facts *f,
	const struct limits *l) { *o = (struct outcome){ 0 }; }
int facts_set_result(struct facts *f, const struct call_result *r,
	const char *text, size_t len) { return 0; }

/* queue */
int queue_admit(const struct queue *q, const struct user *u) { return 0; }
uint64_t queue_retry_ms(const struct queue *q) { return 5; }
void queue_enter(struct queue *q, struct job *j) { }
void queue_leave(struct queue *q, struct job *j) { }
void queue_wait(struct queue *q, struct job *j) { note('q'); }
void queue_withdraw(struct queue *q, struct job *j) { }
void queue_release(struct queue *q, struct job *j) { note('r'); }

/* template and child */
void template_request(struct templates *ts, struct child_request *r, uid_t uid,
	const struct program *p, const struct template_limits *limits)
{ note('t'); }
void template_cancel(struct child_request *r) { }
int templates_admit(const struct templates *ts, uid_t uid,
	const struct program *p, struct err *err, uint64_t *left_ms)
{ return 0; }
void templates_crash(struct templates *ts, uid_t uid, const struct program *p)
{ note('Q'); }
bool process_end_is_crash(const struct process_end *end) { return false; }
void child_free(struct child *c) { }
void process_kill(struct process *p) { note('K'); }
int stream_start_take(struct stream *s, struct event_base *base, int fd)
{ note('s'); return 0; }
void stream_stop(struct stream *s) { note('z'); }
void stream_add_credit(struct stream *s, uint64_t bytes) { }
void stream_resume(struct stream *s) { }
void stream_discard(struct stream *s) { note('d'); }
void stream_set_last(struct stream *s) { note('l'); }
int feed_start_take(struct feed *f, struct event_base *base, int fd)
{ return 0; }
void feed_stop(struct feed *f) { }
int feed_call(struct feed *f, const void *call, size_t len)
{ note('c'); return 0; }
int feed_wake(struct feed *f, uint64_t seq) { return 0; }
int feed_eof(struct feed *f) { return 0; }
int feed_data(struct feed *f, const void *data, size_t len) { return 0; }
void feed_want(struct feed *f) { }

/* what is detached, and who watches */
struct kept *kept_new(struct keeper *k, struct job *j, size_t max)
{ return NULL; }
void kept_drop(struct kept *p) { }
void kept_output(struct kept *p, int fd, const void *data, size_t len) { }
void kept_grant(struct kept *p, uint32_t bytes) { }
void watches_tell(struct watch_list *watches, const struct job *j,
	const char *state, const char *status) { }

/* store */
int store_ready(struct store *st, struct err *err) { return 0; }
struct store_op *store_get(struct store *st, uid_t uid,
	const uint8_t digest[DIGEST_BYTES], struct store_reader reader)
{ return NULL; }
void store_forget(struct store_op *op) { }

/* the rest */
struct module *module_ref(struct module *m) { return m; }
struct module *module_from_bytes(struct event_base *base, uid_t owner,
	struct span bytes, struct module_reader reader, struct err *err)
{ return (struct module *)notes; }
struct module *module_from_fd_take(struct event_base *base, int fd,
	uint64_t max, struct module_reader reader, struct err *err)
{ return (struct module *)notes; }
size_t module_size(const struct module *m) { return 0; }
int module_fd(const struct module *m) { return -1; }
struct module *upload_held(const struct conn *c,
	const uint8_t digest[DIGEST_BYTES]) { return NULL; }
void program_set_key(struct program *p) { note('k'); }
void program_clear(struct program *p) { }
const char *module_hex(const struct module *m) { return "00"; }
const char *program_hex(const struct program *p) { return "00"; }
int submit_read(struct job *j, const struct msg *m, size_t nfds,
	const struct limits *most, struct err *err) { return 0; }
struct user *user_ref(struct users *users, uid_t uid)
{
	static struct user u;

	return &u;
}
void user_unref(struct user *u) { }
bool user_is_admitted(const struct user *u) { return true; }
uint64_t user_pay_call(struct user *u, uint64_t now_us) { return 0; }

/* ---- one job in one state ------------------------------------------------ */

static struct child child;

static void
on_idle(void *arg)
{
}

static struct job *
job_in(struct jobs *jobs, enum job_state state)
{
	static struct user user;
	static struct conn conn;
	struct msg m;
	struct fds fds = { .count = 0 };
	struct err err = ERR_NONE;
	uint64_t retry;
	struct job *j;

	msg_init_request(&m, MSG_SUBMIT, 1);
	msg_set_bytes(&m, FIELD_SUBMIT_MODULE, "x", 1);
	j = job_new_take(jobs, &conn, &user, &m, &fds, &err, &retry);
	assert_non_null(j);
	j->state = state;
	if (state == JOB_RUNNING || state == JOB_REAPING)
		j->child = &child;
	child.process = (struct process *)&child;
	notes[0] = '\0';
	return j;
}

static struct jobs *
jobs_make(struct event_base *base)
{
	struct jobs_config config = { .base = base, .on_idle = on_idle,
		.max_module = 1 << 20 };
	struct jobs *jobs = jobs_new(&config);

	assert_non_null(jobs);
	return jobs;
}

/* The table as it is meant to be, written down once more. The letters: A
 * answered, E refused, N notified, X reported, a audited, u unknown to its
 * client from now on, q waits, r slot given back, t asks for a child, c and s
 * has it, K killed, z output closed, d dropped, l last. */
static const struct {
	enum job_state state;
	enum job_event event;
	enum job_state next;
	const char *notes;
} cells[] = {
	{ JOB_READING, JOB_EV_MODULE, JOB_QUEUED, "Aq" },
	{ JOB_READING, JOB_EV_NO_MODULE, JOB_DONE, "Eazru" },
	{ JOB_READING, JOB_EV_CANCEL, JOB_DONE, "Eazru" },
	{ JOB_READING, JOB_EV_ABANDON, JOB_DONE, "azru" },
	{ JOB_QUEUED, JOB_EV_START, JOB_STARTING, "t" },
	{ JOB_QUEUED, JOB_EV_CANCEL, JOB_DONE, "Xazru" },
	{ JOB_QUEUED, JOB_EV_ABANDON, JOB_DONE, "azru" },
	{ JOB_STARTING, JOB_EV_CHILD, JOB_RUNNING, "sc" },
	{ JOB_STARTING, JOB_EV_NO_CHILD, JOB_DONE, "Xazru" },
	{ JOB_STARTING, JOB_EV_TIMEOUT, JOB_DONE, "Xazru" },
	{ JOB_STARTING, JOB_EV_CANCEL, JOB_DONE, "Xazru" },
	{ JOB_STARTING, JOB_EV_ABANDON, JOB_DONE, "azru" },
	{ JOB_RUNNING, JOB_EV_OUTPUT_END, JOB_REAPING, "" },
	{ JOB_RUNNING, JOB_EV_BROKEN, JOB_REAPING, "K" },
	{ JOB_RUNNING, JOB_EV_OVERFLOW, JOB_REAPING, "K" },
	{ JOB_RUNNING, JOB_EV_EXIT, JOB_DRAINING, "rl" },
	{ JOB_RUNNING, JOB_EV_TIMEOUT, JOB_RUNNING, "K" },
	{ JOB_RUNNING, JOB_EV_CANCEL, JOB_RUNNING, "Kd" },
	{ JOB_RUNNING, JOB_EV_ABANDON, JOB_REAPING, "zKu" },
	{ JOB_DRAINING, JOB_EV_OUTPUT_END, JOB_DONE, "Xazru" },
	{ JOB_DRAINING, JOB_EV_BROKEN, JOB_DONE, "Xazru" },
	{ JOB_DRAINING, JOB_EV_OVERFLOW, JOB_DONE, "Xazru" },
	{ JOB_DRAINING, JOB_EV_CANCEL, JOB_DRAINING, "d" },
	{ JOB_DRAINING, JOB_EV_ABANDON, JOB_DONE, "azru" },
	{ JOB_REAPING, JOB_EV_BROKEN, JOB_REAPING, "K" },
	{ JOB_REAPING, JOB_EV_EXIT, JOB_DONE, "Xazru" },
	{ JOB_REAPING, JOB_EV_AGAIN, JOB_STARTING, "t" },
	{ JOB_REAPING, JOB_EV_TIMEOUT, JOB_REAPING, "K" },
	{ JOB_REAPING, JOB_EV_CANCEL, JOB_REAPING, "K" },
	{ JOB_REAPING, JOB_EV_ABANDON, JOB_REAPING, "zKu" },
};

static bool
is_listed(int state, int event)
{
	for (size_t i = 0; i < COUNT(cells); i++) {
		if ((int)cells[i].state == state && (int)cells[i].event == event)
			return true;
	}
	return false;
}

/* The child is only there in the states that have one. */
static void
run_cell(struct jobs *jobs, size_t i)
{
	struct job *j = job_in(jobs, cells[i].state);

	if (cells[i].event == JOB_EV_CHILD)
		j->child = &child;
	job_event(j, cells[i].event);
	if (j->state != cells[i].next || strcmp(notes, cells[i].notes) != 0)
		fail_msg("%s, %s: became %s and did '%s', not %s and '%s'",
			job_state_name[cells[i].state],
			job_event_name[cells[i].event],
			job_state_name[j->state], notes,
			job_state_name[cells[i].next], cells[i].notes);
	if (j->state != JOB_DONE) {
		j->state = JOB_QUEUED;
		job_abandon(j);
	}
}

static void
test_every_cell(void **state)
{
	struct event_base *base = event_base_new();
	struct jobs *jobs = jobs_make(base);

	for (size_t i = 0; i < COUNT(cells); i++)
		run_cell(jobs, i);
	assert_int_equal(jobs_count(jobs), COUNT(cells));
	event_base_loop(base, EVLOOP_NONBLOCK);
	assert_int_equal(jobs_count(jobs), 0);
	jobs_free(jobs);
	event_base_free(base);
}

static void
expect_abort(enum job_state state, enum job_event event)
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0) {
		struct event_base *base = event_base_new();

		close(STDERR_FILENO);
		signal(SIGABRT, SIG_DFL);
		job_event(job_in(jobs_make(base), state), event);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

static void
test_every_other_cell_is_a_bug_of_ours(void **state)
{
	for (int s = 0; s < JOB_STATE_COUNT; s++) {
		for (int e = 0; e < JOB_EVENT_COUNT; e++) {
			bool listed = is_listed(s, e);

			assert_int_equal(job_table[s][e].action ==
				ACT_IMPOSSIBLE, !listed);
			if (!listed)
				expect_abort((enum job_state)s,
					(enum job_event)e);
		}
	}
}

static void
test_first_cause_counts(void **state)
{
	struct event_base *base = event_base_new();
	struct jobs *jobs = jobs_make(base);
	struct job *j = job_in(jobs, JOB_RUNNING);

	job_cancel(j);
	assert_int_equal(j->facts.cause, CAUSE_CANCEL);
	job_abandon(j);
	assert_int_equal(j->facts.cause, CAUSE_CANCEL);
	assert_null(j->conn);
	job_event(j, JOB_EV_EXIT);
	assert_int_equal(j->state, JOB_DONE);
	assert_null(strchr(notes, 'X'));	/* there is nobody to tell */
	event_base_loop(base, EVLOOP_NONBLOCK);
	jobs_free(jobs);
	event_base_free(base);
}

static void
test_shutdown_ends_all(void **state)
{
	struct event_base *base = event_base_new();
	struct jobs *jobs = jobs_make(base);
	struct job *waiting = job_in(jobs, JOB_QUEUED);
	struct job *running = job_in(jobs, JOB_RUNNING);
	struct job *reading = job_in(jobs, JOB_READING);

	jobs_cancel_all(jobs);
	assert_int_equal(waiting->state, JOB_DONE);
	assert_int_equal(reading->state, JOB_DONE);
	assert_int_equal(running->state, JOB_RUNNING);
	assert_int_equal(running->facts.cause, CAUSE_SHUTDOWN);
	job_event(running, JOB_EV_EXIT);
	job_event(running, JOB_EV_OUTPUT_END);
	event_base_loop(base, EVLOOP_NONBLOCK);
	assert_int_equal(jobs_count(jobs), 0);
	jobs_free(jobs);
	event_base_free(base);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_cell),
		cmocka_unit_test(test_every_other_cell_is_a_bug_of_ours),
		cmocka_unit_test(test_first_cause_counts),
		cmocka_unit_test(test_shutdown_ends_all),
	};

	log_open("test", LOG_LEVEL_ERR, false);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
