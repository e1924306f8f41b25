/* A client that follows a detached job. Runs in the daemon. */
#include "daemon/follow.h"

#include <stdlib.h>

#include "daemon/conn.h"
#include "daemon/job.h"
#include "daemon/job_streams.h"
#include "daemon/kept.h"

struct follow {
	struct conn_part part;		/* the first */
	TAILQ_ENTRY(follow) entry;	/* its job's */
	struct kept *kept;
	uint64_t at;			/* the place of what is sent next */
	uint64_t credit;		/* UINT64_MAX: without limit */
	bool output, waits, feeds;
	bool caught_up;			/* the client knows */
};

static void
follow_free(struct follow *f)
{
	conn_remove_part(&f->part);
	TAILQ_REMOVE(&f->kept->follows, f, entry);
	free(f);
}

static void
follow_notify(struct follow *f, enum msg_id id, enum field_id job)
{
	struct msg m;

	msg_init_notify(&m, id);
	msg_set_number(&m, job, f->kept->id);
	conn_send(f->part.conn, &m);
}

/* Bytes that are not there any more. */
static void
follow_skip(struct follow *f)
{
	uint64_t begin = f->kept->output.begin;
	struct msg m;

	if (f->at >= begin)
		return;
	msg_init_notify(&m, MSG_JOB_DROPPED);
	msg_set_number(&m, FIELD_JOB_DROPPED_JOB, f->kept->id);
	msg_set_number(&m, FIELD_JOB_DROPPED_BYTES, begin - f->at);
	conn_send(f->part.conn, &m);
	f->at = begin;
}

/* One piece, if there is one and it may go. */
static bool
follow_send(struct follow *f)
{
	struct kept *p = f->kept;
	const void *data;
	struct msg m;
	size_t len;
	int fd;

	if (f->at >= p->output.end || f->credit == 0 ||
	    !conn_has_room(f->part.conn))
		return false;
	follow_skip(f);
	if (f->at == p->output.end)
		return false;
	len = backlog_read(&p->output, f->at, &fd, &data);
	if (len > f->credit)
		len = (size_t)f->credit;
	msg_init_notify(&m, MSG_JOB_OUTPUT);
	msg_set_number(&m, FIELD_JOB_OUTPUT_JOB, p->id);
	msg_set_number(&m, FIELD_JOB_OUTPUT_FD, (uint64_t)fd);
	msg_set_bytes(&m, FIELD_JOB_OUTPUT_DATA, data, len);
	conn_send(f->part.conn, &m);
	f->at += len;
	if (f->credit != UINT64_MAX)
		f->credit -= len;
	return true;
}

/* It has had all there is: whether that was all it wants. */
static bool
follow_is_over(struct follow *f)
{
	struct kept *p = f->kept;

	if (f->output && f->at < p->output.end)
		return false;
	if (f->output && !f->caught_up)
		follow_notify(f, MSG_JOB_CAUGHT_UP, FIELD_JOB_CAUGHT_UP_JOB);
	f->caught_up = true;
	if (!f->waits)
		return true;
	if (p->job != NULL)
		return false;
	conn_send_frame(f->part.conn, &p->record);
	return true;
}

/* The follow may be gone afterwards. */
static void
follow_pump(struct follow *f)
{
	while (f->output && follow_send(f))
		;
	if (follow_is_over(f))
		follow_free(f);
}

static void
follow_on_gone(struct conn_part *part)
{
	follow_free((struct follow *)part);
}

static void
follow_on_room(struct conn_part *part)
{
	follow_pump((struct follow *)part);
}

static const struct conn_part_ops follow_ops = {
	follow_on_gone, follow_on_room,
};

/* ---- for the job ----------------------------------------------------------- */

void
follows_pump(struct kept *p)
{
	struct follow *f, *next;

	for (f = TAILQ_FIRST(&p->follows); f != NULL; f = next) {
		next = TAILQ_NEXT(f, entry);
		follow_pump(f);
	}
}

static void
follow_grant(struct follow *f, uint64_t bytes)
{
	struct msg m;

	msg_init_notify(&m, MSG_JOB_WANT_INPUT);
	msg_set_number(&m, FIELD_JOB_WANT_INPUT_JOB, f->kept->id);
	msg_set_number(&m, FIELD_JOB_WANT_INPUT_BYTES, bytes);
	conn_send(f->part.conn, &m);
}

void
follows_grant(struct kept *p, uint32_t bytes)
{
	struct follow *f;

	TAILQ_FOREACH(f, &p->follows, entry) {
		if (f->feeds)
			follow_grant(f, bytes);
	}
}

void
follows_end(struct kept *p)
{
	struct follow *f;

	while ((f = TAILQ_FIRST(&p->follows)) != NULL) {
		follow_notify(f, MSG_JOB_GONE, FIELD_JOB_GONE_JOB);
		follow_free(f);
	}
}

/* ---- for the client ---------------------------------------------------------- */

static struct follow *
follow_find(struct conn *c, uint64_t id)
{
	struct conn_part *part;

	TAILQ_FOREACH(part, &c->parts, entry) {
		struct follow *f = (struct follow *)part;

		if (part->ops == &follow_ops && f->kept->id == id)
			return f;
	}
	return NULL;
}

bool
follow_credit(struct conn *c, uint64_t id, uint64_t bytes)
{
	struct follow *f = follow_find(c, id);

	if (f == NULL)
		return false;
	if (f->credit != UINT64_MAX)
		f->credit = bytes > PROTO_CREDIT_MAX - f->credit ?
			PROTO_CREDIT_MAX : f->credit + bytes;
	follow_pump(f);
	return true;
}

bool
follow_input(struct conn *c, uint64_t id, struct span data, bool eof)
{
	struct follow *f = follow_find(c, id);

	if (f == NULL)
		return false;
	if (f->kept->job == NULL)
		return true;
	if (!f->feeds || data.len > f->kept->granted ||
	    job_input(f->kept->job, data, eof) == -1)
		conn_close(c, "job.input: more than was wanted");
	else
		f->kept->granted -= data.len;
	return true;
}

static int
follow_check(const struct kept *p, const struct msg *m, struct err *err)
{
	const struct follow *f;

	if (msg_number(m, FIELD_FOLLOW_STDIN, 0) == 0)
		return 0;
	if (p->job != NULL && !p->job->has_stdin)
		return err_set(err, PROTO_ERROR_USAGE, "follow: the job was "
			"given no standard input");
	TAILQ_FOREACH(f, &p->follows, entry) {
		if (f->feeds)
			return err_set(err, PROTO_ERROR_USAGE, "follow: another "
				"client gives it its standard input");
	}
	return 0;
}

int
follow_start(struct conn *c, struct kept *p, const struct msg *m,
	struct err *err)
{
	struct follow *f;
	struct msg answer;

	if (follow_find(c, p->id) != NULL)
		return err_set(err, PROTO_ERROR_USAGE,
			"follow: this connection follows the job already");
	if (follow_check(p, m, err) == -1)
		return -1;
	f = calloc(1, sizeof(*f));
	if (f == NULL)
		return err_set(err, PROTO_ERROR_INTERNAL, "out of memory");
	f->kept = p;
	f->output = msg_number(m, FIELD_FOLLOW_OUTPUT, 1) != 0;
	f->waits = msg_number(m, FIELD_FOLLOW_WAIT, 1) != 0;
	f->feeds = msg_number(m, FIELD_FOLLOW_STDIN, 0) != 0;
	f->credit = msg_number(m, FIELD_FOLLOW_CREDIT, UINT64_MAX);
	f->at = msg_number(m, FIELD_FOLLOW_NEW, 0) != 0 ? p->output.end : 0;
	conn_add_part(c, &f->part, &follow_ops);
	TAILQ_INSERT_TAIL(&p->follows, f, entry);
	msg_init_answer(&answer, MSG_FOLLOW, m->call);
	msg_set_number(&answer, RESULT_FOLLOW_JOB, p->id);
	conn_send(c, &answer);
	if (f->feeds && p->granted > 0)
		follow_grant(f, p->granted);
	follow_pump(f);
	return 0;
}
