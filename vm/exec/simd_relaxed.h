/*
 * Relaxed vector instructions that are no other instruction's equal.
 * Runs in the confined child, inside the interpreter's handlers.
 *
 * All relaxed instructions do what the deterministic profile prescribes, on
 * every machine: multiply-add is not fused, dot products are signed, and the
 * rest are the instructions that simd.def names for them.
 * https://webassembly.github.io/spec/core/appendix/profiles.html#deterministic-profile-small-mathrm-det
 * https://webassembly.github.io/spec/core/exec/numerics.html#relaxed-operations
 */
#ifndef VM_EXEC_SIMD_RELAXED_H
#define VM_EXEC_SIMD_RELAXED_H

#include "vm/exec/simd_float.h"
#include "vm/exec/simd_int.h"

/* The product is made opaque: compilers fuse it with the sum otherwise. */
#define MADD(shape)							\
	static inline v128						\
	simd_##shape##_relaxed_madd(v128 a, v128 b, v128 c)		\
	{								\
		v128 product = simd_opaque(simd_##shape##_mul(a, b));	\
									\
		return simd_##shape##_add(product, c);			\
	}								\
	static inline v128						\
	simd_##shape##_relaxed_nmadd(v128 a, v128 b, v128 c)		\
	{								\
		return simd_##shape##_relaxed_madd(			\
			simd_##shape##_neg(a), b, c);			\
	}

MADD(f32x4)
MADD(f64x2)

#undef MADD

/* Products of bytes fit in 16 bits; the sum of two is saturated. */
static inline v128
simd_i16x8_relaxed_dot_i8x16_i7x16_s(v128 a, v128 b)
{
	i16x8 low = ((i16x8)((u16x8)a << 8) >> 8) *
	    ((i16x8)((u16x8)b << 8) >> 8);
	i16x8 high = ((i16x8)a >> 8) * ((i16x8)b >> 8);

	return simd_i16x8_add_sat_s((v128)low, (v128)high);
}

static inline v128
simd_i32x4_relaxed_dot_i8x16_i7x16_add_s(v128 a, v128 b, v128 c)
{
	v128 dot = simd_i16x8_relaxed_dot_i8x16_i7x16_s(a, b);

	return simd_i32x4_add(simd_i32x4_extadd_pairwise_i16x8_s(dot), c);
}

#endif
