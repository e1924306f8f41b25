/* Clocks, in nano- or microseconds since an arbitrary (monotonic) or the Unix epoch. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

uint64_t clock_monotonic_ns(void);
uint64_t clock_monotonic_us(void);
uint64_t clock_realtime_us(void);
uint64_t clock_process_cpu_us(void);	/* that this process has used */

#endif
