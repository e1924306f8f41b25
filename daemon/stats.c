/* The daemon's parts as metrics see them. Runs in the daemon. */
#include "config.h"

#include "daemon/stats.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "daemon/conn.h"
#include "daemon/jobs.h"
#include "daemon/metrics.h"
#include "daemon/process.h"
#include "daemon/store.h"
#include "daemon/templates.h"
#include "daemon/worker.h"

void
stats_init(struct stats *s)
{
	memset(s, 0, sizeof(*s));
	metric_set(METRIC_STARTED, 0, clock_realtime_us());
}

/* What is resident and not shared with files. */
static uint64_t
stats_memory(void)
{
	FILE *f = fopen("/proc/self/statm", "re");
	unsigned long long resident = 0, shared = 0;

	if (f != NULL && fscanf(f, "%*u %llu %llu", &resident, &shared) != 2)
		resident = shared = 0;
	if (f != NULL)
		fclose(f);
	return (resident - shared) * (uint64_t)sysconf(_SC_PAGESIZE);
}

static void
stats_look_up(const struct stats *s)
{
	const struct layer_report *layers = workers_layers(s->workers);
	unsigned states[JOB_STATE_COUNT];
	const struct catalog *catalog;
	struct templates_sum sum;

	jobs_count_states(s->jobs, states);
	for (unsigned i = 0; i < JOB_STATE_COUNT; i++)
		metric_set(METRIC_JOBS, i, states[i]);
	for (unsigned i = 0; i < LAYER_COUNT; i++)
		metric_set(METRIC_LAYERS, i, layers->in_force >> i & 1);
	templates_sum(s->templates, &sum);
	metric_set(METRIC_TEMPLATES, 0, sum.count);
	metric_set(METRIC_TEMPLATES_BYTES, 0, sum.bytes);
	metric_set(METRIC_CHILDREN_READY, 0, sum.ready);
	catalog = store_catalog(s->store);
	metric_set(METRIC_STORE, 0, catalog->count);
	metric_set(METRIC_STORE_BYTES, 0, catalog->bytes);
	metric_set(METRIC_CONNS, 0, conns_count(s->conns));
	metric_set(METRIC_PROCESSES, 0, process_count());
	metric_set(METRIC_MEMORY, 0, stats_memory());
}

int
stats_print(const struct stats *s, struct buf *out)
{
	stats_look_up(s);
	return metrics_print(out);
}
