/* The daemon's metrics as lines for a person. Used by wasmctl. */
#include "client/overview.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include "client/quantity.h"

struct overview {
	struct buf *out;
	const struct samples *now, *before;
	double seconds;		/* from before to now; 0: all the time */
};

/* A counter, or how much it has grown. */
static double
overview_count(const struct overview *o, const char *name, const char *value)
{
	double n = samples_get(o->now, name, value);

	return o->before == NULL ? n :
		n - samples_get(o->before, name, value);
}

static const char *
overview_size(char text[QUANTITY_MAX], double bytes)
{
	return quantity_write_size(text, bytes > 0 ? (uint64_t)bytes : 0);
}

/* "12 OK, 3 TR": the figures of a metric that are not 0. */
static int
overview_write_each(struct overview *o, const char *title, const char *name)
{
	bool any = false;

	if (buf_printf(o->out, "%-12s", title) == -1)
		return -1;
	for (size_t i = 0; i < o->now->count; i++) {
		const struct sample *item = &o->now->items[i];
		double n;

		if (strcmp(item->name, name) != 0)
			continue;
		n = overview_count(o, name, item->value);
		if (n > 0 && buf_printf(o->out, "%s%.0f %s", any ? ", " : "", n,
			    item->value) == -1)
			return -1;
		any = any || n > 0;
	}
	return buf_printf(o->out, "%s\n", any ? "" : "none");
}

static int
overview_write_rate(struct overview *o)
{
	double n = samples_sum(o->now, "wasmd_jobs_ended_total");

	if (o->before == NULL)
		return 0;
	n -= samples_sum(o->before, "wasmd_jobs_ended_total");
	return buf_printf(o->out, "%-12s%.1f in a second\n", "calls",
		o->seconds > 0 ? n / o->seconds : 0);
}

static int
overview_write_times(struct overview *o, const char *title, const char *name)
{
	static const double parts[] = { 0.5, 0.9, 0.99 };
	char text[QUANTITY_MAX];

	if (buf_printf(o->out, "%-12s", title) == -1)
		return -1;
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		double s = samples_quantile(o->now, o->before, name, parts[i]);

		if (buf_printf(o->out, i < 2 ? "%-10s" : "%s", s < 0 ? "-" :
			    quantity_write_time(text, (uint64_t)(s * 1e6))) ==
		    -1)
			return -1;
	}
	return buf_printf(o->out, "\n");
}

/* "97 %", of those that could. */
static int
overview_write_part(struct overview *o, const char *before, const char *hits,
	const char *misses)
{
	double hit = overview_count(o, hits, NULL);
	double all = hit + overview_count(o, misses, NULL);

	if (all <= 0)
		return 0;
	return buf_printf(o->out, ", %s %.0f %%", before, 100 * hit / all);
}

static int
overview_write_templates(struct overview *o)
{
	char text[QUANTITY_MAX];

	if (buf_printf(o->out, "%-12s%.0f loaded, %s", "modules",
		    samples_get(o->now, "wasmd_templates", NULL),
		    overview_size(text, samples_get(o->now,
			    "wasmd_templates_bytes", NULL))) == -1 ||
	    overview_write_part(o, "found", "wasmd_template_hits_total",
		    "wasmd_template_misses_total") == -1 ||
	    buf_printf(o->out, ", %.0f evicted, %.0f crashes\n",
		    overview_count(o, "wasmd_template_evictions_total", NULL),
		    overview_count(o, "wasmd_crashes_total", NULL)) == -1 ||
	    buf_printf(o->out, "%-12s%.0f modules, %s\n", "store",
		    samples_get(o->now, "wasmd_store_modules", NULL),
		    overview_size(text, samples_get(o->now, "wasmd_store_bytes",
			    NULL))) == -1 ||
	    buf_printf(o->out, "%-12s%.0f waiting", "children",
		    samples_get(o->now, "wasmd_children_ready", NULL)) == -1 ||
	    overview_write_part(o, "found", "wasmd_pool_hits_total",
		    "wasmd_pool_misses_total") == -1)
		return -1;
	return buf_printf(o->out, "\n");
}

static int
overview_write_guests(struct overview *o)
{
	char cpu[QUANTITY_MAX], out[QUANTITY_MAX], in[QUANTITY_MAX];
	double us = 1e6 * overview_count(o, "wasmd_guest_cpu_seconds_total",
		NULL);

	return buf_printf(o->out, "%-12sCPU %s, output %s, input %s\n",
		"guests", quantity_write_time(cpu, us > 0 ? (uint64_t)us : 0),
		overview_size(out, overview_count(o,
			"wasmd_guest_output_bytes_total", NULL)),
		overview_size(in, overview_count(o,
			"wasmd_guest_input_bytes_total", NULL)));
}

static int
overview_write_sandbox(struct overview *o)
{
	unsigned layers = 0;

	for (size_t i = 0; i < o->now->count; i++)
		layers += strcmp(o->now->items[i].name,
			"wasmd_layer_in_force") == 0;
	return buf_printf(o->out, "%-12s%.0f violations, %.0f of %u layers in "
		"force, %.0f workers lost\n", "sandbox",
		overview_count(o, "wasmd_sandbox_violations_total", NULL),
		samples_sum(o->now, "wasmd_layer_in_force"), layers,
		overview_count(o, "wasmd_workers_lost_total", NULL));
}

static int
overview_write_daemon(struct overview *o)
{
	char memory[QUANTITY_MAX], up[QUANTITY_MAX];
	double age = (double)time(NULL) -
		samples_get(o->now, "wasmd_start_time_seconds", NULL);

	return buf_printf(o->out, "%-12sup %s, %s of memory, %.0f processes, "
		"%.0f connections\n", "daemon",
		quantity_write_time(up, age > 0 ? (uint64_t)(age * 1e6) : 0),
		overview_size(memory, samples_get(o->now, "wasmd_memory_bytes",
			NULL)),
		samples_get(o->now, "wasmd_processes", NULL),
		samples_get(o->now, "wasmd_connections", NULL));
}

int
overview_write(struct buf *out, const struct samples *s,
	const struct samples *before, double seconds)
{
	struct overview o = { out, s, before, seconds };

	if (overview_write_rate(&o) == -1 ||
	    overview_write_each(&o, "jobs", "wasmd_jobs") == -1 ||
	    overview_write_each(&o, "ended", "wasmd_jobs_ended_total") == -1 ||
	    overview_write_each(&o, "processes",
		    "wasmd_process_deaths_total") == -1 ||
	    overview_write_each(&o, "refused",
		    "wasmd_requests_refused_total") == -1 ||
	    buf_printf(out, "%-12s%-10s%-10s%s\n", "times", "50 %", "90 %",
		    "99 %") == -1 ||
	    overview_write_times(&o, "  queue", "wasmd_job_queue_seconds") ==
	    -1 ||
	    overview_write_times(&o, "  start", "wasmd_job_start_seconds") ==
	    -1 ||
	    overview_write_times(&o, "  run", "wasmd_job_run_seconds") == -1 ||
	    overview_write_templates(&o) == -1 ||
	    overview_write_guests(&o) == -1 ||
	    overview_write_sandbox(&o) == -1 ||
	    overview_write_daemon(&o) == -1)
		return -1;
	return 0;
}
