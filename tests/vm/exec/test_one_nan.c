/*
 * One NaN for all: whatever arithmetic is given, the NaN it makes is the
 * canonical one; what copies bits keeps them.
 */
#include "tests/cmocka.h"
#include "tests/vm/exec/build.h"

#include <string.h>

/* A negative NaN with a payload, and what makes one out of numbers: the
 * processor's own is negative on x86. */
#define ODD_F32 0x05, 0x00, 0xc0, 0xff
#define ODD_F64 0x05, 0x00, 0x00, 0x00, 0x00, 0x00, 0xf8, 0xff
#define INF_F32 0x00, 0x00, 0x80, 0x7f
#define INF_F64 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xf0, 0x7f
#define ONE_F32 0x00, 0x00, 0xc0, 0x7f
#define ONE_F64 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xf8, 0x7f

static const uint8_t odd_f32[] = { 0x43, ODD_F32 };
static const uint8_t odd_f64[] = { 0x44, ODD_F64 };
static const uint8_t inf_f32[] = { 0x43, INF_F32 };
static const uint8_t inf_f64[] = { 0x44, INF_F64 };
static const uint8_t odd_f32x4[] = { 0xfd, 0x0c, ODD_F32, ODD_F32, ODD_F32,
	ODD_F32 };
static const uint8_t odd_f64x2[] = { 0xfd, 0x0c, ODD_F64, ODD_F64 };
static const uint8_t one_f32x4[] = { 0xfd, 0x0c, ONE_F32, ONE_F32, ONE_F32,
	ONE_F32 };
static const uint8_t one_f64x2[] = { 0xfd, 0x0c, ONE_F64, ONE_F64 };

/* Operands are put into local 1 and read from there, so that instructions find
 * them as they find most of theirs. */
struct body {
	uint8_t bytes[128];
	size_t len;
};

static void
put(struct body *b, const void *bytes, size_t len)
{
	assert_true(b->len + len <= sizeof(b->bytes));
	memcpy(b->bytes + b->len, bytes, len);
	b->len += len;
}

#define PUT(b, ...) put(b, (const uint8_t[]){ __VA_ARGS__ }, \
	sizeof((const uint8_t[]){ __VA_ARGS__ }))

static uint32_t
result_of(const struct body *b)
{
	const struct test_func f = { "i:i", b->bytes, b->len };
	struct test_machine m;
	uint32_t arg = 0, result = 0;

	assert_int_equal(machine_start(&m, &f, 1), 0);
	assert_int_equal(machine_call(&m, 0, &arg, 1, &result), VM_OK);
	machine_stop(&m);
	return result;
}

/* The result of an opcode on operands that are all the same: its low half, or
 * its high half. */
static uint32_t
scalar(uint8_t op, unsigned noperands, bool wide, const uint8_t *operand,
	bool high)
{
	bool from_f32 = operand[0] == 0x43;
	struct body b = { .len = 0 };

	PUT(&b, 1, 1, from_f32 ? 0x7d : 0x7c);
	put(&b, operand, from_f32 ? 5 : 9);
	PUT(&b, 0x21, 1);
	for (unsigned i = 0; i < noperands; i++)
		PUT(&b, 0x20, 1);
	PUT(&b, op);
	if (!wide)
		PUT(&b, 0xbc, 0x0b);
	else
		PUT(&b, 0xbd, 0x42, high ? 32 : 0, 0x88, 0xa7, 0x0b);
	return result_of(&b);
}

static void
check_scalar(uint8_t op, unsigned noperands, bool wide, const uint8_t *operand)
{
	if (!wide) {
		assert_int_equal(scalar(op, noperands, false, operand, false),
			0x7fc00000);
		return;
	}
	assert_int_equal(scalar(op, noperands, true, operand, true), 0x7ff80000);
	assert_int_equal(scalar(op, noperands, true, operand, false), 0);
}

static void
test_scalars_give_the_canonical_nan(void **state)
{
	for (uint8_t op = 0x8d; op <= 0x97; op++)
		check_scalar(op, op < 0x92 ? 1 : 2, false, odd_f32);
	for (uint8_t op = 0x9b; op <= 0xa5; op++)
		check_scalar(op, op < 0xa0 ? 1 : 2, true, odd_f64);
	check_scalar(0xb6, 1, false, odd_f64);	/* demote */
	check_scalar(0xbb, 1, true, odd_f32);	/* promote */
	check_scalar(0x93, 2, false, inf_f32);	/* inf - inf */
	check_scalar(0xa1, 2, true, inf_f64);
	check_scalar(0x95, 2, false, inf_f32);	/* inf / inf */
	check_scalar(0xa3, 2, true, inf_f64);
}

static void
test_signs_and_copies_keep_their_bits(void **state)
{
	assert_int_equal(scalar(0x8b, 1, false, odd_f32, false), 0x7fc00005);
	assert_int_equal(scalar(0x8c, 1, false, odd_f32, false), 0x7fc00005);
	assert_int_equal(scalar(0x98, 2, false, odd_f32, false), 0xffc00005);
	assert_int_equal(scalar(0x99, 1, true, odd_f64, true), 0x7ff80000);
	assert_int_equal(scalar(0x99, 1, true, odd_f64, false), 5);
	assert_int_equal(scalar(0xa6, 2, true, odd_f64, true), 0xfff80000);
}

/* x * y + z and z - x * y, which are one instruction otherwise. */
static void
test_fused_arithmetic_gives_the_canonical_nan(void **state)
{
	static const uint8_t ops[][2] = { { 0xa2, 0xa0 }, { 0xa2, 0xa1 } };

	for (unsigned i = 0; i < 2; i++) {
		struct body b = { .len = 0 };

		PUT(&b, 1, 1, 0x7c);
		put(&b, odd_f64, sizeof(odd_f64));
		PUT(&b, 0x21, 1, 0x20, 1, 0x20, 1, 0x20, 1, ops[i][0], ops[i][1],
			0xbd, 0x42, 32, 0x88, 0xa7, 0x0b);
		assert_int_equal(result_of(&b), 0x7ff80000);
	}
}

/* Whether the result on equal operands is the canonical NaN in each lane. */
static uint32_t
vector(uint32_t op, unsigned noperands, const uint8_t *operand,
	const uint8_t *expected)
{
	struct body b = { .len = 0 };

	PUT(&b, 1, 1, 0x7b);
	put(&b, operand, 18);
	PUT(&b, 0x21, 1);
	for (unsigned i = 0; i < noperands; i++)
		PUT(&b, 0x20, 1);
	PUT(&b, 0xfd, (uint8_t)(op & 0x7f) | 0x80, (uint8_t)(op >> 7));
	put(&b, expected, 18);
	PUT(&b, 0xfd, 0x23, 0xfd, 0x63, 0x0b);	/* i8x16.eq, all_true */
	return result_of(&b);
}

static void
test_vectors_give_the_canonical_nan(void **state)
{
	static const struct {
		uint8_t noperands;
		uint16_t f32x4, f64x2;
	} ops[] = {
		{ 1, 0x67, 0x74 }, { 1, 0x68, 0x75 }, { 1, 0x69, 0x7a },
		{ 1, 0x6a, 0x94 }, { 1, 0xe3, 0xef }, { 2, 0xe4, 0xf0 },
		{ 2, 0xe5, 0xf1 }, { 2, 0xe6, 0xf2 }, { 2, 0xe7, 0xf3 },
		{ 2, 0xe8, 0xf4 }, { 2, 0xe9, 0xf5 }, { 3, 0x105, 0x107 },
		{ 3, 0x106, 0x108 }, { 2, 0x10d, 0x10f }, { 2, 0x10e, 0x110 },
	};

	for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++) {
		assert_true(vector(ops[i].f32x4, ops[i].noperands, odd_f32x4,
			one_f32x4));
		assert_true(vector(ops[i].f64x2, ops[i].noperands, odd_f64x2,
			one_f64x2));
	}
	assert_true(vector(0x5f, 1, odd_f32x4, one_f64x2));	/* promote */
}

static void
test_vectors_keep_the_bits_that_they_copy(void **state)
{
	/* pmin and pmax of equal operands are the operand */
	assert_true(vector(0xea, 2, odd_f32x4, odd_f32x4));
	assert_true(vector(0xf7, 2, odd_f64x2, odd_f64x2));
}

/* The mode changes something, or the tests above would not. */
static void
test_without_it_a_payload_stays(void **state)
{
	machine_set_one_nan(false);
	assert_int_equal(scalar(0x92, 2, false, odd_f32, false) & 0xff, 5);
	machine_set_one_nan(true);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_scalars_give_the_canonical_nan),
		cmocka_unit_test(test_signs_and_copies_keep_their_bits),
		cmocka_unit_test(test_fused_arithmetic_gives_the_canonical_nan),
		cmocka_unit_test(test_vectors_give_the_canonical_nan),
		cmocka_unit_test(test_vectors_keep_the_bits_that_they_copy),
		cmocka_unit_test(test_without_it_a_payload_stays),
	};

	machine_set_one_nan(true);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
