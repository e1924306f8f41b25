/*
 * The heap's side bitmap: one bit per granule of 16 bytes, set when the
 * granule belongs to an object that was marked, or that was allocated outside
 * the current hole since. Ranges are [from, to) in granules.
 */
#ifndef VM_RUNTIME_HEAP_BITS_H
#define VM_RUNTIME_HEAP_BITS_H

#include <stdbool.h>
#include <stdint.h>

static inline bool
heap_bits_test(const uint64_t *bits, uint64_t i)
{
	return (bits[i / 64] >> (i % 64) & 1) != 0;
}

/* Set n > 0 bits. */
static inline void
heap_bits_set(uint64_t *bits, uint64_t from, uint64_t n)
{
	uint64_t first = from / 64, last = (from + n - 1) / 64;
	uint64_t head = ~(uint64_t)0 << (from % 64);
	uint64_t tail = ~(uint64_t)0 >> (63 - (from + n - 1) % 64);

	if (first == last) {
		bits[first] |= head & tail;
		return;
	}
	bits[first] |= head;
	for (uint64_t w = first + 1; w < last; w++)
		bits[w] = ~(uint64_t)0;
	bits[last] |= tail;
}

/* The first bit of the range that is set, or clear if flip is all ones; to
 * if there is none. */
static inline uint64_t
heap_bits_next(const uint64_t *bits, uint64_t from, uint64_t to, uint64_t flip)
{
	uint64_t w = from / 64, word, i;

	if (from >= to)
		return to;
	word = (bits[w] ^ flip) & ~(uint64_t)0 << (from % 64);
	while (word == 0) {
		if (++w * 64 >= to)
			return to;
		word = bits[w] ^ flip;
	}
	i = w * 64 + (uint64_t)__builtin_ctzll(word);
	return i < to ? i : to;
}

static inline uint64_t
heap_bits_next_set(const uint64_t *bits, uint64_t from, uint64_t to)
{
	return heap_bits_next(bits, from, to, 0);
}

static inline uint64_t
heap_bits_next_clear(const uint64_t *bits, uint64_t from, uint64_t to)
{
	return heap_bits_next(bits, from, to, ~(uint64_t)0);
}

/*
 * Find n clear bits in a row. True: they begin at *start. False: *start is
 * where the clear bits at the end of the range begin, or to.
 */
static inline bool
heap_bits_find_run(const uint64_t *bits, uint64_t from, uint64_t to,
	uint64_t n, uint64_t *start)
{
	uint64_t end;

	for (;;) {
		*start = heap_bits_next_clear(bits, from, to);
		end = n < to - *start ? *start + n : to;
		from = heap_bits_next_set(bits, *start, end);
		if (from - *start == n)
			return true;
		if (from == to)
			return false;
	}
}

#endif
