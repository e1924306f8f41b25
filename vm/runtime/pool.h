/*
 * Arrays that grow, in a region: for what a confined process has to enlarge
 * without malloc. Nothing is freed but everything; an array that is not the
 * last one leaves its old place unused when it grows, so by doubling an array
 * costs at most twice its size.
 */
#ifndef VM_RUNTIME_POOL_H
#define VM_RUNTIME_POOL_H

#include "vm/runtime/region.h"

struct pool {
	struct region region;
	size_t used;
	size_t last;		/* where the last array begins */
};

/* At most size bytes, of which none costs anything yet. 0 or -1. */
int pool_init(struct pool *p, uint64_t size);
void pool_clear(struct pool *p);

/*
 * Make an array of old_size bytes at least size bytes long, as realloc(3)
 * does; array may be NULL. NULL when there is no room, and then the array is
 * what it was. Without a pool this is realloc(3), and pool_free free(3).
 */
void *pool_realloc(struct pool *p, void *array, size_t old_size, size_t size);
void pool_free(struct pool *p, void *array);

#endif
