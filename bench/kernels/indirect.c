/* Small functions behind a table: indirect calls and nothing else. */
#include "kernel.h"

static const uint32_t default_rounds = 25000000;

static uint32_t add(uint32_t x) { return x + 0x9e3779b9u; }
static uint32_t xor(uint32_t x) { return x ^ x >> 15; }
static uint32_t mul(uint32_t x) { return x * 0x85ebca6bu; }
static uint32_t rot(uint32_t x) { return x << 13 | x >> 19; }

static uint32_t (*const volatile table[4])(uint32_t) = { add, xor, mul, rot };

static uint32_t
kernel(uint32_t n)
{
	uint32_t x = 1;

	for (uint32_t i = 0; i < n; i++)
		x = table[x & 3](x) + i;
	return x;
}
