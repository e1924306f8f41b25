/* Tests of vm/exec/simd*.h: integer arithmetic, lane by lane and widening. */
#include "tests/vm/exec/test_simd.h"

/* ---- references on one lane -------------------------------------------- */

static wide
saturate(wide x, wide low, wide high)
{
	return x < low ? low : x > high ? high : x;
}

static wide
saturate_s(wide x, int bits)
{
	wide half = (wide)1 << (bits - 1);

	return saturate(x, -half, half - 1);
}

static wide
saturate_u(wide x, int bits)
{
	return saturate(x, 0, ((wide)1 << bits) - 1);
}

static wide
ref_add(wide a, wide b, int bits)
{
	return a + b;
}

static wide
ref_sub(wide a, wide b, int bits)
{
	return a - b;
}

static wide
ref_mul(wide a, wide b, int bits)
{
	return a * b;
}

static wide
ref_eq(wide a, wide b, int bits)
{
	return -(a == b);
}

static wide
ref_ne(wide a, wide b, int bits)
{
	return -(a != b);
}

static wide
ref_lt(wide a, wide b, int bits)
{
	return -(a < b);
}

static wide
ref_gt(wide a, wide b, int bits)
{
	return -(a > b);
}

static wide
ref_le(wide a, wide b, int bits)
{
	return -(a <= b);
}

static wide
ref_ge(wide a, wide b, int bits)
{
	return -(a >= b);
}

static wide
ref_min(wide a, wide b, int bits)
{
	return a < b ? a : b;
}

static wide
ref_max(wide a, wide b, int bits)
{
	return a > b ? a : b;
}

static wide
ref_avgr(wide a, wide b, int bits)
{
	return (a + b + 1) / 2;
}

static wide
ref_add_sat_s(wide a, wide b, int bits)
{
	return saturate_s(a + b, bits);
}

static wide
ref_add_sat_u(wide a, wide b, int bits)
{
	return saturate_u(a + b, bits);
}

static wide
ref_sub_sat_s(wide a, wide b, int bits)
{
	return saturate_s(a - b, bits);
}

static wide
ref_sub_sat_u(wide a, wide b, int bits)
{
	return saturate_u(a - b, bits);
}

static wide
ref_q15mulr(wide a, wide b, int bits)
{
	return saturate_s((a * b + 0x4000) >> 15, bits);
}

static wide
ref_abs(wide a)
{
	return a < 0 ? -a : a;
}

static wide
ref_neg(wide a)
{
	return -a;
}

static wide
ref_popcnt(wide a)
{
	int n = 0;

	for (; a != 0; a >>= 1)
		n += a & 1;
	return n;
}

/* ---- lane by lane ------------------------------------------------------ */

enum sign { U, S };

static wide
lane(v128 v, int bits, enum sign sign, int i)
{
	return sign == S ? lane_s(v, bits, i) : lane_u(v, bits, i);
}

void
test_integers_unary(void **state)
{
	static const struct {
		enum op op;
		int bits;
		enum sign sign;
		wide (*ref)(wide);
	} rows[] = {
		{ OP_I8X16_ABS, 8, S, ref_abs },
		{ OP_I8X16_NEG, 8, S, ref_neg },
		{ OP_I8X16_POPCNT, 8, U, ref_popcnt },
		{ OP_I16X8_ABS, 16, S, ref_abs },
		{ OP_I16X8_NEG, 16, S, ref_neg },
		{ OP_I32X4_ABS, 32, S, ref_abs },
		{ OP_I32X4_NEG, 32, S, ref_neg },
		{ OP_I64X2_ABS, 64, S, ref_abs },
		{ OP_I64X2_NEG, 64, S, ref_neg },
	};

	for (size_t r = 0; r < sizeof(rows) / sizeof(rows[0]); r++) {
		int bits = rows[r].bits;
		union simd_function f =
		    simd_function(rows[r].op, SHAPE_UNARY);

		for (int n = 0; n < ROUNDS; n++) {
			v128 a = any_ints(bits), expected = {};

			for (int i = 0; i < lane_count(bits); i++)
				lane_set(&expected, bits, i, rows[r].ref(
					lane(a, bits, rows[r].sign, i)));
			expect_v128(rows[r].op, f.UNARY(a), expected, a, a);
		}
	}
}

static const struct {
	enum op op;
	int bits;
	enum sign sign;
	wide (*ref)(wide, wide, int bits);
} binaries[] = {
#define COMPARE(shape, bits)				\
	{ OP_##shape##_EQ, bits, U, ref_eq },		\
	{ OP_##shape##_NE, bits, U, ref_ne },		\
	{ OP_##shape##_LT_S, bits, S, ref_lt },		\
	{ OP_##shape##_GT_S, bits, S, ref_gt },		\
	{ OP_##shape##_LE_S, bits, S, ref_le },		\
	{ OP_##shape##_GE_S, bits, S, ref_ge }
#define COMPARE_U(shape, bits)				\
	{ OP_##shape##_LT_U, bits, U, ref_lt },		\
	{ OP_##shape##_GT_U, bits, U, ref_gt },		\
	{ OP_##shape##_LE_U, bits, U, ref_le },		\
	{ OP_##shape##_GE_U, bits, U, ref_ge }
#define MINMAX(shape, bits)				\
	{ OP_##shape##_MIN_S, bits, S, ref_min },	\
	{ OP_##shape##_MIN_U, bits, U, ref_min },	\
	{ OP_##shape##_MAX_S, bits, S, ref_max },	\
	{ OP_##shape##_MAX_U, bits, U, ref_max }
#define SATURATE(shape, bits)				\
	{ OP_##shape##_ADD_SAT_S, bits, S, ref_add_sat_s },	\
	{ OP_##shape##_ADD_SAT_U, bits, U, ref_add_sat_u },	\
	{ OP_##shape##_SUB_SAT_S, bits, S, ref_sub_sat_s },	\
	{ OP_##shape##_SUB_SAT_U, bits, U, ref_sub_sat_u }
	COMPARE(I8X16, 8), COMPARE_U(I8X16, 8),
	COMPARE(I16X8, 16), COMPARE_U(I16X8, 16),
	COMPARE(I32X4, 32), COMPARE_U(I32X4, 32),
	COMPARE(I64X2, 64),
	MINMAX(I8X16, 8), MINMAX(I16X8, 16), MINMAX(I32X4, 32),
	SATURATE(I8X16, 8), SATURATE(I16X8, 16),
	{ OP_I8X16_ADD, 8, U, ref_add },
	{ OP_I8X16_SUB, 8, U, ref_sub },
	{ OP_I8X16_AVGR_U, 8, U, ref_avgr },
	{ OP_I16X8_ADD, 16, U, ref_add },
	{ OP_I16X8_SUB, 16, U, ref_sub },
	{ OP_I16X8_MUL, 16, S, ref_mul },
	{ OP_I16X8_AVGR_U, 16, U, ref_avgr },
	{ OP_I16X8_Q15MULR_SAT_S, 16, S, ref_q15mulr },
	{ OP_I16X8_RELAXED_Q15MULR_S, 16, S, ref_q15mulr },
	{ OP_I32X4_ADD, 32, U, ref_add },
	{ OP_I32X4_SUB, 32, U, ref_sub },
	{ OP_I32X4_MUL, 32, S, ref_mul },
	{ OP_I64X2_ADD, 64, U, ref_add },
	{ OP_I64X2_SUB, 64, U, ref_sub },
	{ OP_I64X2_MUL, 64, S, ref_mul },
};

void
test_integers_binary(void **state)
{
	for (size_t r = 0; r < sizeof(binaries) / sizeof(binaries[0]); r++) {
		int bits = binaries[r].bits;
		enum sign sign = binaries[r].sign;
		union simd_function f =
		    simd_function(binaries[r].op, SHAPE_BINARY);

		for (int n = 0; n < ROUNDS; n++) {
			v128 a = any_ints(bits), expected = {};
			v128 b = n % 16 == 0 ? a : any_ints(bits);

			for (int i = 0; i < lane_count(bits); i++)
				lane_set(&expected, bits, i, binaries[r].ref(
					lane(a, bits, sign, i),
					lane(b, bits, sign, i), bits));
			expect_v128(binaries[r].op, f.BINARY(a, b), expected,
				a, b);
		}
	}
}

/* ---- shifts ------------------------------------------------------------ */

void
test_integers_shift(void **state)
{
	static const struct {
		enum op left, right_s, right_u;
		int bits;
	} rows[] = {
		{ OP_I8X16_SHL, OP_I8X16_SHR_S, OP_I8X16_SHR_U, 8 },
		{ OP_I16X8_SHL, OP_I16X8_SHR_S, OP_I16X8_SHR_U, 16 },
		{ OP_I32X4_SHL, OP_I32X4_SHR_S, OP_I32X4_SHR_U, 32 },
		{ OP_I64X2_SHL, OP_I64X2_SHR_S, OP_I64X2_SHR_U, 64 },
	};

	for (size_t r = 0; r < sizeof(rows) / sizeof(rows[0]); r++) {
		int bits = rows[r].bits;
		union simd_function left =
		    simd_function(rows[r].left, SHAPE_SHIFT);
		union simd_function right_s =
		    simd_function(rows[r].right_s, SHAPE_SHIFT);
		union simd_function right_u =
		    simd_function(rows[r].right_u, SHAPE_SHIFT);

		for (uint32_t n = 0; n < ROUNDS; n++) {
			uint32_t count = n < 200 ? n : (uint32_t)random_bits();
			int by = (int)(count % (uint32_t)bits);
			v128 a = any_ints(bits), x = {}, y = {}, z = {};

			for (int i = 0; i < lane_count(bits); i++) {
				wide u = lane_u(a, bits, i);

				lane_set(&x, bits, i, u * ((wide)1 << by));
				lane_set(&y, bits, i, lane_s(a, bits, i) >> by);
				lane_set(&z, bits, i, u >> by);
			}
			expect_v128(rows[r].left, left.SHIFT(a, count), x, a, a);
			expect_v128(rows[r].right_s, right_s.SHIFT(a, count), y,
				a, a);
			expect_v128(rows[r].right_u, right_u.SHIFT(a, count), z,
				a, a);
		}
	}
}

/* ---- to wider and narrower lanes --------------------------------------- */

/* Lane i of the result from the lanes of a (and b), of half its width. */
struct halves {
	wide a[16], b[16];
	int count;	/* of lanes in the result */
};

static wide
ref_low(const struct halves *h, int i)
{
	return h->a[i];
}

static wide
ref_high(const struct halves *h, int i)
{
	return h->a[h->count + i];
}

static wide
ref_mul_low(const struct halves *h, int i)
{
	return h->a[i] * h->b[i];
}

static wide
ref_mul_high(const struct halves *h, int i)
{
	return h->a[h->count + i] * h->b[h->count + i];
}

static wide
ref_pairwise(const struct halves *h, int i)
{
	return h->a[2 * i] + h->a[2 * i + 1];
}

static wide
ref_dot(const struct halves *h, int i)
{
	return h->a[2 * i] * h->b[2 * i] + h->a[2 * i + 1] * h->b[2 * i + 1];
}

static wide
ref_dot_sat(const struct halves *h, int i)
{
	return saturate_s(ref_dot(h, i), 16);
}

static const struct widening {
	enum op op;
	enum simd_shape shape;
	int bits;	/* of the result's lanes */
	enum sign sign;
	wide (*ref)(const struct halves *, int);
} widenings[] = {
#define EXTEND(WIDE, NARROW, bits, sign)				\
	{ OP_##WIDE##_EXTEND_LOW_##NARROW##_##sign, SHAPE_UNARY,	\
		bits, sign, ref_low },					\
	{ OP_##WIDE##_EXTEND_HIGH_##NARROW##_##sign, SHAPE_UNARY,	\
		bits, sign, ref_high },					\
	{ OP_##WIDE##_EXTMUL_LOW_##NARROW##_##sign, SHAPE_BINARY,	\
		bits, sign, ref_mul_low },				\
	{ OP_##WIDE##_EXTMUL_HIGH_##NARROW##_##sign, SHAPE_BINARY,	\
		bits, sign, ref_mul_high }
	EXTEND(I16X8, I8X16, 16, S), EXTEND(I16X8, I8X16, 16, U),
	EXTEND(I32X4, I16X8, 32, S), EXTEND(I32X4, I16X8, 32, U),
	EXTEND(I64X2, I32X4, 64, S), EXTEND(I64X2, I32X4, 64, U),
	{ OP_I16X8_EXTADD_PAIRWISE_I8X16_S, SHAPE_UNARY, 16, S, ref_pairwise },
	{ OP_I16X8_EXTADD_PAIRWISE_I8X16_U, SHAPE_UNARY, 16, U, ref_pairwise },
	{ OP_I32X4_EXTADD_PAIRWISE_I16X8_S, SHAPE_UNARY, 32, S, ref_pairwise },
	{ OP_I32X4_EXTADD_PAIRWISE_I16X8_U, SHAPE_UNARY, 32, U, ref_pairwise },
	{ OP_I32X4_DOT_I16X8_S, SHAPE_BINARY, 32, S, ref_dot },
	{ OP_I16X8_RELAXED_DOT_I8X16_I7X16_S, SHAPE_BINARY, 16, S,
		ref_dot_sat },
};

static v128
widen(const struct widening *w, v128 a, v128 b)
{
	struct halves h = { .count = lane_count(w->bits) };
	v128 r = {};

	for (int i = 0; i < 2 * h.count; i++) {
		h.a[i] = lane(a, w->bits / 2, w->sign, i);
		h.b[i] = lane(b, w->bits / 2, w->sign, i);
	}
	for (int i = 0; i < h.count; i++)
		lane_set(&r, w->bits, i, w->ref(&h, i));
	return r;
}

static void
check_dot_add(void)
{
	enum op op = OP_I32X4_RELAXED_DOT_I8X16_I7X16_ADD_S;
	v128 (*f)(v128, v128, v128) = simd_function(op, SHAPE_TERNARY).TERNARY;
	const struct widening dot = { .bits = 16, .sign = S,
		.ref = ref_dot_sat };

	for (int n = 0; n < ROUNDS; n++) {
		v128 a = any_ints(8), b = any_ints(8), c = any_ints(32);
		v128 products = widen(&dot, a, b), expected = {};

		for (int i = 0; i < 4; i++)
			lane_set(&expected, 32, i, lane_s(c, 32, i) +
				lane_s(products, 16, 2 * i) +
				lane_s(products, 16, 2 * i + 1));
		expect_v128(op, f(a, b, c), expected, a, b);
	}
}

void
test_integers_to_wider_lanes(void **state)
{
	for (size_t r = 0; r < sizeof(widenings) / sizeof(widenings[0]); r++) {
		const struct widening *w = &widenings[r];
		union simd_function f = simd_function(w->op, w->shape);

		for (int n = 0; n < ROUNDS; n++) {
			v128 a = any_ints(w->bits / 2);
			v128 b = n % 4 == 0 ? a : any_ints(w->bits / 2);
			v128 got = w->shape == SHAPE_UNARY ? f.UNARY(a)
			    : f.BINARY(a, b);

			expect_v128(w->op, got, widen(w, a, b), a, b);
		}
	}
	check_dot_add();
}

/* The operands are signed, also where the result is not. */
void
test_integers_narrow(void **state)
{
	static const struct {
		enum op op;
		int bits;	/* of the result's lanes */
		wide (*saturate)(wide, int);
	} rows[] = {
		{ OP_I8X16_NARROW_I16X8_S, 8, saturate_s },
		{ OP_I8X16_NARROW_I16X8_U, 8, saturate_u },
		{ OP_I16X8_NARROW_I32X4_S, 16, saturate_s },
		{ OP_I16X8_NARROW_I32X4_U, 16, saturate_u },
	};

	for (size_t r = 0; r < sizeof(rows) / sizeof(rows[0]); r++) {
		int bits = rows[r].bits, half = lane_count(bits) / 2;
		union simd_function f =
		    simd_function(rows[r].op, SHAPE_BINARY);

		for (int n = 0; n < ROUNDS; n++) {
			v128 a = any_ints(2 * bits), b = any_ints(2 * bits);
			v128 expected = {};

			for (int i = 0; i < half; i++) {
				lane_set(&expected, bits, i, rows[r].saturate(
					lane_s(a, 2 * bits, i), bits));
				lane_set(&expected, bits, half + i,
					rows[r].saturate(
					lane_s(b, 2 * bits, i), bits));
			}
			expect_v128(rows[r].op, f.BINARY(a, b), expected, a, b);
		}
	}
}

/* ---- tests of lanes ---------------------------------------------------- */

/* Vectors of zeros and ones, with sometimes one lane unlike the others. */
static v128
nearly_uniform(int bits)
{
	v128 v = {};
	uint64_t r = random_bits();

	if (r & 1)
		v = ~v;
	if (r & 2)
		lane_set(&v, bits, (int)(r >> 8 & 0xff) % lane_count(bits),
			(wide)(r & 4 ? 0 : 1) << (r >> 16) % bits);
	return r & 8 ? any_ints(bits) : v;
}

void
test_tests_of_lanes(void **state)
{
	static const struct {
		enum op all_true, bitmask;
		int bits;
	} rows[] = {
		{ OP_I8X16_ALL_TRUE, OP_I8X16_BITMASK, 8 },
		{ OP_I16X8_ALL_TRUE, OP_I16X8_BITMASK, 16 },
		{ OP_I32X4_ALL_TRUE, OP_I32X4_BITMASK, 32 },
		{ OP_I64X2_ALL_TRUE, OP_I64X2_BITMASK, 64 },
	};
	uint32_t (*any_true)(v128) =
	    simd_function(OP_V128_ANY_TRUE, SHAPE_TEST).TEST;

	for (size_t r = 0; r < sizeof(rows) / sizeof(rows[0]); r++) {
		int bits = rows[r].bits;
		union simd_function all_true =
		    simd_function(rows[r].all_true, SHAPE_TEST);
		union simd_function bitmask =
		    simd_function(rows[r].bitmask, SHAPE_TEST);

		for (int n = 0; n < ROUNDS; n++) {
			v128 a = nearly_uniform(bits);
			uint32_t any = 0, all = 1, mask = 0;

			for (int i = 0; i < lane_count(bits); i++) {
				any |= lane_u(a, bits, i) != 0;
				all &= lane_u(a, bits, i) != 0;
				mask |= (uint32_t)(lane_s(a, bits, i) < 0) << i;
			}
			assert_int_equal(any_true(a), any);
			assert_int_equal(all_true.TEST(a), all);
			assert_int_equal(bitmask.TEST(a), mask);
		}
	}
}
