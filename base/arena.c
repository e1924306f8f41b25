/* An arena: many small allocations that live and die together. */
#include "base/arena.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define ARENA_ALIGN ((size_t)16)
#define ARENA_CHUNK ((size_t)64 * 1024)

struct arena_chunk {
	struct arena_chunk *next;
	size_t used;
	size_t size;
	_Alignas(16) unsigned char data[];
};

void
arena_init(struct arena *a, size_t limit)
{
	*a = (struct arena){ .limit = limit };
}

void
arena_clear(struct arena *a)
{
	struct arena_chunk *chunk, *next;

	for (chunk = a->head; chunk != NULL; chunk = next) {
		next = chunk->next;
		free(chunk);
	}
	arena_init(a, a->limit);
}

static struct arena_chunk *
arena_add_chunk(struct arena *a, size_t len)
{
	size_t size = len > ARENA_CHUNK ? len : ARENA_CHUNK;
	struct arena_chunk *chunk;

	/* calloc: big chunks come from fresh pages and are not touched twice. */
	chunk = calloc(1, sizeof(*chunk) + size);
	if (chunk == NULL)
		return NULL;
	chunk->size = size;
	if (a->head != NULL && size > ARENA_CHUNK) {
		/* A big object gets a chunk of its own behind the one in use. */
		chunk->next = a->head->next;
		a->head->next = chunk;
	} else {
		chunk->next = a->head;
		a->head = chunk;
	}
	return chunk;
}

void *
arena_alloc(struct arena *a, size_t count, size_t size)
{
	struct arena_chunk *chunk = a->head;
	size_t len;
	void *p;

	if (__builtin_mul_overflow(count, size, &len) ||
	    len > SIZE_MAX - sizeof(*chunk) - ARENA_ALIGN)
		return NULL;
	len = (len + ARENA_ALIGN - 1) & ~(ARENA_ALIGN - 1);
	if (len > a->limit - a->used)
		return NULL;
	if (chunk == NULL || len > chunk->size - chunk->used) {
		chunk = arena_add_chunk(a, len);
		if (chunk == NULL)
			return NULL;
	}
	p = chunk->data + chunk->used;
	chunk->used += len;
	a->used += len;
	return p;
}

char *
arena_strndup(struct arena *a, const void *data, size_t len)
{
	char *p;

	if (len == SIZE_MAX)
		return NULL;
	p = arena_alloc(a, len + 1, 1);
	if (p != NULL && len > 0)
		memcpy(p, data, len);
	return p;
}
