/* Tests of vm/exec/simd*.h: floating-point arithmetic, and the relaxed. */
#include "tests/vm/exec/test_simd.h"

#include <math.h>

/*
 * References on one lane, in double for both widths: an f32 result that is
 * rounded to double first is the same for these operations.
 */
static double
ref_add(double a, double b)
{
	return a + b;
}

static double
ref_sub(double a, double b)
{
	return a - b;
}

static double
ref_mul(double a, double b)
{
	return a * b;
}

static double
ref_div(double a, double b)
{
	return a / b;
}

static double
ref_min(double a, double b)
{
	if (isnan(a) || isnan(b))
		return NAN;
	if (a == b)
		return signbit(a) ? a : b;
	return a < b ? a : b;
}

static double
ref_max(double a, double b)
{
	if (isnan(a) || isnan(b))
		return NAN;
	if (a == b)
		return signbit(a) ? b : a;
	return a > b ? a : b;
}

void
test_floats_unary(void **state)
{
	static const struct {
		enum op op;
		int bits;
		double (*ref)(double);
	} rows[] = {
		{ OP_F32X4_CEIL, 32, ceil },
		{ OP_F32X4_FLOOR, 32, floor },
		{ OP_F32X4_TRUNC, 32, trunc },
		{ OP_F32X4_NEAREST, 32, rint },
		{ OP_F32X4_SQRT, 32, sqrt },
		{ OP_F64X2_CEIL, 64, ceil },
		{ OP_F64X2_FLOOR, 64, floor },
		{ OP_F64X2_TRUNC, 64, trunc },
		{ OP_F64X2_NEAREST, 64, rint },
		{ OP_F64X2_SQRT, 64, sqrt },
	};

	for (size_t r = 0; r < sizeof(rows) / sizeof(rows[0]); r++) {
		int bits = rows[r].bits;
		union simd_function f =
		    simd_function(rows[r].op, SHAPE_UNARY);

		for (int n = 0; n < ROUNDS; n++) {
			v128 a = any_floats(bits), expected = {};

			for (int i = 0; i < lane_count(bits); i++)
				lane_set(&expected, bits, i, float_bits(
					rows[r].ref(lane_float(a, bits, i)),
					bits));
			expect_floats(rows[r].op, bits, f.UNARY(a), expected,
				other_nans(a, bits), a, a);
		}
	}
}

void
test_floats_binary(void **state)
{
	static const struct {
		enum op op;
		int bits;
		double (*ref)(double, double);
	} rows[] = {
		{ OP_F32X4_ADD, 32, ref_add },
		{ OP_F32X4_SUB, 32, ref_sub },
		{ OP_F32X4_MUL, 32, ref_mul },
		{ OP_F32X4_DIV, 32, ref_div },
		{ OP_F32X4_MIN, 32, ref_min },
		{ OP_F32X4_MAX, 32, ref_max },
		{ OP_F32X4_RELAXED_MIN, 32, ref_min },
		{ OP_F32X4_RELAXED_MAX, 32, ref_max },
		{ OP_F64X2_ADD, 64, ref_add },
		{ OP_F64X2_SUB, 64, ref_sub },
		{ OP_F64X2_MUL, 64, ref_mul },
		{ OP_F64X2_DIV, 64, ref_div },
		{ OP_F64X2_MIN, 64, ref_min },
		{ OP_F64X2_MAX, 64, ref_max },
		{ OP_F64X2_RELAXED_MIN, 64, ref_min },
		{ OP_F64X2_RELAXED_MAX, 64, ref_max },
	};

	for (size_t r = 0; r < sizeof(rows) / sizeof(rows[0]); r++) {
		int bits = rows[r].bits;
		union simd_function f =
		    simd_function(rows[r].op, SHAPE_BINARY);

		for (int n = 0; n < 4 * ROUNDS; n++) {
			v128 a = any_floats(bits), b = any_floats(bits);
			v128 nans = other_nans(a, bits) | other_nans(b, bits);
			v128 expected = {};

			for (int i = 0; i < lane_count(bits); i++)
				lane_set(&expected, bits, i, float_bits(
					rows[r].ref(lane_float(a, bits, i),
					lane_float(b, bits, i)), bits));
			expect_floats(rows[r].op, bits, f.BINARY(a, b),
				expected, nans, a, b);
		}
	}
}

/* abs and neg are no arithmetic: NaNs keep their payload, quiet or not. */
void
test_floats_change_only_the_sign(void **state)
{
	static const struct {
		enum op abs, neg;
		int bits;
	} rows[] = {
		{ OP_F32X4_ABS, OP_F32X4_NEG, 32 },
		{ OP_F64X2_ABS, OP_F64X2_NEG, 64 },
	};

	for (size_t r = 0; r < sizeof(rows) / sizeof(rows[0]); r++) {
		int bits = rows[r].bits;
		wide sign = (wide)1 << (bits - 1);
		union simd_function abs =
		    simd_function(rows[r].abs, SHAPE_UNARY);
		union simd_function neg =
		    simd_function(rows[r].neg, SHAPE_UNARY);

		for (int n = 0; n < ROUNDS; n++) {
			v128 a = any_floats(bits), x = {}, y = {};

			for (int i = 0; i < lane_count(bits); i++) {
				wide lane = lane_u(a, bits, i);

				lane_set(&x, bits, i, lane & ~sign);
				lane_set(&y, bits, i, lane ^ sign);
			}
			expect_v128(rows[r].abs, abs.UNARY(a), x, a, a);
			expect_v128(rows[r].neg, neg.UNARY(a), y, a, a);
		}
	}
}

/* ---- comparisons ------------------------------------------------------- */

static bool
ref_eq(double a, double b)
{
	return a == b;
}

static bool
ref_ne(double a, double b)
{
	return a != b;
}

static bool
ref_lt(double a, double b)
{
	return a < b;
}

static bool
ref_gt(double a, double b)
{
	return a > b;
}

static bool
ref_le(double a, double b)
{
	return a <= b;
}

static bool
ref_ge(double a, double b)
{
	return a >= b;
}

void
test_floats_compare(void **state)
{
	static const struct {
		enum op op;
		int bits;
		bool (*ref)(double, double);
	} rows[] = {
		{ OP_F32X4_EQ, 32, ref_eq },
		{ OP_F32X4_NE, 32, ref_ne },
		{ OP_F32X4_LT, 32, ref_lt },
		{ OP_F32X4_GT, 32, ref_gt },
		{ OP_F32X4_LE, 32, ref_le },
		{ OP_F32X4_GE, 32, ref_ge },
		{ OP_F64X2_EQ, 64, ref_eq },
		{ OP_F64X2_NE, 64, ref_ne },
		{ OP_F64X2_LT, 64, ref_lt },
		{ OP_F64X2_GT, 64, ref_gt },
		{ OP_F64X2_LE, 64, ref_le },
		{ OP_F64X2_GE, 64, ref_ge },
	};

	for (size_t r = 0; r < sizeof(rows) / sizeof(rows[0]); r++) {
		int bits = rows[r].bits;
		union simd_function f =
		    simd_function(rows[r].op, SHAPE_BINARY);

		for (int n = 0; n < ROUNDS; n++) {
			v128 a = any_floats(bits), expected = {};
			v128 b = n % 8 == 0 ? a : any_floats(bits);

			for (int i = 0; i < lane_count(bits); i++)
				lane_set(&expected, bits, i, -(wide)rows[r].ref(
					lane_float(a, bits, i),
					lane_float(b, bits, i)));
			expect_v128(rows[r].op, f.BINARY(a, b), expected, a, b);
		}
	}
}

/*
 * pmin(a, b) is b < a ? b : a, pmax(a, b) a < b ? b : a: the first operand
 * where either is a NaN and for zeros, in any case bit for bit.
 */
void
test_floats_pmin_returns_an_operand_unchanged(void **state)
{
	static const struct {
		enum op op;
		int bits;
		bool (*takes_second)(double b, double a);
	} rows[] = {
		{ OP_F32X4_PMIN, 32, ref_lt },
		{ OP_F32X4_PMAX, 32, ref_gt },
		{ OP_F64X2_PMIN, 64, ref_lt },
		{ OP_F64X2_PMAX, 64, ref_gt },
	};

	for (size_t r = 0; r < sizeof(rows) / sizeof(rows[0]); r++) {
		int bits = rows[r].bits;
		union simd_function f =
		    simd_function(rows[r].op, SHAPE_BINARY);

		for (int n = 0; n < ROUNDS; n++) {
			v128 a = any_floats(bits), b = any_floats(bits);
			v128 expected = {};

			for (int i = 0; i < lane_count(bits); i++)
				lane_set(&expected, bits, i,
					rows[r].takes_second(
					lane_float(b, bits, i),
					lane_float(a, bits, i))
					? lane_u(b, bits, i)
					: lane_u(a, bits, i));
			expect_v128(rows[r].op, f.BINARY(a, b), expected, a, b);
		}
	}
}

/* ---- relaxed multiply-add ---------------------------------------------- */

/* volatile: the compiler must not fuse the reference either. */
static double
ref_madd(double a, double b, double c, int bits)
{
	volatile double product = bits_float(float_bits(a * b, bits), bits);

	return product + c;
}

static void
check_madd(enum op op, int bits, double sign)
{
	v128 (*f)(v128, v128, v128) = simd_function(op, SHAPE_TERNARY).TERNARY;

	for (int n = 0; n < 4 * ROUNDS; n++) {
		v128 a = any_floats(bits), b = any_floats(bits);
		v128 c = any_floats(bits), expected = {};
		v128 nans = other_nans(a, bits) | other_nans(b, bits) |
		    other_nans(c, bits);

		for (int i = 0; i < lane_count(bits); i++)
			lane_set(&expected, bits, i, float_bits(ref_madd(
				sign * lane_float(a, bits, i),
				lane_float(b, bits, i),
				lane_float(c, bits, i), bits), bits));
		expect_floats(op, bits, f(a, b, c), expected, nans, a, b);
	}
}

/* (1 + e)^2 - (1 + 2e) is e^2 if fused, and 0 if the product is rounded. */
static void
check_cancellation(enum op op, int bits, double e)
{
	v128 (*f)(v128, v128, v128) = simd_function(op, SHAPE_TERNARY).TERNARY;
	v128 a = {}, c = {};

	for (int i = 0; i < lane_count(bits); i++) {
		lane_set(&a, bits, i, float_bits(1 + e, bits));
		lane_set(&c, bits, i, float_bits(-(1 + 2 * e), bits));
	}
	expect_v128(op, f(a, a, c), (v128){}, a, c);
}

void
test_multiply_add_rounds_twice(void **state)
{
	check_madd(OP_F32X4_RELAXED_MADD, 32, 1);
	check_madd(OP_F32X4_RELAXED_NMADD, 32, -1);
	check_madd(OP_F64X2_RELAXED_MADD, 64, 1);
	check_madd(OP_F64X2_RELAXED_NMADD, 64, -1);
	check_cancellation(OP_F32X4_RELAXED_MADD, 32, 0x1p-12);
	check_cancellation(OP_F64X2_RELAXED_MADD, 64, 0x1p-27);
}
