/*
 * For the plainest x86-64, what simd_sse4.h does with one instruction.
 * Chosen by simd_target.h; runs in the confined child.
 */
#ifndef VM_EXEC_SIMD_SSE2_H
#define VM_EXEC_SIMD_SSE2_H

#include <emmintrin.h>

#include "vm/exec/simd_v128.h"

#define SELECT_LANES(name, lanes, op)					\
	static inline v128						\
	simd_##name(v128 a, v128 b)					\
	{								\
		return simd_v128_bitselect(a, b,			\
			(v128)((lanes)a op (lanes)b));			\
	}

SELECT_LANES(i8x16_min_s, i8x16, <)
SELECT_LANES(i8x16_max_s, i8x16, >)
SELECT_LANES(i16x8_min_u, u16x8, <)
SELECT_LANES(i16x8_max_u, u16x8, >)
SELECT_LANES(i32x4_min_s, i32x4, <)
SELECT_LANES(i32x4_min_u, u32x4, <)
SELECT_LANES(i32x4_max_s, i32x4, >)
SELECT_LANES(i32x4_max_u, u32x4, >)

#undef SELECT_LANES

static inline uint32_t
simd_v128_any_true(v128 a)
{
	return _mm_movemask_epi8((__m128i)(a == 0)) != 0xffff;
}

/*
 * Counts in 2, then 4, then 8 bits, each field beside its neighbours. What a
 * shift brings over from the next byte is masked away.
 */
static inline v128
simd_i8x16_popcnt(v128 a)
{
	v128 n = a - ((v128)((u16x8)a >> 1) & 0x55);

	n = (n & 0x33) + ((v128)((u16x8)n >> 2) & 0x33);
	return (n + (v128)((u16x8)n >> 4)) & 0x0f;
}

/* Clamped from below, shifted into the signed range, packed, shifted back. */
static inline v128
simd_i16x8_narrow_i32x4_u(v128 a, v128 b)
{
	u32x4 x = (u32x4)simd_i32x4_max_s(a, (v128){}) - 0x8000;
	u32x4 y = (u32x4)simd_i32x4_max_s(b, (v128){}) - 0x8000;

	return (v128)((u16x8)_mm_packs_epi32((__m128i)x, (__m128i)y) ^ 0x8000);
}

/*
 * Adding 2^23 (2^52) to a smaller magnitude and taking it away again rounds to
 * the nearest integer, ties to even. What is not smaller has no fraction, and
 * NaNs leave an addition quiet. The others follow from that: floor is one less
 * where it was rounded up, and mirrored at zero it gives ceil and trunc, with
 * the right signs of zeros.
 */
#define ROUND(shape, ulanes, flanes, limit, sign)			\
	static inline v128						\
	simd_##shape##_nearest(v128 a)					\
	{								\
		flanes x = (flanes)((ulanes)a & ~(sign));		\
		ulanes r = (ulanes)(x + (limit) - (limit));		\
									\
		return simd_v128_bitselect(				\
			(v128)(r | ((ulanes)a & (sign))),		\
			(v128)((flanes)a + (flanes){}),			\
			(v128)(x < (limit)));				\
	}								\
	static inline v128						\
	simd_##shape##_floor(v128 a)					\
	{								\
		flanes r = (flanes)simd_##shape##_nearest(a);		\
		ulanes one = (ulanes)((flanes){} + 1);			\
									\
		return (v128)(r - (flanes)((ulanes)(r > (flanes)a) & one)); \
	}								\
	static inline v128						\
	simd_##shape##_ceil(v128 a)					\
	{								\
		v128 r = simd_##shape##_floor((v128)((ulanes)a ^ (sign))); \
									\
		return (v128)((ulanes)r ^ (sign));			\
	}								\
	static inline v128						\
	simd_##shape##_trunc(v128 a)					\
	{								\
		v128 r = simd_##shape##_floor((v128)((ulanes)a & ~(sign))); \
									\
		return (v128)((ulanes)r | ((ulanes)a & (sign)));	\
	}

ROUND(f32x4, u32x4, f32x4, 0x1p23f, 0x80000000u)
ROUND(f64x2, u64x2, f64x2, 0x1p52, 0x8000000000000000u)

#undef ROUND

static inline v128
simd_i8x16_shuffle(v128 a, v128 b, const uint8_t lanes[16])
{
	uint8_t from[32], to[16];

	simd_v128_store(from, a);
	simd_v128_store(from + 16, b);
	for (int i = 0; i < 16; i++)
		to[i] = from[lanes[i] & 31];
	return simd_v128_load(to);
}

/* An index out of range picks a byte of the zeros behind a. */
static inline v128
simd_i8x16_swizzle(v128 a, v128 index)
{
	__m128i bounded = _mm_min_epu8((__m128i)index, _mm_set1_epi8(16));
	uint8_t lanes[16];

	simd_v128_store(lanes, (v128)bounded);
	return simd_i8x16_shuffle(a, (v128){}, lanes);
}

/*
 * (a * b + 2^14) >> 15 from the halves of the product: bit 14 of the low half
 * carries. Only -32768 * -32768 passes the range, and wraps to 0x8000.
 */
static inline v128
simd_i16x8_q15mulr_sat_s(v128 a, v128 b)
{
	u16x8 high = (u16x8)_mm_mulhi_epi16((__m128i)a, (__m128i)b);
	u16x8 low = (u16x8)a * (u16x8)b;
	u16x8 r = (high << 1) + (low >> 15) + ((low >> 14) & 1);

	return (v128)(r ^ (u16x8)(r == 0x8000));
}

/* a as signed is a - 2^32 where its top bit is set: so is the product. */
static inline v128
simd_mul_even_i32(v128 a, v128 b)
{
	u64x2 r = (u64x2)_mm_mul_epu32((__m128i)a, (__m128i)b);
	u32x4 over = ((u32x4)((i32x4)a < 0) & (u32x4)b) +
	    ((u32x4)((i32x4)b < 0) & (u32x4)a);

	return (v128)(r - ((u64x2)over << 32));
}

static inline v128
simd_i64x2_extmul_low_i32x4_s(v128 a, v128 b)
{
	return simd_mul_even_i32(simd_interleave32_low(a, a),
		simd_interleave32_low(b, b));
}

static inline v128
simd_i64x2_extmul_high_i32x4_s(v128 a, v128 b)
{
	return simd_mul_even_i32(simd_interleave32_high(a, a),
		simd_interleave32_high(b, b));
}

#endif
