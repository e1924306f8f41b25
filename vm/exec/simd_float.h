/*
 * Floating-point arithmetic on vectors that is the same C for every machine.
 * Runs in the confined child, inside the interpreter's handlers.
 * https://webassembly.github.io/spec/core/exec/numerics.html#floating-point-operations
 *
 * The machine's arithmetic is the specification's: IEEE 754 with the default
 * rounding, and NaNs that are quiet and take their payload from an operand.
 */
#ifndef VM_EXEC_SIMD_FLOAT_H
#define VM_EXEC_SIMD_FLOAT_H

#include "vm/exec/simd_target.h"

#define BINARY(name, lanes, op)						\
	static inline v128						\
	simd_##name(v128 a, v128 b)					\
	{								\
		return (v128)((lanes)a op (lanes)b);			\
	}

#define FLOAT(shape)			\
	BINARY(shape##_add, shape, +)	\
	BINARY(shape##_sub, shape, -)	\
	BINARY(shape##_mul, shape, *)	\
	BINARY(shape##_div, shape, /)	\
	BINARY(shape##_eq, shape, ==)	\
	BINARY(shape##_ne, shape, !=)	\
	BINARY(shape##_lt, shape, <)	\
	BINARY(shape##_gt, shape, >)	\
	BINARY(shape##_le, shape, <=)	\
	BINARY(shape##_ge, shape, >=)

FLOAT(f32x4)
FLOAT(f64x2)

#undef FLOAT
#undef BINARY

/* Only the sign changes, also a NaN's. */
#define SIGN(shape, ulanes, sign)				\
	static inline v128					\
	simd_##shape##_abs(v128 a)				\
	{							\
		return (v128)((ulanes)a & ~(sign));		\
	}							\
	static inline v128					\
	simd_##shape##_neg(v128 a)				\
	{							\
		return (v128)((ulanes)a ^ (sign));		\
	}

SIGN(f32x4, u32x4, UINT32_C(1) << 31)
SIGN(f64x2, u64x2, UINT64_C(1) << 63)

#undef SIGN

/* The canonical NaN in place of any. */
#define ONE_NAN(shape, ulanes, nan)				\
	static inline v128					\
	simd_##shape##_one_nan(v128 a)				\
	{							\
		ulanes odd = (ulanes)simd_##shape##_ne(a, a);	\
								\
		return (v128)(((ulanes)a & ~odd) | (odd & (nan))); \
	}

ONE_NAN(f32x4, u32x4, UINT32_C(0x7fc00000))
ONE_NAN(f64x2, u64x2, UINT64_C(0x7ff8000000000000))

#undef ONE_NAN

static inline v128
simd_f32x4_convert_i32x4_s(v128 a)
{
	return (v128)__builtin_convertvector((i32x4)a, f32x4);
}

static inline v128
simd_f32x4_convert_i32x4_u(v128 a)
{
	return (v128)__builtin_convertvector((u32x4)a, f32x4);
}

#endif
