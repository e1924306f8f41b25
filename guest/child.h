/* A child: the one call of one guest. */
#ifndef GUEST_CHILD_H
#define GUEST_CHILD_H

#include <stdint.h>
#include <stdnoreturn.h>

struct enter;

/* in and out are the call's pipes; cpu_us is its CPU time, 0 for no limit. */
noreturn void child_run(const struct enter *e, uint64_t cpu_us, int in,
	int out);

#endif
