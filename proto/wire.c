/* Frames on a stream. Runs in the daemon and in clients. */
#include "proto/wire.h"

#include <assert.h>

#include "proto/proto.h"

void
wire_init(struct wire *w)
{
	buf_init(&w->in, WIRE_HEADER + PROTO_FRAME_MAX + WIRE_FEED_MAX);
	w->taken = 0;
}

void
wire_clear(struct wire *w)
{
	buf_clear(&w->in);
	w->taken = 0;
}

int
wire_feed(struct wire *w, const void *data, size_t len, struct err *err)
{
	assert(len <= WIRE_FEED_MAX);
	/* Once per feed, not per frame: many small frames stay linear. */
	buf_drain(&w->in, w->taken);
	w->taken = 0;
	/* A connection that once sent a big frame does not keep its memory. */
	if (w->in.len == 0 && w->in.cap > WIRE_FEED_MAX)
		buf_clear(&w->in);
	if (buf_append(&w->in, data, len) == -1)
		return err_set(err, PROTO_ERROR_INTERNAL, "out of memory");
	return 0;
}

int
wire_next(struct wire *w, const uint8_t **frame, size_t *len, struct err *err)
{
	size_t have = w->in.len - w->taken;
	const uint8_t *p;
	uint32_t n;

	if (have < WIRE_HEADER)
		return 0;
	p = w->in.data + w->taken;
	n = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
		(uint32_t)p[2] << 8 | p[3];
	if (n == 0)
		return err_set(err, PROTO_ERROR_PROTOCOL, "empty frame");
	if (n > PROTO_FRAME_MAX)
		return err_set(err, PROTO_ERROR_PROTOCOL,
			"frame of %u bytes; at most %u are allowed",
			(unsigned)n, PROTO_FRAME_MAX);
	if (have - WIRE_HEADER < n)
		return 0;
	*frame = p + WIRE_HEADER;
	*len = n;
	w->taken += WIRE_HEADER + n;
	return 1;
}

int
wire_is_inside(const struct wire *w)
{
	return w->in.len > w->taken;
}
