/* A growable byte buffer with an upper bound. */
#include "base/buf.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
buf_init(struct buf *b, size_t max)
{
	*b = (struct buf){ .max = max };
}

void
buf_clear(struct buf *b)
{
	free(b->data);
	buf_init(b, b->max);
}

uint8_t *
buf_reserve(struct buf *b, size_t len)
{
	size_t need, cap;
	uint8_t *data;

	if (len > b->max - b->len) {
		errno = EMSGSIZE;
		return NULL;
	}
	need = b->len + len;
	if (need > b->cap || b->data == NULL) {
		cap = b->cap < 64 ? 64 : b->cap;
		while (cap < need)
			cap = cap > SIZE_MAX / 2 ? need : cap * 2;
		data = realloc(b->data, cap);
		if (data == NULL)
			return NULL;
		b->data = data;
		b->cap = cap;
	}
	return b->data + b->len;
}

int
buf_append(struct buf *b, const void *data, size_t len)
{
	uint8_t *to = buf_reserve(b, len);

	if (to == NULL)
		return -1;
	if (len > 0)
		memcpy(to, data, len);
	b->len += len;
	return 0;
}

int
buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	uint8_t *to;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0 || (to = buf_reserve(b, (size_t)n + 1)) == NULL)
		return -1;
	va_start(ap, fmt);
	vsnprintf((char *)to, (size_t)n + 1, fmt, ap);
	va_end(ap);
	b->len += (size_t)n;
	return 0;
}

void
buf_drain(struct buf *b, size_t len)
{
	assert(len <= b->len);
	b->len -= len;
	if (b->len > 0)
		memmove(b->data, b->data + len, b->len);
}

uint8_t *
buf_take(struct buf *b, size_t *len)
{
	uint8_t *data = b->data;

	*len = b->len;
	buf_init(b, b->max);
	return data;
}
