/* Compression with a hash of the last positions (LZ77), and its reverse. */
#include "kernel.h"

static const uint32_t default_rounds = 60;

#define N 200000
#define HASH_BITS 13

static uint8_t plain[N], packed[2 * N], back[N];
static int32_t last[1 << HASH_BITS];

static void
make_input(void)
{
	uint32_t state = 23;
	size_t i = 0;

	while (i < N) {
		uint32_t r = random_next(&state);

		if (i > 100 && r % 4 != 0) {
			size_t from = i - 1 - r / 8 % 100, len = 4 + r / 1024 % 20;

			for (size_t j = 0; j < len && i < N; j++)
				plain[i++] = plain[from + j];
		} else {
			plain[i++] = (uint8_t)(r >> 24);
		}
	}
}

static uint32_t
hash(const uint8_t *p)
{
	uint32_t x = p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16;

	return x * 2654435761u >> (32 - HASH_BITS);
}

/* A match is 0xff, distance (2 bytes), length; 0xff itself is 0xff 0 0. */
static size_t
compress(void)
{
	size_t out = 0, i = 0;

	for (int h = 0; h < 1 << HASH_BITS; h++)
		last[h] = -1;
	while (i < N) {
		size_t len = 0;
		int32_t from = -1;

		if (i + 3 < N) {
			uint32_t h = hash(&plain[i]);

			from = last[h];
			last[h] = (int32_t)i;
			if (from >= 0 && i - (size_t)from < 65536) {
				while (len < 255 && i + len < N &&
				    plain[(size_t)from + len] == plain[i + len])
					len++;
			}
		}
		if (len > 4) {
			size_t distance = i - (size_t)from;

			packed[out++] = 0xff;
			packed[out++] = (uint8_t)distance;
			packed[out++] = (uint8_t)(distance >> 8);
			packed[out++] = (uint8_t)len;
			i += len;
			continue;
		}
		packed[out++] = plain[i];
		if (plain[i++] == 0xff) {
			packed[out++] = 0;
			packed[out++] = 0;
		}
	}
	return out;
}

static void
expand(size_t len)
{
	size_t in = 0, out = 0;

	while (in < len) {
		uint8_t c = packed[in++];
		size_t distance;

		if (c != 0xff) {
			back[out++] = c;
			continue;
		}
		distance = packed[in] | (size_t)packed[in + 1] << 8;
		in += 2;
		if (distance == 0) {
			back[out++] = 0xff;
			continue;
		}
		for (uint8_t n = packed[in++]; n > 0; n--, out++)
			back[out] = back[out - distance];
	}
}

static uint32_t
kernel(uint32_t n)
{
	uint32_t sum = 0;

	make_input();
	for (uint32_t r = 0; r < n; r++) {
		size_t len = compress();

		expand(len);
		if (memcmp(plain, back, N) != 0)
			return 0xdead;
		sum = mix(sum, (uint32_t)len);
		plain[r * 7919 % N] ^= 1;
	}
	return sum;
}
