/* Part of bench/load: connections on which nothing goes on. */
#include "config.h"

#include <stdio.h>

#include "bench/crowd.h"
#include "bench/load.h"
#include "base/clock.h"

#define CONNS		10000
#define QUICK_CONNS	1000
#define CALLS		300
#define TURNS		7

/* Latency of one client's calls against bare ones, in turns. */
static void
measure(struct load *l, struct crowd *c, double *p50, double *cpu)
{
	double p50s[TURNS], cpus[TURNS];

	for (size_t i = 0; i < TURNS; i++) {
		struct floor_answer bare = load_floor(l, FLOOR_CALLS, 1, CALLS);
		struct crowd_figures f;

		crowd_calls(c, 1, CALLS, &f);
		p50s[i] = f.p50_us / bare.p50_us;
		cpus[i] = f.cpu_us / bare.cpu_us;
	}
	*p50 = load_median(p50s, TURNS);
	*cpu = load_median(cpus, TURNS);
}

/* Clients that come, say hello and go, per bare process in the same time. */
static double
comings(struct load *l, const struct service *s)
{
	double ratios[TURNS];

	for (size_t i = 0; i < TURNS; i++) {
		struct floor_answer bare = load_floor(l, FLOOR_CALLS, 1, CALLS);
		uint64_t began = clock_monotonic_ns();

		for (size_t k = 0; k < CALLS; k++) {
			struct crowd one;

			crowd_open(&one, s, 1);
			crowd_close(&one);
		}
		ratios[i] = (double)(clock_monotonic_ns() - began) / 1e9 /
			bare.seconds;
	}
	return load_median(ratios, TURNS);
}

static void
print_row(const char *who, double p50, double cpu, double come)
{
	printf("| %s | %.2f | %.2f | %.2f |\n", who, p50, cpu, come);
}

void
load_idle(struct load *l)
{
	static const char *const options[] = {
		"--max-connections", "20000",
		"--max-connections-per-user", "20000", NULL,
	};
	const size_t conns = l->quick ? QUICK_CONNS : CONNS;
	double p50, cpu;
	struct crowd caller, idle;
	uint64_t memory;
	struct service s;
	char who[64];

	load_service(l, &s, options);
	crowd_open(&caller, &s, 1);
	measure(l, &caller, &p50, &cpu);
	measure(l, &caller, &p50, &cpu);
	printf("| idle connections | p50 of a call | daemon's processor time of "
		"a call | coming and going |\n|---|---|---|---|\n");
	print_row("bare fork, write, wait", 1, 1, 1);
	print_row("0", p50, cpu, comings(l, &s));
	memory = service_memory(&s);
	crowd_open(&idle, &s, conns);
	memory = service_memory(&s) - memory;
	measure(l, &caller, &p50, &cpu);
	snprintf(who, sizeof(who), "%zu", conns);
	print_row(who, p50, cpu, comings(l, &s));
	crowd_close(&idle);
	crowd_close(&caller);
	service_stop(&s);
	printf("\n(A connection takes %zu bytes of the daemon's memory.)\n\n",
		(size_t)memory / conns);
}
