/* A radix-2 Fourier transform of f64 values and back. */
#include "kernel.h"

static const uint32_t default_rounds = 60;

#define N 8192

static double re[N], im[N], wr[N / 2], wi[N / 2];

/* The roots of unity by repeated rotation: no libm on any side. */
static void
init_roots(void)
{
	/* cos and sin of 2 pi / N */
	double c = 0.99999970586288221916, s = 0.00076699031874270449;

	wr[0] = 1;
	wi[0] = 0;
	for (int i = 1; i < N / 2; i++) {
		wr[i] = wr[i - 1] * c - wi[i - 1] * s;
		wi[i] = wr[i - 1] * s + wi[i - 1] * c;
	}
}

static void
reverse_bits(void)
{
	for (uint32_t i = 1, j = 0; i < N; i++) {
		uint32_t bit = N >> 1;

		for (; j & bit; bit >>= 1)
			j ^= bit;
		j ^= bit;
		if (i < j) {
			double t = re[i];

			re[i] = re[j];
			re[j] = t;
			t = im[i];
			im[i] = im[j];
			im[j] = t;
		}
	}
}

static void
transform(double sign)
{
	reverse_bits();
	for (uint32_t len = 2; len <= N; len <<= 1) {
		uint32_t half = len / 2, step = N / len;

		for (uint32_t i = 0; i < N; i += len) {
			for (uint32_t k = 0; k < half; k++) {
				double c = wr[k * step], s = sign * wi[k * step];
				double xr = re[i + k + half] * c - im[i + k + half] * s;
				double xi = re[i + k + half] * s + im[i + k + half] * c;

				re[i + k + half] = re[i + k] - xr;
				im[i + k + half] = im[i + k] - xi;
				re[i + k] += xr;
				im[i + k] += xi;
			}
		}
	}
}

static uint32_t
kernel(uint32_t n)
{
	uint32_t state = 11, sum = 0;

	init_roots();
	for (int i = 0; i < N; i++)
		re[i] = random_next(&state) & 0xffff;
	for (uint32_t r = 0; r < n; r++) {
		transform(-1);
		transform(1);
		for (int i = 0; i < N; i++) {
			re[i] /= N;
			im[i] /= N;
		}
	}
	for (int i = 0; i < N; i++)
		sum = mix(sum, (uint32_t)(int32_t)(re[i] + 0.5));
	return sum;
}
