/* Profiles: what functions cost, however they end. */
#include "tests/cmocka.h"
#include "tests/vm/exec/build.h"

#include <string.h>

#include "vm/runtime/meter.h"

/* loop; local.get 0; i32.const -1; add; local.tee 0; br_if 0; end */
#define COUNT_DOWN 0x03, 0x40, 0x20, 0, 0x41, 0x7f, 0x6a, 0x22, 0, 0x0d, 0, 0x0b

static const struct test_func functions[] = {
	/* LEAF: n rounds of five instructions */
	{ "i:", BODY(0, COUNT_DOWN, 0x0b) },
	/* TWICE: LEAF(n), LEAF(n) */
	{ "i:", BODY(0, 0x20, 0, 0x10, 0, 0x20, 0, 0x10, 0, 0x0b) },
	/* RECURSE: if (n != 0) RECURSE(n - 1) */
	{ "i:", BODY(0, 0x20, 0, 0x04, 0x40, 0x20, 0, 0x41, 0x7f, 0x6a, 0x10, 2,
		0x0b, 0x0b) },
	/* OUTER calls TRAPS */
	{ "i:", BODY(0, 0x01, 0x20, 0, 0x10, 4, 0x0b) },
	{ "i:", BODY(0, 0x01, 0x01, 0x00, 0x0b) },
	/* TAIL: n != 0 ? TAIL(n - 1) : 42 */
	{ "i:i", BODY(0, 0x20, 0, 0x45, 0x04, 0x40, 0x41, 42, 0x0f, 0x0b,
		0x20, 0, 0x41, 0x7f, 0x6a, 0x12, 5, 0x0b) },
	/* TO_TAIL: TAIL(n), dropped, LEAF(n) */
	{ "i:", BODY(0, 0x20, 0, 0x10, 5, 0x1a, 0x20, 0, 0x10, 0, 0x0b) },
};
enum { LEAF, TWICE, RECURSE, OUTER, TRAPS, TAIL, TO_TAIL };

/* The machine makes tag 0 with the type of its first function. */
static const struct test_func throwing[] = {
	/* THROWS */
	{ "i:", BODY(0, 0x20, 0, 0x08, 0, 0x0b) },
	/* BETWEEN calls THROWS */
	{ "i:", BODY(0, 0x20, 0, 0x10, 0, 0x0b) },
	/* CATCHES: block; try_table (catch_all 0); BETWEEN(n); end; end; and
	 * COUNT_DOWN */
	{ "i:", BODY(0, 0x02, 0x40, 0x1f, 0x40, 1, 2, 0, 0x20, 0, 0x10, 1,
		0x0b, 0x0b, COUNT_DOWN, 0x0b) },
};
enum { THROWS, BETWEEN, CATCHES };

static struct {
	struct vm_profile_row rows[10];
	unsigned n;
	uint64_t fuel;		/* of all together */
} got;

static void
on_row(void *arg, const struct vm_profile_row *row)
{
	assert_non_null(row->module);
	assert_true(row->func < 10);
	got.rows[row->func] = *row;
	got.n++;
	got.fuel += row->fuel;
}

static void
profile_of(struct test_machine *m)
{
	memset(&got, 0, sizeof(got));
	vm_store_profile(m->store, on_row, NULL);
}

static void
start(struct test_machine *m)
{
	machine_set_profile(true);
	assert_int_equal(machine_start(m, functions,
		sizeof(functions) / sizeof(functions[0])), 0);
	machine_set_profile(false);
	vm_store_set_fuel(m->store, 10000000);
}

static enum vm_status
call(struct test_machine *m, unsigned i, uint32_t arg)
{
	return machine_call(m, i, &arg, 1, NULL);
}

static uint64_t
fuel_unprofiled(unsigned i, uint32_t arg)
{
	struct test_machine m;
	uint64_t fuel;

	assert_int_equal(machine_start(&m, functions,
		sizeof(functions) / sizeof(functions[0])), 0);
	vm_store_set_fuel(m.store, 10000000);
	call(&m, i, arg);
	fuel = vm_store_fuel_used(m.store);
	machine_stop(&m);
	return fuel;
}

static void
test_own_instructions_and_those_of_callees(void **state)
{
	struct test_machine m;

	start(&m);
	assert_int_equal(call(&m, TWICE, 1000), VM_OK);
	profile_of(&m);
	assert_int_equal(got.n, 2);
	assert_int_equal(got.rows[LEAF].calls, 2);
	assert_in_range(got.rows[LEAF].fuel, 10000, 10010);
	assert_int_equal(got.rows[LEAF].total_fuel, got.rows[LEAF].fuel);
	assert_int_equal(got.rows[TWICE].calls, 1);
	assert_in_range(got.rows[TWICE].fuel, 4, 6);
	assert_int_equal(got.rows[TWICE].total_fuel, got.fuel);
	assert_int_equal(got.fuel, vm_store_fuel_used(m.store));
	assert_int_equal(got.fuel, fuel_unprofiled(TWICE, 1000));
	assert_true(got.rows[TWICE].total_ticks >=
		got.rows[LEAF].total_ticks);
	assert_true(got.rows[LEAF].total_ticks >= got.rows[LEAF].ticks);
	machine_stop(&m);
}

/* Its total is that of the outermost frame, not the sum of all. */
static void
test_recursion_is_counted_once(void **state)
{
	struct test_machine m;

	start(&m);
	assert_int_equal(call(&m, RECURSE, 100), VM_OK);
	assert_int_equal(call(&m, RECURSE, 0), VM_OK);
	profile_of(&m);
	assert_int_equal(got.n, 1);
	assert_int_equal(got.rows[RECURSE].calls, 102);
	assert_int_equal(got.rows[RECURSE].total_fuel, got.rows[RECURSE].fuel);
	assert_int_equal(got.rows[RECURSE].fuel, vm_store_fuel_used(m.store));
	assert_int_equal(m.store->meter->nframes, 0);
	machine_stop(&m);
}

static void
test_deeper_frames_than_it_keeps_have_no_total(void **state)
{
	static const struct vm_store_limits limits = { 1 << 20, 0, 16 << 20 };
	struct test_machine m;
	uint64_t fuel;

	start(&m);
	/* A stack that holds more frames than the meter. */
	vm_store_free(m.store);
	vm_module_free(m.module);
	m.store = vm_store_new(m.vm, &limits, NULL);
	assert_int_equal(vm_store_set_profile(m.store), 0);
	assert_int_equal(vm_module_new(m.vm, m.bytes.data, m.bytes.len,
		&m.module, NULL), 0);
	assert_int_equal(vm_instantiate(m.store, m.module, &m.instance,
		&m.trap, NULL), VM_OK);
	vm_store_set_fuel(m.store, 10000000);
	assert_int_equal(call(&m, RECURSE, METER_DEPTH + 100), VM_OK);
	fuel = vm_store_fuel_used(m.store);
	assert_int_equal(call(&m, LEAF, 100), VM_OK);
	profile_of(&m);
	assert_int_equal(got.rows[RECURSE].calls, METER_DEPTH + 101);
	assert_int_equal(got.rows[RECURSE].total_fuel, fuel);
	assert_int_equal(got.rows[LEAF].total_fuel, got.rows[LEAF].fuel);
	assert_int_equal(m.store->meter->nframes, 0);
	machine_stop(&m);
}

static void
test_traps_end_all_frames(void **state)
{
	struct test_machine m;

	start(&m);
	assert_int_equal(call(&m, OUTER, 1), VM_TRAP);
	assert_int_equal(m.trap.nframes, 2);
	assert_int_equal(m.store->meter->nframes, 0);
	assert_int_equal(call(&m, LEAF, 1000), VM_OK);
	profile_of(&m);
	assert_int_equal(got.rows[OUTER].calls, 1);
	assert_int_equal(got.rows[TRAPS].calls, 1);
	assert_int_equal(got.rows[LEAF].calls, 1);
	/* Nothing of what came afterwards is theirs. */
	assert_true(got.rows[OUTER].total_fuel < 10);
	assert_in_range(got.rows[LEAF].total_fuel, 5000, 5005);
	machine_stop(&m);
}

static void
test_running_out_of_fuel_is_an_end(void **state)
{
	struct test_machine m;

	start(&m);
	vm_store_set_fuel(m.store, 5000);
	assert_int_equal(call(&m, TWICE, 0), VM_FUEL);
	profile_of(&m);
	assert_in_range(got.rows[LEAF].fuel, 5000, 5010);
	assert_int_equal(m.store->meter->nframes, 0);
	machine_stop(&m);
}

/* Each has the place of the one before. */
static void
test_tail_calls(void **state)
{
	struct test_machine m;
	uint32_t n = 1000;

	start(&m);
	assert_int_equal(machine_call(&m, TO_TAIL, &n, 1, NULL), VM_OK);
	profile_of(&m);
	assert_int_equal(got.rows[TAIL].calls, 1001);
	assert_int_equal(got.rows[TAIL].total_fuel, got.rows[TAIL].fuel);
	assert_int_equal(got.rows[LEAF].calls, 1);
	assert_in_range(got.rows[LEAF].fuel, 5000, 5005);
	assert_int_equal(got.rows[TO_TAIL].total_fuel, got.fuel);
	assert_in_range(got.rows[TO_TAIL].fuel, 5, 8);
	assert_int_equal(got.fuel, fuel_unprofiled(TO_TAIL, 1000));
	machine_stop(&m);
}

static void
test_exceptions_go_on_in_who_catches(void **state)
{
	struct test_machine m;

	machine_set_profile(true);
	assert_int_equal(machine_start(&m, throwing, 3), 0);
	machine_set_profile(false);
	vm_store_set_fuel(m.store, 10000000);
	assert_int_equal(call(&m, CATCHES, 1000), VM_OK);
	profile_of(&m);
	assert_int_equal(got.rows[THROWS].calls, 1);
	assert_int_equal(got.rows[BETWEEN].calls, 1);
	/* By bytes, see unwind.c. */
	assert_in_range(got.rows[THROWS].fuel, 2, 10);
	assert_in_range(got.rows[BETWEEN].fuel, 2, 10);
	assert_in_range(got.rows[CATCHES].fuel, 5000, 5020);
	assert_int_equal(got.fuel, vm_store_fuel_used(m.store));
	assert_int_equal(got.rows[CATCHES].total_fuel, got.fuel);
	/* One that nobody catches. */
	assert_int_equal(call(&m, BETWEEN, 1), VM_EXCEPTION);
	assert_int_equal(m.store->meter->nframes, 0);
	machine_stop(&m);
}

static struct {
	struct test_machine *m;
	unsigned times;
	uint64_t seen;		/* total of LEAF at the last one */
	uint64_t outer;		/* of TWICE */
} due;

static uint64_t
on_due(void *arg, uint64_t now)
{
	assert_ptr_equal(arg, &due);
	due.times++;
	profile_of(due.m);
	due.seen = got.rows[LEAF].total_fuel;
	due.outer = got.rows[TWICE].total_fuel;
	assert_true(due.outer >= due.seen);
	return now;
}

/* In the middle of a loop that calls nothing; and nothing is counted twice. */
static void
test_reports_while_it_runs(void **state)
{
	struct test_machine m;

	start(&m);
	due.m = &m;
	vm_store_on_profile(m.store, on_due, &due);
	m.store->meter->due = 1;
	assert_int_equal(call(&m, TWICE, 100 * METER_ROUNDS), VM_OK);
	assert_true(due.times >= 190);
	assert_true(due.seen > 900 * METER_ROUNDS);
	profile_of(&m);
	assert_int_equal(got.rows[LEAF].total_fuel, got.rows[LEAF].fuel);
	assert_int_equal(got.rows[TWICE].total_fuel, got.fuel);
	assert_int_equal(got.fuel, vm_store_fuel_used(m.store));
	machine_stop(&m);
}

static void
test_functions_that_are_translated_when_called(void **state)
{
	struct test_machine m;

	machine_set_lazy(true);
	start(&m);
	machine_set_lazy(false);
	assert_int_equal(call(&m, LEAF, 1000), VM_OK);
	assert_int_equal(m.store->meter->work.calls, 1);
	assert_int_equal(m.store->meter->work.fuel, 0);
	assert_int_equal(call(&m, LEAF, 1000), VM_OK);
	assert_int_equal(m.store->meter->work.calls, 1);
	assert_int_equal(m.instance->meter_funcs[LEAF].calls, 2);
	machine_stop(&m);
}

static void
test_code_for_a_profile_needs_a_store_that_has_one(void **state)
{
	struct test_machine m;
	struct vm_store *other;
	struct vm_instance *in;
	struct err err = ERR_NONE;

	start(&m);
	other = vm_store_new(m.vm, &m.store->limits, &err);
	assert_non_null(other);
	assert_int_equal(vm_instantiate(other, m.module, &in, &m.trap, &err),
		-1);
	assert_int_equal(err.code, VM_USAGE);
	vm_store_free(other);
	machine_stop(&m);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_own_instructions_and_those_of_callees),
		cmocka_unit_test(test_recursion_is_counted_once),
		cmocka_unit_test(test_deeper_frames_than_it_keeps_have_no_total),
		cmocka_unit_test(test_traps_end_all_frames),
		cmocka_unit_test(test_running_out_of_fuel_is_an_end),
		cmocka_unit_test(test_tail_calls),
		cmocka_unit_test(test_exceptions_go_on_in_who_catches),
		cmocka_unit_test(test_reports_while_it_runs),
		cmocka_unit_test(test_functions_that_are_translated_when_called),
		cmocka_unit_test(
			test_code_for_a_profile_needs_a_store_that_has_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
