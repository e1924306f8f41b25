/*
 * libFuzzer target: a message that unpacks packs again, and what comes of that
 * packs to the same bytes. The first byte says which side reads, and which
 * request an answer belongs to.
 */
#include <stdlib.h>
#include <string.h>

#include "proto/msg.h"
#include "proto/wire.h"

#define OUT_MAX ((size_t)64 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int
request_of(void *arg, uint32_t call)
{
	int n = *(int *)arg;

	return n == MSG_COUNT ? -1 : n;
}

/* Whether it is a message that this side has a name for. */
static bool
repack(const struct msg_side *side, const uint8_t *frame, size_t len,
	struct buf *out)
{
	struct err err = ERR_NONE;
	struct msg m;
	bool known = msg_unpack(&m, side, frame, len, &err) == 0 &&
		m.id != MSG_COUNT;

	if (known && msg_pack(&m, out, &err) == -1)
		abort();
	msg_clear(&m);
	return known;
}

static void
feed(const uint8_t *data, size_t size)
{
	struct err err = ERR_NONE;
	const uint8_t *frame;
	struct wire w;
	size_t len;

	wire_init(&w);
	for (size_t at = 0; at < size; at++) {
		int rc;

		if (wire_feed(&w, data + at, 1, &err) == -1)
			break;
		while ((rc = wire_next(&w, &frame, &len, &err)) == 1)
			if (len == 0 || len > size)
				abort();
		if (rc == -1)
			break;
	}
	wire_clear(&w);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct msg_side side = { .request_of = request_of };
	struct buf first, second;
	int request;

	if (size < 1)
		return 0;
	request = (data[0] >> 1) % (MSG_COUNT + 1);
	side.direction = data[0] & 1 ? TO_CLIENT : TO_DAEMON;
	side.arg = &request;
	feed(data + 1, size - 1);
	buf_init(&first, OUT_MAX);
	buf_init(&second, OUT_MAX);
	if (repack(&side, data + 1, size - 1, &first) &&
	    (!repack(&side, first.data + WIRE_HEADER, first.len - WIRE_HEADER,
		&second) || first.len != second.len ||
	     memcmp(first.data, second.data, first.len) != 0))
		abort();
	buf_clear(&first);
	buf_clear(&second);
	return 0;
}
