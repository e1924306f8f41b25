/* Part of bench/load: clients that make one call after the other. */
#include "config.h"

#include <stdio.h>

#include "bench/crowd.h"
#include "bench/load.h"

#define CLIENTS		64
#define CALLS		10000	/* of each */
#define QUICK_CALLS	200
#define TURNS		10
#define BARE_PART	8	/* of the calls in a turn are made bare */

/* Of one turn, calls against bare processes. */
struct ratios {
	double rate[TURNS], p50[TURNS], p99[TURNS], cpu[TURNS];
};

static void
take_turn(struct load *l, struct crowd *c, size_t calls, struct ratios *r,
	size_t i)
{
	struct floor_answer bare = load_floor(l, FLOOR_CALLS, CLIENTS,
		CLIENTS * calls / BARE_PART);
	double bare_rate = (double)(CLIENTS * calls / BARE_PART) / bare.seconds;
	struct crowd_figures f;

	crowd_calls(c, CLIENTS, calls, &f);
	r->rate[i] = (double)(CLIENTS * calls) / f.seconds / bare_rate;
	r->p50[i] = f.p50_us / bare.p50_us;
	r->p99[i] = f.p99_us / bare.p99_us;
	r->cpu[i] = f.cpu_us / bare.cpu_us;
}

void
load_calls(struct load *l)
{
	static const char *const options[] = { NULL };
	const size_t calls = (l->quick ? QUICK_CALLS : CALLS) / TURNS;
	struct crowd_figures warm;
	struct service s;
	struct ratios r;
	struct crowd c;

	load_service(l, &s, options);
	crowd_open(&c, &s, CLIENTS);
	crowd_calls(&c, CLIENTS, 10, &warm);
	for (size_t i = 0; i < TURNS; i++)
		take_turn(l, &c, calls, &r, i);
	crowd_close(&c);
	service_stop(&s);
	printf("| %d clients, %zu calls each, all answers right, median of %d "
		"turns | calls/s | p50 | p99 | daemon's processor time |\n"
		"|---|---|---|---|---|\n"
		"| bare fork, write, wait, %d at once | 1.00 | 1.00 | 1.00 "
		"| (1.00) |\n| calls of a stored module | %.2f | %.2f | %.2f "
		"| %.2f |\n\n", CLIENTS, calls * TURNS, TURNS, CLIENTS,
		load_median(r.rate, TURNS), load_median(r.p50, TURNS),
		load_median(r.p99, TURNS), load_median(r.cpu, TURNS));
}
