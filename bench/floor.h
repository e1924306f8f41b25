/*
 * What load is measured against: bare processes, made by a small static
 * program (bench/floor.c), so that no large process has to be forked for it.
 * It reads questions from descriptor 0 and writes answers to descriptor 1.
 */
#ifndef BENCH_FLOOR_H
#define BENCH_FLOOR_H

#include <stdint.h>

enum floor_kind {
	FLOOR_CALLS = 1,	/* count times fork, write, wait; width at once */
	FLOOR_STREAMS,		/* count bytes in all through width processes
				 * that copy, each with another that writes */
};

struct floor_ask {
	uint32_t kind, width;
	uint64_t count;
};

struct floor_answer {
	double seconds;
	double p50_us, p99_us;	/* FLOOR_CALLS: from the fork to the wait */
	double cpu_us;		/* processor time; of each, of FLOOR_CALLS */
};

#endif
