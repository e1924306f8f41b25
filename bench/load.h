/* The parts of bench/load. Each starts a daemon of its own, prints a table and
 * returns; what goes wrong ends the program. */
#ifndef BENCH_LOAD_H
#define BENCH_LOAD_H

#include <stdbool.h>

#include "bench/floor.h"
#include "bench/service.h"

struct load {
	const char *wasmd, *worker, *module, *floor;	/* paths */
	bool quick;			/* a tenth of everything, or less */
	int to_floor, from_floor;
};

void load_calls(struct load *l);
void load_idle(struct load *l);
void load_detached(struct load *l);
void load_instances(struct load *l);
void load_streams(struct load *l);
void load_metrics(struct load *l);

/* The same with bare processes. */
struct floor_answer load_floor(struct load *l, enum floor_kind kind,
	unsigned width, uint64_t count);

/* A daemon with these options, up to a NULL. */
void load_service(const struct load *l, struct service *s,
	const char *const *options);

double load_median(double *values, size_t n);

#endif
