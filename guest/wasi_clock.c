/*
 * WASI: clocks. Runs in the confined child. Real time is the host's; the
 * monotonic clock begins when the guest first asks for it, so that it tells
 * nothing of the host. Those of a deterministic call are made up.
 */
#include "guest/wasi_call.h"

#include <time.h>

#define NS_PER_S 1000000000ull

/* Linux counts all four in nanoseconds. */
#define RESOLUTION_NS 1ull

static const clockid_t clock_ids[WASI_CLOCK_COUNT] = {
	[WASI_CLOCK_REALTIME] = CLOCK_REALTIME,
	[WASI_CLOCK_MONOTONIC] = CLOCK_MONOTONIC,
	[WASI_CLOCK_PROCESS_CPUTIME] = CLOCK_PROCESS_CPUTIME_ID,
	[WASI_CLOCK_THREAD_CPUTIME] = CLOCK_THREAD_CPUTIME_ID,
};

static uint64_t
host_clock(enum wasi_clock clock)
{
	struct timespec ts;

	/* A clock of the table and a valid pointer: it cannot fail. */
	if (clock_gettime(clock_ids[clock], &ts) == -1)
		__builtin_trap();
	return (uint64_t)ts.tv_sec * NS_PER_S + (uint64_t)ts.tv_nsec;
}

uint64_t
wasi_clock_now(struct wasi *w, enum wasi_clock clock)
{
	uint64_t now;

	if (wasi_is_deterministic(w))
		return wasi_virtual_now(&w->virtual, clock);
	now = host_clock(clock);
	if (clock != WASI_CLOCK_MONOTONIC)
		return now;
	if (w->monotonic_base == 0)
		w->monotonic_base = now - WASI_MONOTONIC_START_NS;
	return now - w->monotonic_base;
}

/* (id, resolution) */
enum wasi_errno
wasi_clock_res_get(struct wasi_call *c, const uint64_t *args)
{
	uint64_t resolution = RESOLUTION_NS;

	if (arg_u32(args[0]) >= WASI_CLOCK_COUNT)
		return WASI_EINVAL;
	return wasi_mem_store(c, arg_u32(args[1]), &resolution,
		sizeof(resolution));
}

/* (id, precision, time): the precision is always the best there is */
enum wasi_errno
wasi_clock_time_get(struct wasi_call *c, const uint64_t *args)
{
	uint64_t now;

	if (arg_u32(args[0]) >= WASI_CLOCK_COUNT)
		return WASI_EINVAL;
	now = wasi_clock_now(c->w, arg_u32(args[0]));
	return wasi_mem_store(c, arg_u32(args[2]), &now, sizeof(now));
}
