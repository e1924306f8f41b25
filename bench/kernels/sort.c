/* Quicksort with a comparison function: indirect calls, unpredictable
 * branches, memory. */
#include "kernel.h"

static const uint32_t default_rounds = 8;

#define N 200000

static uint32_t data[N];

typedef int (*compare_fn)(const uint32_t *, const uint32_t *);

static int
ascending(const uint32_t *a, const uint32_t *b)
{
	return *a < *b ? -1 : *a > *b;
}

static int
by_low_bits(const uint32_t *a, const uint32_t *b)
{
	return (int)(*a & 0xffff) - (int)(*b & 0xffff);
}

static void
insertion_sort(uint32_t *a, int n, compare_fn compare)
{
	for (int i = 1; i < n; i++) {
		uint32_t x = a[i];
		int j = i;

		for (; j > 0 && compare(&a[j - 1], &x) > 0; j--)
			a[j] = a[j - 1];
		a[j] = x;
	}
}

static void
sort(uint32_t *a, int n, compare_fn compare)
{
	while (n > 12) {
		uint32_t pivot = a[n / 2];
		int i = 0, j = n - 1;

		while (i <= j) {
			while (compare(&a[i], &pivot) < 0)
				i++;
			while (compare(&a[j], &pivot) > 0)
				j--;
			if (i <= j) {
				uint32_t t = a[i];

				a[i++] = a[j];
				a[j--] = t;
			}
		}
		sort(a, j + 1, compare);
		a += i;
		n -= i;
	}
	insertion_sort(a, n, compare);
}

static uint32_t
kernel(uint32_t n)
{
	compare_fn compares[2] = { ascending, by_low_bits };
	uint32_t state = 5, sum = 0;

	for (uint32_t r = 0; r < n; r++) {
		for (int i = 0; i < N; i++)
			data[i] = random_next(&state);
		sort(data, N, compares[r & 1]);
		for (int i = 0; i < N; i += 1000)
			sum = mix(sum, data[i] & 0xffff);
	}
	return sum;
}
