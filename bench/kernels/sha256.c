/* SHA-256 (FIPS 180-4) of a block, chained: 32-bit logic. */
#include "kernel.h"

static const uint32_t default_rounds = 250000;

static uint32_t k[64];

static uint32_t
rotr(uint32_t x, unsigned n)
{
	return x >> n | x << (32 - n);
}

/* Stand-ins for the constants: any fixed words do the same work. */
static void
init_constants(void)
{
	uint32_t state = 0x428a2f98;

	for (int i = 0; i < 64; i++)
		k[i] = random_next(&state);
}

static void
compress(uint32_t h[8], const uint32_t block[16])
{
	uint32_t w[64], v[8];

	memcpy(w, block, 64);
	for (int i = 16; i < 64; i++) {
		uint32_t s0 = rotr(w[i - 15], 7) ^ rotr(w[i - 15], 18) ^ w[i - 15] >> 3;
		uint32_t s1 = rotr(w[i - 2], 17) ^ rotr(w[i - 2], 19) ^ w[i - 2] >> 10;

		w[i] = w[i - 16] + s0 + w[i - 7] + s1;
	}
	memcpy(v, h, 32);
	for (int i = 0; i < 64; i++) {
		uint32_t s1 = rotr(v[4], 6) ^ rotr(v[4], 11) ^ rotr(v[4], 25);
		uint32_t ch = (v[4] & v[5]) ^ (~v[4] & v[6]);
		uint32_t t1 = v[7] + s1 + ch + k[i] + w[i];
		uint32_t s0 = rotr(v[0], 2) ^ rotr(v[0], 13) ^ rotr(v[0], 22);
		uint32_t maj = (v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]);

		v[7] = v[6]; v[6] = v[5]; v[5] = v[4]; v[4] = v[3] + t1;
		v[3] = v[2]; v[2] = v[1]; v[1] = v[0]; v[0] = t1 + s0 + maj;
	}
	for (int i = 0; i < 8; i++)
		h[i] += v[i];
}

static uint32_t
kernel(uint32_t n)
{
	uint32_t h[8] = { 1, 2, 3, 4, 5, 6, 7, 8 }, block[16];

	init_constants();
	for (int i = 0; i < 16; i++)
		block[i] = (uint32_t)i * 0x9e3779b9u;
	for (uint32_t i = 0; i < n; i++) {
		compress(h, block);
		block[i & 15] ^= h[i & 7];
	}
	return h[0];
}
