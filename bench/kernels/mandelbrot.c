/* The Mandelbrot set: f64 in a tight loop that leaves at once or late. */
#include "kernel.h"

static const uint32_t default_rounds = 800;

static uint32_t
escape_time(double cr, double ci)
{
	double zr = 0, zi = 0;
	uint32_t i;

	for (i = 0; i < 200 && zr * zr + zi * zi < 4; i++) {
		double t = zr * zr - zi * zi + cr;

		zi = 2 * zr * zi + ci;
		zr = t;
	}
	return i;
}

static uint32_t
kernel(uint32_t n)
{
	uint32_t sum = 0;

	for (uint32_t y = 0; y < n; y++) {
		for (uint32_t x = 0; x < n; x++)
			sum = mix(sum, escape_time(3.0 * x / n - 2.2, 2.4 * y / n - 1.2));
	}
	return sum;
}
