/* The output pipe of one child. Runs in the daemon. */
#include "daemon/stream.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/fd.h"
#include "proto/proto.h"

#define STREAM_BUF (sizeof(struct frame) + FRAME_DATA_MAX)

_Static_assert(FRAME_DATA_MAX <= PROTO_DATA_MAX,
	"what one frame holds fits in one job.output");
_Static_assert(sizeof(struct call_result) + RESULT_TEXT_MAX <= FRAME_DATA_MAX,
	"a result fits in the buffer");

enum stream_step {
	STEP_AGAIN,	/* something was passed on */
	STEP_MORE,	/* more bytes must arrive */
	STEP_BLOCKED,	/* no credit or no room */
	STEP_ENDED,
};

static enum stream_step
stream_finish(struct stream *s, enum stream_end end)
{
	stream_stop(s);
	s->ops->on_end(s->arg, end);
	return STEP_ENDED;
}

/*
 * Join the len bytes at the front with what is already here of the frames
 * that follow for the same descriptor, so that a guest which writes byte by
 * byte does not cost a message per byte. Returns the new length; *rest is
 * where the next unread byte is.
 */
static size_t
stream_join(struct stream *s, uint32_t kind, size_t len, size_t *rest)
{
	struct frame next;
	size_t n;

	*rest = s->at + len;
	while (s->data_left == 0 && s->end - *rest >= sizeof(next)) {
		memcpy(&next, s->buf + *rest, sizeof(next));
		if (next.kind != kind || next.len > FRAME_DATA_MAX)
			break;
		*rest += sizeof(next);
		n = s->end - *rest < next.len ? s->end - *rest : next.len;
		memmove(s->buf + s->at + len, s->buf + *rest, n);
		*rest += n;
		len += n;
		s->data_left = next.len - (uint32_t)n;
	}
	return len;
}

/* The frames of each descriptor. */
static const enum frame_kind stream_kinds[] = {
	[STDOUT_FILENO] = OUT_STDOUT,
	[STDERR_FILENO] = OUT_STDERR,
	[STREAM_TRACE] = OUT_TRACE,
	[STREAM_PROFILE] = OUT_PROFILE,
};

/* The descriptor of a kind of frame; 0: it has no data. */
static int
stream_fd_of(uint32_t kind)
{
	int fd = STREAM_FDS;

	while (fd > 0 && stream_kinds[fd] != kind)
		fd--;
	return fd;
}

/* How much of a descriptor's may still come at all. */
static uint64_t *
stream_room(struct stream *s, int fd)
{
	return fd == STREAM_TRACE ? &s->trace_left :
		fd == STREAM_PROFILE ? &s->profile_left : &s->limit;
}

/* How much of len may go now. */
static size_t
stream_allowed(struct stream *s, size_t len)
{
	uint64_t room = *stream_room(s, s->data_fd);

	if (len > s->credit)
		len = (size_t)s->credit;
	if (len > room)
		len = (size_t)room;
	return len;
}

/* Joined bytes that may not go yet lose their headers: they become the front
 * of the frame that follows. The bytes at s->at stay where they are. */
static void
stream_keep(struct stream *s, size_t passed, size_t len, size_t rest)
{
	size_t kept = len - passed;

	memmove(s->buf + rest - kept, s->buf + s->at + passed, kept);
	s->at = rest - kept;
	s->data_left += (uint32_t)kept;
}

static enum stream_step
stream_drop_data(struct stream *s)
{
	size_t n = s->end - s->at < s->data_left ?
		s->end - s->at : s->data_left;

	s->at += n;
	s->data_left -= (uint32_t)n;
	return n > 0 ? STEP_AGAIN : STEP_MORE;
}

/* Inside a data frame: pass on what is here and allowed. */
static enum stream_step
stream_pass_data(struct stream *s)
{
	size_t have = s->end - s->at;
	size_t len = have < s->data_left ? have : s->data_left;
	size_t passed, rest;
	uint8_t *data;

	if (s->discard)
		return stream_drop_data(s);
	if (len == 0)
		return STEP_MORE;
	if (s->credit == 0 || !s->ops->has_room(s->arg))
		return STEP_BLOCKED;
	/* A child ends its trace and profiles by itself. */
	if (*stream_room(s, s->data_fd) == 0)
		return stream_finish(s, s->data_fd >= STREAM_TRACE ?
			STREAM_BAD : STREAM_LIMIT);
	s->data_left -= (uint32_t)len;
	len = stream_join(s, stream_kinds[s->data_fd], len, &rest);
	passed = stream_allowed(s, len);
	data = s->buf + s->at;
	stream_keep(s, passed, len, rest);
	if (s->credit != UINT64_MAX)
		s->credit -= passed;
	*stream_room(s, s->data_fd) -= passed;
	s->bytes[s->data_fd - 1] += passed;
	s->ops->on_data(s->arg, s->data_fd, data, passed);
	return STEP_AGAIN;
}

/* Whole control frames; a result is the last of all. */
static enum stream_step
stream_take_control(struct stream *s, const struct frame *f)
{
	const uint8_t *payload = s->buf + s->at + sizeof(*f);
	struct call_result result;
	struct frame_violation violation;
	struct frame_wait wait;

	s->at += sizeof(*f) + f->len;
	switch (f->kind) {
	case OUT_WANT_INPUT:
		s->ops->on_want_input(s->arg);
		return STEP_AGAIN;
	case OUT_WAIT:
		memcpy(&wait, payload, sizeof(wait));
		s->ops->on_wait(s->arg, &wait);
		return STEP_AGAIN;
	case OUT_VIOLATION:
		memcpy(&violation, payload, sizeof(violation));
		s->ops->on_violation(s->arg, &violation);
		return STEP_AGAIN;
	default:
		memcpy(&result, payload, sizeof(result));
		s->has_result = true;
		s->ops->on_result(s->arg, &result,
			(const char *)payload + sizeof(result),
			f->len - sizeof(result));
		return STEP_AGAIN;
	}
}

static bool
stream_frame_is_legal(const struct stream *s, const struct frame *f)
{
	if (s->has_result)
		return false;
	switch (f->kind) {
	case OUT_STDOUT:
	case OUT_STDERR:
		return f->len <= FRAME_DATA_MAX;
	case OUT_TRACE:
		return f->len <= FRAME_DATA_MAX && s->trace_left > 0;
	case OUT_PROFILE:
		return f->len <= FRAME_DATA_MAX && s->profile_left > 0;
	case OUT_WANT_INPUT:
		return f->len == 0;
	case OUT_WAIT:
		return f->len == sizeof(struct frame_wait);
	case OUT_VIOLATION:
		return f->len == sizeof(struct frame_violation);
	case OUT_RESULT:
		return f->len >= sizeof(struct call_result) &&
			f->len <= sizeof(struct call_result) + RESULT_TEXT_MAX;
	default:
		return false;
	}
}

static enum stream_step
stream_step(struct stream *s)
{
	struct frame f;

	if (s->data_left > 0)
		return stream_pass_data(s);
	if (s->end - s->at < sizeof(f))
		return STEP_MORE;
	memcpy(&f, s->buf + s->at, sizeof(f));
	if (!stream_frame_is_legal(s, &f))
		return stream_finish(s, STREAM_BAD);
	if (stream_fd_of(f.kind) != 0) {
		s->at += sizeof(f);
		s->data_left = f.len;
		s->data_fd = stream_fd_of(f.kind);
		return STEP_AGAIN;
	}
	if (s->end - s->at - sizeof(f) < f.len)
		return STEP_MORE;
	return stream_take_control(s, &f);
}

/* Pass on all that can be; wait for more only if more can be passed on. */
static void
stream_pump(struct stream *s)
{
	enum stream_step step;

	do {
		step = stream_step(s);
	} while (step == STEP_AGAIN && s->fd != -1);
	if (s->fd == -1)
		return;
	if (step != STEP_MORE)
		event_del(s->ev);
	else if (s->last)
		event_active(s->ev, EV_READ, 0);
	else
		event_add(s->ev, NULL);
}

/* One read per turn: a child that floods takes turns with the others. */
static void
stream_on_read(evutil_socket_t fd, short what, void *arg)
{
	struct stream *s = arg;
	size_t room;
	ssize_t n;

	memmove(s->buf, s->buf + s->at, s->end - s->at);
	s->end -= s->at;
	s->at = 0;
	assert(s->end < STREAM_BUF);
	room = STREAM_BUF - s->end;
	if (s->last && room > s->last_left)
		room = s->last_left;
	n = room == 0 ? 0 : read(s->fd, s->buf + s->end, room);
	if (n == -1 && (errno == EINTR || (errno == EAGAIN && !s->last)))
		return;
	if (n <= 0) {
		stream_finish(s, STREAM_EOF);
		return;
	}
	s->end += (size_t)n;
	if (s->last)
		s->last_left -= (size_t)n;
	stream_pump(s);
}

int
stream_start_take(struct stream *s, struct event_base *base, int fd)
{
	s->fd = fd;
	s->buf = malloc(STREAM_BUF);
	s->ev = event_new(base, fd, EV_READ | EV_PERSIST, stream_on_read, s);
	if (s->buf == NULL || s->ev == NULL || fd_set_nonblock(fd) == -1 ||
	    event_add(s->ev, NULL) == -1) {
		stream_stop(s);
		return -1;
	}
	return 0;
}

void
stream_stop(struct stream *s)
{
	if (s->ev != NULL)
		event_free(s->ev);
	s->ev = NULL;
	free(s->buf);
	s->buf = NULL;
	s->at = s->end = 0;
	fd_close(&s->fd);
}

void
stream_add_credit(struct stream *s, uint64_t bytes)
{
	if (s->credit == UINT64_MAX)
		return;
	s->credit = bytes > PROTO_CREDIT_MAX - s->credit ?
		PROTO_CREDIT_MAX : s->credit + bytes;
	stream_resume(s);
}

void
stream_resume(struct stream *s)
{
	if (s->fd != -1)
		stream_pump(s);
}

void
stream_discard(struct stream *s)
{
	s->discard = true;
	stream_resume(s);
}

void
stream_set_last(struct stream *s)
{
	int bytes = 0;

	/* Counted, as a template that has been taken over could go on writing
	 * to its child's pipe for ever. */
	if (s->fd != -1 && ioctl(s->fd, FIONREAD, &bytes) == -1)
		bytes = 0;
	s->last = true;
	s->last_left = (size_t)bytes;
	stream_resume(s);
}
