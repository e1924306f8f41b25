/* Queens on a board by bit masks: recursion and 32-bit logic. */
#include "kernel.h"

static const uint32_t default_rounds = 14;

static uint32_t
place(uint32_t all, uint32_t columns, uint32_t left, uint32_t right)
{
	uint32_t free_squares = all & ~(columns | left | right), count = 0;

	if (columns == all)
		return 1;
	while (free_squares != 0) {
		uint32_t square = free_squares & -free_squares;

		free_squares ^= square;
		count += place(all, columns | square, (left | square) << 1,
		    (right | square) >> 1);
	}
	return count;
}

static uint32_t
kernel(uint32_t n)
{
	uint32_t sum = 0;

	for (uint32_t size = 4; size <= n; size++)
		sum = mix(sum, place((1u << size) - 1, 0, 0, 0));
	return sum;
}
