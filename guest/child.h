/* A child: the one call of one guest. */
#ifndef GUEST_CHILD_H
#define GUEST_CHILD_H

#include <stdbool.h>
#include <stdint.h>
#include <stdnoreturn.h>

struct enter;

struct child {
	int in, out;		/* the call's pipes */
	int broker;		/* the socket to the client's, -1: none */
	uint64_t cpu_us;	/* the call's CPU time, 0: no limit */
	bool ahead;		/* there is time until the call comes */
	bool partial;		/* the template has not loaded all yet */
	bool gated;		/* it has FILTER_GATE: the gate is to be closed */
};

noreturn void child_run(const struct enter *e, const struct child *c);

#endif
