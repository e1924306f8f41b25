/*
 * The heap: structures, arrays and exceptions of one store, and the collector
 * that frees them. Runs where guests run; after heap_init it calls nothing
 * but mprotect (region_grow), never malloc.
 *
 * Precise mark and sweep; objects never move. The heap is one run of granules
 * of 16 bytes. A side bitmap has a bit for each granule, set for all granules
 * of an object when it is marked; there is no sweep but the search for clear
 * bits. Allocation bumps a pointer through a hole of clear bits, and looks for
 * the next hole when it is full. Objects that do not fit where the pointer
 * stands get a place further up, found in the bitmap and set there at once.
 *
 * A collection writes the bitmap only, 1/128 of the heap, and no object: a
 * forked child that collects does not copy the pages of its template's objects.
 *
 * Work: a collection costs what is live, the roots, and 1/8 byte per granule of
 * the heap. It happens when as much was allocated as is live (1 MiB at least),
 * or when the heap may not grow; so work per byte allocated is bounded. When
 * the heap may not grow and collections yield less than 1/32 of it several
 * times in a row, allocation fails instead of collecting for ever.
 *
 * How the interpreter uses it
 * ---------------------------
 * A safe point is every instruction that allocates, and every call on the way
 * there. When heap_alloc's fast path fails it calls heap_alloc_slow, which may
 * call the store's roots callback; before that the handler must have stored
 * its frame pointer and pc where the callback finds them. The callback passes
 * to heap_mark:
 *   - each slot of each frame that holds a reference at the frame's pc: by the
 *     stack map of the safe point (operands of the allocating instruction
 *     included), or, with one map per function, each slot that only ever holds
 *     references and was set to null on entry;
 *   - globals and tables (not of the hierarchy of func), element segments
 *     that were not dropped, constants of translated code;
 *   - an exception in flight; references that the host was given and holds.
 * Slots may hold any reference: null, i31, the host's and functions are told
 * apart by range. They must not hold other values or references that no root
 * kept alive at an earlier collection. As objects never move, copies in
 * registers stay good.
 *
 * A new object's fields are undefined: the handler writes all of them before
 * the next allocation (memset for *_default). There is no write barrier. Array
 * bounds are checked by the handler against struct heap_object's length.
 */
#ifndef VM_RUNTIME_HEAP_H
#define VM_RUNTIME_HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vm/runtime/heap_layout.h"
#include "vm/runtime/ref.h"
#include "vm/runtime/region.h"

/* What a reference to an object points to; 16-byte aligned. */
struct heap_object {
	uint32_t type;		/* index of its layout: canonical type id */
	uint32_t length;	/* array: elements; others 0 */
};

#define HEAP_GRANULE 16u
#define HEAP_CLASSES 33u	/* log2 of granules: 0 to 32 */
#define HEAP_QUEUE 8u		/* objects that are fetched ahead */

struct heap;

struct heap_config {
	/* Most bytes that objects may take; the heap reserves address space
	 * for as many and 1/42 more. Cut to LIMIT_HEAP_BYTES. */
	uint64_t bytes;
	/* Account bytes to the store's limit before they become usable:
	 * false if that would pass it. Less than 0 gives bytes back. */
	bool (*charge)(void *ctx, int64_t bytes);
	/* Call heap_mark for every root. Must not allocate from the heap. */
	void (*roots)(void *ctx, struct heap *h);
	void *ctx;
};

_Static_assert(LIMIT_HEAP_BYTES == (uint64_t)HEAP_GRANULE << 32,
	"marking numbers granules in 32 bits");

/* Positions and sizes are in granules where not said otherwise. */
struct heap {
	/* The hole: [cur, end) is free. */
	uint8_t *cur, *end;

	const struct heap_layout *layouts;
	uint32_t nlayouts;

	struct heap_config config;
	struct region objects, bits_region, stack_region;
	uint64_t extent;	/* usable granules */
	uint64_t *bits;
	uint8_t *hole;		/* where the hole began */
	uint64_t scan;		/* holes below were used or passed over */
	uint64_t place[HEAP_CLASSES];	/* no 2^class clear bits from scan to
					 * here */

	/* marking */
	uint64_t *stack;
	uint32_t stack_used, stack_size;
	uint64_t queue[HEAP_QUEUE];	/* a ring of granules: to be marked */
	uint32_t queue_first, queue_used;
	uint64_t dropped_lo, dropped_hi;	/* marked, yet to be scanned */
	uint64_t nroots;

	/* pacing */
	uint64_t live;		/* marked by the last collection */
	uint64_t spent;		/* allocated since, without the hole's part */
	uint64_t quota;		/* collect when as much was allocated */
	uint32_t futile;	/* collections in a row that gave little */
	uint64_t collections;
};

/*
 * Reserve address space. Nothing is usable, charged or touched before the
 * first allocation. 0, or -1 when the kernel refuses.
 */
int heap_init(struct heap *h, const struct heap_config *config);
void heap_clear(struct heap *h);

/*
 * The layouts that types of objects index. The table may be replaced by a
 * longer one as instances are added; an index keeps its layout as long as
 * objects have it. Borrowed.
 */
void heap_set_layouts(struct heap *h, const struct heap_layout *layouts,
	uint32_t nlayouts);

/* ---- allocation -------------------------------------------------------- */

/* bytes: a multiple of 16, not 0. Collects or grows; NULL: out of memory. */
void *heap_alloc_slow(struct heap *h, uint64_t bytes);

/*
 * An object of bytes (a multiple of 16, not 0) with its header written and
 * its fields undefined; NULL: out of memory. May collect.
 */
static inline struct heap_object *
heap_alloc(struct heap *h, uint64_t bytes, uint32_t type, uint32_t length)
{
	struct heap_object *o = (struct heap_object *)(void *)h->cur;

	if (__builtin_expect(bytes > (uint64_t)(h->end - h->cur), 0)) {
		o = heap_alloc_slow(h, bytes);
		if (o == NULL)
			return NULL;
	} else {
		h->cur += bytes;
	}
	o->type = type;
	o->length = length;
	return o;
}

/* A structure or an exception. */
static inline struct heap_object *
heap_alloc_struct(struct heap *h, uint32_t type)
{
	return heap_alloc(h, h->layouts[type].size, type, 0);
}

/* Bytes of an array; at most 2^36 + 16, so that nothing wraps. */
static inline uint64_t
heap_array_bytes(const struct heap_layout *l, uint32_t length)
{
	uint64_t bytes = l->size + ((uint64_t)length << l->elem_log2);

	return (bytes + HEAP_GRANULE - 1) & ~(uint64_t)(HEAP_GRANULE - 1);
}

/* length is the guest's: any. */
static inline struct heap_object *
heap_alloc_array(struct heap *h, uint32_t type, uint32_t length)
{
	return heap_alloc(h, heap_array_bytes(&h->layouts[type], length), type,
	    length);
}

/* ---- objects ----------------------------------------------------------- */

static inline uint64_t
heap_ref(const struct heap_object *o)
{
	return (uint64_t)(uintptr_t)o;
}

/* ref must be an object's: see ref_is_object. */
static inline struct heap_object *
heap_object(uint64_t ref)
{
	return (struct heap_object *)(uintptr_t)ref;
}

/* Address of what lies at a layout's offset, or of element 0 of an array. */
static inline void *
heap_field(struct heap_object *o, uint32_t offset)
{
	return (uint8_t *)o + offset;
}

/* ---- collection -------------------------------------------------------- */

void heap_collect(struct heap *h);

/* Inside the roots callback: ref and what it leads to is live. */
void heap_mark(struct heap *h, uint64_t ref);
void heap_mark_slots(struct heap *h, const uint64_t *slots, size_t n);

/* Bytes that were charged: what is usable, the collector's own included. */
uint64_t heap_charged(const struct heap *h);

/* Bytes that the last collection left. */
static inline uint64_t
heap_live(const struct heap *h)
{
	return h->live * HEAP_GRANULE;
}

#endif
