/*
 * The last bytes that a detached job wrote, in their order: what passes the
 * limit is dropped from the beginning. Places count all bytes that were ever
 * written. Runs in the daemon.
 */
#ifndef DAEMON_BACKLOG_H
#define DAEMON_BACKLOG_H

#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

struct backlog_chunk;
TAILQ_HEAD(chunk_list, backlog_chunk);

struct backlog {
	struct chunk_list chunks;
	uint64_t begin, end;	/* places of the first byte kept, and behind all */
	size_t held;		/* bytes of memory */
	size_t max;		/* of these */
};

void backlog_init(struct backlog *b, size_t max);
void backlog_clear(struct backlog *b);

/* Add bytes of descriptor 1 or 2. What there is no room or memory for is
 * dropped. */
void backlog_append(struct backlog *b, int fd, const void *data, size_t len);

/* Drop the oldest bytes, some, to free memory. */
void backlog_shrink(struct backlog *b);

/* The bytes at a place from begin to before end: how many follow there of the
 * same descriptor. */
size_t backlog_read(const struct backlog *b, uint64_t at, int *fd,
	const void **data);

#endif
