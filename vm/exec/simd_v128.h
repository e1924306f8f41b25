/*
 * The vector type and its views as lanes, in the compilers' vector extensions.
 * Runs in the confined child, inside the interpreter's handlers.
 *
 * A v128 is 16 bytes in memory order, lane 0 first. A cast between vector types
 * of one size reinterprets the bits. Arithmetic that may wrap is done on
 * unsigned lanes; a comparison gives lanes of all ones or all zeros, which is
 * what the specification's relational operators give.
 * https://webassembly.github.io/spec/core/exec/numerics.html
 */
#ifndef VM_EXEC_SIMD_V128_H
#define VM_EXEC_SIMD_V128_H

#include <stdint.h>
#include <string.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
	"lanes are numbered in memory order");

typedef uint8_t v128 __attribute__((vector_size(16)));

typedef int8_t i8x16 __attribute__((vector_size(16)));
typedef uint8_t u8x16 __attribute__((vector_size(16)));
typedef int16_t i16x8 __attribute__((vector_size(16)));
typedef uint16_t u16x8 __attribute__((vector_size(16)));
typedef int32_t i32x4 __attribute__((vector_size(16)));
typedef uint32_t u32x4 __attribute__((vector_size(16)));
typedef int64_t i64x2 __attribute__((vector_size(16)));
typedef uint64_t u64x2 __attribute__((vector_size(16)));
typedef float f32x4 __attribute__((vector_size(16)));
typedef double f64x2 __attribute__((vector_size(16)));

/* p need not be aligned: slots are 8 bytes, guests' addresses are any. */
static inline v128
simd_v128_load(const uint8_t *p)
{
	v128 v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static inline void
simd_v128_store(uint8_t *p, v128 v)
{
	memcpy(p, &v, sizeof(v));
}

/* The bits of a where mask is set, of b where it is not. */
static inline v128
simd_v128_bitselect(v128 a, v128 b, v128 mask)
{
	return b ^ ((a ^ b) & mask);
}

/*
 * The low (or high) halves of a and b, lane by lane in turn: a's lanes become
 * the low halves of lanes of twice the width, b's the high ones.
 */
static inline v128
simd_interleave8_low(v128 a, v128 b)
{
	return __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19,
		4, 20, 5, 21, 6, 22, 7, 23);
}

static inline v128
simd_interleave8_high(v128 a, v128 b)
{
	return __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27,
		12, 28, 13, 29, 14, 30, 15, 31);
}

static inline v128
simd_interleave16_low(v128 a, v128 b)
{
	return (v128)__builtin_shufflevector((u16x8)a, (u16x8)b,
		0, 8, 1, 9, 2, 10, 3, 11);
}

static inline v128
simd_interleave16_high(v128 a, v128 b)
{
	return (v128)__builtin_shufflevector((u16x8)a, (u16x8)b,
		4, 12, 5, 13, 6, 14, 7, 15);
}

static inline v128
simd_interleave32_low(v128 a, v128 b)
{
	return (v128)__builtin_shufflevector((u32x4)a, (u32x4)b, 0, 4, 1, 5);
}

static inline v128
simd_interleave32_high(v128 a, v128 b)
{
	return (v128)__builtin_shufflevector((u32x4)a, (u32x4)b, 2, 6, 3, 7);
}

#endif
