/*
 * Time and randomness that are made up, for calls that are to be the same each
 * time: a clock that advances by what the guest does, and numbers that follow
 * from a seed. Runs in the confined child.
 */
#ifndef GUEST_WASI_VIRTUAL_H
#define GUEST_WASI_VIRTUAL_H

#include <stddef.h>
#include <stdint.h>

#include "guest/wasi_abi.h"

/* The guest's monotonic clock, real or not, starts here and not at 0, which some
 * programs take for "not set". */
#define WASI_MONOTONIC_START_NS UINT64_C(1000000000)

struct wasi_virtual {
	uint64_t passed_ns;	/* since the call began */
	uint64_t slept_ns;	/* of these: no CPU time */
	uint64_t random[4];	/* xoshiro256** */
};

void wasi_virtual_start(struct wasi_virtual *v, uint64_t seed);

/* Nanoseconds of one of the clocks. Looking takes some time, or a guest that
 * waits by looking would wait for ever. */
uint64_t wasi_virtual_now(struct wasi_virtual *v, enum wasi_clock clock);

/* The guest has slept; UINT64_MAX is a time, too. */
void wasi_virtual_sleep(struct wasi_virtual *v, uint64_t ns);

void wasi_virtual_random(struct wasi_virtual *v, void *to, size_t len);

#endif
