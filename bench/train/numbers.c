/* Training: floating point and integer arithmetic, arrays of both. */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define N 48

static double a[N][N], v[N], w[N];
static float plane[64][64], other[64][64];
static int32_t samples[4096], filtered[4096];

static double
spectral(void)
{
	for (int i = 0; i < N; i++)
		v[i] = 1;
	for (int r = 0; r < 4; r++) {
		for (int i = 0; i < N; i++) {
			double s = 0;

			for (int j = 0; j < N; j++)
				s += v[j] / ((i + j) * (i + j + 1) / 2 + i + 1);
			w[i] = s;
		}
		for (int i = 0; i < N; i++)
			v[i] = w[i];
	}
	return v[0];
}

/* Decomposition in place, and a solution. */
static double
lu(void)
{
	for (int i = 0; i < N; i++)
		for (int j = 0; j < N; j++)
			a[i][j] = i == j ? N : 1.0 / (i + j + 1);
	for (int k = 0; k < N; k++)
		for (int i = k + 1; i < N; i++) {
			double f = a[i][k] /= a[k][k];

			for (int j = k + 1; j < N; j++)
				a[i][j] -= f * a[k][j];
		}
	for (int i = 0; i < N; i++) {
		double s = 1;

		for (int j = 0; j < i; j++)
			s -= a[i][j] * v[j];
		v[i] = s;
	}
	return v[N - 1];
}

static float
diffuse(void)
{
	for (int r = 0; r < 6; r++) {
		for (int y = 1; y < 63; y++)
			for (int x = 1; x < 63; x++)
				other[y][x] = plane[y][x] + 0.1f * (plane[y - 1][x] +
					plane[y + 1][x] + plane[y][x - 1] +
					plane[y][x + 1] - 4 * plane[y][x]);
		for (int y = 1; y < 63; y++)
			for (int x = 1; x < 63; x++)
				plane[y][x] = other[y][x];
		plane[32][32] += 100;
	}
	return plane[30][30];
}

struct vec {
	double x, y, z;
};

static double
dot(struct vec p, struct vec q)
{
	return p.x * q.x + p.y * q.y + p.z * q.z;
}

/* Rays against spheres. */
static double
trace(void)
{
	static const struct vec centers[4] = {
		{ 0, 0, 5 }, { 1, 1, 6 }, { -1, 0.5, 4 }, { 0.3, -1, 7 },
	};
	double light = 0;

	for (int py = 0; py < 40; py++)
		for (int px = 0; px < 40; px++) {
			struct vec d = { (px - 20) / 20.0, (py - 20) / 20.0, 1 };
			double len = 1 / sqrt(dot(d, d)), best = 1e9;

			d = (struct vec){ d.x * len, d.y * len, d.z * len };
			for (int s = 0; s < 4; s++) {
				double b = dot(centers[s], d);
				double c = dot(centers[s], centers[s]) - 0.8;
				double disc = b * b - c;

				if (disc > 0 && b - sqrt(disc) < best)
					best = b - sqrt(disc);
			}
			if (best < 1e8)
				light += 1 / best;
		}
	return light;
}

/* Eight-point cosine transform of rows. */
static float
dct(void)
{
	float sum = 0;

	for (int y = 0; y < 64; y++)
		for (int b = 0; b < 64; b += 8) {
			float *p = &plane[y][b], o[8];
			float s07 = p[0] + p[7], d07 = p[0] - p[7];
			float s16 = p[1] + p[6], d16 = p[1] - p[6];
			float s25 = p[2] + p[5], d25 = p[2] - p[5];
			float s34 = p[3] + p[4], d34 = p[3] - p[4];

			o[0] = s07 + s34 + s16 + s25;
			o[4] = s07 + s34 - s16 - s25;
			o[2] = (s07 - s34) * 1.3066f + (s16 - s25) * 0.5412f;
			o[6] = (s07 - s34) * 0.5412f - (s16 - s25) * 1.3066f;
			o[1] = d07 * 1.3870f + d16 * 1.1759f + d25 * 0.7857f + d34 * 0.2759f;
			o[3] = d07 * 1.1759f - d16 * 0.2759f - d25 * 1.3870f - d34 * 0.7857f;
			o[5] = d07 * 0.7857f - d16 * 1.3870f + d25 * 0.2759f + d34 * 1.1759f;
			o[7] = d07 * 0.2759f - d16 * 0.7857f + d25 * 1.1759f - d34 * 1.3870f;
			for (int i = 0; i < 8; i++)
				sum += o[i] * 0.125f;
		}
	return sum;
}

static int64_t
filter(void)
{
	static const int16_t taps[16] = { 1, -3, 8, -20, 45, -90, 200, 1500,
		1500, 200, -90, 45, -20, 8, -3, 1 };
	int64_t power = 0, y1 = 0, y2 = 0;

	for (int i = 0; i < 4096; i++)
		samples[i] = (i * 7919 & 0xffff) - 32768;
	for (int i = 15; i < 4096; i++) {
		int32_t s = 0;

		for (int t = 0; t < 16; t++)
			s += taps[t] * samples[i - t];
		filtered[i] = s >> 11;
	}
	for (int i = 0; i < 4096; i++) {
		int64_t y = filtered[i] + (y1 * 29000 >> 14) - (y2 * 14000 >> 14);

		y2 = y1;
		y1 = y;
		power += y * y >> 8;
	}
	return power;
}

static uint64_t
powmod(uint64_t b, uint64_t e, uint64_t m)
{
	uint64_t r = 1;

	for (b %= m; e > 0; e >>= 1, b = b * b % m)
		if (e & 1)
			r = r * b % m;
	return r;
}

static uint64_t
gcd(uint64_t x, uint64_t y)
{
	while (y != 0) {
		uint64_t t = x % y;

		x = y;
		y = t;
	}
	return x;
}

static uint32_t
collatz(uint64_t n)
{
	uint32_t steps = 0;

	for (; n != 1; steps++)
		n = n & 1 ? 3 * n + 1 : n / 2;
	return steps;
}

static uint32_t
twister(int n)
{
	static uint32_t mt[624];
	uint32_t sum = 0, y;
	int at = 624;

	mt[0] = 5489;
	for (int i = 1; i < 624; i++)
		mt[i] = 1812433253u * (mt[i - 1] ^ mt[i - 1] >> 30) + (uint32_t)i;
	while (n-- > 0) {
		if (at == 624) {
			for (int i = 0; i < 624; i++) {
				y = (mt[i] & 0x80000000u) | (mt[(i + 1) % 624] & 0x7fffffffu);
				mt[i] = mt[(i + 397) % 624] ^ y >> 1 ^
					(y & 1 ? 0x9908b0dfu : 0);
			}
			at = 0;
		}
		y = mt[at++];
		y ^= y >> 11;
		y ^= y << 7 & 0x9d2c5680u;
		y ^= y << 15 & 0xefc60000u;
		sum += y ^ y >> 18;
	}
	return sum;
}

static double
monte_carlo(int n)
{
	uint64_t s = 88172645463325252;
	int in = 0;

	for (int i = 0; i < n; i++) {
		double x, y;

		s ^= s << 13;
		s ^= s >> 7;
		s ^= s << 17;
		x = (double)(s >> 40) / (1 << 24);
		y = (double)(s & 0xffffff) / (1 << 24);
		in += x * x + y * y <= 1;
	}
	return 4.0 * in / n;
}

static double
julia(void)
{
	int sum = 0;

	for (int y = 0; y < 40; y++)
		for (int x = 0; x < 40; x++) {
			float zr = (float)x / 20 - 1, zi = (float)y / 20 - 1;
			int i = 0;

			while (i < 60 && zr * zr + zi * zi < 4) {
				float t = zr * zr - zi * zi - 0.8f;

				zi = 2 * zr * zi + 0.156f;
				zr = t;
				i++;
			}
			sum += i;
		}
	return sum;
}

int
main(void)
{
	double f = 0;
	uint64_t n = 0;

	for (int i = 0; i < 4; i++) {
		f += spectral() + lu() + diffuse() + trace() + dct() + julia();
		f += monte_carlo(10000) + sin(f) + exp(1 / (1 + fabs(f))) + pow(2, i);
		n += (uint64_t)filter() + twister(5000);
		for (uint64_t k = 1; k < 300; k++)
			n += powmod(k, 1000003, 1000000007) + gcd(k * 7919, 360360) +
				collatz(k);
	}
	printf("%.3f %llu\n", f, (unsigned long long)n);
	return 0;
}
