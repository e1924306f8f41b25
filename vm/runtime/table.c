/* Table instances. Run in the template and the confined child. */
#include "vm/runtime/table.h"

#include <stdlib.h>

static uint64_t
table_max(const struct vm_store *s, const struct tabletype *type)
{
	uint64_t max = LIMIT_TABLE_ELEMS;

	if (max > s->limits.table_elems)
		max = s->limits.table_elems;
	if (type->limits.has_max && max > type->limits.max)
		max = type->limits.max;
	return max;
}

struct table_inst *
table_new(struct vm_store *s, const struct tabletype *type, uint64_t init,
	struct err *err)
{
	struct table_inst *t = calloc(1, sizeof(*t));

	if (t == NULL) {
		err_set(err, VM_NOMEM, "out of memory");
		return NULL;
	}
	t->store = s;
	t->type = *type;
	t->max = table_max(s, type);
	if (type->limits.min > t->max) {
		err_set(err, VM_LIMIT, "table of %llu elements is over the limit",
			(unsigned long long)type->limits.min);
		free(t);
		return NULL;
	}
	if (region_reserve(&t->region, t->max * sizeof(*t->elems)) == -1) {
		err_set(err, VM_NOMEM, "cannot reserve a table");
		free(t);
		return NULL;
	}
	t->elems = (uint64_t *)(void *)t->region.base;
	if (table_grow(t, type->limits.min, init) == UINT64_MAX) {
		err_set(err, VM_LIMIT, "tables are over the limit");
		table_free(t);
		return NULL;
	}
	t->next = s->tables;
	s->tables = t;
	return t;
}

void
table_free(struct table_inst *t)
{
	region_free(&t->region);
	free(t);
}

uint64_t
table_grow(struct table_inst *t, uint64_t delta, uint64_t init)
{
	struct vm_store *s = t->store;
	uint64_t size = t->size;

	if (delta > t->max - size ||
	    delta > s->limits.table_elems - s->table_elems)
		return UINT64_MAX;
	if (region_grow(&t->region, (size + delta) * sizeof(*t->elems)) == -1)
		return UINT64_MAX;
	/* Fresh pages are zero, which is null: do not touch them for nothing. */
	for (uint64_t i = 0; init != 0 && i < delta; i++)
		t->elems[size + i] = init;
	t->size = size + delta;
	s->table_elems += delta;
	return size;
}
