/* What is left of some bytes that somebody sent: taken from the front, never
 * more than there is. */
#ifndef BASE_CURSOR_H
#define BASE_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct cursor {
	const uint8_t *p;
	size_t len;
};

/* The next len bytes, where they are; NULL, and nothing taken, when there are
 * fewer. */
static inline const uint8_t *
cursor_skip(struct cursor *c, size_t len)
{
	const uint8_t *at = c->p;

	if (c->len < len)
		return NULL;
	c->p += len;
	c->len -= len;
	return at;
}

/* Copy them. */
static inline bool
cursor_take(struct cursor *c, void *to, size_t len)
{
	const uint8_t *at = cursor_skip(c, len);

	if (at == NULL)
		return false;
	memcpy(to, at, len);
	return true;
}

#endif
