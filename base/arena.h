/*
 * An arena: many small allocations that live and die together, such as what
 * was decoded from one module. Bounded: the sum of all allocations never
 * passes the limit given at init.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stddef.h>

struct arena_chunk;

struct arena {
	struct arena_chunk *head;	/* the chunk in use; older ones behind it */
	size_t used;			/* bytes handed out, alignment included */
	size_t limit;
};

void arena_init(struct arena *a, size_t limit);
void arena_clear(struct arena *a);	/* frees every allocation */

/*
 * Zeroed memory for count objects of size bytes, aligned to 16; NULL when the
 * product overflows, the limit would be passed or memory is short. A count
 * of 0 gives a valid pointer.
 */
void *arena_alloc(struct arena *a, size_t count, size_t size)
	__attribute__((malloc, alloc_size(2, 3)));

/* A copy of len bytes with a NUL behind them; NULL as above. */
char *arena_strndup(struct arena *a, const void *data, size_t len);

#endif
