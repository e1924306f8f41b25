/*
 * What the daemon counts, by the table of daemon/metrics.def, and as Prometheus
 * text. The figures are the process's, as its log is: an increment is all that
 * a call pays for one. Runs in the daemon.
 */
#ifndef DAEMON_METRICS_H
#define DAEMON_METRICS_H

#include <stdint.h>

#include "base/buf.h"
#include "daemon/death.h"
#include "daemon/job_table.h"
#include "proto/proto.h"
#include "sandbox/layers.h"

/* Upper bounds of a histogram's buckets, in microseconds. */
#define METRICS_BOUNDS \
	100, 200, 500, 1000, 2000, 5000, 10000, 20000, 50000, 100000, 200000, \
	500000, 1000000, 5000000, 30000000, 120000000, 600000000

enum {
	METRICS_BUCKETS = sizeof((const int[]){ METRICS_BOUNDS }) / sizeof(int),
	/* One figure for each value of a label. */
	METRICS_NONE = 1,
	METRICS_STATUS = PROTO_STATUS_COUNT,
	METRICS_STATE = JOB_STATE_COUNT,
	METRICS_LAYER = LAYER_COUNT,
	METRICS_DEATH = DEATH_COUNT,
	METRICS_ERROR = 0
#define PROTO_ERROR(id, number, name) + 1
#include "proto/errors.def"
#undef PROTO_ERROR
	,
	/* Of each label's value: a histogram's buckets, +Inf's, and the sum. */
	METRICS_COUNTER = 1,
	METRICS_GAUGE = 1,
	METRICS_TIMES = METRICS_BUCKETS + 2,
};

/* Where each metric's figures begin. */
enum metric {
#define METRIC(id, name, type, label, help) METRIC_##id, METRIC_END_##id = \
	METRIC_##id + METRICS_##type * METRICS_##label - 1,
#include "daemon/metrics.def"
#undef METRIC
	METRIC_FIGURES
};

extern uint64_t metrics[METRIC_FIGURES];

static inline void
metric_add(enum metric m, uint64_t n)
{
	metrics[m] += n;
}

/* For a value of its label, by its number. */
static inline void
metric_count(enum metric m, unsigned value)
{
	metrics[m + value]++;
}

void metric_count_error(enum proto_error code);

/* Into a histogram. */
void metric_time(enum metric m, uint64_t us);

static inline void
metric_set(enum metric m, unsigned value, uint64_t n)
{
	metrics[m + value] = n;
}

/* All of it, in Prometheus' text format, version 0.0.4. -1: out of memory. */
int metrics_print(struct buf *out);

#endif
