/* Conway's game of life on a torus: byte loads around each cell. */
#include "kernel.h"

static const uint32_t default_rounds = 320;

#define W 192

static uint8_t board[2][W * W];

static void
step(const uint8_t *from, uint8_t *to)
{
	for (int y = 0; y < W; y++) {
		const uint8_t *up = from + (y + W - 1) % W * W;
		const uint8_t *row = from + y * W;
		const uint8_t *down = from + (y + 1) % W * W;

		for (int x = 0; x < W; x++) {
			int l = (x + W - 1) % W, r = (x + 1) % W;
			int sum = up[l] + up[x] + up[r] + row[l] + row[r] +
			    down[l] + down[x] + down[r];

			to[y * W + x] = sum == 3 || (sum == 2 && row[x]);
		}
	}
}

static uint32_t
kernel(uint32_t n)
{
	uint32_t state = 29, sum = 0;

	for (int i = 0; i < W * W; i++)
		board[0][i] = random_next(&state) & 1;
	for (uint32_t i = 0; i < n; i++)
		step(board[i & 1], board[~i & 1]);
	for (int i = 0; i < W * W; i++)
		sum = mix(sum, board[n & 1][i]);
	return sum;
}
