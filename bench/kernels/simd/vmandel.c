/* The Mandelbrot set, four points at a time: f32 arithmetic, comparison, and a
 * test whether any lane is left. */
#include "vector.h"

static const uint32_t default_rounds = 2000;

static i32x4
escape_time(f32x4 cr, f32x4 ci)
{
	f32x4 zr = { 0 }, zi = { 0 };
	i32x4 count = { 0 };

	for (int i = 0; i < 200; i++) {
		f32x4 rr = zr * zr, ii = zi * zi;
		i32x4 in = rr + ii < 4.0f;

		if ((in[0] | in[1] | in[2] | in[3]) == 0)
			break;
		count -= in;
		zi = (zr + zr) * zi + ci;
		zr = rr - ii + cr;
	}
	return count;
}

static uint32_t
kernel(uint32_t n)
{
	const f32x4 step = { 0, 1, 2, 3 };
	uint32_t sum = 0;

	for (uint32_t y = 0; y < n; y++) {
		f32x4 ci = { 0 };

		ci += 2.4f * (float)y / (float)n - 1.2f;
		for (uint32_t x = 0; x < n; x += 4) {
			f32x4 cr = ((float)x + step) * (3.0f / (float)n) - 2.2f;
			i32x4 c = escape_time(cr, ci);

			sum = mix(sum, (uint32_t)(c[0] + 3 * c[1] + 5 * c[2] +
				7 * c[3]));
		}
	}
	return sum;
}
