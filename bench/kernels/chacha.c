/* The ChaCha20 block function (RFC 8439): 32-bit add, xor, rotate. */
#include "kernel.h"

static const uint32_t default_rounds = 300000;

static uint32_t
rotl(uint32_t x, unsigned n)
{
	return x << n | x >> (32 - n);
}

static void
quarter(uint32_t *x, int a, int b, int c, int d)
{
	x[a] += x[b]; x[d] = rotl(x[d] ^ x[a], 16);
	x[c] += x[d]; x[b] = rotl(x[b] ^ x[c], 12);
	x[a] += x[b]; x[d] = rotl(x[d] ^ x[a], 8);
	x[c] += x[d]; x[b] = rotl(x[b] ^ x[c], 7);
}

static uint32_t
kernel(uint32_t n)
{
	uint32_t in[16], x[16], sum = 0;

	for (int i = 0; i < 16; i++)
		in[i] = (uint32_t)i * 0x9e3779b9u;
	for (uint32_t r = 0; r < n; r++) {
		memcpy(x, in, sizeof(x));
		for (int i = 0; i < 10; i++) {
			quarter(x, 0, 4, 8, 12);
			quarter(x, 1, 5, 9, 13);
			quarter(x, 2, 6, 10, 14);
			quarter(x, 3, 7, 11, 15);
			quarter(x, 0, 5, 10, 15);
			quarter(x, 1, 6, 11, 12);
			quarter(x, 2, 7, 8, 13);
			quarter(x, 3, 4, 9, 14);
		}
		in[12]++;
		sum = mix(sum, x[r & 15] + in[r & 15]);
	}
	return sum;
}
