/*
 * What an x86-64 has an instruction for since SSSE3 and SSE4.1. Same functions
 * as simd_sse2.h. Chosen by simd_target.h; runs in the confined child.
 */
#ifndef VM_EXEC_SIMD_SSE4_H
#define VM_EXEC_SIMD_SSE4_H

#include <smmintrin.h>

#include "vm/exec/simd_v128.h"

#define SSE_BINARY(name, intrinsic)					\
	static inline v128						\
	simd_##name(v128 a, v128 b)					\
	{								\
		return (v128)intrinsic((__m128i)a, (__m128i)b);		\
	}

SSE_BINARY(i8x16_min_s, _mm_min_epi8)
SSE_BINARY(i8x16_max_s, _mm_max_epi8)
SSE_BINARY(i16x8_min_u, _mm_min_epu16)
SSE_BINARY(i16x8_max_u, _mm_max_epu16)
SSE_BINARY(i32x4_min_s, _mm_min_epi32)
SSE_BINARY(i32x4_min_u, _mm_min_epu32)
SSE_BINARY(i32x4_max_s, _mm_max_epi32)
SSE_BINARY(i32x4_max_u, _mm_max_epu32)
SSE_BINARY(i16x8_narrow_i32x4_u, _mm_packus_epi32)

#undef SSE_BINARY

#define SSE_ROUND(shape, vector, suffix)				\
	static inline v128						\
	simd_##shape##_ceil(v128 a)					\
	{								\
		return (v128)_mm_ceil_##suffix((vector)a);		\
	}								\
	static inline v128						\
	simd_##shape##_floor(v128 a)					\
	{								\
		return (v128)_mm_floor_##suffix((vector)a);		\
	}								\
	static inline v128						\
	simd_##shape##_trunc(v128 a)					\
	{								\
		return (v128)_mm_round_##suffix((vector)a,		\
			_MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC);	\
	}								\
	static inline v128						\
	simd_##shape##_nearest(v128 a)					\
	{								\
		return (v128)_mm_round_##suffix((vector)a,		\
			_MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);	\
	}

SSE_ROUND(f32x4, __m128, ps)
SSE_ROUND(f64x2, __m128d, pd)

#undef SSE_ROUND

static inline uint32_t
simd_v128_any_true(v128 a)
{
	return !_mm_testz_si128((__m128i)a, (__m128i)a);
}

/* Looks up the bits of both halves of each byte. */
static inline v128
simd_i8x16_popcnt(v128 a)
{
	__m128i bits = _mm_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3,
		1, 2, 2, 3, 2, 3, 3, 4);
	v128 lower = a & 0x0f;
	v128 upper = (v128)((u16x8)a >> 4) & 0x0f;

	return (v128)_mm_shuffle_epi8(bits, (__m128i)lower) +
	    (v128)_mm_shuffle_epi8(bits, (__m128i)upper);
}

/*
 * The machine picks by an index's low four bits, or gives zero where its top
 * bit is set: the additions set that bit for every index out of range.
 */
static inline v128
simd_i8x16_swizzle(v128 a, v128 index)
{
	__m128i i = _mm_adds_epu8((__m128i)index, _mm_set1_epi8(0x70));

	return (v128)_mm_shuffle_epi8((__m128i)a, i);
}

static inline v128
simd_i8x16_shuffle(v128 a, v128 b, const uint8_t lanes[16])
{
	v128 index = simd_v128_load(lanes);
	__m128i from_a = _mm_shuffle_epi8((__m128i)a, (__m128i)(index + 0x70));
	__m128i from_b = _mm_shuffle_epi8((__m128i)b, (__m128i)(index - 16));

	return (v128)_mm_or_si128(from_a, from_b);
}

/* Only -32768 * -32768 passes the range, and wraps to 0x8000. */
static inline v128
simd_i16x8_q15mulr_sat_s(v128 a, v128 b)
{
	u16x8 r = (u16x8)_mm_mulhrs_epi16((__m128i)a, (__m128i)b);

	return (v128)(r ^ (u16x8)(r == 0x8000));
}

static inline v128
simd_i64x2_extmul_low_i32x4_s(v128 a, v128 b)
{
	return (v128)_mm_mul_epi32((__m128i)simd_interleave32_low(a, a),
		(__m128i)simd_interleave32_low(b, b));
}

static inline v128
simd_i64x2_extmul_high_i32x4_s(v128 a, v128 b)
{
	return (v128)_mm_mul_epi32((__m128i)simd_interleave32_high(a, a),
		(__m128i)simd_interleave32_high(b, b));
}

#endif
