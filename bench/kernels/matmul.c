/* Products of f32 matrices: strided loads, multiply and add. */
#include "kernel.h"

static const uint32_t default_rounds = 24;

#define N 120

static float a[N][N], b[N][N], c[N][N];

static void
multiply(void)
{
	for (int i = 0; i < N; i++) {
		for (int j = 0; j < N; j++) {
			float sum = 0;

			for (int k = 0; k < N; k++)
				sum += a[i][k] * b[k][j];
			c[i][j] = sum;
		}
	}
}

static uint32_t
kernel(uint32_t n)
{
	uint32_t state = 3, sum = 0, bits;

	for (int i = 0; i < N; i++) {
		for (int j = 0; j < N; j++) {
			a[i][j] = (float)(random_next(&state) & 0xff) / 256;
			b[i][j] = (float)(random_next(&state) & 0xff) / 256;
		}
	}
	for (uint32_t r = 0; r < n; r++) {
		multiply();
		for (int i = 0; i < N; i++)
			a[i][r % N] = c[r % N][i] / N;
	}
	for (int i = 0; i < N; i++) {
		memcpy(&bits, &c[i][i], sizeof(bits));
		sum = mix(sum, bits);
	}
	return sum;
}
