/* What a C program asks of WASI, one line each. The tours in the other
 * languages print the same. */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define NUMBERS 200
#define WORDS_MAX 64

static int
compare_numbers(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static int
compare_words(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void
arguments(int argc, char **argv)
{
	printf("arguments:");
	for (int i = 1; i < argc; i++)
		printf(" [%s]", argv[i]);
	printf("\n");
}

static void
input(void)
{
	static char text[4096];
	char *words[WORDS_MAX];
	size_t n = 0, len = fread(text, 1, sizeof(text) - 1, stdin);

	printf("input: %zu bytes\n", len);
	for (char *w = strtok(text, " \n"); w != NULL && n < WORDS_MAX;
	    w = strtok(NULL, " \n"))
		words[n++] = w;
	qsort(words, n, sizeof(words[0]), compare_words);
	printf("words:");
	for (size_t i = 0, same; i < n; i += same) {
		for (same = 1; i + same < n &&
		    strcmp(words[i], words[i + same]) == 0; same++)
			;
		printf(" %s=%zu", words[i], same);
	}
	printf("\n");
}

static void
sorting(void)
{
	uint32_t x = 1, numbers[NUMBERS];

	for (int i = 0; i < NUMBERS; i++) {
		x = x * 1664525 + 1013904223;
		numbers[i] = x >> 16;
	}
	qsort(numbers, NUMBERS, sizeof(numbers[0]), compare_numbers);
	printf("sorted: %" PRIu32 " %" PRIu32 " %" PRIu32 "\n", numbers[0],
		numbers[NUMBERS / 2], numbers[NUMBERS - 1]);
}

static void
arithmetic(void)
{
	uint64_t hash = 14695981039346656037u;
	double pi = 0;

	for (int i = 0; i < 100000; i++) {
		hash ^= (uint64_t)(i & 255);
		hash *= 1099511628211u;
		pi += (i % 2 == 0 ? 4.0 : -4.0) / (2 * i + 1);
	}
	printf("hash: %016" PRIx64 "\n", hash);
	printf("pi: %.9f\n", pi);
}

static bool
slept(void)
{
	const struct timespec pause = { .tv_nsec = 20000000 };
	struct timespec before, after;

	clock_gettime(CLOCK_MONOTONIC, &before);
	nanosleep(&pause, NULL);
	clock_gettime(CLOCK_MONOTONIC, &after);
	return (after.tv_sec - before.tv_sec) * 1000000000 +
		after.tv_nsec - before.tv_nsec >= pause.tv_nsec;
}

static bool
is_random(void)
{
	uint8_t a[32], b[32];

	return getentropy(a, sizeof(a)) == 0 && getentropy(b, sizeof(b)) == 0 &&
		memcmp(a, b, sizeof(a)) != 0;
}

int
main(int argc, char **argv)
{
	const char *greeting = getenv("GREETING");

	arguments(argc, argv);
	printf("environment: %s\n", greeting != NULL ? greeting : "none");
	input();
	sorting();
	arithmetic();
	printf("slept: %s\n", slept() ? "yes" : "no");
	printf("after 2024: %s\n", time(NULL) > 1704067200 ? "yes" : "no");
	printf("random: %s\n", is_random() ? "yes" : "no");
	printf("file: %s\n",
		fopen("/etc/passwd", "r") != NULL ? "opened" : "refused");
	fflush(stdout);
	fprintf(stderr, "done\n");
	return 7;
}
