/* The daemon's metrics as wasmctl reads them. Used by wasmctl. */
#include "client/samples.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SAMPLES_LINE 512

static bool
samples_is_number(const char *text)
{
	char *end;

	if (!isdigit((unsigned char)text[0]))
		return false;
	strtod(text, &end);
	return *end == '\0' && text[strspn(text, "0123456789.e+-")] == '\0';
}

/* name{label="value"} number, or name number */
static int
samples_read_line(struct sample *s, const char *line)
{
	static const char names[] = "abcdefghijklmnopqrstuvwxyz_";
	size_t n = strspn(line, names);
	int end = 0;

	memset(s, 0, sizeof(*s));
	if (n == 0 || n >= sizeof(s->name))
		return -1;
	memcpy(s->name, line, n);
	line += n;
	if (*line == '{') {
		if (sscanf(line, "{%23[a-z_]=\"%39[^\"\\]\"}%n", s->label,
			    s->value, &end) != 2 || end == 0)
			return -1;
		line += end;
	}
	if (sscanf(line, " %39s%n", s->number, &end) != 1 ||
	    line[end] != '\0' || !samples_is_number(s->number))
		return -1;
	return 0;
}

int
samples_read(struct samples *s, const char *text, size_t len)
{
	char line[SAMPLES_LINE];

	s->count = 0;
	while (len > 0) {
		const char *newline = memchr(text, '\n', len);
		size_t n = newline == NULL ? 0 : (size_t)(newline - text);

		if (newline == NULL || n >= sizeof(line))
			return -1;
		memcpy(line, text, n);
		line[n] = '\0';
		text += n + 1;
		len -= n + 1;
		if (line[0] == '#')
			continue;
		if (s->count == SAMPLES_MAX ||
		    samples_read_line(&s->items[s->count], line) == -1)
			return -1;
		s->count++;
	}
	return 0;
}

double
samples_get(const struct samples *s, const char *name, const char *value)
{
	for (size_t i = 0; i < s->count; i++) {
		const struct sample *item = &s->items[i];

		if (strcmp(item->name, name) == 0 && strcmp(item->value,
			    value == NULL ? "" : value) == 0)
			return strtod(item->number, NULL);
	}
	return 0;
}

double
samples_sum(const struct samples *s, const char *name)
{
	double sum = 0;

	for (size_t i = 0; i < s->count; i++) {
		if (strcmp(s->items[i].name, name) == 0)
			sum += strtod(s->items[i].number, NULL);
	}
	return sum;
}

/* How many of the durations are in a bucket or below it, without those before.
 * Buckets are the same in both. */
static double
samples_below(const struct sample *bucket, const struct samples *before)
{
	double n = strtod(bucket->number, NULL);

	return before == NULL ? n :
		n - samples_get(before, bucket->name, bucket->value);
}

double
samples_quantile(const struct samples *s, const struct samples *before,
	const char *name, double q)
{
	char bucket[80], count[80];
	double all, low = 0, below = 0;

	snprintf(bucket, sizeof(bucket), "%s_bucket", name);
	snprintf(count, sizeof(count), "%s_count", name);
	all = samples_get(s, count, NULL) -
		(before == NULL ? 0 : samples_get(before, count, NULL));
	if (all <= 0)
		return -1;
	for (size_t i = 0; i < s->count; i++) {
		const struct sample *item = &s->items[i];
		double high, n;

		if (strcmp(item->name, bucket) != 0)
			continue;
		n = samples_below(item, before);
		if (strcmp(item->value, "+Inf") == 0)
			return low;
		high = strtod(item->value, NULL);
		if (n >= q * all && n > below)
			return low + (high - low) * (q * all - below) /
				(n - below);
		low = high;
		below = n;
	}
	return low;
}
