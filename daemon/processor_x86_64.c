/* Levels of the x86-64 family. Runs in the daemon. */
#include "daemon/processor.h"

#include <cpuid.h>

/* What the compilers' own test does not know by name. */
static bool
has_the_small_ones(void)
{
	unsigned a, b, c, d;

	if (__get_cpuid(1, &a, &b, &c, &d) == 0 ||
	    (c & bit_MOVBE) == 0 || (c & bit_F16C) == 0)
		return false;
	return __get_cpuid(0x80000001, &a, &b, &c, &d) != 0 &&
		(c & bit_LZCNT) != 0;
}

bool
processor_is_v3(void)
{
	__builtin_cpu_init();
	return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&
		__builtin_cpu_supports("bmi2") && __builtin_cpu_supports("fma") &&
		has_the_small_ones();
}
