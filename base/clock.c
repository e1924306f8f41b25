/* Clocks in microseconds. */
#include "base/clock.h"

#include <time.h>

static uint64_t
clock_us(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

uint64_t
clock_monotonic_us(void)
{
	return clock_us(CLOCK_MONOTONIC);
}

uint64_t
clock_realtime_us(void)
{
	return clock_us(CLOCK_REALTIME);
}

uint64_t
clock_process_cpu_us(void)
{
	return clock_us(CLOCK_PROCESS_CPUTIME_ID);
}
