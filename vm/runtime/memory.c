/* Memory instances. Run in the template and the confined child. */
#include "vm/runtime/memory.h"

#include <stdlib.h>

static void
mem_set_size(struct mem_inst *m, uint64_t size)
{
	struct vm_store *s = m->store;

	s->memory_bytes += size - m->size;
	if (s->memory_bytes > s->memory_peak)
		s->memory_peak = s->memory_bytes;
	m->size = size;
}

/* The most pages that the type, the address type and the store allow. */
static uint64_t
mem_max_pages(const struct vm_store *s, const struct memtype *type)
{
	uint64_t max = s->limits.memory_bytes;

	if (max > LIMIT_MEMORY_BYTES)
		max = LIMIT_MEMORY_BYTES;
	max >>= type->page_log2;
	/* The number of pages of one byte has to be an i32 too. */
	if (!type->limits.is64 && max > UINT32_MAX >> type->page_log2)
		max = type->page_log2 == 0 ? UINT32_MAX :
			UINT64_C(1) << (32 - type->page_log2);
	if (type->limits.has_max && max > type->limits.max)
		max = type->limits.max;
	return max;
}

struct mem_inst *
mem_new(struct vm_store *s, const struct memtype *type, struct err *err)
{
	struct mem_inst *m = store_alloc_near(s, sizeof(*m));

	if (m == NULL) {
		err_set(err, VM_NOMEM, "out of memory");
		return NULL;
	}
	m->store = s;
	m->type = *type;
	m->max = mem_max_pages(s, type);
	if (type->limits.min > m->max) {
		err_set(err, VM_NOMEM, "memory of %llu pages is over the limit",
			(unsigned long long)type->limits.min);
		store_free_near(s, m);
		return NULL;
	}
	if (region_reserve(&m->region, m->max << type->page_log2) == -1) {
		err_set(err, VM_NOMEM, "cannot reserve memory");
		store_free_near(s, m);
		return NULL;
	}
	m->base = m->region.base;
	if (mem_grow(m, type->limits.min) == UINT64_MAX) {
		err_set(err, VM_NOMEM, "memories are over the limit");
		mem_free(m);
		return NULL;
	}
	m->next = s->memories;
	s->memories = m;
	return m;
}

void
mem_free(struct mem_inst *m)
{
	region_free(&m->region);
	store_free_near(m->store, m);
}

uint64_t
mem_pages(const struct mem_inst *m)
{
	return m->size >> m->type.page_log2;
}

uint64_t
mem_grow(struct mem_inst *m, uint64_t delta)
{
	uint64_t pages = mem_pages(m);
	uint64_t bytes;

	if (delta > m->max - pages)
		return UINT64_MAX;
	bytes = delta << m->type.page_log2;
	if (bytes > m->store->limits.memory_bytes - m->store->memory_bytes)
		return UINT64_MAX;
	if (region_grow(&m->region, m->size + bytes) == -1)
		return UINT64_MAX;
	mem_set_size(m, m->size + bytes);
	return pages;
}
