/* Tests of vm/exec/simd*.h: the table, the inputs, the comparison of lanes. */
#include "tests/vm/exec/test_simd.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

static const struct {
	enum simd_shape shape;
	union simd_function function;
} rows[OP_COUNT] = {
#define SIMD(id, shape, name) [OP_##id] = { SHAPE_##shape, { .shape = name } },
#include "vm/exec/simd.def"
#undef SIMD
};

static bool tested[OP_COUNT];

union simd_function
simd_function(enum op op, enum simd_shape shape)
{
	if (rows[op].shape != shape)
		fail_msg("%s has another shape", op_info[op].name);
	tested[op] = true;
	return rows[op].function;
}

/* ---- inputs ------------------------------------------------------------ */

/* xorshift64*, always the same sequence */
uint64_t
random_bits(void)
{
	static uint64_t state = UINT64_C(0x9e3779b97f4a7c15);

	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return state * UINT64_C(0x2545f4914f6cdd1d);
}

/* Around zero, the ends of the range, and halves of the width. */
static uint64_t
any_int(int bits)
{
	int shift = (int)(random_bits() % (unsigned)bits);
	uint64_t near = random_bits() % 5 - 2;

	switch (random_bits() % 4) {
	case 0:
		return near;
	case 1:
		return (UINT64_C(1) << (bits - 1)) + near;
	case 2:
		return (UINT64_C(1) << shift) + near;
	default:
		return random_bits();
	}
}

v128
any_ints(int bits)
{
	v128 v = {};

	for (int i = 0; i < lane_count(bits); i++)
		lane_set(&v, bits, i, any_int(bits));
	return v;
}

/* NaNs by their bits; of the f32s, the f64s' upper halves and more. */
static const uint64_t nans[] = {
	0x7ff8000000000000, 0xfff8000000000000, 0x7ff4000000000000,
	0xfff0000000000001, 0x7ffc000000000001, 0xffffffffffffffff,
};
static const uint32_t nans32[] = {
	0x7fc00000, 0xffc00000, 0x7fa00000, 0xff800001, 0x7fe00001, 0xffffffff,
};

/* Zeros, ties, ends of ranges of integers and of the formats. */
static const double boundaries[] = {
	0.0, 0x1p-1074, 0x1p-1022, 0x1p-149, 0x1.fffffcp-127, 0x1p-126,
	0x1p-24, 0.25, 0x1.fffffep-2, 0x1.fffffffffffffp-2, 0.5,
	0x1.000002p-1, 0x1.fffffep-1, 0x1.fffffffffffffp-1, 1.0,
	1.5, 2.0, 2.5, 3.5, 4.5, 127.5, 128.5, 8388607.5, 0x1p23, 0x1.000002p23,
	0x1.fffffep30, 2147483647.0, 2147483647.5, 0x1p31, 2147483648.5,
	2147483648.9, 2147483649.0, 0x1.000002p31, 0x1.fffffep31, 4294967294.5,
	4294967295.0, 4294967295.5, 0x1p32, 0x1p52, 4503599627370495.5, 0x1p53,
	0x1p63, 0x1p64, 0x1.fffffep127, 0x1.ffffffp127, 0x1p128,
	0x1.fffffffffffffp1023, INFINITY,
};

static uint64_t
any_float(int bits)
{
	uint64_t r = random_bits();
	double x;

	switch (random_bits() % 8) {
	case 0:
		return bits == 64 ? nans[r % 6] : nans32[r % 6];
	case 1:
		return r;
	case 2:
		/* of about the same size, with a fraction */
		return float_bits((double)(int64_t)r * 0x1p-60, bits);
	default:
		x = boundaries[r % (sizeof(boundaries) / sizeof(double))];
		return float_bits(r >> 63 ? -x : x, bits);
	}
}

v128
any_floats(int bits)
{
	v128 v = {};

	for (int i = 0; i < lane_count(bits); i++)
		lane_set(&v, bits, i, any_float(bits));
	return v;
}

/* ---- lanes ------------------------------------------------------------- */

wide
lane_u(v128 v, int bits, int i)
{
	uint8_t bytes[16];
	uint64_t x = 0;

	memcpy(bytes, &v, sizeof(bytes));
	memcpy(&x, bytes + i * bits / 8, (size_t)bits / 8);
	return x;
}

wide
lane_s(v128 v, int bits, int i)
{
	wide x = lane_u(v, bits, i);

	return x >> (bits - 1) != 0 ? x - ((wide)1 << bits) : x;
}

void
lane_set(v128 *v, int bits, int i, wide x)
{
	uint8_t bytes[16];
	uint64_t low = (uint64_t)x;

	memcpy(bytes, v, sizeof(bytes));
	memcpy(bytes + i * bits / 8, &low, (size_t)bits / 8);
	memcpy(v, bytes, sizeof(bytes));
}

uint64_t
float_bits(double x, int bits)
{
	float f = (float)x;
	uint64_t d;
	uint32_t s;

	memcpy(&d, &x, sizeof(d));
	memcpy(&s, &f, sizeof(s));
	return bits == 64 ? d : s;
}

double
bits_float(uint64_t x, int bits)
{
	uint32_t low = (uint32_t)x;
	double d;
	float f;

	memcpy(&d, &x, sizeof(d));
	memcpy(&f, &low, sizeof(f));
	return bits == 64 ? d : f;
}

double
lane_float(v128 v, int bits, int i)
{
	return bits_float((uint64_t)lane_u(v, bits, i), bits);
}

bool
is_nan(uint64_t x, int bits)
{
	return bits == 64 ? x << 1 > UINT64_C(0x7ff0000000000000) << 1
	    : (uint32_t)x << 1 > UINT32_C(0x7f800000) << 1;
}

bool
is_canonical_nan(uint64_t x, int bits)
{
	return bits == 64 ? x << 1 == UINT64_C(0x7ff8000000000000) << 1
	    : (uint32_t)x << 1 == UINT32_C(0x7fc00000) << 1;
}

bool
is_arithmetic_nan(uint64_t x, int bits)
{
	uint64_t quiet = bits == 64 ? UINT64_C(0x7ff8000000000000) : 0x7fc00000;

	return (x & quiet) == quiet;
}

v128
other_nans(v128 v, int bits)
{
	v128 r = {};

	for (int i = 0; i < lane_count(bits); i++) {
		uint64_t x = (uint64_t)lane_u(v, bits, i);

		if (is_nan(x, bits) && !is_canonical_nan(x, bits))
			lane_set(&r, bits, i, -1);
	}
	return r;
}

/* ---- assertions -------------------------------------------------------- */

static void
print_v128(const char *what, v128 v)
{
	print_error("%10s", what);
	for (int i = 0; i < 4; i++)
		print_error(" %08" PRIx32, (uint32_t)lane_u(v, 32, i));
	print_error("\n");
}

static void
fail_instruction(enum op op, v128 got, v128 expected, v128 a, v128 b)
{
	print_v128("first", a);
	print_v128("second", b);
	print_v128("got", got);
	print_v128("expected", expected);
	fail_msg("%s is wrong (words of 32 bits, lane 0 first)",
		op_info[op].name);
}

void
expect_v128(enum op op, v128 got, v128 expected, v128 a, v128 b)
{
	if (memcmp(&got, &expected, sizeof(got)) != 0)
		fail_instruction(op, got, expected, a, b);
}

static bool
lane_allowed(uint64_t got, uint64_t expected, bool other_nan, int bits)
{
	if (!is_nan(expected, bits))
		return got == expected;
	return other_nan ? is_arithmetic_nan(got, bits)
	    : is_canonical_nan(got, bits);
}

void
expect_floats(enum op op, int bits, v128 got, v128 expected, v128 other_nan,
	v128 a, v128 b)
{
	for (int i = 0; i < lane_count(bits); i++) {
		if (!lane_allowed((uint64_t)lane_u(got, bits, i),
		    (uint64_t)lane_u(expected, bits, i),
		    lane_u(other_nan, bits, i) != 0, bits))
			fail_instruction(op, got, expected, a, b);
	}
}

/* ---- the table --------------------------------------------------------- */

static void
test_the_table_has_every_vector_instruction(void **state)
{
	int count = 0;

	for (int op = 0; op < OP_COUNT; op++) {
		bool is_vector = op_info[op].prefix == 0xfd;

		if (is_vector != (rows[op].shape != SHAPE_NONE))
			fail_msg("%s", op_info[op].name);
		count += is_vector;
	}
	/* 236 of SIMD, 20 of relaxed SIMD */
	assert_int_equal(count, 256);
}

/* What a shape must be in ops.def: its type, and the width of its access. */
static const struct {
	const char *sig;
	int access_bits;
} shapes[] = {
	[SHAPE_UNARY] = { "v:v", 0 },
	[SHAPE_BINARY] = { "vv:v", 0 },
	[SHAPE_TERNARY] = { "vvv:v", 0 },
	[SHAPE_SHIFT] = { "vi:v", 0 },
	[SHAPE_TEST] = { "v:i", 0 },
	[SHAPE_SPLAT_I32] = { "i:v", 0 },
	[SHAPE_SPLAT_I64] = { "l:v", 0 },
	[SHAPE_SPLAT_F32] = { "f:v", 0 },
	[SHAPE_SPLAT_F64] = { "d:v", 0 },
	[SHAPE_EXTRACT_I32] = { "v:i", 0 },
	[SHAPE_EXTRACT_I64] = { "v:l", 0 },
	[SHAPE_EXTRACT_F32] = { "v:f", 0 },
	[SHAPE_EXTRACT_F64] = { "v:d", 0 },
	[SHAPE_REPLACE_I32] = { "vi:v", 0 },
	[SHAPE_REPLACE_I64] = { "vl:v", 0 },
	[SHAPE_REPLACE_F32] = { "vf:v", 0 },
	[SHAPE_REPLACE_F64] = { "vd:v", 0 },
	[SHAPE_SHUFFLE] = { "vv:v", 0 },
	[SHAPE_CONST] = { ":v", 0 },
	[SHAPE_LOAD8] = { "a:v", 8 },
	[SHAPE_LOAD16] = { "a:v", 16 },
	[SHAPE_LOAD32] = { "a:v", 32 },
	[SHAPE_LOAD64] = { "a:v", 64 },
	[SHAPE_LOAD128] = { "a:v", 128 },
	[SHAPE_STORE128] = { "av:", 128 },
	[SHAPE_LOAD_LANE8] = { "av:v", 8 },
	[SHAPE_LOAD_LANE16] = { "av:v", 16 },
	[SHAPE_LOAD_LANE32] = { "av:v", 32 },
	[SHAPE_LOAD_LANE64] = { "av:v", 64 },
	[SHAPE_STORE_LANE8] = { "av:", 8 },
	[SHAPE_STORE_LANE16] = { "av:", 16 },
	[SHAPE_STORE_LANE32] = { "av:", 32 },
	[SHAPE_STORE_LANE64] = { "av:", 64 },
};

static void
test_shapes_agree_with_the_opcodes(void **state)
{
	for (int op = 0; op < OP_COUNT; op++) {
		enum simd_shape shape = rows[op].shape;

		if (shape == SHAPE_NONE)
			continue;
		assert_string_equal(op_info[op].sig, shapes[shape].sig);
		if (shapes[shape].access_bits != 0)
			assert_int_equal(8 << op_info[op].access_log2,
				shapes[shape].access_bits);
	}
}

/* Comes last: the other tests have asked for the functions they tested. */
static void
test_every_instruction_was_tested(void **state)
{
	for (int op = 0; op < OP_COUNT; op++) {
		if (rows[op].shape != SHAPE_NONE && !tested[op])
			fail_msg("%s was not", op_info[op].name);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_table_has_every_vector_instruction),
		cmocka_unit_test(test_shapes_agree_with_the_opcodes),
		cmocka_unit_test(test_integers_unary),
		cmocka_unit_test(test_integers_binary),
		cmocka_unit_test(test_integers_shift),
		cmocka_unit_test(test_integers_to_wider_lanes),
		cmocka_unit_test(test_integers_narrow),
		cmocka_unit_test(test_tests_of_lanes),
		cmocka_unit_test(test_floats_unary),
		cmocka_unit_test(test_floats_binary),
		cmocka_unit_test(test_floats_change_only_the_sign),
		cmocka_unit_test(test_floats_compare),
		cmocka_unit_test(test_floats_pmin_returns_an_operand_unchanged),
		cmocka_unit_test(test_multiply_add_rounds_twice),
		cmocka_unit_test(test_float_to_int_saturates),
		cmocka_unit_test(test_int_to_float),
		cmocka_unit_test(test_float_to_float),
		cmocka_unit_test(test_bitwise),
		cmocka_unit_test(test_shuffle_and_swizzle),
		cmocka_unit_test(test_splat),
		cmocka_unit_test(test_extract),
		cmocka_unit_test(test_replace),
		cmocka_unit_test(test_load),
		cmocka_unit_test(test_load_and_store_lanes),
		cmocka_unit_test(test_every_instruction_was_tested),
	};

#ifdef __AVX2__
	/* test_simd_v3 is skipped where it cannot run */
	if (!__builtin_cpu_supports("avx2"))
		return 77;
#endif
	return cmocka_run_group_tests(tests, NULL, NULL);
}
