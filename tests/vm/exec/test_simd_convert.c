/* Tests of vm/exec/simd*.h: conversions between integers and floats. */
#include "tests/vm/exec/test_simd.h"

#include <math.h>

static wide
ref_trunc_sat(double x, double low, double high)
{
	if (isnan(x))
		return 0;
	return (wide)trunc(fmin(fmax(x, low), high));
}

void
test_float_to_int_saturates(void **state)
{
	static const struct {
		enum op op;
		int bits;	/* of the operand's lanes */
		double low, high;
	} rows[] = {
#define S INT32_MIN, INT32_MAX
#define U 0, UINT32_MAX
		{ OP_I32X4_TRUNC_SAT_F32X4_S, 32, S },
		{ OP_I32X4_TRUNC_SAT_F32X4_U, 32, U },
		{ OP_I32X4_TRUNC_SAT_F64X2_S_ZERO, 64, S },
		{ OP_I32X4_TRUNC_SAT_F64X2_U_ZERO, 64, U },
		{ OP_I32X4_RELAXED_TRUNC_F32X4_S, 32, S },
		{ OP_I32X4_RELAXED_TRUNC_F32X4_U, 32, U },
		{ OP_I32X4_RELAXED_TRUNC_F64X2_S_ZERO, 64, S },
		{ OP_I32X4_RELAXED_TRUNC_F64X2_U_ZERO, 64, U },
#undef S
#undef U
	};

	for (size_t r = 0; r < sizeof(rows) / sizeof(rows[0]); r++) {
		int bits = rows[r].bits;
		union simd_function f =
		    simd_function(rows[r].op, SHAPE_UNARY);

		for (int n = 0; n < 4 * ROUNDS; n++) {
			v128 a = any_floats(bits), expected = {};

			for (int i = 0; i < lane_count(bits); i++)
				lane_set(&expected, 32, i, ref_trunc_sat(
					lane_float(a, bits, i),
					rows[r].low, rows[r].high));
			expect_v128(rows[r].op, f.UNARY(a), expected, a, a);
		}
	}
}

/* An i32 is exact in double: only the f32 is rounded, once. */
void
test_int_to_float(void **state)
{
	static const struct {
		enum op op;
		int bits;	/* of the result's lanes */
		wide (*lane)(v128, int, int);
	} rows[] = {
		{ OP_F32X4_CONVERT_I32X4_S, 32, lane_s },
		{ OP_F32X4_CONVERT_I32X4_U, 32, lane_u },
		{ OP_F64X2_CONVERT_LOW_I32X4_S, 64, lane_s },
		{ OP_F64X2_CONVERT_LOW_I32X4_U, 64, lane_u },
	};

	for (size_t r = 0; r < sizeof(rows) / sizeof(rows[0]); r++) {
		int bits = rows[r].bits;
		union simd_function f =
		    simd_function(rows[r].op, SHAPE_UNARY);

		for (int n = 0; n < 4 * ROUNDS; n++) {
			v128 a = any_ints(32), expected = {};

			for (int i = 0; i < lane_count(bits); i++)
				lane_set(&expected, bits, i, float_bits(
					(double)rows[r].lane(a, 32, i), bits));
			expect_v128(rows[r].op, f.UNARY(a), expected, a, a);
		}
	}
}

/* other_nans(a), seen from lanes of another width. */
static v128
other_nans_between(v128 a, int from, int to)
{
	v128 nans = other_nans(a, from), r = {};

	for (int i = 0; i < 2; i++)
		lane_set(&r, to, i, lane_s(nans, from, i));
	return r;
}

void
test_float_to_float(void **state)
{
	static const struct {
		enum op op;
		int from, to;
	} rows[] = {
		{ OP_F32X4_DEMOTE_F64X2_ZERO, 64, 32 },
		{ OP_F64X2_PROMOTE_LOW_F32X4, 32, 64 },
	};

	for (size_t r = 0; r < sizeof(rows) / sizeof(rows[0]); r++) {
		int from = rows[r].from, to = rows[r].to;
		union simd_function f =
		    simd_function(rows[r].op, SHAPE_UNARY);

		for (int n = 0; n < 4 * ROUNDS; n++) {
			v128 a = any_floats(from), expected = {};

			for (int i = 0; i < 2; i++)
				lane_set(&expected, to, i, float_bits(
					lane_float(a, from, i), to));
			expect_floats(rows[r].op, to, f.UNARY(a), expected,
				other_nans_between(a, from, to), a, a);
		}
	}
}
