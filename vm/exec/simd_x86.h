/*
 * What every x86-64 has an instruction for (SSE2), by its intrinsics; what came
 * with SSE4.1 is in simd_sse4.h, its replacement in simd_sse2.h.
 * Chosen by simd_target.h; runs in the confined child.
 */
#ifndef VM_EXEC_SIMD_X86_H
#define VM_EXEC_SIMD_X86_H

#include <emmintrin.h>

#include "vm/exec/simd_v128.h"

#define SSE_BINARY(name, intrinsic)					\
	static inline v128						\
	simd_##name(v128 a, v128 b)					\
	{								\
		return (v128)intrinsic((__m128i)a, (__m128i)b);		\
	}

SSE_BINARY(i8x16_add_sat_s, _mm_adds_epi8)
SSE_BINARY(i8x16_add_sat_u, _mm_adds_epu8)
SSE_BINARY(i8x16_sub_sat_s, _mm_subs_epi8)
SSE_BINARY(i8x16_sub_sat_u, _mm_subs_epu8)
SSE_BINARY(i16x8_add_sat_s, _mm_adds_epi16)
SSE_BINARY(i16x8_add_sat_u, _mm_adds_epu16)
SSE_BINARY(i16x8_sub_sat_s, _mm_subs_epi16)
SSE_BINARY(i16x8_sub_sat_u, _mm_subs_epu16)
SSE_BINARY(i8x16_avgr_u, _mm_avg_epu8)
SSE_BINARY(i16x8_avgr_u, _mm_avg_epu16)
SSE_BINARY(i8x16_min_u, _mm_min_epu8)
SSE_BINARY(i8x16_max_u, _mm_max_epu8)
SSE_BINARY(i16x8_min_s, _mm_min_epi16)
SSE_BINARY(i16x8_max_s, _mm_max_epi16)
SSE_BINARY(i8x16_narrow_i16x8_s, _mm_packs_epi16)
SSE_BINARY(i8x16_narrow_i16x8_u, _mm_packus_epi16)
SSE_BINARY(i16x8_narrow_i32x4_s, _mm_packs_epi32)
/* Both products -32768 * -32768 sum to 2^31, which wraps as it should. */
SSE_BINARY(i32x4_dot_i16x8_s, _mm_madd_epi16)

#undef SSE_BINARY

/* Keeps the compiler from fusing the operation that made v with its use. */
static inline v128
simd_opaque(v128 v)
{
	__asm__("" : "+x"(v));
	return v;
}

/*
 * There is no shift of bytes: the upper and lower bytes of pairs are shifted
 * apart from each other.
 */
static inline v128
simd_i8x16_shl(v128 a, uint32_t n)
{
	u16x8 upper = ((u16x8)a & 0xff00) << (int)(n % 8);
	u16x8 lower = (u16x8)a << (int)(n % 8);

	return (v128)(upper | (lower & 0x00ff));
}

static inline v128
simd_i8x16_shr_u(v128 a, uint32_t n)
{
	u16x8 upper = (u16x8)a >> (int)(n % 8);
	u16x8 lower = ((u16x8)a & 0x00ff) >> (int)(n % 8);

	return (v128)((upper & 0xff00) | lower);
}

static inline v128
simd_i8x16_shr_s(v128 a, uint32_t n)
{
	i16x8 upper = (i16x8)a >> (int)(n % 8);
	i16x8 lower = (i16x8)((u16x8)a << 8) >> (int)(n % 8);

	return (v128)(((u16x8)upper & 0xff00) | (u16x8)lower >> 8);
}

static inline uint32_t
simd_i8x16_bitmask(v128 a)
{
	return (uint32_t)_mm_movemask_epi8((__m128i)a);
}

static inline uint32_t
simd_i16x8_bitmask(v128 a)
{
	__m128i zero = _mm_setzero_si128();

	/* Saturation keeps the signs. */
	return (uint32_t)_mm_movemask_epi8(_mm_packs_epi16((__m128i)a, zero));
}

static inline uint32_t
simd_i32x4_bitmask(v128 a)
{
	return (uint32_t)_mm_movemask_ps((__m128)a);
}

static inline uint32_t
simd_i64x2_bitmask(v128 a)
{
	return (uint32_t)_mm_movemask_pd((__m128d)a);
}

/* The products' lower halves are one instruction, their upper halves another. */
#define SSE_EXTMUL(sign, half, high_halves)				\
	static inline v128						\
	simd_i32x4_extmul_##half##_i16x8_##sign(v128 a, v128 b)		\
	{								\
		v128 lower = (v128)((u16x8)a * (u16x8)b);		\
		v128 upper = (v128)high_halves((__m128i)a, (__m128i)b);	\
									\
		return simd_interleave16_##half(lower, upper);		\
	}

SSE_EXTMUL(s, low, _mm_mulhi_epi16)
SSE_EXTMUL(s, high, _mm_mulhi_epi16)
SSE_EXTMUL(u, low, _mm_mulhi_epu16)
SSE_EXTMUL(u, high, _mm_mulhi_epu16)

#undef SSE_EXTMUL

/* The instruction multiplies the even lanes. */
static inline v128
simd_i64x2_extmul_low_i32x4_u(v128 a, v128 b)
{
	return (v128)_mm_mul_epu32((__m128i)simd_interleave32_low(a, a),
		(__m128i)simd_interleave32_low(b, b));
}

static inline v128
simd_i64x2_extmul_high_i32x4_u(v128 a, v128 b)
{
	return (v128)_mm_mul_epu32((__m128i)simd_interleave32_high(a, a),
		(__m128i)simd_interleave32_high(b, b));
}

static inline v128
simd_f32x4_sqrt(v128 a)
{
	return (v128)_mm_sqrt_ps((__m128)a);
}

static inline v128
simd_f64x2_sqrt(v128 a)
{
	return (v128)_mm_sqrt_pd((__m128d)a);
}

/*
 * The machine's minimum is b < a ? b : a: pmin itself, with the operands
 * exchanged. For min and max it is asked in both orders: the answers differ
 * only for zeros of different sign, where one bit operation finds the right
 * one, and for NaNs, where a + b gives a quiet one.
 */
static inline v128
simd_f32x4_pmin(v128 a, v128 b)
{
	return (v128)_mm_min_ps((__m128)b, (__m128)a);
}

static inline v128
simd_f32x4_pmax(v128 a, v128 b)
{
	return (v128)_mm_max_ps((__m128)b, (__m128)a);
}

static inline v128
simd_f64x2_pmin(v128 a, v128 b)
{
	return (v128)_mm_min_pd((__m128d)b, (__m128d)a);
}

static inline v128
simd_f64x2_pmax(v128 a, v128 b)
{
	return (v128)_mm_max_pd((__m128d)b, (__m128d)a);
}

static inline v128
simd_f32x4_or_nan(v128 r, v128 a, v128 b)
{
	v128 unordered = (v128)_mm_cmpunord_ps((__m128)a, (__m128)b);

	return simd_v128_bitselect((v128)((f32x4)a + (f32x4)b), r, unordered);
}

static inline v128
simd_f64x2_or_nan(v128 r, v128 a, v128 b)
{
	v128 unordered = (v128)_mm_cmpunord_pd((__m128d)a, (__m128d)b);

	return simd_v128_bitselect((v128)((f64x2)a + (f64x2)b), r, unordered);
}

static inline v128
simd_f32x4_min(v128 a, v128 b)
{
	return simd_f32x4_or_nan(simd_f32x4_pmin(a, b) | simd_f32x4_pmin(b, a),
		a, b);
}

static inline v128
simd_f32x4_max(v128 a, v128 b)
{
	return simd_f32x4_or_nan(simd_f32x4_pmax(a, b) & simd_f32x4_pmax(b, a),
		a, b);
}

static inline v128
simd_f64x2_min(v128 a, v128 b)
{
	return simd_f64x2_or_nan(simd_f64x2_pmin(a, b) | simd_f64x2_pmin(b, a),
		a, b);
}

static inline v128
simd_f64x2_max(v128 a, v128 b)
{
	return simd_f64x2_or_nan(simd_f64x2_pmax(a, b) & simd_f64x2_pmax(b, a),
		a, b);
}

static inline v128
simd_f32x4_demote_f64x2_zero(v128 a)
{
	return (v128)_mm_cvtpd_ps((__m128d)a);
}

static inline v128
simd_f64x2_promote_low_f32x4(v128 a)
{
	return (v128)_mm_cvtps_pd((__m128)a);
}

static inline v128
simd_f64x2_convert_low_i32x4_s(v128 a)
{
	return (v128)_mm_cvtepi32_pd((__m128i)a);
}

/* An exact 2^52 + lane, made of bits, less 2^52. */
static inline v128
simd_f64x2_convert_low_i32x4_u(v128 a)
{
	v128 exponent = (v128)(u32x4){ 0x43300000, 0x43300000 };

	return (v128)((f64x2)simd_interleave32_low(a, exponent) - 0x1p52);
}

/*
 * The machine's conversion gives 0x80000000 for what does not fit: right below
 * the range, to be inverted above it.
 */
static inline v128
simd_i32x4_trunc_sat_f32x4_s(v128 a)
{
	__m128 x = (__m128)a;
	__m128 above = _mm_cmpge_ps(x, _mm_set1_ps(0x1p31f));
	__m128 number = _mm_and_ps(x, _mm_cmpord_ps(x, x));

	return (v128)_mm_cvttps_epi32(number) ^ (v128)above;
}

static inline v128
simd_i32x4_trunc_sat_f32x4_u(v128 a)
{
	/* max(NaN, 0) is 0 in this order */
	__m128 x = _mm_max_ps((__m128)a, _mm_setzero_ps());
	__m128 half = _mm_set1_ps(0x1p31f);
	__m128 upper = _mm_cmpge_ps(x, half);
	__m128 above = _mm_cmpge_ps(x, _mm_set1_ps(0x1p32f));
	v128 low = (v128)_mm_cvttps_epi32(
		_mm_sub_ps(x, _mm_and_ps(upper, half)));

	return (low ^ (v128)((u32x4)upper << 31)) | (v128)above;
}

static inline v128
simd_i32x4_trunc_sat_f64x2_s_zero(v128 a)
{
	__m128d x = (__m128d)a;

	x = _mm_and_pd(x, _mm_cmpord_pd(x, x));
	x = _mm_max_pd(x, _mm_set1_pd(-0x1p31));
	x = _mm_min_pd(x, _mm_set1_pd(0x1p31 - 1));
	return (v128)_mm_cvttpd_epi32(x);
}

static inline v128
simd_i32x4_trunc_sat_f64x2_u_zero(v128 a)
{
	__m128d x = _mm_max_pd((__m128d)a, _mm_setzero_pd());
	__m128d half = _mm_set1_pd(0x1p31), upper;
	u32x4 sign;

	x = _mm_min_pd(x, _mm_set1_pd(0x1p32 - 1));
	upper = _mm_cmpge_pd(x, half);
	sign = __builtin_shufflevector((u32x4)upper, (u32x4){}, 0, 2, 4, 5);
	x = _mm_sub_pd(x, _mm_and_pd(upper, half));
	return (v128)_mm_cvttpd_epi32(x) ^ (v128)(sign << 31);
}

#endif
