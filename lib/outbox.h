/*
 * What a connection is still to send: bytes, and descriptors that go with some of
 * them. Inside of libwasmd only.
 */
#ifndef LIB_OUTBOX_H
#define LIB_OUTBOX_H

#include "base/buf.h"
#include "base/fd.h"

struct attached;

struct outbox {
	struct buf bytes;	/* to append to */
	struct attached *first, **last;
};

void outbox_init(struct outbox *o, size_t max);
void outbox_clear(struct outbox *o);

/* Send duplicates of the descriptors with the byte that was appended at the place
 * at, behind those of all calls before. 0, or -1 with errno. */
int outbox_attach(struct outbox *o, size_t at, const struct fds *fds);

/* Send what can be without waiting. 0, or -1 with errno. */
int outbox_send(struct outbox *o, int sock);

#endif
