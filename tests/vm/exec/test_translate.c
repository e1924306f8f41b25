/*
 * The translator's hazards: where an operand waits for a local that changes,
 * and where control flow meets.
 */
#include "tests/cmocka.h"
#include "tests/vm/exec/build.h"

#include <stdlib.h>
#include <string.h>

static void
check(const struct test_func *f, uint32_t a, uint32_t b, uint32_t want)
{
	struct test_machine m;

	assert_int_equal(machine_start(&m, f, 1), 0);
	assert_int_equal(machine_value(&m, 0, a, b), want);
	machine_stop(&m);
}

static void
test_operand_keeps_value_of_local_set_later(void **state)
{
	/* local.get 0; local.get 1; local.set 0; local.get 0; sub */
	const struct test_func f = { "ii:i", BODY(0, 0x20, 0, 0x20, 1, 0x21, 0,
		0x20, 0, 0x6b, 0x0b) };

	check(&f, 10, 3, 7);
}

static void
test_tee_leaves_older_operands_alone(void **state)
{
	/* local.get 0; (local.get 1; i32.const 5; add; local.tee 0); mul;
	 * local.get 0; add */
	const struct test_func f = { "ii:i", BODY(0, 0x20, 0, 0x20, 1, 0x41, 5,
		0x6a, 0x22, 0, 0x6c, 0x20, 0, 0x6a, 0x0b) };

	check(&f, 3, 2, 3 * 7 + 7);
}

static void
test_value_computed_before_branch_is_set_behind_it(void **state)
{
	/* block; local.get 0; i32.const 1; add; local.get 1; br_if 0;
	 * local.set 0; br 0... : the branch must not see the sum. */
	const struct test_func f = { "ii:i", BODY(0, 0x02, 0x40,
		0x20, 0, 0x41, 1, 0x6a, 0x20, 1, 0x0d, 0, 0x21, 0, 0x0b,
		0x20, 0, 0x0b) };

	check(&f, 10, 1, 10);
	check(&f, 10, 0, 11);
}

static void
test_pending_local_survives_if(void **state)
{
	/* local.get 0; local.get 1; if; i32.const 9; local.set 0; end;
	 * local.get 0; i32.const 100; mul; add */
	const struct test_func f = { "ii:i", BODY(0, 0x20, 0, 0x20, 1, 0x04,
		0x40, 0x41, 9, 0x21, 0, 0x0b, 0x20, 0, 0x41, 0xe4, 0, 0x6c,
		0x6a, 0x0b) };

	check(&f, 5, 1, 905);
	check(&f, 5, 0, 505);
}

static void
test_if_with_else_merges_a_constant_and_a_local(void **state)
{
	/* local.get 1; if (result i32); i32.const 7; else; local.get 0; end */
	const struct test_func f = { "ii:i", BODY(0, 0x20, 1, 0x04, 0x7f,
		0x41, 7, 0x05, 0x20, 0, 0x0b, 0x0b) };

	check(&f, 5, 1, 7);
	check(&f, 5, 0, 5);
}

static void
test_br_if_carries_values_down_the_stack(void **state)
{
	/* block (result i32); i32.const 1; i32.const 2; local.get 0;
	 * local.get 1; br_if 0; drop; add; i32.const 40; add; end */
	const struct test_func f = { "ii:i", BODY(0, 0x02, 0x7f, 0x41, 1, 0x41,
		2, 0x20, 0, 0x20, 1, 0x0d, 0, 0x1a, 0x6a, 0x41, 40, 0x6a,
		0x0b, 0x0b) };

	check(&f, 99, 1, 99);
	check(&f, 99, 0, 43);
}

static void
test_br_table_carries_a_value_to_different_heights(void **state)
{
	/* block (result i32); i32.const 7; block (result i32); local.get 0;
	 * local.get 1; br_table 0 1 0; end; add; end */
	const struct test_func f = { "ii:i", BODY(0, 0x02, 0x7f, 0x41, 7, 0x02,
		0x7f, 0x20, 0, 0x20, 1, 0x0e, 2, 0, 1, 0, 0x0b, 0x6a, 0x0b,
		0x0b) };

	check(&f, 30, 0, 37);
	check(&f, 30, 1, 30);
	check(&f, 30, 2, 37);
	check(&f, 30, UINT32_MAX, 37);
}

static void
test_select_on_comparison(void **state)
{
	/* local.get 0; local.get 1; local.get 0; local.get 1; lt_s; select */
	const struct test_func f = { "ii:i", BODY(0, 0x20, 0, 0x20, 1, 0x20, 0,
		0x20, 1, 0x48, 0x1b, 0x0b) };

	check(&f, 3, 4, 3);
	check(&f, (uint32_t)-3, 4, (uint32_t)-3);
	check(&f, 9, 4, 4);
}

static void
test_counting_loop(void **state)
{
	/* loop; sum += n; n -= 1; br_if; end, with sum in local 1 */
	const struct test_func f = { "ii:i", BODY(0, 0x03, 0x40, 0x20, 1, 0x20,
		0, 0x6a, 0x21, 1, 0x20, 0, 0x41, 0x7f, 0x6a, 0x22, 0, 0x0d, 0,
		0x0b, 0x20, 1, 0x0b) };

	check(&f, 100, 5, 5055);
}

static void
test_locals_are_zero_on_every_call(void **state)
{
	/* 5 i32 and 3 i64 locals: set one, and give what was there */
	const struct test_func f = { "ii:i", BODY(2, 5, 0x7f, 3, 0x7e,
		0x20, 6, 0x20, 0, 0x21, 6, 0x0b) };
	struct test_machine m;

	assert_int_equal(machine_start(&m, &f, 1), 0);
	assert_int_equal(machine_value(&m, 0, 77, 0), 0);
	assert_int_equal(machine_value(&m, 0, 78, 0), 0);
	machine_stop(&m);
}

static void
test_fifty_thousand_locals_work(void **state)
{
	/* local.get 0; local.set 50001; local.get 50001 */
	const struct test_func f = { "ii:i", BODY(1, 0xd0, 0x86, 3, 0x7f,
		0x20, 0, 0x21, 0xd1, 0x86, 3, 0x20, 0xd1, 0x86, 3, 0x0b) };

	check(&f, 1234, 0, 1234);
}

static void
test_frame_over_the_limit_is_refused(void **state)
{
	/* 50,000 locals of 16 bytes do not fit a frame */
	const struct test_func f = { "ii:i", BODY(1, 0xd0, 0x86, 3, 0x7b,
		0x20, 0, 0x0b) };
	struct test_machine m;

	assert_int_equal(machine_start(&m, &f, 1), VM_LIMIT);
	machine_stop(&m);
}

static void
test_caught_exception_sees_locals_as_they_were(void **state)
{
	/* f0 throws its argument. f1: block (result i32); try_table (catch 0
	 * 0); local.get 0; i32.const 1; add; local.get 1; call 0; local.set 0;
	 * end; i32.const 0; end; drop; local.get 0 */
	const struct test_func f[] = {
		{ "i:", BODY(0, 0x20, 0, 0x08, 0, 0x0b) },
		{ "ii:i", BODY(0, 0x02, 0x7f, 0x1f, 0x40, 1, 0, 0, 0,
			0x20, 0, 0x41, 1, 0x6a, 0x20, 1, 0x10, 0, 0x21, 0,
			0x0b, 0x41, 0, 0x0b, 0x1a, 0x20, 0, 0x0b) },
		{ "ii:i", BODY(0, 0x02, 0x7f, 0x1f, 0x40, 1, 0, 0, 0,
			0x20, 1, 0x10, 0, 0x0b, 0x41, 0, 0x0b, 0x0b) },
	};
	struct test_machine m;

	assert_int_equal(machine_start(&m, f, 3), 0);
	assert_int_equal(machine_value(&m, 1, 10, 5), 10);
	assert_int_equal(machine_value(&m, 2, 10, 5), 5);
	assert_int_equal(machine_call(&m, 0, (uint32_t[]){ 1 }, 1, NULL),
		VM_EXCEPTION);
	machine_stop(&m);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_operand_keeps_value_of_local_set_later),
		cmocka_unit_test(test_tee_leaves_older_operands_alone),
		cmocka_unit_test(test_value_computed_before_branch_is_set_behind_it),
		cmocka_unit_test(test_pending_local_survives_if),
		cmocka_unit_test(test_if_with_else_merges_a_constant_and_a_local),
		cmocka_unit_test(test_br_if_carries_values_down_the_stack),
		cmocka_unit_test(test_br_table_carries_a_value_to_different_heights),
		cmocka_unit_test(test_select_on_comparison),
		cmocka_unit_test(test_counting_loop),
		cmocka_unit_test(test_locals_are_zero_on_every_call),
		cmocka_unit_test(test_fifty_thousand_locals_work),
		cmocka_unit_test(test_frame_over_the_limit_is_refused),
		cmocka_unit_test(test_caught_exception_sees_locals_as_they_were),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
