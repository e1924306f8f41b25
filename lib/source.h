/*
 * Modules whose bytes follow a put, as put.data: read from their memfds only as
 * fast as the connection takes them. Inside of libwasmd only.
 */
#ifndef LIB_SOURCE_H
#define LIB_SOURCE_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

struct source {
	struct source *next;
	uint32_t call;		/* the put's number */
	int fd;			/* owned */
	uint64_t size, sent;
};

/* One more, of a put that has been queued; fd is duplicated. */
int source_add(struct source **list, uint32_t call, int fd, uint64_t size,
	struct err *err);

/* Append messages to what is to be sent, as long as that is little. */
int source_fill(struct source **list, struct buf *out, struct err *err);

/* The bytes that no message has taken yet. */
uint64_t source_left(const struct source *list);

/* It has been answered, perhaps before its end; with one that is not there
 * nothing is done. */
void source_drop(struct source **list, uint32_t call);
void source_drop_all(struct source **list);

#endif
