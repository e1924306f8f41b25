/* A picture blurred, eight points at a time: bytes widened to 16 bits, sums of
 * neighbours, shifts, and narrowed again. */
#include "vector.h"

#define WIDTH 512
#define HEIGHT 256

static const uint32_t default_rounds = 800;

typedef uint8_t u8x8 __attribute__((vector_size(8)));

static uint8_t from[HEIGHT][WIDTH + 16], to[HEIGHT][WIDTH + 16];

static i16x8
widen(const uint8_t *p)
{
	return __builtin_convertvector(LOAD(u8x8, p), i16x8);
}

static void
blur(void)
{
	for (int y = 1; y < HEIGHT - 1; y++) {
		for (int x = 1; x < WIDTH; x += 8) {
			const uint8_t *p = &from[y][x];
			i16x8 sum = widen(p) << 2;

			sum += (widen(p - 1) + widen(p + 1)) << 1;
			sum += (widen(&from[y - 1][x]) + widen(&from[y + 1][x])) << 1;
			sum += widen(&from[y - 1][x - 1]) + widen(&from[y - 1][x + 1]);
			sum += widen(&from[y + 1][x - 1]) + widen(&from[y + 1][x + 1]);
			STORE(&to[y][x], __builtin_convertvector(sum >> 4, u8x8));
		}
	}
}

static uint32_t
kernel(uint32_t n)
{
	uint32_t state = 1, sum = 0;

	for (int y = 0; y < HEIGHT; y++)
		for (int x = 0; x < WIDTH + 16; x++)
			from[y][x] = (uint8_t)random_next(&state);
	for (uint32_t r = 0; r < n; r++) {
		blur();
		memcpy(from, to, sizeof(from));
		from[r % HEIGHT][r % WIDTH] ^= 0x80;
		sum = mix(sum, to[100 + r % 50][r % WIDTH]);
	}
	return sum;
}
