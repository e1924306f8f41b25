/* What the processor can do: one file for each family. */
#ifndef DAEMON_PROCESSOR_H
#define DAEMON_PROCESSOR_H

#include <stdbool.h>

/*
 * Whether it runs code for x86-64-v3, which is AVX2, BMI2, FMA and what came
 * with them: https://gitlab.com/x86-psABIs/x86-64-ABI. The system must save
 * the wide registers, too.
 */
bool processor_is_v3(void);

#endif
