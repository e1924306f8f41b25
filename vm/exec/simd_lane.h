/*
 * Vector instructions that move lanes and bits without computing: constants,
 * splat, extract, replace, bitwise logic, loads and stores.
 * Runs in the confined child, inside the interpreter's handlers.
 * https://webassembly.github.io/spec/core/exec/instructions.html#vector-instructions
 *
 * Memory pointers are checked against the memory's bounds by the caller, for
 * the whole width of the access. Lane numbers were checked by the validator;
 * they are reduced all the same, so that no wrong one reaches other memory.
 */
#ifndef VM_EXEC_SIMD_LANE_H
#define VM_EXEC_SIMD_LANE_H

#include "vm/exec/simd_target.h"

static inline v128
simd_v128_const(const uint8_t bytes[16])
{
	return simd_v128_load(bytes);
}

/* ---- bitwise ----------------------------------------------------------- */

static inline v128
simd_v128_not(v128 a)
{
	return ~a;
}

static inline v128
simd_v128_and(v128 a, v128 b)
{
	return a & b;
}

static inline v128
simd_v128_andnot(v128 a, v128 b)
{
	return a & ~b;
}

static inline v128
simd_v128_or(v128 a, v128 b)
{
	return a | b;
}

static inline v128
simd_v128_xor(v128 a, v128 b)
{
	return a ^ b;
}

/* ---- splat, extract, replace ------------------------------------------- */

/*
 * scalar is what stands on the operand stack, element what a lane holds. Floats
 * are moved, never computed with: a NaN stays as it is.
 */
#define SPLAT(shape, lanes, element, scalar)				\
	static inline v128						\
	simd_##shape##_splat(scalar x)					\
	{								\
		element e = (element)x;					\
									\
		return (v128)(lanes){ EACH_##shape(e) };		\
	}

#define EACH_f64x2(x) (x), (x)
#define EACH_i64x2(x) EACH_f64x2(x)
#define EACH_f32x4(x) EACH_f64x2(x), EACH_f64x2(x)
#define EACH_i32x4(x) EACH_f32x4(x)
#define EACH_i16x8(x) EACH_i32x4(x), EACH_i32x4(x)
#define EACH_i8x16(x) EACH_i16x8(x), EACH_i16x8(x)

SPLAT(i8x16, u8x16, uint8_t, uint32_t)
SPLAT(i16x8, u16x8, uint16_t, uint32_t)
SPLAT(i32x4, u32x4, uint32_t, uint32_t)
SPLAT(i64x2, u64x2, uint64_t, uint64_t)
SPLAT(f32x4, f32x4, float, float)
SPLAT(f64x2, f64x2, double, double)

#undef EACH_f64x2
#undef EACH_i64x2
#undef EACH_f32x4
#undef EACH_i32x4
#undef EACH_i16x8
#undef EACH_i8x16
#undef SPLAT

#define EXTRACT(name, lanes, count, scalar)				\
	static inline scalar						\
	simd_##name(v128 a, uint32_t lane)				\
	{								\
		return (scalar)((lanes)a)[lane % (count)];		\
	}

EXTRACT(i8x16_extract_lane_s, i8x16, 16, uint32_t)
EXTRACT(i8x16_extract_lane_u, u8x16, 16, uint32_t)
EXTRACT(i16x8_extract_lane_s, i16x8, 8, uint32_t)
EXTRACT(i16x8_extract_lane_u, u16x8, 8, uint32_t)
EXTRACT(i32x4_extract_lane, u32x4, 4, uint32_t)
EXTRACT(i64x2_extract_lane, u64x2, 2, uint64_t)
EXTRACT(f32x4_extract_lane, f32x4, 4, float)
EXTRACT(f64x2_extract_lane, f64x2, 2, double)

#undef EXTRACT

/*
 * Selected by comparing lane numbers: a lane written through memory would make
 * the next use of the vector wait for the write.
 */
#define REPLACE(shape, ulanes, element, scalar, ...)			\
	static inline v128						\
	simd_##shape##_replace_lane(v128 a, uint32_t lane, scalar x)	\
	{								\
		ulanes number = { __VA_ARGS__ };			\
									\
		return simd_v128_bitselect(simd_##shape##_splat(x), a,	\
			(v128)(number == (element)lane));		\
	}

REPLACE(i8x16, u8x16, uint8_t, uint32_t, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11,
	12, 13, 14, 15)
REPLACE(i16x8, u16x8, uint16_t, uint32_t, 0, 1, 2, 3, 4, 5, 6, 7)
REPLACE(i32x4, u32x4, uint32_t, uint32_t, 0, 1, 2, 3)
REPLACE(i64x2, u64x2, uint64_t, uint64_t, 0, 1)
REPLACE(f32x4, u32x4, uint32_t, float, 0, 1, 2, 3)
REPLACE(f64x2, u64x2, uint64_t, double, 0, 1)

#undef REPLACE

/* ---- extend ------------------------------------------------------------ */

/* The upper halves of the wide lanes are the narrow lanes' signs, or zeros. */
#define EXTEND(wide, narrow, lanes, bits)				\
	static inline v128						\
	simd_##wide##_extend_low_##narrow##_s(v128 a)			\
	{								\
		return simd_interleave##bits##_low(a,			\
			(v128)((lanes)a < 0));				\
	}								\
	static inline v128						\
	simd_##wide##_extend_high_##narrow##_s(v128 a)			\
	{								\
		return simd_interleave##bits##_high(a,			\
			(v128)((lanes)a < 0));				\
	}								\
	static inline v128						\
	simd_##wide##_extend_low_##narrow##_u(v128 a)			\
	{								\
		return simd_interleave##bits##_low(a, (v128){});	\
	}								\
	static inline v128						\
	simd_##wide##_extend_high_##narrow##_u(v128 a)			\
	{								\
		return simd_interleave##bits##_high(a, (v128){});	\
	}

EXTEND(i16x8, i8x16, i8x16, 8)
EXTEND(i32x4, i16x8, i16x8, 16)
EXTEND(i64x2, i32x4, i32x4, 32)

#undef EXTEND

/* ---- memory ------------------------------------------------------------ */

/*
 * One lane of memory: alone with zeros, in all lanes, into one lane of a, and
 * from one lane of a.
 */
#define LANE_MEMORY(bits, lanes, shape)					\
	static inline v128						\
	simd_v128_load##bits##_splat(const uint8_t *p)			\
	{								\
		uint##bits##_t x;					\
									\
		memcpy(&x, p, sizeof(x));				\
		return simd_##shape##_splat(x);				\
	}								\
	static inline v128						\
	simd_v128_load##bits##_lane(const uint8_t *p, v128 a, uint32_t lane) \
	{								\
		uint##bits##_t x;					\
									\
		memcpy(&x, p, sizeof(x));				\
		return simd_##shape##_replace_lane(a, lane, x);		\
	}								\
	static inline void						\
	simd_v128_store##bits##_lane(uint8_t *p, v128 a, uint32_t lane)	\
	{								\
		uint##bits##_t x = ((lanes)a)[lane % (128 / (bits))];	\
									\
		memcpy(p, &x, sizeof(x));				\
	}

LANE_MEMORY(8, u8x16, i8x16)
LANE_MEMORY(16, u16x8, i16x8)
LANE_MEMORY(32, u32x4, i32x4)
LANE_MEMORY(64, u64x2, i64x2)

#undef LANE_MEMORY

static inline v128
simd_v128_load32_zero(const uint8_t *p)
{
	uint32_t x;

	memcpy(&x, p, sizeof(x));
	return (v128)(u32x4){ x };
}

static inline v128
simd_v128_load64_zero(const uint8_t *p)
{
	uint64_t x;

	memcpy(&x, p, sizeof(x));
	return (v128)(u64x2){ x };
}

#define LOAD_EXTEND(name, extend)					\
	static inline v128						\
	simd_v128_load##name(const uint8_t *p)				\
	{								\
		return simd_##extend(simd_v128_load64_zero(p));		\
	}

LOAD_EXTEND(8x8_s, i16x8_extend_low_i8x16_s)
LOAD_EXTEND(8x8_u, i16x8_extend_low_i8x16_u)
LOAD_EXTEND(16x4_s, i32x4_extend_low_i16x8_s)
LOAD_EXTEND(16x4_u, i32x4_extend_low_i16x8_u)
LOAD_EXTEND(32x2_s, i64x2_extend_low_i32x4_s)
LOAD_EXTEND(32x2_u, i64x2_extend_low_i32x4_u)

#undef LOAD_EXTEND

#endif
