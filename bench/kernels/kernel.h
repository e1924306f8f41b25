/*
 * What every kernel shares: it computes a checksum of n rounds, and prints it.
 * The same file is compiled to WebAssembly (a WASI command) and natively, so
 * that all engines and the machine itself do the same work.
 *
 * usage: KERNEL [rounds]
 */
#ifndef BENCH_KERNEL_H
#define BENCH_KERNEL_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Defined by each kernel: its work, and how many rounds take about a second
 * in an interpreter. */
static uint32_t kernel(uint32_t n);
static const uint32_t default_rounds;

/* A pseudo-random sequence that is equal everywhere (xorshift32). */
static inline uint32_t
random_next(uint32_t *state)
{
	uint32_t x = *state;

	x ^= x << 13;
	x ^= x >> 17;
	x ^= x << 5;
	return *state = x;
}

static inline uint32_t
mix(uint32_t sum, uint32_t x)
{
	return (sum ^ x) * 0x01000193u;
}

int
main(int argc, char **argv)
{
	uint32_t n = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10)
			      : default_rounds;
	uint32_t sum = kernel(n);
	char line[9];

	for (int i = 0; i < 8; i++)
		line[i] = "0123456789abcdef"[sum >> (28 - 4 * i) & 15];
	line[8] = '\n';
	return write(1, line, sizeof(line)) == sizeof(line) ? 0 : 1;
}

#endif
