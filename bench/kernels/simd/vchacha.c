/* The ChaCha20 block function, a row of the state in a vector: 32-bit add,
 * xor, shifts and shuffles. */
#include "vector.h"

static const uint32_t default_rounds = 500000;

#define ROTL(x, n) ((x) << (n) | (x) >> (32 - (n)))
#define TURN(x, a, b, c, d) __builtin_shufflevector(x, x, a, b, c, d)

#define QUARTER(a, b, c, d) do { \
	a += b; d ^= a; d = ROTL(d, 16); \
	c += d; b ^= c; b = ROTL(b, 12); \
	a += b; d ^= a; d = ROTL(d, 8); \
	c += d; b ^= c; b = ROTL(b, 7); \
} while (0)

static uint32_t
kernel(uint32_t n)
{
	u32x4 a0 = { 0, 1, 2, 3 }, b0 = { 4, 5, 6, 7 }, c0 = { 8, 9, 10, 11 };
	u32x4 d0 = { 12, 13, 14, 15 };
	uint32_t sum = 0;

	for (uint32_t r = 0; r < n; r++) {
		u32x4 a = a0, b = b0, c = c0, d = d0;

		for (int i = 0; i < 10; i++) {
			QUARTER(a, b, c, d);
			b = TURN(b, 1, 2, 3, 0);
			c = TURN(c, 2, 3, 0, 1);
			d = TURN(d, 3, 0, 1, 2);
			QUARTER(a, b, c, d);
			b = TURN(b, 3, 0, 1, 2);
			c = TURN(c, 2, 3, 0, 1);
			d = TURN(d, 1, 2, 3, 0);
		}
		d0[0]++;
		a += a0;
		d += d0;
		sum = mix(sum, a[0] + b[1] + c[2] + d[3]);
	}
	return sum;
}
