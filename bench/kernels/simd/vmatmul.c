/* Matrices of f32 multiplied, a row of four at a time: loads, splat, multiply
 * and add. */
#include "vector.h"

#define SIZE 128

static const uint32_t default_rounds = 400;

static float a[SIZE][SIZE], b[SIZE][SIZE], c[SIZE][SIZE];

static void
multiply(void)
{
	for (int i = 0; i < SIZE; i++) {
		for (int j = 0; j < SIZE; j += 8) {
			f32x4 left = { 0 }, right = { 0 };

			for (int k = 0; k < SIZE; k++) {
				f32x4 x = { a[i][k], a[i][k], a[i][k], a[i][k] };

				left += x * LOAD(f32x4, &b[k][j]);
				right += x * LOAD(f32x4, &b[k][j + 4]);
			}
			STORE(&c[i][j], left);
			STORE(&c[i][j + 4], right);
		}
	}
}

static uint32_t
kernel(uint32_t n)
{
	uint32_t state = 1, sum = 0;

	for (int i = 0; i < SIZE; i++) {
		for (int j = 0; j < SIZE; j++) {
			a[i][j] = (float)(random_next(&state) % 8);
			b[i][j] = (float)(random_next(&state) % 8);
		}
	}
	for (uint32_t r = 0; r < n; r++) {
		multiply();
		sum = mix(sum, (uint32_t)c[r % SIZE][r * 7 % SIZE]);
		a[r % SIZE][0] += 1;
	}
	return sum;
}
