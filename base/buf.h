/*
 * A growable byte buffer with an upper bound. The bound is the owner's
 * promise about memory: an append that would pass it fails, and nothing is
 * allocated from a length before it is compared with the bound.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stddef.h>
#include <stdint.h>

struct buf {
	uint8_t *data;
	size_t len;
	size_t cap;
	size_t max;	/* len never passes it */
};

void buf_init(struct buf *b, size_t max);
void buf_clear(struct buf *b);	/* free the storage; usable again */

/*
 * Append. Returns 0, or -1 when the bound would be passed (errno EMSGSIZE) or
 * memory is short (errno ENOMEM); the buffer is then unchanged.
 */
int buf_append(struct buf *b, const void *data, size_t len);
int buf_printf(struct buf *b, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* Make room for len more bytes and return where they go; NULL as above. */
uint8_t *buf_reserve(struct buf *b, size_t len);

/* Remove the first len bytes (len <= b->len). */
void buf_drain(struct buf *b, size_t len);

/* Hand the storage to the caller, who frees it; the buffer becomes empty. */
uint8_t *buf_take(struct buf *b, size_t *len);

#endif
