/*
 * Integer arithmetic on vectors that is the same C for every machine.
 * Runs in the confined child, inside the interpreter's handlers.
 * https://webassembly.github.io/spec/core/exec/numerics.html#integer-operations
 */
#ifndef VM_EXEC_SIMD_INT_H
#define VM_EXEC_SIMD_INT_H

#include "vm/exec/simd_lane.h"

/* ---- lane by lane ------------------------------------------------------ */

#define BINARY(name, lanes, op)						\
	static inline v128						\
	simd_##name(v128 a, v128 b)					\
	{								\
		return (v128)((lanes)a op (lanes)b);			\
	}

BINARY(i8x16_add, u8x16, +)
BINARY(i8x16_sub, u8x16, -)
BINARY(i16x8_add, u16x8, +)
BINARY(i16x8_sub, u16x8, -)
BINARY(i16x8_mul, u16x8, *)
BINARY(i32x4_add, u32x4, +)
BINARY(i32x4_sub, u32x4, -)
BINARY(i32x4_mul, u32x4, *)
BINARY(i64x2_add, u64x2, +)
BINARY(i64x2_sub, u64x2, -)
BINARY(i64x2_mul, u64x2, *)

#define COMPARE(shape, slanes, ulanes)		\
	BINARY(shape##_eq, ulanes, ==)		\
	BINARY(shape##_ne, ulanes, !=)		\
	BINARY(shape##_lt_s, slanes, <)		\
	BINARY(shape##_lt_u, ulanes, <)		\
	BINARY(shape##_gt_s, slanes, >)		\
	BINARY(shape##_gt_u, ulanes, >)		\
	BINARY(shape##_le_s, slanes, <=)	\
	BINARY(shape##_le_u, ulanes, <=)	\
	BINARY(shape##_ge_s, slanes, >=)	\
	BINARY(shape##_ge_u, ulanes, >=)

COMPARE(i8x16, i8x16, u8x16)
COMPARE(i16x8, i16x8, u16x8)
COMPARE(i32x4, i32x4, u32x4)
BINARY(i64x2_eq, u64x2, ==)
BINARY(i64x2_ne, u64x2, !=)
BINARY(i64x2_lt_s, i64x2, <)
BINARY(i64x2_gt_s, i64x2, >)
BINARY(i64x2_le_s, i64x2, <=)
BINARY(i64x2_ge_s, i64x2, >=)

#undef COMPARE
#undef BINARY

/* With sign all ones where a is negative, (a ^ sign) - sign is |a|. */
#define UNARY(shape, slanes, ulanes)					\
	static inline v128						\
	simd_##shape##_neg(v128 a)					\
	{								\
		return (v128)-(ulanes)a;				\
	}								\
	static inline v128						\
	simd_##shape##_abs(v128 a)					\
	{								\
		ulanes sign = (ulanes)((slanes)a < 0);			\
									\
		return (v128)(((ulanes)a ^ sign) - sign);		\
	}								\
	static inline uint32_t						\
	simd_##shape##_all_true(v128 a)					\
	{								\
		return !simd_v128_any_true((v128)((ulanes)a == 0));	\
	}

UNARY(i8x16, i8x16, u8x16)
UNARY(i16x8, i16x8, u16x8)
UNARY(i32x4, i32x4, u32x4)
UNARY(i64x2, i64x2, u64x2)

#undef UNARY

/* ---- shifts ------------------------------------------------------------ */

/* The count is taken modulo the lane's width. */
#define SHIFT(name, lanes, op, bits)					\
	static inline v128						\
	simd_##name(v128 a, uint32_t n)					\
	{								\
		return (v128)((lanes)a op (int)(n % (bits)));		\
	}

SHIFT(i16x8_shl, u16x8, <<, 16)
SHIFT(i16x8_shr_s, i16x8, >>, 16)
SHIFT(i16x8_shr_u, u16x8, >>, 16)
SHIFT(i32x4_shl, u32x4, <<, 32)
SHIFT(i32x4_shr_s, i32x4, >>, 32)
SHIFT(i32x4_shr_u, u32x4, >>, 32)
SHIFT(i64x2_shl, u64x2, <<, 64)
SHIFT(i64x2_shr_s, i64x2, >>, 64)
SHIFT(i64x2_shr_u, u64x2, >>, 64)

#undef SHIFT

/* ---- to wider lanes ---------------------------------------------------- */

/* Each wide lane's upper and lower half, extended in place. */
#define EXTADD(wide, narrow, slanes, ulanes, bits)			\
	static inline v128						\
	simd_##wide##_extadd_pairwise_##narrow##_s(v128 a)		\
	{								\
		slanes low = (slanes)((ulanes)a << (bits)) >> (bits);	\
									\
		return (v128)(low + ((slanes)a >> (bits)));		\
	}								\
	static inline v128						\
	simd_##wide##_extadd_pairwise_##narrow##_u(v128 a)		\
	{								\
		ulanes low = (ulanes)a << (bits) >> (bits);		\
									\
		return (v128)(low + ((ulanes)a >> (bits)));		\
	}

EXTADD(i16x8, i8x16, i16x8, u16x8, 8)
EXTADD(i32x4, i16x8, i32x4, u32x4, 16)

#undef EXTADD

#define EXTMUL(form)							\
	static inline v128						\
	simd_i16x8_extmul_##form(v128 a, v128 b)			\
	{								\
		return simd_i16x8_mul(simd_i16x8_extend_##form(a),	\
			simd_i16x8_extend_##form(b));			\
	}

EXTMUL(low_i8x16_s)
EXTMUL(low_i8x16_u)
EXTMUL(high_i8x16_s)
EXTMUL(high_i8x16_u)

#undef EXTMUL

#endif
