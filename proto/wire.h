/*
 * Frames on a stream: a 4-byte big-endian length, then that many bytes, at
 * least 1 and at most PROTO_FRAME_MAX. Incremental: bytes go in as they arrive
 * and whole frames come out. Memory follows the bytes that have arrived, never
 * the length that was announced.
 */
#ifndef PROTO_WIRE_H
#define PROTO_WIRE_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

#define WIRE_HEADER 4
#define WIRE_FEED_MAX 65536	/* bytes in one wire_feed */

struct wire {
	struct buf in;
	size_t taken;	/* bytes at the start that wire_next has handed out */
};

void wire_init(struct wire *w);
void wire_clear(struct wire *w);

/*
 * Add received bytes, at most WIRE_FEED_MAX, after wire_next has returned 0.
 * 0, or -1 (PROTO_ERROR_INTERNAL) when memory is short. Frames handed out
 * before become invalid.
 */
int wire_feed(struct wire *w, const void *data, size_t len, struct err *err);

/*
 * The next whole frame, valid until wire_feed: 1 and its bytes; 0 when more
 * must arrive; -1 (PROTO_ERROR_PROTOCOL) for a length that is not allowed.
 * A bad length is reported as soon as its 4 bytes have arrived.
 */
int wire_next(struct wire *w, const uint8_t **frame, size_t *len,
	struct err *err);

/* Whether some bytes of an unfinished frame have arrived. */
int wire_is_inside(const struct wire *w);

#endif
