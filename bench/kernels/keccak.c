/* The Keccak-f[1600] permutation (FIPS 202): 64-bit logic and rotations. */
#include "kernel.h"

static const uint32_t default_rounds = 60000;

static const uint8_t rotation[24] = {
	1, 3, 6, 10, 15, 21, 28, 36, 45, 55, 2, 14,
	27, 41, 56, 8, 25, 43, 62, 18, 39, 61, 20, 44,
};
static const uint8_t lane[24] = {
	10, 7, 11, 17, 18, 3, 5, 16, 8, 21, 24, 4,
	15, 23, 19, 13, 12, 2, 20, 14, 22, 9, 6, 1,
};

static uint64_t
rotl(uint64_t x, unsigned k)
{
	return x << k | x >> (64 - k);
}

/* The round constants come from an 8-bit linear feedback shift register. */
static uint64_t
round_constant(uint8_t *lfsr)
{
	uint64_t rc = 0;

	for (unsigned j = 0; j < 7; j++) {
		if (*lfsr & 1)
			rc |= (uint64_t)1 << ((1u << j) - 1);
		*lfsr = (uint8_t)(*lfsr << 1 ^ (*lfsr & 0x80 ? 0x71 : 0));
	}
	return rc;
}

static void
permute(uint64_t s[25])
{
	uint8_t lfsr = 1;

	for (int round = 0; round < 24; round++) {
		uint64_t c[5], d, t;

		for (int x = 0; x < 5; x++)
			c[x] = s[x] ^ s[x + 5] ^ s[x + 10] ^ s[x + 15] ^ s[x + 20];
		for (int x = 0; x < 5; x++) {
			d = c[(x + 4) % 5] ^ rotl(c[(x + 1) % 5], 1);
			for (int y = 0; y < 25; y += 5)
				s[x + y] ^= d;
		}
		t = s[1];
		for (int i = 0; i < 24; i++) {
			uint64_t next = s[lane[i]];

			s[lane[i]] = rotl(t, rotation[i]);
			t = next;
		}
		for (int y = 0; y < 25; y += 5) {
			for (int x = 0; x < 5; x++)
				c[x] = s[y + x];
			for (int x = 0; x < 5; x++)
				s[y + x] = c[x] ^ (~c[(x + 1) % 5] & c[(x + 2) % 5]);
		}
		s[0] ^= round_constant(&lfsr);
	}
}

static uint32_t
kernel(uint32_t n)
{
	uint64_t s[25] = { 0 };

	for (uint32_t i = 0; i < n; i++)
		permute(s);
	return (uint32_t)(s[0] ^ s[0] >> 32);
}
