/* Clocks. */
#include "base/clock.h"

#include <time.h>

static uint64_t
clock_ns(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

uint64_t
clock_monotonic_ns(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

uint64_t
clock_monotonic_us(void)
{
	return clock_ns(CLOCK_MONOTONIC) / 1000;
}

uint64_t
clock_realtime_us(void)
{
	return clock_ns(CLOCK_REALTIME) / 1000;
}

uint64_t
clock_process_cpu_us(void)
{
	return clock_ns(CLOCK_PROCESS_CPUTIME_ID) / 1000;
}
