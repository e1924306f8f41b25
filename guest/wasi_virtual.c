/* WASI: time and randomness that are made up. */
#include "guest/wasi_virtual.h"

#include <string.h>

/* What looking at a clock takes, and what real time is at the start: the first
 * second of 2025. */
#define LOOK_NS 1000ull
#define REALTIME_START_NS 1735689600000000000ull

static uint64_t
add_saturated(uint64_t a, uint64_t b)
{
	return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

/* SplitMix64, which the authors of xoshiro256** name for its seed.
 * https://prng.di.unimi.it/ */
void
wasi_virtual_start(struct wasi_virtual *v, uint64_t seed)
{
	*v = (struct wasi_virtual){ .passed_ns = 0 };
	for (unsigned i = 0; i < 4; i++) {
		uint64_t z = seed += UINT64_C(0x9e3779b97f4a7c15);

		z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
		z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
		v->random[i] = z ^ z >> 31;
	}
}

uint64_t
wasi_virtual_now(struct wasi_virtual *v, enum wasi_clock clock)
{
	v->passed_ns = add_saturated(v->passed_ns, LOOK_NS);
	switch (clock) {
	case WASI_CLOCK_REALTIME:
		return add_saturated(REALTIME_START_NS, v->passed_ns);
	case WASI_CLOCK_MONOTONIC:
		return add_saturated(WASI_MONOTONIC_START_NS, v->passed_ns);
	default:
		return v->passed_ns - v->slept_ns;
	}
}

void
wasi_virtual_sleep(struct wasi_virtual *v, uint64_t ns)
{
	uint64_t then = add_saturated(v->passed_ns, ns);

	v->slept_ns += then - v->passed_ns;
	v->passed_ns = then;
}

static uint64_t
rotate(uint64_t x, unsigned k)
{
	return x << k | x >> (64 - k);
}

static uint64_t
random_next(uint64_t s[4])
{
	uint64_t result = rotate(s[1] * 5, 7) * 9, t = s[1] << 17;

	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= t;
	s[3] = rotate(s[3], 45);
	return result;
}

void
wasi_virtual_random(struct wasi_virtual *v, void *to, size_t len)
{
	uint8_t *p = to;

	while (len > 0) {
		uint64_t word = random_next(v->random);
		size_t n = len < sizeof(word) ? len : sizeof(word);

		memcpy(p, &word, n);
		p += n;
		len -= n;
	}
}
