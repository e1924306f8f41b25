/*
 * What the tests of vm/exec/simd*.h share: simd.def as a table of functions,
 * inputs, and vectors seen as arrays of lanes.
 *
 * Every instruction is compared with a reference on single lanes, computed in
 * integers of 128 bits or in double, over boundary values and random bits.
 */
#ifndef TESTS_VM_EXEC_TEST_SIMD_H
#define TESTS_VM_EXEC_TEST_SIMD_H

#include "tests/cmocka.h"

#include <stdbool.h>
#include <stdlib.h>

#include "vm/exec/simd.h"
#include "vm/syntax/instr.h"

#define SIMD_SHAPES							\
	X(UNARY) X(BINARY) X(TERNARY) X(SHIFT) X(TEST)			\
	X(SPLAT_I32) X(SPLAT_I64) X(SPLAT_F32) X(SPLAT_F64)		\
	X(EXTRACT_I32) X(EXTRACT_I64) X(EXTRACT_F32) X(EXTRACT_F64)	\
	X(REPLACE_I32) X(REPLACE_I64) X(REPLACE_F32) X(REPLACE_F64)	\
	X(SHUFFLE) X(CONST)						\
	X(LOAD8) X(LOAD16) X(LOAD32) X(LOAD64) X(LOAD128) X(STORE128)	\
	X(LOAD_LANE8) X(LOAD_LANE16) X(LOAD_LANE32) X(LOAD_LANE64)	\
	X(STORE_LANE8) X(STORE_LANE16) X(STORE_LANE32) X(STORE_LANE64)

enum simd_shape {
	SHAPE_NONE,
#define X(name) SHAPE_##name,
	SIMD_SHAPES
#undef X
};

/* One member a shape, so that the compiler checks simd.def's shapes. */
union simd_function {
	v128 (*UNARY)(v128);
	v128 (*BINARY)(v128, v128);
	v128 (*TERNARY)(v128, v128, v128);
	v128 (*SHIFT)(v128, uint32_t);
	uint32_t (*TEST)(v128);
	v128 (*SPLAT_I32)(uint32_t);
	v128 (*SPLAT_I64)(uint64_t);
	v128 (*SPLAT_F32)(float);
	v128 (*SPLAT_F64)(double);
	uint32_t (*EXTRACT_I32)(v128, uint32_t);
	uint64_t (*EXTRACT_I64)(v128, uint32_t);
	float (*EXTRACT_F32)(v128, uint32_t);
	double (*EXTRACT_F64)(v128, uint32_t);
	v128 (*REPLACE_I32)(v128, uint32_t, uint32_t);
	v128 (*REPLACE_I64)(v128, uint32_t, uint64_t);
	v128 (*REPLACE_F32)(v128, uint32_t, float);
	v128 (*REPLACE_F64)(v128, uint32_t, double);
	v128 (*SHUFFLE)(v128, v128, const uint8_t *);
	v128 (*CONST)(const uint8_t *);
	v128 (*LOAD8)(const uint8_t *);
	v128 (*LOAD16)(const uint8_t *);
	v128 (*LOAD32)(const uint8_t *);
	v128 (*LOAD64)(const uint8_t *);
	v128 (*LOAD128)(const uint8_t *);
	void (*STORE128)(uint8_t *, v128);
	v128 (*LOAD_LANE8)(const uint8_t *, v128, uint32_t);
	v128 (*LOAD_LANE16)(const uint8_t *, v128, uint32_t);
	v128 (*LOAD_LANE32)(const uint8_t *, v128, uint32_t);
	v128 (*LOAD_LANE64)(const uint8_t *, v128, uint32_t);
	void (*STORE_LANE8)(uint8_t *, v128, uint32_t);
	void (*STORE_LANE16)(uint8_t *, v128, uint32_t);
	void (*STORE_LANE32)(uint8_t *, v128, uint32_t);
	void (*STORE_LANE64)(uint8_t *, v128, uint32_t);
};

/* Inputs for each instruction. */
#define ROUNDS 1000

/* The function of an instruction, which counts as tested from then on. */
union simd_function simd_function(enum op op, enum simd_shape shape);

/* Every lane a boundary value or random bits. */
v128 any_ints(int bits);
v128 any_floats(int bits);
uint64_t random_bits(void);

/* ---- lanes ------------------------------------------------------------- */

typedef __int128 wide;

wide lane_u(v128 v, int bits, int i);
wide lane_s(v128 v, int bits, int i);
void lane_set(v128 *v, int bits, int i, wide x);	/* the low bits of x */

static inline int
lane_count(int bits)
{
	return 128 / bits;
}

/* f32 lanes are widened to double, which is exact. */
double lane_float(v128 v, int bits, int i);
uint64_t float_bits(double x, int bits);
double bits_float(uint64_t x, int bits);
bool is_nan(uint64_t x, int bits);
bool is_canonical_nan(uint64_t x, int bits);
bool is_arithmetic_nan(uint64_t x, int bits);

/* ---- assertions -------------------------------------------------------- */

/* Fails with the instruction's name and the operands. */
void expect_v128(enum op op, v128 got, v128 expected, v128 a, v128 b);

/*
 * Fails unless every lane of got is expected's, or, where that is a NaN, one
 * that the specification allows: canonical when no NaN with another payload
 * went in (other_nan has no bit of the lane set), arithmetic otherwise.
 * https://webassembly.github.io/spec/core/exec/numerics.html#nan-propagation
 */
void expect_floats(enum op op, int bits, v128 got, v128 expected,
	v128 other_nan, v128 a, v128 b);

/* All ones in the lanes where v has a NaN that is not canonical. */
v128 other_nans(v128 v, int bits);

/* ---- tests ------------------------------------------------------------- */

/* The rest of the program, file by file. */
void test_integers_unary(void **state);
void test_integers_binary(void **state);
void test_integers_shift(void **state);
void test_integers_to_wider_lanes(void **state);
void test_integers_narrow(void **state);
void test_tests_of_lanes(void **state);
void test_floats_unary(void **state);
void test_floats_binary(void **state);
void test_floats_change_only_the_sign(void **state);
void test_floats_compare(void **state);
void test_floats_pmin_returns_an_operand_unchanged(void **state);
void test_multiply_add_rounds_twice(void **state);
void test_float_to_int_saturates(void **state);
void test_int_to_float(void **state);
void test_float_to_float(void **state);
void test_bitwise(void **state);
void test_shuffle_and_swizzle(void **state);
void test_splat(void **state);
void test_extract(void **state);
void test_replace(void **state);
void test_load(void **state);
void test_load_and_store_lanes(void **state);

#endif
