/*
 * The daemon's metrics as wasmctl reads them: the lines of Prometheus' text
 * format (https://prometheus.io/docs/instrumenting/exposition_formats/), as far
 * as wasmd writes it: at most one label, no timestamps. Used by wasmctl.
 */
#ifndef CLIENT_SAMPLES_H
#define CLIENT_SAMPLES_H

#include <stddef.h>

#define SAMPLES_MAX 1024

struct sample {
	char name[64];		/* "wasmd_jobs" */
	char label[24];		/* "state"; "": none */
	char value[40];		/* "queued" */
	char number[40];	/* as it was written */
};

struct samples {
	size_t count;
	struct sample items[SAMPLES_MAX];
};

/* 0, or -1: a line is none of those that wasmd writes. */
int samples_read(struct samples *s, const char *text, size_t len);

/* The figure; 0 if there is none. value: of the label, NULL if it has none. */
double samples_get(const struct samples *s, const char *name,
	const char *value);

/* All values of the metric's label together. */
double samples_sum(const struct samples *s, const char *name);

/*
 * The time below which the part q of a histogram's durations are, in seconds;
 * between two bounds, as if they were evenly spread. Those before are not
 * counted; before may be NULL. Negative: there are none.
 */
double samples_quantile(const struct samples *s, const struct samples *before,
	const char *name, double q);

#endif
