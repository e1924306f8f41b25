/*
 * Wide arithmetic over boundary values, all with all, against the same done in
 * halves: from locals, constants and results of each other.
 */
#include "tests/cmocka.h"
#include "tests/vm/exec/build.h"

static const uint64_t edges[] = {
	0, 1, 2, 3, 0x7fffffff, 0x80000000, 0xffffffff, UINT64_C(0x100000000),
	UINT64_C(0x5555555555555555), UINT64_C(0xaaaaaaaaaaaaaaaa),
	INT64_MAX - 1, INT64_MAX, (uint64_t)INT64_MIN, (uint64_t)INT64_MIN + 1,
	UINT64_MAX - 1, UINT64_MAX,
};
#define EDGES (sizeof(edges) / sizeof(edges[0]))

#define GET4 0x20, 0, 0x20, 1, 0x20, 2, 0x20, 3
static const struct test_func functions[] = {
	{ "llll:ll", BODY(0, GET4, 0xfc, 0x13, 0x0b) },
	{ "llll:ll", BODY(0, GET4, 0xfc, 0x14, 0x0b) },
	{ "ll:ll", BODY(0, 0x20, 0, 0x20, 1, 0xfc, 0x15, 0x0b) },
	{ "ll:ll", BODY(0, 0x20, 0, 0x20, 1, 0xfc, 0x16, 0x0b) },
	/* -1 * the argument, signed; and the high half alone */
	{ "l:ll", BODY(0, 0x42, 0x7f, 0x20, 0, 0xfc, 0x15, 0x0b) },
	{ "ll:l", BODY(1, 1, 0x7e, 0x20, 0, 0x20, 1, 0xfc, 0x16, 0x21, 2, 0x1a,
		0x20, 2, 0x0b) },
	/* results that are operands at once: (a + b) - (c, d), all 128 bits */
	{ "llll:ll", BODY(0, GET4, 0xfc, 0x13, 0x20, 2, 0x20, 3, 0xfc, 0x14,
		0x0b) },
};
enum { ADD, SUB, MUL_S, MUL_U, NEGATE, MUL_HIGH, ADD_SUB };

struct pair {
	uint64_t low, high;
};

static struct pair
call(struct test_machine *m, unsigned i, const uint64_t *args)
{
	struct vm_extern_item func = machine_func(m, i);
	const struct functype *type = vm_func_type(func);
	struct vm_value values[4], results[2] = { { .i64 = 0 } };

	for (uint32_t k = 0; k < type->nparams; k++)
		values[k] = (struct vm_value){ .type = VAL_I64, .i64 = args[k] };
	assert_int_equal(vm_call(m->store, func, values, type->nparams, results,
		type->nresults, &m->trap), VM_OK);
	return (struct pair){ results[0].i64, results[1].i64 };
}

static void
assert_pair(struct pair got, uint64_t low, uint64_t high)
{
	assert_int_equal(got.low, low);
	assert_int_equal(got.high, high);
}

/* ---- by hand ----------------------------------------------------------- */

static struct pair
add(struct pair a, struct pair b)
{
	uint64_t low = a.low + b.low;

	return (struct pair){ low, a.high + b.high + (low < a.low) };
}

static struct pair
subtract(struct pair a, struct pair b)
{
	return (struct pair){ a.low - b.low,
		a.high - b.high - (a.low < b.low) };
}

/* By halves of 32 bits. */
static struct pair
multiply(uint64_t a, uint64_t b)
{
	uint64_t a0 = (uint32_t)a, a1 = a >> 32, b0 = (uint32_t)b, b1 = b >> 32;
	uint64_t middle = a1 * b0 + (a0 * b0 >> 32);
	uint64_t other = a0 * b1 + (uint32_t)middle;

	return (struct pair){ other << 32 | (uint32_t)(a0 * b0),
		a1 * b1 + (middle >> 32) + (other >> 32) };
}

static struct pair
multiply_signed(uint64_t a, uint64_t b)
{
	struct pair p = multiply(a, b);

	if (a >> 63)
		p.high -= b;
	if (b >> 63)
		p.high -= a;
	return p;
}

/* ---- tests ------------------------------------------------------------- */

static int
setup(void **state)
{
	static struct test_machine m;

	*state = &m;
	return machine_start(&m, functions,
		sizeof(functions) / sizeof(functions[0]));
}

static int
teardown(void **state)
{
	machine_stop(*state);
	return 0;
}

static void
test_sums_and_differences_carry(void **state)
{
	for (size_t i = 0; i < EDGES * EDGES * EDGES * EDGES; i++) {
		const uint64_t args[] = { edges[i % EDGES],
			edges[i / EDGES % EDGES],
			edges[i / (EDGES * EDGES) % EDGES],
			edges[i / (EDGES * EDGES * EDGES)] };
		struct pair a = { args[0], args[1] }, b = { args[2], args[3] };
		struct pair sum = add(a, b), difference = subtract(a, b);

		assert_pair(call(*state, ADD, args), sum.low, sum.high);
		assert_pair(call(*state, SUB, args), difference.low,
			difference.high);
		assert_pair(call(*state, ADD_SUB, args), a.low, a.high);
	}
}

static void
test_products_have_all_bits(void **state)
{
	for (size_t i = 0; i < EDGES * EDGES; i++) {
		const uint64_t args[] = { edges[i % EDGES], edges[i / EDGES] };
		struct pair u = multiply(args[0], args[1]);
		struct pair s = multiply_signed(args[0], args[1]);

		assert_pair(call(*state, MUL_U, args), u.low, u.high);
		assert_pair(call(*state, MUL_S, args), s.low, s.high);
		assert_pair(call(*state, MUL_HIGH, args), u.high, 0);
	}
}

static void
test_some_results_known_beforehand(void **state)
{
	assert_pair(call(*state, ADD, (uint64_t[]){ UINT64_MAX, 0, 1, 0 }), 0, 1);
	assert_pair(call(*state, ADD, (uint64_t[]){ UINT64_MAX, UINT64_MAX, 1,
		0 }), 0, 0);
	assert_pair(call(*state, SUB, (uint64_t[]){ 0, 0, 1, 0 }), UINT64_MAX,
		UINT64_MAX);
	assert_pair(call(*state, MUL_U, (uint64_t[]){ UINT64_MAX, UINT64_MAX }),
		1, UINT64_MAX - 1);
	assert_pair(call(*state, MUL_S, (uint64_t[]){ UINT64_MAX, UINT64_MAX }),
		1, 0);
	assert_pair(call(*state, MUL_S, (uint64_t[]){ (uint64_t)INT64_MIN,
		(uint64_t)INT64_MIN }), 0, UINT64_C(1) << 62);
	assert_pair(call(*state, NEGATE, (uint64_t[]){ 5 }), (uint64_t)-5,
		UINT64_MAX);
	assert_pair(call(*state, NEGATE, (uint64_t[]){ (uint64_t)INT64_MIN }),
		(uint64_t)INT64_MIN, 0);
}

#define UNIT(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT(test_sums_and_differences_carry),
		UNIT(test_products_have_all_bits),
		UNIT(test_some_results_known_beforehand),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
