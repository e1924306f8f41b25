/* The last bytes that a detached job wrote. Runs in the daemon. */
#include "daemon/backlog.h"

#include <stdlib.h>
#include <string.h>

#define CHUNK_MIN 256u
#define CHUNK_MAX 16384u

struct backlog_chunk {
	TAILQ_ENTRY(backlog_chunk) entry;
	uint64_t at;		/* place of its first byte */
	int fd;
	size_t len, room;
	uint8_t data[];
};

void
backlog_init(struct backlog *b, size_t max)
{
	*b = (struct backlog){ .max = max };
	TAILQ_INIT(&b->chunks);
}

void
backlog_shrink(struct backlog *b)
{
	struct backlog_chunk *c = TAILQ_FIRST(&b->chunks);

	if (c == NULL)
		return;
	TAILQ_REMOVE(&b->chunks, c, entry);
	b->begin = c->at + c->len;
	b->held -= sizeof(*c) + c->room;
	free(c);
}

void
backlog_clear(struct backlog *b)
{
	while (!TAILQ_EMPTY(&b->chunks))
		backlog_shrink(b);
}

/* A guest that changes its stream with every byte must not cost a large chunk
 * for each. */
static struct backlog_chunk *
chunk_new(struct backlog *b, int fd, size_t len)
{
	/* An eighth of all at most, as whole chunks are dropped. */
	size_t most = b->max / 8 < CHUNK_MIN ? CHUNK_MIN :
		b->max / 8 < CHUNK_MAX ? b->max / 8 : CHUNK_MAX;
	size_t room = len < CHUNK_MIN ? CHUNK_MIN : len < most ? len : most;
	struct backlog_chunk *last = TAILQ_LAST(&b->chunks, chunk_list);
	struct backlog_chunk *c;

	if (last != NULL && last->fd == fd)
		room = most;
	if (room + sizeof(*c) > b->max)
		return NULL;
	while (b->held + sizeof(*c) + room > b->max)
		backlog_shrink(b);
	c = malloc(sizeof(*c) + room);
	if (c == NULL)
		return NULL;
	*c = (struct backlog_chunk){ .at = b->end, .fd = fd, .room = room };
	b->held += sizeof(*c) + room;
	TAILQ_INSERT_TAIL(&b->chunks, c, entry);
	return c;
}

/* Where there is no chunk for them, bytes are dropped, and so are all before. */
static size_t
backlog_drop(struct backlog *b, size_t len)
{
	backlog_clear(b);
	b->end += len;
	b->begin = b->end;
	return len;
}

static size_t
backlog_append_some(struct backlog *b, int fd, const uint8_t *data, size_t len)
{
	struct backlog_chunk *c = TAILQ_LAST(&b->chunks, chunk_list);
	size_t n;

	if (c == NULL || c->fd != fd || c->len == c->room)
		c = chunk_new(b, fd, len);
	if (c == NULL)
		return backlog_drop(b, len);
	n = c->room - c->len < len ? c->room - c->len : len;
	memcpy(c->data + c->len, data, n);
	c->len += n;
	b->end += n;
	return n;
}

void
backlog_append(struct backlog *b, int fd, const void *data, size_t len)
{
	const uint8_t *p = data;

	for (size_t n; len > 0; p += n, len -= n)
		n = backlog_append_some(b, fd, p, len);
}

size_t
backlog_read(const struct backlog *b, uint64_t at, int *fd, const void **data)
{
	const struct backlog_chunk *c;

	TAILQ_FOREACH(c, &b->chunks, entry) {
		if (at < c->at + c->len)
			break;
	}
	*fd = c->fd;
	*data = c->data + (at - c->at);
	return c->len - (size_t)(at - c->at);
}
