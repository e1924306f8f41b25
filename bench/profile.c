/* Counting instructions: one pair of counters for each word of code. */
#include "bench/profile.h"

#include <stdio.h>
#include <stdlib.h>

#include "vm/exec/listing.h"
#include "vm/exec/profile.h"

struct counter {
	uint64_t executed, fell;
};

static struct counter *counters;
static const uint8_t *code_start, *code_end;

static void
count(const uint8_t *pc, bool fell)
{
	struct counter *c;

	if (pc < code_start || pc >= code_end)
		return;
	c = &counters[(pc - code_start) / 8];
	c->executed++;
	c->fell += fell;
}

int
profile_start(const struct code *c)
{
	counters = calloc(c->used / 8 + 1, sizeof(*counters));
	if (counters == NULL)
		return -1;
	code_start = c->region.base;
	code_end = c->region.base + c->used;
	code_profile = count;
	return 0;
}

static bool
function_ran(const struct code_func *f)
{
	for (uint32_t at = f->start; at < f->end; at += 8)
		if (counters[at / 8].executed > 0)
			return true;
	return false;
}

/* Number the instructions of a function by their offsets. */
static void
number(const struct listing *d, const struct code *c,
	const struct code_func *f, uint32_t *numbers)
{
	struct listing_ins in;
	uint32_t n = 0;

	for (uint32_t at = f->start; at < f->end && listing_read(d, c, at, &in);
	    at += in.length)
		numbers[at / 8] = n++;
	numbers[f->end / 8] = n;
}

/* What follows an instruction: of a br, where it goes. */
static uint32_t
next_of(const struct code *c, const struct listing_ins *in)
{
	uint32_t to = in->at + in->length;

	if (in->handler == HANDLER_BR)
		listing_target(c, in, 0, &to);
	return to;
}

/* Where a branch goes if it is taken; of others, what follows. */
static uint32_t
target_of(const struct code *c, const struct listing_ins *in)
{
	uint32_t to = in->at + in->length;

	if (in->cells == 0)
		listing_target(c, in, 0, &to);
	return to;
}

static void
write_function(FILE *out, const struct listing *d, const struct code *c,
	const struct code_func *f, const uint32_t *numbers)
{
	struct listing_ins in;

	for (uint32_t at = f->start; at < f->end && listing_read(d, c, at, &in);
	    at += in.length)
		fprintf(out, "%llu %llu %s %u %u %u\n",
			(unsigned long long)counters[at / 8].executed,
			(unsigned long long)counters[at / 8].fell, in.name,
			(unsigned)in.fused, (unsigned)numbers[next_of(c, &in) / 8],
			(unsigned)numbers[target_of(c, &in) / 8]);
}

int
profile_write(const struct code *c, const char *path)
{
	uint32_t *numbers = calloc(c->used / 8 + 1, sizeof(*numbers));
	struct listing *d = listing_new();
	FILE *out = fopen(path, "w");

	if (numbers == NULL || d == NULL || out == NULL)
		return -1;
	for (uint32_t f = 0; f < c->nfuncs; f++) {
		if (!function_ran(&c->funcs[f]))
			continue;
		fprintf(out, "function %u\n", (unsigned)f);
		number(d, c, &c->funcs[f], numbers);
		write_function(out, d, c, &c->funcs[f], numbers);
	}
	listing_free(d);
	free(numbers);
	return fclose(out) == 0 ? 0 : -1;
}
