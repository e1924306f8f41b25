/* Digits of e by big-number division: 64-bit multiply, divide, carry. */
#include "kernel.h"

static const uint32_t default_rounds = 2600;

#define LIMBS 4096

static uint32_t sum_limbs[LIMBS], term[LIMBS];

static int
divide(uint32_t *x, uint32_t by, uint32_t n)
{
	uint64_t rest = 0;
	uint32_t any = 0;

	for (uint32_t i = 0; i < n; i++) {
		uint64_t part = rest << 32 | x[i];

		x[i] = (uint32_t)(part / by);
		rest = part % by;
		any |= x[i];
	}
	return any != 0;
}

static void
add(uint32_t *x, const uint32_t *y, uint32_t n)
{
	uint64_t carry = 0;

	for (uint32_t i = n; i-- > 0;) {
		carry += (uint64_t)x[i] + y[i];
		x[i] = (uint32_t)carry;
		carry >>= 32;
	}
}

static uint32_t
kernel(uint32_t n)
{
	uint32_t limbs = n < LIMBS ? n : LIMBS, sum = 0;

	sum_limbs[0] = term[0] = 1;
	for (uint32_t k = 1; divide(term, k, limbs); k++)
		add(sum_limbs, term, limbs);
	for (uint32_t i = 0; i < limbs; i++)
		sum = mix(sum, sum_limbs[i]);
	return sum;
}
