/* Functions that are translated when they are first called. */
#include "tests/cmocka.h"
#include "tests/vm/exec/build.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "vm/exec/compile.h"

static const struct test_func functions[] = {
	/* n == 0 ? 7 : function 1 of n - 1 */
	{ "i:i", BODY(0, 0x20, 0, 0x45, 0x04, 0x40, 0x41, 7, 0x0f, 0x0b,
		0x20, 0, 0x41, 1, 0x6b, 0x10, 1, 0x0b) },
	{ "i:i", BODY(0, 0x20, 0, 0x10, 0, 0x41, 1, 0x6a, 0x0b) },
	/* traps in function 3 */
	{ "i:", BODY(0, 0x01, 0x20, 0, 0x10, 3, 0x0b) },
	{ "i:", BODY(0, 0x01, 0x00, 0x0b) },
	/* never called */
	{ "i:i", BODY(0, 0x20, 0, 0x41, 9, 0x6c, 0x0b) },
	/* a tail call of function 4 */
	{ "i:i", BODY(0, 0x20, 0, 0x12, 4, 0x0b) },
};
enum { EVEN, ODD, OUTER, TRAPS, TIMES_9, TAIL, NFUNCS };

static void
start(struct test_machine *m)
{
	assert_int_equal(machine_start(m, functions, NFUNCS), 0);
	assert_int_equal(m->module->code.norder, 0);
}

static uint32_t
value(struct test_machine *m, unsigned i, uint32_t arg)
{
	uint32_t result = 0;

	assert_int_equal(machine_call(m, i, &arg, 1, &result), VM_OK);
	return result;
}

static void
test_only_what_is_called_is_translated(void **state)
{
	struct test_machine m;

	start(&m);
	assert_int_equal(value(&m, EVEN, 0), 7);
	assert_int_equal(m.module->code.norder, 1);
	assert_int_equal(value(&m, EVEN, 3), 10);
	assert_int_equal(m.module->code.norder, 2);
	assert_int_equal(value(&m, TAIL, 5), 45);
	assert_int_equal(m.module->code.norder, 4);
	assert_int_equal(value(&m, EVEN, 3), 10);
	assert_int_equal(m.module->code.norder, 4);
	machine_stop(&m);
}

static void
test_backtrace_names_functions_in_any_order_of_translation(void **state)
{
	const uint32_t arg = 0;
	struct test_machine m;

	start(&m);
	assert_int_equal(value(&m, ODD, 1), 9);
	assert_int_equal(machine_call(&m, OUTER, &arg, 1, NULL), VM_TRAP);
	machine_assert_unreachable(&m, TRAPS, 2, OUTER, 4);
	machine_stop(&m);
}

static void
test_fuel_does_not_depend_on_when_it_is_translated(void **state)
{
	struct test_machine m;
	uint64_t first;

	start(&m);
	vm_store_set_fuel(m.store, 1000000);
	value(&m, EVEN, 100);
	first = vm_store_fuel_used(m.store);
	vm_store_set_fuel(m.store, 1000000);
	value(&m, EVEN, 100);
	assert_int_equal(vm_store_fuel_used(m.store), first);
	while (vm_store_translate(m.store, 1) == 1)
		continue;
	vm_store_set_fuel(m.store, 1000000);
	value(&m, EVEN, 100);
	assert_int_equal(vm_store_fuel_used(m.store), first);
	machine_stop(&m);
}

/* Whether pc is in the code of a child that may write there; it crashes
 * otherwise. */
static bool
code_is_writable(struct test_machine *m)
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		volatile uint8_t *code = m->module->code.region.base;

		signal(SIGSEGV, SIG_DFL);	/* which cmocka takes */
		*code = *code;
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status);
}

static void
test_translating_the_rest_seals_the_code(void **state)
{
	struct test_machine m;
	struct err err = ERR_NONE;
	unsigned steps = 0;

	start(&m);
	assert_int_equal(value(&m, ODD, 4), 12);
	assert_int_equal(vm_store_freeze(m.store, &err), 0);
	assert_true(code_is_writable(&m));
	while (vm_store_translate(m.store, 1) == 1)
		steps++;
	assert_in_range(steps, 3, NFUNCS);
	assert_int_equal(m.module->code.norder, NFUNCS);
	assert_null(m.module->compiler);
	assert_false(code_is_writable(&m));
	assert_int_equal(vm_store_translate(m.store, 1), 0);
	assert_int_equal(value(&m, ODD, 4), 12);
	assert_int_equal(value(&m, TAIL, 2), 18);
	machine_stop(&m);
}

static void
test_child_translates_for_itself(void **state)
{
	struct test_machine m;
	struct err err = ERR_NONE;
	int status;
	pid_t pid;

	start(&m);
	assert_int_equal(vm_store_freeze(m.store, &err), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		_exit(value(&m, ODD, 9) == 17 &&
			m.module->code.norder == 2 ? 0 : 1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(m.module->code.norder, 0);
	assert_int_equal(value(&m, ODD, 9), 17);
	machine_stop(&m);
}

/* The second leaves a value too many. */
static const struct test_func bad[] = {
	{ "i:i", BODY(0, 0x20, 0, 0x0b) },
	{ "i:i", BODY(0, 0x20, 0, 0x20, 0, 0x0b) },
};

static void
test_validation_does_not_wait(void **state)
{
	struct test_machine m;

	assert_int_equal(machine_start(&m, bad, 2), VM_INVALID);
	machine_stop(&m);
}

/* The second has 40,000 vectors as locals, of two slots each. */
static const struct test_func large[] = {
	{ "i:i", BODY(0, 0x20, 0, 0x0b) },
	{ "i:i", BODY(1, 0xc0, 0xb8, 0x02, 0x7b, 0x20, 0, 0x0b) },
	{ "i:i", BODY(0, 0x20, 0, 0x10, 1, 0x0b) },
};

static void
test_frame_that_is_too_large_traps_when_it_is_called(void **state)
{
	const uint32_t arg = 1;
	struct test_machine m;

	machine_set_lazy(false);
	assert_int_equal(machine_start(&m, large, 3), VM_LIMIT);
	machine_stop(&m);
	machine_set_lazy(true);
	assert_int_equal(machine_start(&m, large, 3), 0);
	assert_int_equal(value(&m, 0, 5), 5);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(machine_call(&m, 2, &arg, 1, NULL), VM_TRAP);
		assert_int_equal(m.trap.code, TRAP_STACK_EXHAUSTED);
		assert_int_equal(m.trap.nframes, 2);
		assert_int_equal(m.trap.frames[0].func, 1);
	}
	while (vm_store_translate(m.store, 8) == 1)
		continue;
	assert_int_equal(machine_call(&m, 2, &arg, 1, NULL), VM_TRAP);
	assert_int_equal(m.trap.code, TRAP_STACK_EXHAUSTED);
	assert_int_equal(value(&m, 0, 5), 5);
	machine_stop(&m);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_only_what_is_called_is_translated),
		cmocka_unit_test(
			test_backtrace_names_functions_in_any_order_of_translation),
		cmocka_unit_test(
			test_fuel_does_not_depend_on_when_it_is_translated),
		cmocka_unit_test(test_translating_the_rest_seals_the_code),
		cmocka_unit_test(test_child_translates_for_itself),
		cmocka_unit_test(test_validation_does_not_wait),
		cmocka_unit_test(
			test_frame_that_is_too_large_traps_when_it_is_called),
	};

	machine_set_lazy(true);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
