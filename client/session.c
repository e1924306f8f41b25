/* One call between a daemon and the standard descriptors. Used by wasmctl. */
#include "client/session.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "client/report.h"
#include "client/signals.h"

#define SESSION_UNSENT_MAX (256u << 10)	/* input that waits for the daemon */

/* ---- the job's events -------------------------------------------------- */

static void
session_on_output(void *arg, int fd, const void *data, size_t len)
{
	struct session *s = arg;

	if (fd == OUTPUT_PROFILE)
		profile_push(s->profile, data, len);
	if (s->stdout_errno != 0 || fd == OUTPUT_PROFILE)
		s->owed += len;
	else if ((fd == OUTPUT_TRACE ? trace_push(&s->trace, &s->out, data, len) :
	    output_push(&s->out, fd, data, len)) == -1)
		report_fatal("out of memory");
}

/* The record comes behind all output. */
static void
session_end(struct session *s)
{
	if (trace_end(&s->trace, &s->out) == -1)
		report_fatal("out of memory");
	s->over = true;
}

static void
session_on_want_input(void *arg, size_t bytes)
{
	struct session *s = arg;

	s->input_wanted += bytes;
}

static void
session_on_exit(void *arg, const struct wasmd_msg *m)
{
	struct session *s = arg;

	s->record = record_copy(m);
	session_end(s);
}

static void
session_on_refused(void *arg, const struct wasmd_error *error)
{
	struct session *s = arg;
	bool is_missing = error->code == WASMD_ERROR_NO_MODULE ||
		error->code == WASMD_ERROR_NO_JOB;

	s->record = record_new(is_missing ? "NF" : "XX", error->text);
	s->over = true;
}

static void
session_on_started(void *arg, struct wasmd_job *job)
{
	struct session *s = arg;

	s->id = wasmd_job_id(job);
	if (s->detach)
		s->over = true;
}

static void
session_on_queued(void *arg, uint64_t ahead)
{
	if (isatty(STDERR_FILENO))
		report("waiting: %llu jobs come before this one",
			(unsigned long long)ahead);
}

static void
session_on_dropped(void *arg, uint64_t bytes)
{
	report("%llu bytes of output are missing here",
		(unsigned long long)bytes);
}

static void
session_on_caught_up(void *arg)
{
	struct session *s = arg;

	s->over = s->over || s->no_wait;
}

static void
session_on_gone(void *arg)
{
	struct session *s = arg;

	s->record = record_new("XX", "the job has been forgotten");
	s->over = true;
}

static const struct wasmd_events session_events = {
	.size = sizeof(session_events),
	.on_started = session_on_started,
	.on_queued = session_on_queued,
	.on_dropped = session_on_dropped,
	.on_caught_up = session_on_caught_up,
	.on_gone = session_on_gone,
	.on_output = session_on_output,
	.on_want_input = session_on_want_input,
	.on_exit = session_on_exit,
	.on_refused = session_on_refused,
};

/* ---- the loop's events ------------------------------------------------- */

static void
session_lost(struct session *s)
{
	s->over = true;
}

/* The record is still to come, and output before it. */
static void
session_cancel(struct session *s)
{
	if (s->is_follow)
		s->over = true;
	if (!s->over && wasmd_job_cancel(s->job, &s->err) == -1)
		session_lost(s);
}

static void
session_on_signal(struct session *s)
{
	int sig = signals_take(s->signals);

	if (sig == 0)
		return;
	/* The second time, or when only output is left, it is meant for us. */
	if (s->signal != 0 || s->over)
		_exit(128 + sig);
	s->signal = sig;
	session_cancel(s);
}

static void
session_on_stdout_failed(struct session *s, int error)
{
	if (s->stdout_errno != 0)
		return;
	s->stdout_errno = error;
	s->owed += output_discard(&s->out);
	session_cancel(s);
}

static void
session_write(struct session *s, bool is_writable)
{
	ssize_t n;

	if (!is_writable) {
		if (s->signal != 0)
			s->owed += output_discard(&s->out);
		return;
	}
	n = output_write(&s->out);
	if (n == -1)
		session_on_stdout_failed(s, errno);
	else
		s->owed += (size_t)n;
}

static void
session_send_input(struct session *s, const void *data, size_t len)
{
	if (len == 0)
		s->input_open = false;
	s->input_wanted -= len;
	if (wasmd_job_input(s->job, data, len, &s->err) == -1)
		session_lost(s);
}

static void
session_on_readable(struct session *s)
{
	/* Half of what the daemon wants at first: while it passes this on, the
	 * other half is on its way. */
	char data[WASMD_INPUT_MAX / 2];
	size_t len = s->input_wanted < sizeof(data) ? s->input_wanted :
		sizeof(data);
	ssize_t n = read(STDIN_FILENO, data, len);

	if (n == -1 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n == -1) {
		report("cannot read standard input: %s", strerror(errno));
		n = 0;
	}
	session_send_input(s, data, (size_t)n);
}

/* In steps of a quarter of the window: few messages, and never a standstill. */
static void
session_give_credit(struct session *s)
{
	size_t owed = s->owed;

	if (s->over || owed < SESSION_WINDOW / 4)
		return;
	s->owed = 0;
	if (wasmd_job_credit(s->job, owed, &s->err) == -1)
		session_lost(s);
}

/* ---- the loop ---------------------------------------------------------- */

enum { AT_SIGNALS, AT_DAEMON, AT_STDIN, AT_STDOUT, AT_OTHER, AT_COUNT };

static void
session_poll(struct session *s, struct pollfd p[AT_COUNT])
{
	bool reads = s->input_open && s->input_wanted > 0 && !s->over &&
		wasmd_unsent(s->conn) < SESSION_UNSENT_MAX;
	int fd = output_fd(&s->out);

	p[AT_SIGNALS] = (struct pollfd){ s->signals, POLLIN, 0 };
	p[AT_DAEMON] = (struct pollfd){ s->over ? -1 : wasmd_fd(s->conn),
		(short)(POLLIN | (wasmd_unsent(s->conn) > 0 ? POLLOUT : 0)), 0 };
	p[AT_STDIN] = (struct pollfd){ reads ? STDIN_FILENO : -1, POLLIN, 0 };
	/* Always, to learn that its reader has gone. */
	p[AT_STDOUT] = (struct pollfd){ s->stdout_errno != 0 ? -1 :
		STDOUT_FILENO, fd == STDOUT_FILENO ? POLLOUT : 0, 0 };
	p[AT_OTHER] = (struct pollfd){ fd > STDOUT_FILENO ? fd : -1,
		POLLOUT, 0 };
	/* After Ctrl-C a reader that has stopped is not waited for. A signal
	 * makes poll(2) return early, with the pipe readable next time. */
	if (poll(p, AT_COUNT, s->signal != 0 && fd != 0 ? 0 : -1) == -1)
		for (int i = 0; i < AT_COUNT; i++)
			p[i].revents = 0;
}

static void
session_step(struct session *s)
{
	struct pollfd p[AT_COUNT];

	session_poll(s, p);
	if (p[AT_SIGNALS].revents != 0)
		session_on_signal(s);
	if ((p[AT_STDOUT].revents & (POLLERR | POLLHUP)) != 0)
		session_on_stdout_failed(s, EPIPE);
	if (output_fd(&s->out) != 0)
		session_write(s, (p[AT_STDOUT].revents & POLLOUT) != 0 ||
			p[AT_OTHER].revents != 0);
	if (p[AT_DAEMON].revents != 0 && !s->over &&
	    wasmd_dispatch(s->conn, &s->err) == -1)
		session_lost(s);
	if (p[AT_STDIN].revents != 0 && !s->over)
		session_on_readable(s);
	session_give_credit(s);
}

static int
session_init(struct session *s, struct wasmd *conn, bool has_stdin, int trace)
{
	*s = (struct session){ .conn = conn };
	output_init(&s->out, trace);
	s->input_open = has_stdin;
	s->signals = signals_open();
	if (s->signals != -1)
		return 0;
	s->err.code = WASMD_ERROR_INTERNAL;
	snprintf(s->err.text, sizeof(s->err.text), "cannot take signals: %s",
		strerror(errno));
	return -1;
}

static int
session_loop(struct session *s)
{
	if (s->job == NULL)
		return -1;
	while (!s->over || output_fd(&s->out) != 0)
		session_step(s);
	return s->err.code == 0 ? 0 : -1;
}

int
session_run(struct session *s, struct wasmd *conn, struct wasmd_call *call,
	int trace, struct profile *profile)
{
	if (session_init(s, conn, call->has_stdin && !call->detach,
		    trace) == -1)
		return -1;
	s->profile = profile;
	call->profile = profile != NULL;
	s->detach = call->detach;
	call->credit = SESSION_WINDOW;
	s->job = wasmd_submit(conn, call, &session_events, s, &s->err);
	return session_loop(s);
}

int
session_follow(struct session *s, struct wasmd *conn, struct wasmd_follow *what)
{
	if (session_init(s, conn, what->has_stdin, -1) == -1)
		return -1;
	s->is_follow = true;
	s->no_wait = what->no_wait;
	what->credit = SESSION_WINDOW;
	s->job = wasmd_follow(conn, what, &session_events, s, &s->err);
	return session_loop(s);
}

void
session_clear(struct session *s)
{
	output_clear(&s->out);
	wasmd_msg_free(s->record);
}
