/* The store: its limits, its stack, and the names of imports. */
#include "vm/runtime/store.h"

#include <stdlib.h>
#include <string.h>

#include "vm/runtime/memory.h"
#include "vm/runtime/meter.h"
#include "vm/runtime/table.h"

struct store_name {
	struct store_name *next;
	struct name module, name;
	struct vm_extern_item item;
};

static int
store_init_stack(struct vm_store *s)
{
	uint64_t slots = s->limits.stack_bytes / sizeof(uint64_t);
	uint64_t bytes = (slots + 2 * FRAME_SLOTS_MAX) * sizeof(uint64_t);

	if (region_reserve(&s->stack, bytes) == -1 ||
	    region_grow(&s->stack, bytes) == -1)
		return -1;
	s->stack_limit = (uint64_t *)(void *)s->stack.base + slots;
	/* Every frame takes a slot at least, so there cannot be more. */
	bytes = (slots + 1) * sizeof(struct bridge);
	if (region_reserve(&s->bridge_region, bytes) == -1 ||
	    region_grow(&s->bridge_region, bytes) == -1)
		return -1;
	s->bridges = (struct bridge *)(void *)s->bridge_region.base;
	return 0;
}

/* ---- what running code writes -------------------------------------------- */

#define STORE_BYTES ((size_t)4096)
_Static_assert(sizeof(struct vm_store) < STORE_BYTES, "a store fits its page");

#define NEAR_ALIGN ((size_t)16)

static bool
store_is_near(const struct vm_store *s, const void *p)
{
	return (uintptr_t)p - (uintptr_t)s < STORE_BYTES;
}

void *
store_alloc_near(struct vm_store *s, size_t size)
{
	size_t len = (size + NEAR_ALIGN - 1) & ~(NEAR_ALIGN - 1);
	void *p;

	if (len > STORE_BYTES - s->near_used) {
		len = (size + STORE_BYTES - 1) & ~(STORE_BYTES - 1);
		p = aligned_alloc(STORE_BYTES, len);
		return p == NULL ? NULL : memset(p, 0, len);
	}
	p = (uint8_t *)s + s->near_used;
	s->near_used += len;
	return p;
}

void
store_free_near(struct vm_store *s, void *p)
{
	if (!store_is_near(s, p))
		free(p);
}

static struct vm_store *
store_alloc(void)
{
	struct vm_store *s = aligned_alloc(STORE_BYTES, STORE_BYTES);

	if (s == NULL)
		return NULL;
	memset(s, 0, STORE_BYTES);
	s->near_used = (sizeof(*s) + NEAR_ALIGN - 1) & ~(NEAR_ALIGN - 1);
	s->names = calloc(STORE_BUCKETS, sizeof(struct store_name *));
	if (s->names == NULL) {
		free(s);
		return NULL;
	}
	return s;
}

struct vm_store *
vm_store_new(struct vm *vm, const struct vm_store_limits *lim, struct err *err)
{
	struct vm_store *s = store_alloc();

	if (s == NULL) {
		err_set(err, VM_NOMEM, "out of memory");
		return NULL;
	}
	s->vm = vm;
	s->limits = *lim;
	if (s->limits.stack_bytes > LIMIT_STACK_BYTES)
		s->limits.stack_bytes = LIMIT_STACK_BYTES;
	arena_init(&s->arena, SIZE_MAX / 2);
	vm_store_set_fuel(s, UINT64_MAX);
	if (store_init_stack(s) == -1) {
		err_set(err, VM_NOMEM, "cannot reserve the stack");
		vm_store_free(s);
		return NULL;
	}
	return s;
}

static void
store_free_instances(struct vm_store *s)
{
	struct vm_instance *i, *next;

	for (i = s->instances; i != NULL; i = next) {
		next = i->next;
		arena_clear(&i->arena);
		store_free_near(s, i);
	}
}

void
vm_store_free(struct vm_store *s)
{
	if (s == NULL)
		return;
	store_free_instances(s);
	while (s->memories != NULL) {
		struct mem_inst *m = s->memories;

		s->memories = m->next;
		mem_free(m);
	}
	while (s->tables != NULL) {
		struct table_inst *t = s->tables;

		s->tables = t->next;
		table_free(t);
	}
	if (s->has_heap)
		heap_clear(&s->heap);
	free(s->layouts);
	region_free(&s->stack);
	region_free(&s->bridge_region);
	meter_free(s->meter);
	arena_clear(&s->arena);
	free(s->names);
	free(s);
}

/* ---- fuel and figures --------------------------------------------------- */

/* Running code credits what it jumps over before it charges what it did, so
 * there must be room above. */
#define FUEL_MAX (INT64_MAX / 2)

void
vm_store_set_fuel(struct vm_store *s, uint64_t fuel)
{
	s->fuel_start = fuel > FUEL_MAX ? FUEL_MAX : (int64_t)fuel;
	s->fuel = s->fuel_start;
}

uint64_t
vm_store_fuel_used(const struct vm_store *s)
{
	/* A trap leaves frames whose positions were not charged, but to which
	 * branches forwards may have credited as much. */
	return s->fuel > s->fuel_start ? 0 : (uint64_t)(s->fuel_start - s->fuel);
}

uint64_t
vm_store_memory_pages(const struct vm_store *s)
{
	return (s->memory_bytes + 65535) >> 16;
}

uint64_t
vm_store_memory_pages_peak(const struct vm_store *s)
{
	return (s->memory_peak + 65535) >> 16;
}

/* ---- names -------------------------------------------------------------- */

static bool
name_equal(struct name a, struct name b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

/* FNV-1a over both names. */
static uint32_t
name_bucket(struct name module, struct name name)
{
	uint32_t h = 2166136261u;

	for (uint32_t i = 0; i < module.len; i++)
		h = (h ^ (uint8_t)module.data[i]) * 16777619u;
	h = (h ^ '.') * 16777619u;
	for (uint32_t i = 0; i < name.len; i++)
		h = (h ^ (uint8_t)name.data[i]) * 16777619u;
	return h % STORE_BUCKETS;
}

static struct store_name *
store_name_find(const struct vm_store *s, struct name module, struct name name)
{
	struct store_name *n = s->names == NULL ? NULL :
		s->names[name_bucket(module, name)];

	while (n != NULL && !(name_equal(n->module, module) &&
	    name_equal(n->name, name)))
		n = n->next;
	return n;
}

const struct vm_extern_item *
store_find(const struct vm_store *s, struct name module, struct name name)
{
	const struct store_name *n = store_name_find(s, module, name);

	return n == NULL ? NULL : &n->item;
}

int
store_define(struct vm_store *s, struct name module, struct name name,
	struct vm_extern_item item, struct err *err)
{
	struct store_name *n = store_name_find(s, module, name);
	uint32_t bucket = name_bucket(module, name);

	if (s->names == NULL)
		return err_set(err, VM_USAGE, "the store is frozen");
	if (n == NULL) {
		n = arena_alloc(&s->arena, 1, sizeof(*n));
		if (n == NULL)
			return err_set(err, VM_NOMEM, "out of memory");
		n->module.data = arena_strndup(&s->arena, module.data, module.len);
		n->name.data = arena_strndup(&s->arena, name.data, name.len);
		if (n->module.data == NULL || n->name.data == NULL)
			return err_set(err, VM_NOMEM, "out of memory");
		n->module.len = module.len;
		n->name.len = name.len;
		n->next = s->names[bucket];
		s->names[bucket] = n;
	}
	n->item = item;
	return 0;
}

void
store_forget_names(struct vm_store *s)
{
	free(s->names);
	s->names = NULL;
}
