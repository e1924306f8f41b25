/*
 * Marking: what the roots lead to, without recursion and in memory that was
 * set aside when the heap grew.
 *
 * The stack has an entry for each 512 bytes of heap. An object that finds it
 * full is dropped: marked but not scanned. When the stack has drained, the
 * range of addresses with dropped objects is scanned again. As each object
 * enters the stack once, and the stack was full when one was dropped, every
 * such pass has taken in 1/32 of the possible objects: there are 32 at most.
 */
#include "vm/runtime/heap_mark.h"

#include <string.h>

#include "vm/runtime/heap_bits.h"

/* An array of references is scanned in slices, so that a wide one does not
 * fill the stack. */
#define SLICE 64u

/* A stack entry: granule of the object, and which slice comes next. */
#define ENTRY(granule, slice) ((uint64_t)(slice) << 32 | (granule))

static struct heap_object *
object_at(const struct heap *h, uint64_t granule)
{
	return (void *)(h->objects.base + granule * HEAP_GRANULE);
}

static const struct heap_layout *
layout_of(const struct heap *h, const struct heap_object *o)
{
	/* A header that nobody wrote: stop before following it. */
	if (o->type >= h->nlayouts || h->layouts[o->type].size == 0)
		__builtin_trap();
	return &h->layouts[o->type];
}

static uint64_t
object_granules(const struct heap_layout *l, const struct heap_object *o)
{
	uint64_t bytes = l->kind == HEAP_LAYOUT_ARRAY ?
	    heap_array_bytes(l, o->length) : l->size;

	return bytes / HEAP_GRANULE;
}

static void
push(struct heap *h, uint64_t granule, uint32_t slice)
{
	if (h->stack_used < h->stack_size) {
		h->stack[h->stack_used++] = ENTRY(granule, slice);
		return;
	}
	if (granule < h->dropped_lo)
		h->dropped_lo = granule;
	if (granule >= h->dropped_hi)
		h->dropped_hi = granule + 1;
}

/* Mark an object, once, and see that it will be scanned. */
static inline void
mark(struct heap *h, uint64_t granule)
{
	const struct heap_object *o = object_at(h, granule);
	const struct heap_layout *l;
	uint64_t n;

	if (heap_bits_test(h->bits, granule))
		return;
	l = layout_of(h, o);
	n = object_granules(l, o);
	if (n > h->extent - granule)
		__builtin_trap();
	heap_bits_set(h->bits, granule, n);
	h->live += n;
	if (l->traced)
		push(h, granule, 0);
}

static inline uint64_t
dequeue(struct heap *h)
{
	h->queue_used--;
	return h->queue[h->queue_first++ % HEAP_QUEUE];
}

/*
 * Mark what ref points to, some references later: its header will have come
 * from memory by then.
 */
static inline void
visit(struct heap *h, uint64_t ref)
{
	uint64_t granule = (ref - heap_ref(object_at(h, 0))) / HEAP_GRANULE;

	/* Null, i31, host and function references lie outside. */
	if (granule >= h->extent)
		return;
	__builtin_prefetch(object_at(h, granule));
	if (h->queue_used == HEAP_QUEUE)
		mark(h, dequeue(h));
	h->queue[(h->queue_first + h->queue_used++) % HEAP_QUEUE] = granule;
}

static uint32_t
slice_count(const struct heap_object *o)
{
	return (uint32_t)(((uint64_t)o->length + SLICE - 1) / SLICE);
}

static void
scan_slice(struct heap *h, const struct heap_layout *l, struct heap_object *o,
	uint32_t slice)
{
	const uint64_t *elems = heap_field(o, l->size);
	uint32_t from = slice * SLICE;
	uint32_t n = o->length - from < SLICE ? o->length - from : SLICE;

	for (uint32_t i = 0; i < n; i++)
		visit(h, elems[from + i]);
}

static void
scan_fields(struct heap *h, const struct heap_layout *l, struct heap_object *o)
{
	for (uint32_t i = 0; i < l->nrefs; i++)
		visit(h, *(const uint64_t *)heap_field(o, l->refs[i]));
}

static void
scan(struct heap *h, uint64_t entry)
{
	uint32_t granule = (uint32_t)entry, slice = entry >> 32;
	struct heap_object *o = object_at(h, granule);
	const struct heap_layout *l = layout_of(h, o);

	if (l->kind != HEAP_LAYOUT_ARRAY) {
		scan_fields(h, l, o);
		return;
	}
	/* The rest of an array waits below what this slice brings. */
	if (slice + 1 < slice_count(o))
		push(h, granule, slice + 1);
	if (slice < slice_count(o))
		scan_slice(h, l, o, slice);
}

static void
drain(struct heap *h)
{
	for (;;) {
		if (h->stack_used > 0)
			scan(h, h->stack[--h->stack_used]);
		else if (h->queue_used > 0)
			mark(h, dequeue(h));
		else
			return;
	}
}

/*
 * Scan the marked objects of [from, to) once more; from is an object's start.
 * Objects are marked over their whole length: each begins where the one
 * before ended, or at the first mark after a gap.
 */
static void
rescan(struct heap *h, uint64_t from, uint64_t to)
{
	uint64_t g = from;

	while ((g = heap_bits_next_set(h->bits, g, to)) < to) {
		struct heap_object *o = object_at(h, g);
		const struct heap_layout *l = layout_of(h, o);

		g += object_granules(l, o);
		if (!l->traced)
			continue;
		if (l->kind != HEAP_LAYOUT_ARRAY)
			scan_fields(h, l, o);
		for (uint32_t s = 0; s < slice_count(o); s++) {
			scan_slice(h, l, o, s);
			drain(h);
		}
		drain(h);
	}
}

static void
reset_dropped(struct heap *h)
{
	h->dropped_lo = UINT64_MAX;
	h->dropped_hi = 0;
}

void
heap_mark(struct heap *h, uint64_t ref)
{
	h->nroots++;
	visit(h, ref);
	/* Roots may wait in the queue, but not pile up on the stack. */
	if (h->stack_used > 0)
		drain(h);
}

void
heap_mark_slots(struct heap *h, const uint64_t *slots, size_t n)
{
	for (size_t i = 0; i < n; i++)
		heap_mark(h, slots[i]);
}

void
heap_mark_all(struct heap *h)
{
	memset(h->bits, 0, h->extent / 8);
	h->live = 0;
	h->nroots = 0;
	h->stack_used = h->queue_used = 0;
	reset_dropped(h);
	h->config.roots(h->config.ctx, h);
	drain(h);
	while (h->dropped_lo < h->dropped_hi) {
		uint64_t from = h->dropped_lo, to = h->dropped_hi;

		reset_dropped(h);
		rescan(h, from, to);
	}
}
