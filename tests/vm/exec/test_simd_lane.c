/* Tests of vm/exec/simd*.h: bits, lanes and memory. */
#include "tests/vm/exec/test_simd.h"

/* ---- bitwise ----------------------------------------------------------- */

static uint64_t
half(v128 v, int i)
{
	return (uint64_t)lane_u(v, 64, i);
}

void
test_bitwise(void **state)
{
	static const enum op selects[] = {
		OP_V128_BITSELECT,
		OP_I8X16_RELAXED_LANESELECT, OP_I16X8_RELAXED_LANESELECT,
		OP_I32X4_RELAXED_LANESELECT, OP_I64X2_RELAXED_LANESELECT,
	};
	union simd_function not = simd_function(OP_V128_NOT, SHAPE_UNARY);
	union simd_function and = simd_function(OP_V128_AND, SHAPE_BINARY);
	union simd_function andnot =
	    simd_function(OP_V128_ANDNOT, SHAPE_BINARY);
	union simd_function or = simd_function(OP_V128_OR, SHAPE_BINARY);
	union simd_function xor = simd_function(OP_V128_XOR, SHAPE_BINARY);

	for (int n = 0; n < ROUNDS; n++) {
		v128 a = any_ints(64), b = any_ints(64), c = any_ints(64);

		for (int i = 0; i < 2; i++) {
			uint64_t x = half(a, i), y = half(b, i), m = half(c, i);

			assert_true(half(not.UNARY(a), i) == ~x);
			assert_true(half(and.BINARY(a, b), i) == (x & y));
			assert_true(half(andnot.BINARY(a, b), i) == (x & ~y));
			assert_true(half(or.BINARY(a, b), i) == (x | y));
			assert_true(half(xor.BINARY(a, b), i) == (x ^ y));
			for (int s = 0; s < 5; s++)
				assert_true(half(simd_function(selects[s],
					SHAPE_TERNARY).TERNARY(a, b, c), i) ==
					((x & m) | (y & ~m)));
		}
	}
}

/* ---- lanes ------------------------------------------------------------- */

void
test_shuffle_and_swizzle(void **state)
{
	static const enum op swizzles[] = {
		OP_I8X16_SWIZZLE, OP_I8X16_RELAXED_SWIZZLE,
	};
	union simd_function shuffle =
	    simd_function(OP_I8X16_SHUFFLE, SHAPE_SHUFFLE);

	for (int n = 0; n < ROUNDS; n++) {
		v128 a = any_ints(8), b = any_ints(8);
		v128 index = n % 2 ? any_ints(8) & 0x1f : any_ints(8);
		v128 picked = {}, shuffled = {};
		uint8_t lanes[16];

		for (int i = 0; i < 16; i++) {
			int k = (int)lane_u(index, 8, i);

			lane_set(&picked, 8, i, k < 16 ? lane_u(a, 8, k) : 0);
			lanes[i] = (uint8_t)(k % 32);
			lane_set(&shuffled, 8, i, lanes[i] < 16
				? lane_u(a, 8, lanes[i])
				: lane_u(b, 8, lanes[i] - 16));
		}
		for (int s = 0; s < 2; s++)
			expect_v128(swizzles[s], simd_function(swizzles[s],
				SHAPE_BINARY).BINARY(a, index), picked, a,
				index);
		expect_v128(OP_I8X16_SHUFFLE, shuffle.SHUFFLE(a, b, lanes),
			shuffled, a, b);
	}
}

static float
as_float(uint64_t x)
{
	uint32_t low = (uint32_t)x;
	float f;

	memcpy(&f, &low, sizeof(f));
	return f;
}

static double
as_double(uint64_t x)
{
	double d;

	memcpy(&d, &x, sizeof(d));
	return d;
}

static v128
splat(enum op op, enum simd_shape shape, uint64_t x)
{
	union simd_function f = simd_function(op, shape);

	switch (shape) {
	case SHAPE_SPLAT_I32:
		return f.SPLAT_I32((uint32_t)x);
	case SHAPE_SPLAT_I64:
		return f.SPLAT_I64(x);
	case SHAPE_SPLAT_F32:
		return f.SPLAT_F32(as_float(x));
	default:
		return f.SPLAT_F64(as_double(x));
	}
}

/* The bits above a narrow lane are of no account. */
void
test_splat(void **state)
{
	static const struct {
		enum op op;
		enum simd_shape shape;
		int bits;
	} rows[] = {
		{ OP_I8X16_SPLAT, SHAPE_SPLAT_I32, 8 },
		{ OP_I16X8_SPLAT, SHAPE_SPLAT_I32, 16 },
		{ OP_I32X4_SPLAT, SHAPE_SPLAT_I32, 32 },
		{ OP_I64X2_SPLAT, SHAPE_SPLAT_I64, 64 },
		{ OP_F32X4_SPLAT, SHAPE_SPLAT_F32, 32 },
		{ OP_F64X2_SPLAT, SHAPE_SPLAT_F64, 64 },
	};

	for (size_t r = 0; r < sizeof(rows) / sizeof(rows[0]); r++) {
		for (int n = 0; n < 100; n++) {
			v128 a = any_floats(rows[r].bits), expected = {};
			uint64_t x = (uint64_t)lane_u(a, 64, 0);

			for (int i = 0; i < lane_count(rows[r].bits); i++)
				lane_set(&expected, rows[r].bits, i, x);
			expect_v128(rows[r].op,
				splat(rows[r].op, rows[r].shape, x), expected,
				a, a);
		}
	}
}

/* The extracted bits, zero-extended to 64. */
static uint64_t
extract(enum op op, enum simd_shape shape, v128 a, uint32_t lane)
{
	union simd_function f = simd_function(op, shape);
	uint64_t bits = 0;
	double d;
	float s;

	switch (shape) {
	case SHAPE_EXTRACT_I32:
		return f.EXTRACT_I32(a, lane);
	case SHAPE_EXTRACT_I64:
		return f.EXTRACT_I64(a, lane);
	case SHAPE_EXTRACT_F32:
		s = f.EXTRACT_F32(a, lane);
		memcpy(&bits, &s, sizeof(s));
		return bits;
	default:
		d = f.EXTRACT_F64(a, lane);
		memcpy(&bits, &d, sizeof(d));
		return bits;
	}
}

/* Floats keep the payloads of NaNs, also of signalling ones. */
void
test_extract(void **state)
{
	static const struct {
		enum op op;
		enum simd_shape shape;
		int bits;
		wide (*lane)(v128, int, int);
		uint64_t mask;
	} rows[] = {
		{ OP_I8X16_EXTRACT_LANE_S, SHAPE_EXTRACT_I32, 8, lane_s,
			UINT32_MAX },
		{ OP_I8X16_EXTRACT_LANE_U, SHAPE_EXTRACT_I32, 8, lane_u,
			UINT32_MAX },
		{ OP_I16X8_EXTRACT_LANE_S, SHAPE_EXTRACT_I32, 16, lane_s,
			UINT32_MAX },
		{ OP_I16X8_EXTRACT_LANE_U, SHAPE_EXTRACT_I32, 16, lane_u,
			UINT32_MAX },
		{ OP_I32X4_EXTRACT_LANE, SHAPE_EXTRACT_I32, 32, lane_u,
			UINT32_MAX },
		{ OP_I64X2_EXTRACT_LANE, SHAPE_EXTRACT_I64, 64, lane_u,
			UINT64_MAX },
		{ OP_F32X4_EXTRACT_LANE, SHAPE_EXTRACT_F32, 32, lane_u,
			UINT32_MAX },
		{ OP_F64X2_EXTRACT_LANE, SHAPE_EXTRACT_F64, 64, lane_u,
			UINT64_MAX },
	};

	for (size_t r = 0; r < sizeof(rows) / sizeof(rows[0]); r++) {
		for (int n = 0; n < 100; n++) {
			v128 a = n % 2 && rows[r].bits >= 32
			    ? any_floats(rows[r].bits)
			    : any_ints(rows[r].bits);

			for (int i = 0; i < lane_count(rows[r].bits); i++)
				assert_true(extract(rows[r].op, rows[r].shape,
					a, (uint32_t)i) == ((uint64_t)
					rows[r].lane(a, rows[r].bits, i) &
					rows[r].mask));
		}
	}
}

static v128
replace(enum op op, enum simd_shape shape, v128 a, uint32_t lane, uint64_t x)
{
	union simd_function f = simd_function(op, shape);

	switch (shape) {
	case SHAPE_REPLACE_I32:
		return f.REPLACE_I32(a, lane, (uint32_t)x);
	case SHAPE_REPLACE_I64:
		return f.REPLACE_I64(a, lane, x);
	case SHAPE_REPLACE_F32:
		return f.REPLACE_F32(a, lane, as_float(x));
	default:
		return f.REPLACE_F64(a, lane, as_double(x));
	}
}

void
test_replace(void **state)
{
	static const struct {
		enum op op;
		enum simd_shape shape;
		int bits;
	} rows[] = {
		{ OP_I8X16_REPLACE_LANE, SHAPE_REPLACE_I32, 8 },
		{ OP_I16X8_REPLACE_LANE, SHAPE_REPLACE_I32, 16 },
		{ OP_I32X4_REPLACE_LANE, SHAPE_REPLACE_I32, 32 },
		{ OP_I64X2_REPLACE_LANE, SHAPE_REPLACE_I64, 64 },
		{ OP_F32X4_REPLACE_LANE, SHAPE_REPLACE_F32, 32 },
		{ OP_F64X2_REPLACE_LANE, SHAPE_REPLACE_F64, 64 },
	};

	for (size_t r = 0; r < sizeof(rows) / sizeof(rows[0]); r++) {
		int bits = rows[r].bits;

		for (int n = 0; n < 100; n++) {
			v128 a = any_ints(bits), b = any_floats(64);
			uint64_t x = (uint64_t)lane_u(b, 64, 0);

			for (int i = 0; i < lane_count(bits); i++) {
				v128 expected = a;

				lane_set(&expected, bits, i, x);
				expect_v128(rows[r].op, replace(rows[r].op,
					rows[r].shape, a, (uint32_t)i, x),
					expected, a, b);
			}
		}
	}
}

/* ---- memory ------------------------------------------------------------ */

/* What lane i of the result is, from the bits of memory that are read. */
static wide
ref_extend_s(v128 memory, int bits, int i)
{
	return lane_s(memory, bits / 2, i);
}

static wide
ref_extend_u(v128 memory, int bits, int i)
{
	return lane_u(memory, bits / 2, i);
}

static wide
ref_splat(v128 memory, int bits, int i)
{
	return lane_u(memory, bits, 0);
}

static wide
ref_zero(v128 memory, int bits, int i)
{
	return i == 0 ? lane_u(memory, bits, 0) : 0;
}

static const struct {
	enum op op;
	enum simd_shape shape;
	int access;	/* bits of memory */
	int bits;	/* of the result's lanes */
	wide (*ref)(v128, int, int);
} loads[] = {
	{ OP_V128_CONST, SHAPE_CONST, 128, 64, lane_u },
	{ OP_V128_LOAD, SHAPE_LOAD128, 128, 64, lane_u },
	{ OP_V128_LOAD8X8_S, SHAPE_LOAD64, 64, 16, ref_extend_s },
	{ OP_V128_LOAD8X8_U, SHAPE_LOAD64, 64, 16, ref_extend_u },
	{ OP_V128_LOAD16X4_S, SHAPE_LOAD64, 64, 32, ref_extend_s },
	{ OP_V128_LOAD16X4_U, SHAPE_LOAD64, 64, 32, ref_extend_u },
	{ OP_V128_LOAD32X2_S, SHAPE_LOAD64, 64, 64, ref_extend_s },
	{ OP_V128_LOAD32X2_U, SHAPE_LOAD64, 64, 64, ref_extend_u },
	{ OP_V128_LOAD8_SPLAT, SHAPE_LOAD8, 8, 8, ref_splat },
	{ OP_V128_LOAD16_SPLAT, SHAPE_LOAD16, 16, 16, ref_splat },
	{ OP_V128_LOAD32_SPLAT, SHAPE_LOAD32, 32, 32, ref_splat },
	{ OP_V128_LOAD64_SPLAT, SHAPE_LOAD64, 64, 64, ref_splat },
	{ OP_V128_LOAD32_ZERO, SHAPE_LOAD32, 32, 32, ref_zero },
	{ OP_V128_LOAD64_ZERO, SHAPE_LOAD64, 64, 64, ref_zero },
};

/*
 * The end of a guest's memory: v's first bytes, of which no more than size may
 * be touched (which AddressSanitizer sees), at an odd address where it can be.
 */
static uint8_t *
memory_end(v128 v, size_t size, uint8_t **block)
{
	uint8_t bytes[16];

	memcpy(bytes, &v, sizeof(bytes));
	*block = malloc(size + 1);
	assert_non_null(*block);
	memcpy(*block + 1, bytes, size);
	return *block + 1;
}

/* All loads are one type: which member is read does not matter. */
void
test_load(void **state)
{
	for (size_t r = 0; r < sizeof(loads) / sizeof(loads[0]); r++) {
		union simd_function f =
		    simd_function(loads[r].op, loads[r].shape);

		for (int n = 0; n < 100; n++) {
			v128 memory = any_ints(8), expected = {}, got;
			uint8_t *block, *p;

			p = memory_end(memory, (size_t)loads[r].access / 8,
				&block);
			for (int i = 0; i < lane_count(loads[r].bits); i++)
				lane_set(&expected, loads[r].bits, i,
					loads[r].ref(memory, loads[r].bits, i));
			got = f.LOAD128(p);
			free(block);
			expect_v128(loads[r].op, got, expected, memory, memory);
		}
	}
}

static void
check_load_lane(enum op op, union simd_function f, int bits, int i)
{
	v128 memory = any_ints(8), a = any_ints(8), expected = a, got;
	uint8_t *block, *p;

	p = memory_end(memory, (size_t)bits / 8, &block);
	lane_set(&expected, bits, i, lane_u(memory, bits, 0));
	got = f.LOAD_LANE8(p, a, (uint32_t)i);
	free(block);
	expect_v128(op, got, expected, memory, a);
}

static void
check_store_lane(enum op op, union simd_function f, int bits, int i)
{
	v128 memory = any_ints(8), a = any_ints(8), got = {}, expected = {};
	uint8_t *block, *p;

	p = memory_end(memory, (size_t)bits / 8, &block);
	f.STORE_LANE8(p, a, (uint32_t)i);
	lane_set(&expected, bits, 0, lane_u(a, bits, i));
	memcpy(&got, p, (size_t)bits / 8);
	free(block);
	expect_v128(op, got, expected, memory, a);
}

static void
check_store(void)
{
	union simd_function f = simd_function(OP_V128_STORE, SHAPE_STORE128);
	v128 a = any_ints(8), got;
	uint8_t *block, *p;

	p = memory_end(~a, sizeof(a), &block);
	f.STORE128(p, a);
	memcpy(&got, p, sizeof(got));
	free(block);
	expect_v128(OP_V128_STORE, got, a, a, a);
}

void
test_load_and_store_lanes(void **state)
{
	static const struct {
		enum op load, store;
		enum simd_shape load_shape, store_shape;
		int bits;
	} rows[] = {
#define ROW(bits) { OP_V128_LOAD##bits##_LANE, OP_V128_STORE##bits##_LANE, \
	SHAPE_LOAD_LANE##bits, SHAPE_STORE_LANE##bits, bits }
		ROW(8), ROW(16), ROW(32), ROW(64),
#undef ROW
	};

	check_store();
	for (size_t r = 0; r < sizeof(rows) / sizeof(rows[0]); r++) {
		union simd_function load =
		    simd_function(rows[r].load, rows[r].load_shape);
		union simd_function store =
		    simd_function(rows[r].store, rows[r].store_shape);

		for (int n = 0; n < ROUNDS; n++) {
			int i = n % lane_count(rows[r].bits);

			check_load_lane(rows[r].load, load, rows[r].bits, i);
			check_store_lane(rows[r].store, store, rows[r].bits, i);
		}
	}
}
