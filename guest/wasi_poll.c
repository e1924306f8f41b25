/*
 * WASI: poll_oneoff. Runs in the confined child. It reads the subscriptions
 * twice: first for how long to wait and for what, then, after the one wait,
 * for which of them have come true. Everything is compared with the clocks at
 * entry, so both readings agree. The guest may let subscriptions and events
 * overlap, and then gets what it wrote over; each reading checks anew.
 */
#include "guest/wasi_call.h"

#include <string.h>

#include "guest/io.h"
#include "sandbox/call.h"

/* The older interface has an identifier before a clock's members. */
struct layout {
	uint32_t subscription;	/* bytes of one */
	uint32_t clock;		/* where struct wasi_subscription_clock begins */
};

static const struct layout layout_preview1 = { .subscription = 48, .clock = 16 };
static const struct layout layout_unstable = { .subscription = 56, .clock = 24 };

#define FD_OFFSET 16	/* of a subscription's descriptor, in both */

struct subscription {
	uint64_t userdata;
	enum wasi_eventtype type;
	uint32_t fd;
	struct wasi_subscription_clock clock;
};

struct poll {
	struct wasi *w;
	const struct layout *layout;
	const uint8_t *in;
	uint8_t *out;
	uint32_t count;
	uint64_t now[WASI_CLOCK_COUNT];	/* at entry; no CPU-time clocks */
	uint64_t timeout;	/* the shortest delay of all */
	bool want_input;
	bool readable;		/* standard input, after waiting */
	uint64_t waited;	/* delays up to this are over */
};

/* 0, or WASI_EINVAL for a type, clock or flag that does not exist. */
static enum wasi_errno
subscription_load(const struct poll *p, uint32_t i, struct subscription *s)
{
	const uint8_t *at = p->in + (size_t)i * p->layout->subscription;
	struct wasi_subscription head;

	memcpy(&head, at, sizeof(head));
	memcpy(&s->fd, at + FD_OFFSET, sizeof(s->fd));
	memcpy(&s->clock, at + p->layout->clock, sizeof(s->clock));
	if (head.type >= WASI_EVENT_COUNT)
		return WASI_EINVAL;
	s->userdata = head.userdata;
	s->type = head.type;
	if (s->type == WASI_EVENT_CLOCK &&
	    (s->clock.id >= WASI_CLOCK_COUNT ||
	     (s->clock.flags & ~WASI_SUBCLOCK_ABSTIME) != 0))
		return WASI_EINVAL;
	return WASI_ESUCCESS;
}

/* What is wrong with a subscription that exists; reported as its event. */
static enum wasi_errno
subscription_error(const struct poll *p, const struct subscription *s)
{
	uint64_t rights = WASI_RIGHT_POLL_FD_READWRITE;
	struct wasi_fd *fd;

	switch (s->type) {
	case WASI_EVENT_CLOCK:
		/* CPU time stands still while the only thread waits. */
		return s->clock.id > WASI_CLOCK_MONOTONIC ?
			WASI_ENOTSUP : WASI_ESUCCESS;
	case WASI_EVENT_FD_READ:
		return wasi_fd_get_for(p->w, s->fd,
			rights | WASI_RIGHT_FD_READ, &fd);
	default:
		return wasi_fd_get_for(p->w, s->fd,
			rights | WASI_RIGHT_FD_WRITE, &fd);
	}
}

/* Nanoseconds from entry until a subscription comes true by itself. Writing
 * may block but is always possible; so is reading of a file. To wait for a socket
 * takes a call that there is none of here: it is taken for ready. */
static uint64_t
subscription_delay(const struct poll *p, const struct subscription *s)
{
	if (subscription_error(p, s) != 0 || s->type == WASI_EVENT_FD_WRITE)
		return 0;
	if (s->type == WASI_EVENT_FD_READ)
		return wasi_fd_get(p->w, s->fd)->kind == WASI_FD_STREAM ?
			UINT64_MAX : 0;
	if ((s->clock.flags & WASI_SUBCLOCK_ABSTIME) == 0)
		return s->clock.timeout;
	if (s->clock.timeout <= p->now[s->clock.id])
		return 0;
	return s->clock.timeout - p->now[s->clock.id];
}

/* The first reading. */
static enum wasi_errno
poll_prepare(struct poll *p)
{
	struct subscription s;
	uint64_t delay;
	enum wasi_errno e;

	p->now[WASI_CLOCK_REALTIME] = wasi_clock_now(p->w, WASI_CLOCK_REALTIME);
	p->now[WASI_CLOCK_MONOTONIC] =
		wasi_clock_now(p->w, WASI_CLOCK_MONOTONIC);
	p->timeout = UINT64_MAX;
	for (uint32_t i = 0; i < p->count; i++) {
		e = subscription_load(p, i, &s);
		if (e != 0)
			return e;
		delay = subscription_delay(p, &s);
		if (delay < p->timeout)
			p->timeout = delay;
		if (s.type == WASI_EVENT_FD_READ && delay > 0)
			p->want_input = true;
	}
	return WASI_ESUCCESS;
}

/* As poll_wait, where time passes at once and input is there. */
static void
poll_wait_virtual(struct poll *p)
{
	if (p->want_input) {
		p->readable = guest_io_wait(p->w->io, UINT64_MAX, true);
	} else {
		wasi_virtual_sleep(&p->w->virtual, p->timeout);
		p->waited = p->timeout;
	}
}

/* Asking for input without time to wait is worth the trip too: it is how
 * input ever reaches a guest that also polls for what is always true. */
static void
poll_wait(struct poll *p)
{
	if (wasi_is_deterministic(p->w)) {
		poll_wait_virtual(p);
		return;
	}
	if (p->want_input || p->timeout > 0)
		p->readable = guest_io_wait(p->w->io, p->timeout,
			p->want_input);
	p->waited = p->readable ? 0 : p->timeout;
}

/* Bytes that can be read; 1 where that is not known. */
static uint64_t
poll_left(const struct wasi_fd *fd)
{
	return fd->kind == WASI_FD_FILE ? wasi_file_left(fd) : 1;
}

/* Whether a subscription has come true, and its event. */
static bool
poll_event(const struct poll *p, const struct subscription *s,
	struct wasi_event *ev)
{
	size_t nbytes;

	*ev = (struct wasi_event){
		.userdata = s->userdata,
		.error = subscription_error(p, s),
		.type = s->type,
	};
	if (s->type == WASI_EVENT_FD_READ && ev->error == 0 &&
	    wasi_fd_get(p->w, s->fd)->kind != WASI_FD_STREAM) {
		ev->nbytes = poll_left(wasi_fd_get(p->w, s->fd));
		return true;
	}
	if (s->type == WASI_EVENT_FD_READ && ev->error == 0) {
		if (!p->readable || !guest_io_readable(p->w->io, &nbytes))
			return false;
		/* How many have come is a matter of time. */
		if (nbytes > 1 && wasi_is_deterministic(p->w))
			nbytes = 1;
		ev->nbytes = nbytes;
		ev->flags = nbytes == 0 ? WASI_EVENT_HANGUP : 0;
		return true;
	}
	if (s->type == WASI_EVENT_FD_WRITE && ev->error == 0)
		ev->nbytes = FRAME_DATA_MAX;
	return subscription_delay(p, s) <= p->waited;
}

/* The second reading; returns the number of events. */
static uint32_t
poll_collect(const struct poll *p)
{
	struct subscription s;
	struct wasi_event ev;
	uint32_t n = 0;

	for (uint32_t i = 0; i < p->count; i++) {
		/* Valid at the first reading; not so if written over. */
		if (subscription_load(p, i, &s) != 0 || !poll_event(p, &s, &ev))
			continue;
		memcpy(p->out + (size_t)n * sizeof(ev), &ev, sizeof(ev));
		n++;
	}
	return n;
}

/* (in, out, nsubscriptions, nevents) */
static enum wasi_errno
poll_oneoff(struct wasi_call *c, const uint64_t *args,
	const struct layout *layout)
{
	struct poll p = { .w = c->w, .layout = layout };
	enum wasi_errno e;
	uint32_t nevents;

	p.count = arg_u32(args[2]);
	if (p.count == 0)
		return WASI_EINVAL;
	p.in = wasi_mem(c, arg_u32(args[0]), p.count, layout->subscription);
	p.out = wasi_mem(c, arg_u32(args[1]), p.count,
		sizeof(struct wasi_event));
	if (p.in == NULL || p.out == NULL ||
	    wasi_mem(c, arg_u32(args[3]), 1, sizeof(nevents)) == NULL)
		return WASI_EFAULT;
	e = poll_prepare(&p);
	if (e != 0)
		return e;
	poll_wait(&p);
	nevents = poll_collect(&p);
	return wasi_mem_store(c, arg_u32(args[3]), &nevents, sizeof(nevents));
}

enum wasi_errno
wasi_poll_oneoff(struct wasi_call *c, const uint64_t *args)
{
	return poll_oneoff(c, args, &layout_preview1);
}

enum wasi_errno
wasi_poll_oneoff_unstable(struct wasi_call *c, const uint64_t *args)
{
	return poll_oneoff(c, args, &layout_unstable);
}
