/* The heap: holes to allocate from, when to collect and when to grow. */
#include "vm/runtime/heap.h"

#include <string.h>

#include "vm/runtime/heap_bits.h"
#include "vm/runtime/heap_mark.h"

/* Granules that become usable at a time: 64 KiB, a multiple of the page size
 * everywhere. */
#define UNIT ((uint64_t)65536 / HEAP_GRANULE)
/* Least that is allocated between collections: 1 MiB stays in the cache and
 * makes the fixed costs of a collection small. */
#define QUOTA_MIN ((uint64_t)(1 << 20) / HEAP_GRANULE)
/* Objects of up to 128 bytes may pass over holes that are too small. */
#define SMALL ((uint64_t)128 / HEAP_GRANULE)
/* A hole ends here, lest finding its end cost more than filling it. */
#define HOLE_MAX ((uint64_t)(1 << 20) / HEAP_GRANULE)
#define FUTILE_MAX 4u

/* Bytes of bitmap and of marking stack for a number of granules. */
#define BITS_BYTES(granules) ((granules) / 8)
#define STACK_BYTES(granules) ((granules) / 4)
#define TOTAL_BYTES(granules) ((granules) * HEAP_GRANULE + \
	BITS_BYTES(granules) + STACK_BYTES(granules))

static uint64_t
round_up(uint64_t n, uint64_t unit)
{
	return (n + unit - 1) / unit * unit;
}

static uint64_t
max_u64(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static uint8_t *
address(const struct heap *h, uint64_t granule)
{
	return h->objects.base + granule * HEAP_GRANULE;
}

static uint64_t
capacity(const struct heap *h)
{
	return h->objects.reserved / HEAP_GRANULE / UNIT * UNIT;
}

int
heap_init(struct heap *h, const struct heap_config *config)
{
	uint64_t bytes = config->bytes;

	if (bytes > LIMIT_HEAP_BYTES)
		bytes = LIMIT_HEAP_BYTES;
	bytes = bytes / HEAP_GRANULE / UNIT * UNIT * HEAP_GRANULE;
	*h = (struct heap){ .config = *config, .quota = QUOTA_MIN };
	if (region_reserve(&h->objects, bytes) == -1 ||
	    region_reserve(&h->bits_region,
		BITS_BYTES(bytes / HEAP_GRANULE)) == -1 ||
	    region_reserve(&h->stack_region,
		STACK_BYTES(bytes / HEAP_GRANULE)) == -1 ||
	    (uintptr_t)h->objects.base <= UINT32_MAX) {
		heap_clear(h);
		return -1;
	}
	h->bits = (uint64_t *)(void *)h->bits_region.base;
	h->stack = (uint64_t *)(void *)h->stack_region.base;
	h->cur = h->end = h->hole = h->objects.base;
	return 0;
}

void
heap_clear(struct heap *h)
{
	region_free(&h->objects);
	region_free(&h->bits_region);
	region_free(&h->stack_region);
	*h = (struct heap){ .extent = 0 };
}

void
heap_set_layouts(struct heap *h, const struct heap_layout *layouts,
	uint32_t nlayouts)
{
	h->layouts = layouts;
	h->nlayouts = nlayouts;
}

uint64_t
heap_charged(const struct heap *h)
{
	return TOTAL_BYTES(h->extent);
}

/* ---- finding room ------------------------------------------------------ */

/* Granules allocated since the last collection. */
static uint64_t
spent(const struct heap *h)
{
	return h->spent + (uint64_t)(h->cur - h->hole) / HEAP_GRANULE;
}

/* Bump through [from, to) from now on. */
static void
enter_hole(struct heap *h, uint64_t from, uint64_t to)
{
	h->spent = spent(h);
	h->cur = h->hole = address(h, from);
	h->end = address(h, to);
	h->scan = to;
}

/*
 * Go on to a hole of n granules: to the first that is big enough if n is
 * small, else only if the very next one is.
 */
static bool
next_hole(struct heap *h, uint64_t n)
{
	uint64_t from, to;

	if (n <= SMALL) {
		if (!heap_bits_find_run(h->bits, h->scan, h->extent, n,
		    &from)) {
			enter_hole(h, from, from);
			return false;
		}
	} else {
		from = heap_bits_next_clear(h->bits, h->scan, h->extent);
	}
	to = from + max_u64(n, HOLE_MAX);
	to = heap_bits_next_set(h->bits, from, to < h->extent ? to : h->extent);
	if (to - from < n)
		return false;
	enter_hole(h, from, to);
	return true;
}

static void *
bump(struct heap *h, uint64_t n)
{
	uint8_t *p = h->cur;

	if (n > (uint64_t)(h->end - h->cur) / HEAP_GRANULE)
		return NULL;
	h->cur += n * HEAP_GRANULE;
	return p;
}

/*
 * Take n granules somewhere above the hole. Each class of sizes remembers how
 * far it has searched, so that all searches between two collections together
 * read the bitmap a bounded number of times.
 */
static void *
take_place(struct heap *h, uint64_t n)
{
	uint64_t *place = &h->place[63 - __builtin_clzll(n)];
	uint64_t from = max_u64(*place, h->scan);

	if (!heap_bits_find_run(h->bits, from, h->extent, n, place))
		return NULL;
	from = *place;
	heap_bits_set(h->bits, from, n);
	h->spent += n;
	*place = from + n;
	return address(h, from);
}

/* Whether little enough is left of the hole to go on without it. */
static bool
is_used_up(const struct heap *h)
{
	uint64_t left = (uint64_t)(h->end - h->cur) / HEAP_GRANULE;
	uint64_t all = (uint64_t)(h->end - h->hole) / HEAP_GRANULE;

	return left <= SMALL || left <= all / 16;
}

static void *
find_room(struct heap *h, uint64_t n)
{
	void *p = bump(h, n);

	if (p != NULL)
		return p;
	if ((n <= SMALL || is_used_up(h)) && next_hole(h, n))
		return bump(h, n);
	return n <= SMALL ? NULL : take_place(h, n);
}

/* ---- growing ----------------------------------------------------------- */

/* Where the free granules begin that end the heap, as far as a search for n
 * that failed has found out. */
static uint64_t
tail_start(const struct heap *h, uint64_t n)
{
	if (h->end == address(h, h->extent))
		return h->extent - (uint64_t)(h->end - h->cur) / HEAP_GRANULE;
	if (n > SMALL)
		return h->place[63 - __builtin_clzll(n)];
	return h->extent;
}

/*
 * Make the first extent granules usable, a multiple of UNIT, if the store's
 * limit and the kernel allow.
 */
static bool
extend(struct heap *h, uint64_t extent)
{
	int64_t cost = (int64_t)(TOTAL_BYTES(extent) - TOTAL_BYTES(h->extent));

	if (!h->config.charge(h->config.ctx, cost))
		return false;
	if (region_grow(&h->bits_region, BITS_BYTES(extent)) == -1 ||
	    region_grow(&h->stack_region, STACK_BYTES(extent)) == -1 ||
	    region_grow(&h->objects, extent * HEAP_GRANULE) == -1) {
		h->config.charge(h->config.ctx, -cost);
		return false;
	}
	if (h->end == address(h, h->extent)) {
		h->end = address(h, extent);
		h->scan = extent;
	}
	h->extent = extent;
	h->stack_size = (uint32_t)(STACK_BYTES(extent) / sizeof(uint64_t));
	return true;
}

/*
 * Make room for n granules that find_room did not find; more if limits allow,
 * so that the next collection is as far off as it may be.
 */
static bool
grow(struct heap *h, uint64_t n)
{
	uint64_t need = round_up(tail_start(h, n) + n, UNIT);
	uint64_t want = max_u64(h->live + h->quota, h->extent + h->extent / 8);

	if (need > capacity(h))
		return false;
	want = max_u64(round_up(want, UNIT), need);
	if (want > capacity(h))
		want = capacity(h);
	while (!extend(h, want)) {
		if (want == need)
			return false;
		want = need + (want - need) / 2 / UNIT * UNIT;
	}
	return true;
}

/* ---- collecting -------------------------------------------------------- */

void
heap_collect(struct heap *h)
{
	heap_mark_all(h);
	enter_hole(h, 0, 0);
	memset(h->place, 0, sizeof(h->place));
	h->spent = 0;
	/* Roots cost too: a big table is not gone through for little. */
	h->quota = max_u64(QUOTA_MIN, h->live + h->nroots);
	h->collections++;
}

/* Whether to give up rather than to collect once more, because the heap is
 * full and the last collections made little room. */
static bool
is_futile(struct heap *h)
{
	if (spent(h) >= h->extent / 32)
		h->futile = 0;
	else if (++h->futile > FUTILE_MAX) {
		h->futile = 0;
		return true;
	}
	return false;
}

static void *
find_or_grow(struct heap *h, uint64_t n)
{
	void *p = find_room(h, n);

	if (p == NULL && grow(h, n))
		p = find_room(h, n);
	return p;
}

void *
heap_alloc_slow(struct heap *h, uint64_t bytes)
{
	uint64_t n = bytes / HEAP_GRANULE;
	void *p;

	if (n > capacity(h))
		return NULL;
	p = find_room(h, n);
	if (p != NULL)
		return p;
	if (spent(h) >= h->quota) {
		h->futile = 0;
		heap_collect(h);
		return find_or_grow(h, n);
	}
	p = find_or_grow(h, n);
	if (p != NULL || is_futile(h))
		return p;
	heap_collect(h);
	return find_or_grow(h, n);
}
