/*
 * What an aarch64 has an instruction for, by its intrinsics: the functions of
 * simd_x86.h and simd_sse4.h. Chosen by simd_target.h; runs in the confined
 * child.
 */
#ifndef VM_EXEC_SIMD_NEON_H
#define VM_EXEC_SIMD_NEON_H

#include <arm_neon.h>

#include "vm/exec/simd_v128.h"

#define NEON_UNARY(name, vector, intrinsic)				\
	static inline v128						\
	simd_##name(v128 a)						\
	{								\
		return (v128)intrinsic((vector)a);			\
	}

NEON_UNARY(i8x16_popcnt, uint8x16_t, vcntq_u8)
NEON_UNARY(f32x4_sqrt, float32x4_t, vsqrtq_f32)
NEON_UNARY(f64x2_sqrt, float64x2_t, vsqrtq_f64)
NEON_UNARY(f32x4_ceil, float32x4_t, vrndpq_f32)
NEON_UNARY(f32x4_floor, float32x4_t, vrndmq_f32)
NEON_UNARY(f32x4_trunc, float32x4_t, vrndq_f32)
NEON_UNARY(f32x4_nearest, float32x4_t, vrndnq_f32)
NEON_UNARY(f64x2_ceil, float64x2_t, vrndpq_f64)
NEON_UNARY(f64x2_floor, float64x2_t, vrndmq_f64)
NEON_UNARY(f64x2_trunc, float64x2_t, vrndq_f64)
NEON_UNARY(f64x2_nearest, float64x2_t, vrndnq_f64)
/* These saturate, and give 0 for NaN. */
NEON_UNARY(i32x4_trunc_sat_f32x4_s, float32x4_t, vcvtq_s32_f32)
NEON_UNARY(i32x4_trunc_sat_f32x4_u, float32x4_t, vcvtq_u32_f32)

#undef NEON_UNARY

#define NEON_BINARY(name, vector, intrinsic)				\
	static inline v128						\
	simd_##name(v128 a, v128 b)					\
	{								\
		return (v128)intrinsic((vector)a, (vector)b);		\
	}

NEON_BINARY(i8x16_add_sat_s, int8x16_t, vqaddq_s8)
NEON_BINARY(i8x16_add_sat_u, uint8x16_t, vqaddq_u8)
NEON_BINARY(i8x16_sub_sat_s, int8x16_t, vqsubq_s8)
NEON_BINARY(i8x16_sub_sat_u, uint8x16_t, vqsubq_u8)
NEON_BINARY(i16x8_add_sat_s, int16x8_t, vqaddq_s16)
NEON_BINARY(i16x8_add_sat_u, uint16x8_t, vqaddq_u16)
NEON_BINARY(i16x8_sub_sat_s, int16x8_t, vqsubq_s16)
NEON_BINARY(i16x8_sub_sat_u, uint16x8_t, vqsubq_u16)
NEON_BINARY(i8x16_avgr_u, uint8x16_t, vrhaddq_u8)
NEON_BINARY(i16x8_avgr_u, uint16x8_t, vrhaddq_u16)
NEON_BINARY(i8x16_min_s, int8x16_t, vminq_s8)
NEON_BINARY(i8x16_min_u, uint8x16_t, vminq_u8)
NEON_BINARY(i8x16_max_s, int8x16_t, vmaxq_s8)
NEON_BINARY(i8x16_max_u, uint8x16_t, vmaxq_u8)
NEON_BINARY(i16x8_min_s, int16x8_t, vminq_s16)
NEON_BINARY(i16x8_min_u, uint16x8_t, vminq_u16)
NEON_BINARY(i16x8_max_s, int16x8_t, vmaxq_s16)
NEON_BINARY(i16x8_max_u, uint16x8_t, vmaxq_u16)
NEON_BINARY(i32x4_min_s, int32x4_t, vminq_s32)
NEON_BINARY(i32x4_min_u, uint32x4_t, vminq_u32)
NEON_BINARY(i32x4_max_s, int32x4_t, vmaxq_s32)
NEON_BINARY(i32x4_max_u, uint32x4_t, vmaxq_u32)
NEON_BINARY(i16x8_q15mulr_sat_s, int16x8_t, vqrdmulhq_s16)
/* These propagate NaNs and know that -0 is less than +0. */
NEON_BINARY(f32x4_min, float32x4_t, vminq_f32)
NEON_BINARY(f32x4_max, float32x4_t, vmaxq_f32)
NEON_BINARY(f64x2_min, float64x2_t, vminq_f64)
NEON_BINARY(f64x2_max, float64x2_t, vmaxq_f64)
/* An index out of range gives 0. */
NEON_BINARY(i8x16_swizzle, uint8x16_t, vqtbl1q_u8)

#undef NEON_BINARY

/* a and b narrowed, one behind the other. */
#define NEON_NARROW(name, vector, narrow, narrow_high)			\
	static inline v128						\
	simd_##name(v128 a, v128 b)					\
	{								\
		return (v128)narrow_high(narrow((vector)a), (vector)b);	\
	}

NEON_NARROW(i8x16_narrow_i16x8_s, int16x8_t, vqmovn_s16, vqmovn_high_s16)
NEON_NARROW(i8x16_narrow_i16x8_u, int16x8_t, vqmovun_s16, vqmovun_high_s16)
NEON_NARROW(i16x8_narrow_i32x4_s, int32x4_t, vqmovn_s32, vqmovn_high_s32)
NEON_NARROW(i16x8_narrow_i32x4_u, int32x4_t, vqmovun_s32, vqmovun_high_s32)

#undef NEON_NARROW

/* Keeps the compiler from fusing the operation that made v with its use. */
static inline v128
simd_opaque(v128 v)
{
	__asm__("" : "+w"(v));
	return v;
}

static inline uint32_t
simd_v128_any_true(v128 a)
{
	return vmaxvq_u32((uint32x4_t)a) != 0;
}

#define NEON_SHIFT(name, lanes, op)					\
	static inline v128						\
	simd_##name(v128 a, uint32_t n)					\
	{								\
		return (v128)((lanes)a op (int8_t)(n % 8));		\
	}

NEON_SHIFT(i8x16_shl, u8x16, <<)
NEON_SHIFT(i8x16_shr_s, i8x16, >>)
NEON_SHIFT(i8x16_shr_u, u8x16, >>)

#undef NEON_SHIFT

static inline v128
simd_i8x16_shuffle(v128 a, v128 b, const uint8_t lanes[16])
{
	uint8x16x2_t table = { { (uint8x16_t)a, (uint8x16_t)b } };

	return (v128)vqtbl2q_u8(table, (uint8x16_t)simd_v128_load(lanes));
}

static inline v128
simd_i32x4_dot_i16x8_s(v128 a, v128 b)
{
	int16x8_t x = (int16x8_t)a, y = (int16x8_t)b;

	return (v128)vpaddq_s32(vmull_s16(vget_low_s16(x), vget_low_s16(y)),
		vmull_high_s16(x, y));
}

/* Each lane's sign at its own bit, then the sum of the lanes. */
static inline uint32_t
simd_i8x16_bitmask(v128 a)
{
	v128 bit = { 1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128 };
	uint8x16_t signs = (uint8x16_t)((v128)((i8x16)a < 0) & bit);

	return vaddv_u8(vget_low_u8(signs)) |
	    (uint32_t)vaddv_u8(vget_high_u8(signs)) << 8;
}

static inline uint32_t
simd_i16x8_bitmask(v128 a)
{
	u16x8 bit = { 1, 2, 4, 8, 16, 32, 64, 128 };

	return vaddvq_u16((uint16x8_t)((u16x8)((i16x8)a < 0) & bit));
}

static inline uint32_t
simd_i32x4_bitmask(v128 a)
{
	u32x4 bit = { 1, 2, 4, 8 };

	return vaddvq_u32((uint32x4_t)((u32x4)((i32x4)a < 0) & bit));
}

static inline uint32_t
simd_i64x2_bitmask(v128 a)
{
	u64x2 signs = (u64x2)a >> 63;

	return (uint32_t)(signs[0] | signs[1] << 1);
}

#define NEON_EXTMUL(shape, form, vector, suffix)			\
	static inline v128						\
	simd_##shape##_extmul_low_##form(v128 a, v128 b)		\
	{								\
		return (v128)vmull_##suffix(				\
			vget_low_##suffix((vector)a),			\
			vget_low_##suffix((vector)b));			\
	}								\
	static inline v128						\
	simd_##shape##_extmul_high_##form(v128 a, v128 b)		\
	{								\
		return (v128)vmull_high_##suffix((vector)a, (vector)b);	\
	}

NEON_EXTMUL(i32x4, i16x8_s, int16x8_t, s16)
NEON_EXTMUL(i32x4, i16x8_u, uint16x8_t, u16)
NEON_EXTMUL(i64x2, i32x4_s, int32x4_t, s32)
NEON_EXTMUL(i64x2, i32x4_u, uint32x4_t, u32)

#undef NEON_EXTMUL

/* pmin is b < a ? b : a, and pmax a < b ? b : a. */
#define NEON_PSEUDO(name, lanes, op)					\
	static inline v128						\
	simd_##name(v128 a, v128 b)					\
	{								\
		return simd_v128_bitselect(b, a,			\
			(v128)((lanes)b op (lanes)a));			\
	}

NEON_PSEUDO(f32x4_pmin, f32x4, <)
NEON_PSEUDO(f32x4_pmax, f32x4, >)
NEON_PSEUDO(f64x2_pmin, f64x2, <)
NEON_PSEUDO(f64x2_pmax, f64x2, >)

#undef NEON_PSEUDO

static inline v128
simd_f32x4_demote_f64x2_zero(v128 a)
{
	return (v128)vcombine_f32(vcvt_f32_f64((float64x2_t)a), vdup_n_f32(0));
}

static inline v128
simd_f64x2_promote_low_f32x4(v128 a)
{
	return (v128)vcvt_f64_f32(vget_low_f32((float32x4_t)a));
}

static inline v128
simd_f64x2_convert_low_i32x4_s(v128 a)
{
	return (v128)vcvtq_f64_s64(vmovl_s32(vget_low_s32((int32x4_t)a)));
}

static inline v128
simd_f64x2_convert_low_i32x4_u(v128 a)
{
	return (v128)vcvtq_f64_u64(vmovl_u32(vget_low_u32((uint32x4_t)a)));
}

static inline v128
simd_i32x4_trunc_sat_f64x2_s_zero(v128 a)
{
	return (v128)vcombine_s32(vqmovn_s64(vcvtq_s64_f64((float64x2_t)a)),
		vdup_n_s32(0));
}

static inline v128
simd_i32x4_trunc_sat_f64x2_u_zero(v128 a)
{
	return (v128)vcombine_u32(vqmovn_u64(vcvtq_u64_f64((float64x2_t)a)),
		vdup_n_u32(0));
}

#endif
