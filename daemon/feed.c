/* The input pipe of one child. Runs in the daemon. */
#include "daemon/feed.h"

#include <errno.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/fd.h"
#include "sandbox/call.h"

/* The call, a window of data in frames of any size the client chose, and a
 * few wake-ups. A data frame of one byte costs nine. */
#define FEED_MAX (sizeof(struct frame) + CALL_MAX + \
	FEED_WINDOW * (1 + sizeof(struct frame)) + 4096)

static void
feed_grant(struct feed *f)
{
	uint32_t more;

	/* What waits here and what the client may send stay within a window. */
	if (!f->wanted || f->ended || f->out.len > 0 ||
	    f->granted > FEED_WINDOW / 2)
		return;
	more = FEED_WINDOW - (uint32_t)f->granted;
	f->granted = FEED_WINDOW;
	f->on_grant(f->arg, more);
}

/* Write what the pipe takes. Whether something is left for later. */
static bool
feed_write(struct feed *f)
{
	ssize_t n = write(f->fd, f->out.data, f->out.len);

	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return true;
	if (n == -1) {
		feed_stop(f);	/* EPIPE: its exit tells the rest */
		return false;
	}
	buf_drain(&f->out, (size_t)n);
	if (f->out.len > 0)
		return true;
	buf_clear(&f->out);
	feed_grant(f);
	return false;
}

static void
feed_on_write(evutil_socket_t fd, short what, void *arg)
{
	struct feed *f = arg;

	if (!feed_write(f) && f->ev != NULL && f->out.len == 0)
		event_del(f->ev);
}

int
feed_start_take(struct feed *f, struct event_base *base, int fd)
{
	f->fd = fd;
	buf_init(&f->out, FEED_MAX);
	f->ev = event_new(base, fd, EV_WRITE | EV_PERSIST, feed_on_write, f);
	if (f->ev == NULL || fd_set_nonblock(fd) == -1) {
		feed_stop(f);
		return -1;
	}
	return 0;
}

void
feed_stop(struct feed *f)
{
	if (f->ev != NULL)
		event_free(f->ev);
	f->ev = NULL;
	buf_clear(&f->out);
	fd_close(&f->fd);
}

static int
feed_append(struct feed *f, uint32_t kind, const void *data, size_t len)
{
	struct frame head = { .kind = kind, .len = (uint32_t)len };

	if (buf_append(&f->out, &head, sizeof(head)) == -1 ||
	    buf_append(&f->out, data, len) == -1)
		return -1;
	return 0;
}

/* An empty pipe takes it now: the loop need not come round for it. */
static int
feed_flush(struct feed *f)
{
	return feed_write(f) ? event_add(f->ev, NULL) : 0;
}

static int
feed_frame(struct feed *f, uint32_t kind, const void *data, size_t len)
{
	bool waits = f->out.len > 0;

	if (f->fd == -1)
		return 0;
	if (feed_append(f, kind, data, len) == -1)
		return -1;
	return waits ? 0 : feed_flush(f);
}

int
feed_call(struct feed *f, const void *call, size_t len)
{
	if (f->fd == -1)
		return 0;
	/* The input may have ended before there was anyone to be told. */
	if (feed_append(f, IN_CALL, call, len) == -1 ||
	    (f->ended && feed_append(f, IN_EOF, NULL, 0) == -1))
		return -1;
	return feed_flush(f);
}

int
feed_wake(struct feed *f, uint64_t seq)
{
	return feed_frame(f, IN_WAKE, &seq, sizeof(seq));
}

int
feed_eof(struct feed *f)
{
	if (f->ended)
		return 0;
	f->ended = true;
	return feed_frame(f, IN_EOF, NULL, 0);
}

int
feed_data(struct feed *f, const void *data, size_t len)
{
	if (len > f->granted || f->ended)
		return -1;
	if (len == 0)
		return 0;
	f->granted -= len;
	f->bytes += len;
	return feed_frame(f, IN_DATA, data, len);
}

void
feed_want(struct feed *f)
{
	f->wanted = true;
	feed_grant(f);
}
