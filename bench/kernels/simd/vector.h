/* Vectors of 128 bits, by the compilers' own extension: the same source for
 * WebAssembly's instructions and for the machine's. */
#ifndef BENCH_VECTOR_H
#define BENCH_VECTOR_H

#include "../kernel.h"

typedef uint8_t u8x16 __attribute__((vector_size(16)));
typedef int16_t i16x8 __attribute__((vector_size(16)));
typedef uint32_t u32x4 __attribute__((vector_size(16)));
typedef int32_t i32x4 __attribute__((vector_size(16)));
typedef float f32x4 __attribute__((vector_size(16)));
typedef double f64x2 __attribute__((vector_size(16)));

/* Load and store at any address. */
#define LOAD(type, p) ({ type v_; memcpy(&v_, (p), sizeof(v_)); v_; })
#define STORE(p, v) do { __typeof__(v) v_ = (v); \
	memcpy((p), &v_, sizeof(v_)); } while (0)

#endif
