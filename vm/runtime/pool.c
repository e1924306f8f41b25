/* Arrays that grow, in a region. Runs in the template and in the child. */
#include "vm/runtime/pool.h"

#include <stdlib.h>
#include <string.h>

#define ALIGN ((size_t)16)
#define CHUNK ((size_t)32 << 10)	/* by which a pool grows at least */

int
pool_init(struct pool *p, uint64_t size)
{
	*p = (struct pool){ .used = 0 };
	return region_reserve(&p->region, size);
}

void
pool_clear(struct pool *p)
{
	region_free(&p->region);
	*p = (struct pool){ .used = 0 };
}

/* Make the first size bytes usable. */
static int
pool_reach(struct pool *p, size_t size)
{
	size_t more = p->region.usable + p->region.usable / 2 + CHUNK;

	if (size <= p->region.usable)
		return 0;
	if (more < size)
		more = size;
	if (more > p->region.reserved)
		more = p->region.reserved;
	return more < size ? -1 : region_grow(&p->region, more);
}

void *
pool_realloc(struct pool *p, void *array, size_t old_size, size_t size)
{
	size_t at;

	if (p == NULL)
		return realloc(array, size);
	if (size > p->region.reserved)
		return NULL;
	at = array != NULL && (uint8_t *)array == p->region.base + p->last ?
		p->last : (p->used + ALIGN - 1) & ~(ALIGN - 1);
	if (at + size > p->region.reserved || pool_reach(p, at + size) == -1)
		return NULL;
	if (array != NULL && (uint8_t *)array != p->region.base + at)
		memcpy(p->region.base + at, array, old_size);
	p->last = at;
	p->used = at + size;
	return p->region.base + at;
}

void
pool_free(struct pool *p, void *array)
{
	if (p == NULL)
		free(array);
}
