/* What the daemon counts. Runs in the daemon. */
#include "daemon/metrics.h"

#include <inttypes.h>

uint64_t metrics[METRIC_FIGURES];

static const uint64_t metrics_bounds[] = { METRICS_BOUNDS };

static const struct metrics_error {
	enum proto_error code;
	const char *name;
} metrics_errors[] = {
#define PROTO_ERROR(id, number, name) { PROTO_ERROR_##id, name },
#include "proto/errors.def"
#undef PROTO_ERROR
};

enum metrics_type { TYPE_COUNTER, TYPE_GAUGE, TYPE_TIMES };
enum metrics_label {
	LABEL_NONE, LABEL_STATUS, LABEL_ERROR, LABEL_STATE, LABEL_LAYER,
	LABEL_DEATH
};

static const struct metric_info {
	enum metric first;
	const char *name;
	enum metrics_type type;
	enum metrics_label label;
	unsigned values;	/* of the label */
	const char *help;
} metric_table[] = {
#define METRIC(id, name, type, label, help) { METRIC_##id, name, TYPE_##type, \
	LABEL_##label, METRICS_##label, help },
#include "daemon/metrics.def"
#undef METRIC
};

void
metric_count_error(enum proto_error code)
{
	for (unsigned i = 0; i < METRICS_ERROR; i++) {
		if (metrics_errors[i].code == code)
			metric_count(METRIC_REFUSED, i);
	}
}

void
metric_time(enum metric m, uint64_t us)
{
	unsigned bucket = 0;

	while (bucket < METRICS_BUCKETS && us > metrics_bounds[bucket])
		bucket++;
	metrics[m + bucket]++;
	metrics[m + METRICS_BUCKETS + 1] += us;
}

/* ---- as text ------------------------------------------------------------- */

static const char *
metrics_label_name(enum metrics_label label)
{
	static const char *const names[] = {
		[LABEL_STATUS] = "status", [LABEL_ERROR] = "error",
		[LABEL_STATE] = "state", [LABEL_LAYER] = "layer",
		[LABEL_DEATH] = "death",
	};

	return names[label];
}

static const char *
metrics_label_value(enum metrics_label label, unsigned value)
{
	switch (label) {
	case LABEL_NONE:
		break;
	case LABEL_STATUS:
		return proto_status_info[value].letters;
	case LABEL_ERROR:
		return metrics_errors[value].name;
	case LABEL_STATE:
		return job_state_name[value];
	case LABEL_LAYER:
		return layer_info[value].name;
	case LABEL_DEATH:
		return death_name[value];
	}
	return "";
}

/* What is kept in microseconds is told in seconds, as its name says. */
static int
metrics_print_number(struct buf *out, enum metric m)
{
	if (m == METRIC_CPU_US || m == METRIC_STARTED)
		return buf_printf(out, " %" PRIu64 ".%06" PRIu64 "\n",
			metrics[m] / 1000000, metrics[m] % 1000000);
	return buf_printf(out, " %" PRIu64 "\n", metrics[m]);
}

static int
metrics_print_values(struct buf *out, const struct metric_info *info)
{
	for (unsigned i = 0; i < info->values; i++) {
		if (buf_printf(out, "%s", info->name) == -1)
			return -1;
		if (info->label != LABEL_NONE && buf_printf(out, "{%s=\"%s\"}",
			    metrics_label_name(info->label),
			    metrics_label_value(info->label, i)) == -1)
			return -1;
		if (metrics_print_number(out, info->first + i) == -1)
			return -1;
	}
	return 0;
}

/* Each bucket counts those below it, too. */
static int
metrics_print_times(struct buf *out, const struct metric_info *info)
{
	uint64_t count = 0, sum;

	for (unsigned i = 0; i < METRICS_BUCKETS; i++) {
		count += metrics[info->first + i];
		if (buf_printf(out, "%s_bucket{le=\"%g\"} %" PRIu64 "\n",
			    info->name, (double)metrics_bounds[i] / 1e6,
			    count) == -1)
			return -1;
	}
	count += metrics[info->first + METRICS_BUCKETS];
	sum = metrics[info->first + METRICS_BUCKETS + 1];
	return buf_printf(out, "%s_bucket{le=\"+Inf\"} %" PRIu64 "\n"
		"%s_sum %" PRIu64 ".%06" PRIu64 "\n%s_count %" PRIu64 "\n",
		info->name, count, info->name, sum / 1000000, sum % 1000000,
		info->name, count);
}

static int
metrics_print_one(struct buf *out, const struct metric_info *info)
{
	static const char *const types[] = {
		[TYPE_COUNTER] = "counter", [TYPE_GAUGE] = "gauge",
		[TYPE_TIMES] = "histogram",
	};

	if (buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", info->name,
		    info->help, info->name, types[info->type]) == -1)
		return -1;
	return info->type == TYPE_TIMES ? metrics_print_times(out, info) :
		metrics_print_values(out, info);
}

int
metrics_print(struct buf *out)
{
	for (size_t i = 0; i < sizeof(metric_table) / sizeof(metric_table[0]);
	    i++) {
		if (metrics_print_one(out, &metric_table[i]) == -1)
			return -1;
	}
	return 0;
}
