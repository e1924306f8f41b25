/* Planets under gravity: f64 arithmetic and square roots. */
#include "kernel.h"

static const uint32_t default_rounds = 900000;

struct body {
	double x, y, z, vx, vy, vz, mass;
};

#define NBODIES 5

static void
advance(struct body *b, double dt)
{
	for (int i = 0; i < NBODIES; i++) {
		for (int j = i + 1; j < NBODIES; j++) {
			double dx = b[i].x - b[j].x;
			double dy = b[i].y - b[j].y;
			double dz = b[i].z - b[j].z;
			double d2 = dx * dx + dy * dy + dz * dz;
			double mag = dt / (d2 * __builtin_sqrt(d2));

			b[i].vx -= dx * b[j].mass * mag;
			b[i].vy -= dy * b[j].mass * mag;
			b[i].vz -= dz * b[j].mass * mag;
			b[j].vx += dx * b[i].mass * mag;
			b[j].vy += dy * b[i].mass * mag;
			b[j].vz += dz * b[i].mass * mag;
		}
	}
	for (int i = 0; i < NBODIES; i++) {
		b[i].x += dt * b[i].vx;
		b[i].y += dt * b[i].vy;
		b[i].z += dt * b[i].vz;
	}
}

static uint32_t
kernel(uint32_t n)
{
	struct body b[NBODIES];
	uint64_t bits;

	for (int i = 0; i < NBODIES; i++)
		b[i] = (struct body){ 3.0 * i, 1.5 * i - 2, 0.25 * i,
			0.1 * i, 0.3 - 0.1 * i, 0.02 * i, i == 0 ? 39.5 : 0.01 * i };
	for (uint32_t i = 0; i < n; i++)
		advance(b, 0.001);
	memcpy(&bits, &b[1].x, sizeof(bits));
	return (uint32_t)(bits ^ bits >> 32);
}
