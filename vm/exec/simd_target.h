/*
 * The vector instructions that are written once for each kind of machine,
 * because its own instructions do what the compilers' vector extensions do not
 * express. One file a machine, all with the same functions.
 */
#ifndef VM_EXEC_SIMD_TARGET_H
#define VM_EXEC_SIMD_TARGET_H

#if defined(__aarch64__)
#include "vm/exec/simd_neon.h"
#elif defined(__SSE4_1__)
#include "vm/exec/simd_x86.h"
#include "vm/exec/simd_sse4.h"
#else
#include "vm/exec/simd_x86.h"
#include "vm/exec/simd_sse2.h"
#endif

#endif
