/* Running: limits, traps, and what a forked child may count on. */
#include "tests/cmocka.h"
#include "tests/vm/exec/build.h"

#include <pthread.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* loop; local.get 0; i32.const -1; add; local.tee 0; br_if 0; end */
#define COUNT_DOWN 0x03, 0x40, 0x20, 0, 0x41, 0x7f, 0x6a, 0x22, 0, 0x0d, 0, 0x0b

static const struct test_func functions[] = {
	{ "i:", BODY(0, COUNT_DOWN, 0x0b) },
	/* recursion without end, through function 1 itself */
	{ "i:", BODY(0, 0x20, 0, 0x10, 1, 0x0b) },
	/* function 3 traps; function 2 calls it */
	{ "i:", BODY(0, 0x01, 0x20, 0, 0x10, 3, 0x0b) },
	{ "i:", BODY(0, 0x01, 0x01, 0x00, 0x0b) },
	/* i32.const 0; local.get 0; store; and load at an address */
	{ "i:", BODY(0, 0x41, 0, 0x20, 0, 0x36, 2, 0, 0x0b) },
	{ "i:i", BODY(0, 0x20, 0, 0x28, 2, 0, 0x0b) },
	/* memory.grow */
	{ "i:i", BODY(0, 0x20, 0, 0x40, 0, 0x0b) },
	/* local.get 0; if; return; end; and a tail call of itself with n - 1 */
	{ "i:i", BODY(0, 0x20, 0, 0x45, 0x04, 0x40, 0x41, 42, 0x0f, 0x0b,
		0x20, 0, 0x41, 0x7f, 0x6a, 0x12, 7, 0x0b) },
};
enum { COUNT, RECURSE, OUTER, TRAPS, STORE, LOAD, GROW, TAIL };

static void
start(struct test_machine *m)
{
	assert_int_equal(machine_start(m, functions,
		sizeof(functions) / sizeof(functions[0])), 0);
}

static enum vm_status
call(struct test_machine *m, unsigned i, uint32_t arg)
{
	return machine_call(m, i, &arg, 1, NULL);
}

static uint32_t
value(struct test_machine *m, unsigned i, uint32_t arg)
{
	uint32_t result = 0;

	assert_int_equal(machine_call(m, i, &arg, 1, &result), VM_OK);
	return result;
}

static void
test_fuel_is_exact_and_the_same_every_time(void **state)
{
	struct test_machine m;
	uint64_t first;

	start(&m);
	vm_store_set_fuel(m.store, 1000000);
	assert_int_equal(call(&m, COUNT, 1000), VM_OK);
	first = vm_store_fuel_used(m.store);
	/* five instructions a round; entering and leaving are a few more */
	assert_in_range(first, 5000, 5005);
	vm_store_set_fuel(m.store, 1000000);
	assert_int_equal(call(&m, COUNT, 1000), VM_OK);
	assert_int_equal(vm_store_fuel_used(m.store), first);
	machine_stop(&m);
}

static void
test_fuel_ends_a_loop(void **state)
{
	struct test_machine m;

	start(&m);
	vm_store_set_fuel(m.store, 10000);
	assert_int_equal(call(&m, COUNT, 0), VM_FUEL);
	assert_in_range(vm_store_fuel_used(m.store), 10000, 10010);
	vm_store_set_fuel(m.store, 10000);
	assert_int_equal(call(&m, COUNT, 10), VM_OK);
	machine_stop(&m);
}

#define NOPS 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01
#define MANY_NOPS NOPS, NOPS, NOPS, NOPS, NOPS, NOPS, NOPS, NOPS

static const struct test_func throwing[] = {
	{ "i:", BODY(0, 0x20, 0, 0x08, 0, 0x0b) },
	/* block; local.get 0; br_if 0; nop...; end; and function 0 throws */
	{ "i:", BODY(0, 0x02, 0x40, 0x20, 0, 0x0d, 0, MANY_NOPS, 0x0b,
		0x20, 0, 0x10, 0, 0x0b) },
	/* loop; try_table (catch_all 0); local.get 0; call 1; end; end */
	{ "i:", BODY(0, 0x03, 0x40, 0x1f, 0x40, 1, 2, 0, 0x20, 0, 0x10, 1,
		0x0b, 0x0b, 0x0b) },
};

/* Function 0 has 50,000 locals; function 1 calls it in a loop without end. */
static const struct test_func wide[] = {
	{ ":i", BODY(1, 0xd0, 0x86, 3, 0x7f, 0x20, 0xcf, 0x86, 3, 0x0b) },
	{ ":", BODY(0, 0x03, 0x40, 0x10, 0, 0x1a, 0x0c, 0, 0x0b, 0x0b) },
};

static void
test_locals_cost_fuel(void **state)
{
	struct test_machine m;

	assert_int_equal(machine_start(&m, wide, 2), 0);
	vm_store_set_fuel(m.store, 1000000);
	assert_int_equal(machine_call(&m, 0, NULL, 0, NULL), VM_OK);
	assert_in_range(vm_store_fuel_used(m.store), 50000 / 64, 1000);
	alarm(20);
	assert_int_equal(machine_call(&m, 1, NULL, 0, NULL), VM_FUEL);
	alarm(0);
	machine_stop(&m);
}

/* A jump forwards is a credit, until the frame is left. */
static void
test_fuel_ends_a_loop_of_exceptions(void **state)
{
	struct test_machine m;

	assert_int_equal(machine_start(&m, throwing, 3), 0);
	vm_store_set_fuel(m.store, 10000);
	alarm(20);	/* or it never ends */
	assert_int_equal(call(&m, 2, 1), VM_FUEL);
	alarm(0);
	machine_stop(&m);
}

static void
test_endless_recursion_traps(void **state)
{
	struct test_machine m;

	start(&m);
	assert_int_equal(call(&m, RECURSE, 0), VM_TRAP);
	assert_int_equal(m.trap.code, TRAP_STACK_EXHAUSTED);
	assert_int_equal(m.trap.nframes, VM_BACKTRACE_MAX);
	assert_true(m.trap.depth > 1000);
	assert_int_equal(m.trap.frames[5].func, RECURSE);
	/* and the machine is as good as before */
	assert_int_equal(call(&m, COUNT, 10), VM_OK);
	machine_stop(&m);
}

static void
test_trap_tells_functions_and_offsets(void **state)
{
	struct test_machine m;

	start(&m);
	assert_int_equal(call(&m, OUTER, 0), VM_TRAP);
	machine_assert_unreachable(&m, TRAPS, 3, OUTER, 4);
	machine_stop(&m);
}

static void
test_tail_calls_take_no_stack(void **state)
{
	struct test_machine m;

	start(&m);
	assert_int_equal(value(&m, TAIL, 1000000), 42);
	machine_stop(&m);
}

static void
test_memory_bounds_are_exact(void **state)
{
	struct test_machine m;

	start(&m);
	assert_int_equal(value(&m, LOAD, 65532), 0);
	assert_int_equal(call(&m, LOAD, 65533), VM_TRAP);
	assert_int_equal(m.trap.code, TRAP_MEMORY_BOUNDS);
	assert_int_equal(call(&m, LOAD, UINT32_MAX), VM_TRAP);
	assert_int_equal(value(&m, GROW, 1), 1);
	assert_int_equal(value(&m, LOAD, 65533), 0);
	assert_int_equal(value(&m, GROW, 3), UINT32_MAX);
	assert_int_equal(vm_store_memory_pages_peak(m.store), 2);
	machine_stop(&m);
}

static void *
run_count(void *arg)
{
	struct test_machine *m = arg;
	struct vm_extern_item item;
	struct vm_value n = { .type = VAL_I32, .i32 = 3000000 };

	vm_export(m->instance, (struct name){ "f0", 2 }, &item, NULL);
	return vm_call(m->store, item, &n, 1, NULL, 0, &m->trap) == VM_OK ?
		m : NULL;
}

static void
test_guest_code_takes_no_c_stack(void **state)
{
	struct test_machine m;
	pthread_attr_t attr;
	pthread_t thread;
	void *done;

	start(&m);
	assert_int_equal(pthread_attr_init(&attr), 0);
	assert_int_equal(pthread_attr_setstacksize(&attr, 64 << 10), 0);
	assert_int_equal(pthread_create(&thread, &attr, run_count, &m), 0);
	assert_int_equal(pthread_join(thread, &done), 0);
	assert_ptr_equal(done, &m);
	pthread_attr_destroy(&attr);
	machine_stop(&m);
}

static void
test_child_of_frozen_store_has_its_own_memory(void **state)
{
	struct test_machine m;
	struct err err = ERR_NONE;
	int status;
	pid_t pid;

	start(&m);
	assert_int_equal(call(&m, STORE, 1), VM_OK);
	assert_int_equal(vm_store_freeze(m.store, &err), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		_exit(value(&m, LOAD, 0) == 1 && call(&m, STORE, 2) == VM_OK &&
			value(&m, GROW, 1) == 1 &&
			value(&m, LOAD, 0) == 2 ? 0 : 1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(value(&m, LOAD, 0), 1);
	machine_stop(&m);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fuel_is_exact_and_the_same_every_time),
		cmocka_unit_test(test_fuel_ends_a_loop),
		cmocka_unit_test(test_locals_cost_fuel),
		cmocka_unit_test(test_fuel_ends_a_loop_of_exceptions),
		cmocka_unit_test(test_endless_recursion_traps),
		cmocka_unit_test(test_trap_tells_functions_and_offsets),
		cmocka_unit_test(test_tail_calls_take_no_stack),
		cmocka_unit_test(test_memory_bounds_are_exact),
		cmocka_unit_test(test_guest_code_takes_no_c_stack),
		cmocka_unit_test(test_child_of_frozen_store_has_its_own_memory),
	};

	int failed = cmocka_run_group_tests_name("translated at once", tests,
		NULL, NULL);

	machine_set_lazy(true);
	return failed + cmocka_run_group_tests_name("at the first call", tests,
		NULL, NULL);
}
