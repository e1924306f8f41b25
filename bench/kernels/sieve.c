/* The sieve of Eratosthenes: byte stores with a stride. */
#include "kernel.h"

static const uint32_t default_rounds = 30;

#define N 1000000

static uint8_t composite[N];

static uint32_t
count_primes(void)
{
	uint32_t count = 0;

	memset(composite, 0, sizeof(composite));
	for (uint32_t i = 2; i < N; i++) {
		if (composite[i])
			continue;
		count++;
		for (uint32_t j = 2 * i; j < N; j += i)
			composite[j] = 1;
	}
	return count;
}

static uint32_t
kernel(uint32_t n)
{
	uint32_t sum = 0;

	for (uint32_t i = 0; i < n; i++)
		sum = mix(sum, count_primes());
	return sum;
}
