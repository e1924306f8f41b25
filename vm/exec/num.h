/*
 * Numerics where C's operators differ from WebAssembly's, or leave cases
 * undefined.
 * https://webassembly.github.io/spec/core/exec/numerics.html
 *
 * Where an operand is a NaN, the arithmetic operators give a quiet NaN of the
 * operand, as the specification allows; nothing here may turn a signalling one
 * into a result, and only abs, neg and copysign may keep it.
 */
#ifndef VM_EXEC_NUM_H
#define VM_EXEC_NUM_H

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/*
 * Compilers to WebAssembly write a select where a branch would be predicted
 * wrongly. gcc makes a branch of it again unless told that it cannot know:
 * lists, CRCs and texts, in bench/kernels/mixed.c, took 1.4 times as long.
 */
static inline uint64_t
num_select(bool condition, uint64_t a, uint64_t b)
{
	return __builtin_expect_with_probability(condition, 1, 0.5) ? a : b;
}

static inline float
num_f32(uint32_t bits)
{
	float f;

	memcpy(&f, &bits, sizeof(f));
	return f;
}

static inline double
num_f64(uint64_t bits)
{
	double d;

	memcpy(&d, &bits, sizeof(d));
	return d;
}

static inline uint32_t
num_f32_bits(float f)
{
	uint32_t bits;

	memcpy(&bits, &f, sizeof(bits));
	return bits;
}

static inline uint64_t
num_f64_bits(double d)
{
	uint64_t bits;

	memcpy(&bits, &d, sizeof(bits));
	return bits;
}

static inline uint32_t
num_clz32(uint32_t a)
{
	return a == 0 ? 32 : (uint32_t)__builtin_clz(a);
}

static inline uint32_t
num_ctz32(uint32_t a)
{
	return a == 0 ? 32 : (uint32_t)__builtin_ctz(a);
}

static inline uint64_t
num_clz64(uint64_t a)
{
	return a == 0 ? 64 : (uint64_t)__builtin_clzll(a);
}

static inline uint64_t
num_ctz64(uint64_t a)
{
	return a == 0 ? 64 : (uint64_t)__builtin_ctzll(a);
}

/* Without popcnt in the baseline, the compiler's builtin is a call. */
static inline uint64_t
num_popcnt64(uint64_t a)
{
#ifdef __POPCNT__
	return (uint64_t)__builtin_popcountll(a);
#else
	a -= a >> 1 & UINT64_C(0x5555555555555555);
	a = (a & UINT64_C(0x3333333333333333)) +
		(a >> 2 & UINT64_C(0x3333333333333333));
	a = (a + (a >> 4)) & UINT64_C(0x0f0f0f0f0f0f0f0f);
	return a * UINT64_C(0x0101010101010101) >> 56;
#endif
}

static inline uint32_t
num_popcnt32(uint32_t a)
{
	return (uint32_t)num_popcnt64(a);
}

#define NUM_F32_SIGN UINT32_C(0x80000000)
#define NUM_F64_SIGN UINT64_C(0x8000000000000000)

/*
 * Everything that exists for f32 and f64 alike. min and max: a NaN wins, and
 * -0 is less than 0; of equal operands only zeros can differ, in their sign.
 * Roundings written in C may return a signalling NaN as it is: a + a quiets.
 */
#define NUM_FLOAT(pre, T, U, SIGN, sfx) \
static inline T \
num_##pre##_min(T a, T b) \
{ \
	if (__builtin_isunordered(a, b)) \
		return a + b; \
	if (a == b) \
		return num_##pre(num_##pre##_bits(a) | num_##pre##_bits(b)); \
	return a < b ? a : b; \
} \
static inline T \
num_##pre##_max(T a, T b) \
{ \
	if (__builtin_isunordered(a, b)) \
		return a + b; \
	if (a == b) \
		return num_##pre(num_##pre##_bits(a) & num_##pre##_bits(b)); \
	return a > b ? a : b; \
} \
static inline T \
num_##pre##_copysign(T a, T b) \
{ \
	return num_##pre((num_##pre##_bits(a) & ~SIGN) | \
		(num_##pre##_bits(b) & SIGN)); \
} \
static inline T num_##pre##_abs(T a) { return num_##pre(num_##pre##_bits(a) & ~SIGN); } \
static inline T num_##pre##_neg(T a) { return num_##pre(num_##pre##_bits(a) ^ SIGN); } \
static inline T num_##pre##_ceil(T a) \
	{ return a != a ? a + a : __builtin_ceil##sfx(a); } \
static inline T num_##pre##_floor(T a) \
	{ return a != a ? a + a : __builtin_floor##sfx(a); } \
static inline T num_##pre##_trunc(T a) \
	{ return a != a ? a + a : __builtin_trunc##sfx(a); } \
static inline T num_##pre##_nearest(T a) \
	{ return a != a ? a + a : __builtin_rint##sfx(a); } \
static inline T num_##pre##_sqrt(T a) { return __builtin_sqrt##sfx(a); } \
static inline int num_##pre##_fits_s64(T a) \
	{ return a >= (T)-0x1p63 && a < (T)0x1p63; } \
static inline int num_##pre##_fits_u64(T a) \
	{ return a > (T)-1 && a < (T)0x1p64; } \
static inline int num_##pre##_fits_u32(T a) \
	{ return a > (T)-1 && a < (T)0x1p32; } \
static inline uint32_t num_##pre##_sat_s32(T a) \
{ \
	if (a != a) \
		return 0; \
	if (a < (T)-0x1p31) \
		return UINT32_C(0x80000000); \
	return a >= (T)0x1p31 ? UINT32_C(0x7fffffff) : (uint32_t)(int32_t)a; \
} \
static inline uint32_t num_##pre##_sat_u32(T a) \
{ \
	if (!(a > 0)) \
		return 0; \
	return a >= (T)0x1p32 ? UINT32_MAX : (uint32_t)a; \
} \
static inline uint64_t num_##pre##_sat_s64(T a) \
{ \
	if (a != a) \
		return 0; \
	if (a < (T)-0x1p63) \
		return UINT64_C(0x8000000000000000); \
	return a >= (T)0x1p63 ? UINT64_C(0x7fffffffffffffff) : \
		(uint64_t)(int64_t)a; \
} \
static inline uint64_t num_##pre##_sat_u64(T a) \
{ \
	if (!(a > 0)) \
		return 0; \
	return a >= (T)0x1p64 ? UINT64_MAX : (uint64_t)a; \
}

/* The canonical NaN in place of any. */
static inline float
num_f32_one_nan(float a)
{
	return a != a ? num_f32(UINT32_C(0x7fc00000)) : a;
}

static inline double
num_f64_one_nan(double a)
{
	return a != a ? num_f64(UINT64_C(0x7ff8000000000000)) : a;
}

NUM_FLOAT(f32, float, uint32_t, NUM_F32_SIGN, f)
NUM_FLOAT(f64, double, uint64_t, NUM_F64_SIGN, )

/* What truncates to a signed 32-bit integer. f32 has no number between -2^31
 * and its predecessor that does; f64 has. */
static inline int
num_f32_fits_s32(float a)
{
	return a >= -0x1p31f && a < 0x1p31f;
}

static inline int
num_f64_fits_s32(double a)
{
	return a > -2147483649.0 && a < 0x1p31;
}

#endif
