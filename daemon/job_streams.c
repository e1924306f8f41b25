/* A job's streams, from its child to its client and back. Runs in the daemon. */
#include "daemon/job_streams.h"

#include "daemon/conn.h"
#include "daemon/job.h"
#include "daemon/kept.h"

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

static void
job_on_want_input(void *arg)
{
	struct job *j = arg;

	feed_want(&j->feed);
}

static void
job_on_wait(void *arg, const struct frame_wait *wait)
{
	job_sleep(arg, wait);
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
		facts_blame(&j->facts, CAUSE_OUTPUT);
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

void
job_streams_init(struct job *j)
{
	j->stream.fd = j->feed.fd = -1;
	j->stream.ops = &job_stream_ops;
	j->stream.arg = j->feed.arg = j;
	j->feed.on_grant = job_on_grant;
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
