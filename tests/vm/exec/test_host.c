/* What host functions cost their callers. */
#include "tests/cmocka.h"

#include <unistd.h>

#include "vm/vm.h"

/*
 * import "m" "f" (i32 i32), memory of a page; "once" calls it with 0 and 65536,
 * "loop" does so for ever, "outside" calls it with 1 and 65536
 */
static const uint8_t bytes[] = {
	0, 'a', 's', 'm', 1, 0, 0, 0,
	1, 9, 2, 0x60, 2, 0x7f, 0x7f, 0, 0x60, 0, 0,
	2, 7, 1, 1, 'm', 1, 'f', 0, 0,
	3, 4, 3, 1, 1, 1,
	5, 3, 1, 0, 1,
	7, 25, 3, 4, 'o', 'n', 'c', 'e', 0, 1, 4, 'l', 'o', 'o', 'p', 0, 2,
		7, 'o', 'u', 't', 's', 'i', 'd', 'e', 0, 3,
	10, 39, 3,
		10, 0, 0x41, 0, 0x41, 0x80, 0x80, 4, 0x10, 0, 0x0b,
		15, 0, 0x03, 0x40, 0x41, 0, 0x41, 0x80, 0x80, 4, 0x10, 0,
			0x0c, 0, 0x0b, 0x0b,
		10, 0, 0x41, 1, 0x41, 0x80, 0x80, 4, 0x10, 0, 0x0b,
};

static unsigned calls, refused;

static enum vm_status
look(struct vm_caller *c, void *data, uint64_t *args)
{
	calls++;
	refused += vm_caller_memory(c, (uint32_t)args[0],
		(uint32_t)args[1]) == NULL;
	return VM_OK;
}

/* The fuel that a call of an export takes, of a million; how it ends. */
static uint64_t
fuel_of(const char *name, uint32_t len, enum vm_status *status)
{
	static const struct vm_host_func funcs[] = { { "m", "f", "ii:", look } };
	const struct vm_store_limits limits = { 1 << 20, 0, 1 << 16 };
	struct vm *vm = vm_new();
	struct err err = ERR_NONE;
	struct vm_store *s = vm_store_new(vm, &limits, &err);
	struct vm_extern_item item;
	struct vm_instance *in;
	struct vm_module *m;
	struct vm_trap trap;
	uint64_t used;

	calls = refused = 0;
	assert_non_null(s);
	assert_int_equal(vm_define_host(s, funcs, 1, NULL, &err), 0);
	assert_int_equal(vm_module_new(vm, bytes, sizeof(bytes), &m, &err), 0);
	assert_int_equal(vm_instantiate(s, m, &in, &trap, &err), VM_OK);
	assert_int_equal(vm_export(in, (struct name){ name, len }, &item, &err),
		0);
	vm_store_set_fuel(s, 1000000);
	*status = vm_call(s, item, NULL, 0, NULL, 0, &trap);
	used = vm_store_fuel_used(s);
	vm_store_free(s);
	vm_module_free(m);
	vm_free(vm);
	return used;
}

static void
test_memory_that_a_host_function_looks_at_costs_fuel(void **state)
{
	enum vm_status status;

	assert_in_range(fuel_of("once", 4, &status), 65536 / 8,
		65536 / 8 + 10);
	assert_int_equal(status, VM_OK);
	assert_int_equal(calls, 1);
	assert_int_equal(refused, 0);
}

static void
test_memory_that_is_not_there_costs_none(void **state)
{
	enum vm_status status;

	assert_in_range(fuel_of("outside", 7, &status), 1, 10);
	assert_int_equal(status, VM_OK);
	assert_int_equal(refused, 1);
}

static void
test_fuel_bounds_the_bytes_that_a_loop_has_the_host_look_at(void **state)
{
	enum vm_status status;

	alarm(20);
	fuel_of("loop", 4, &status);
	alarm(0);
	assert_int_equal(status, VM_FUEL);
	assert_in_range(calls, 120, 1000000 * 8 / 65536 + 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			test_memory_that_a_host_function_looks_at_costs_fuel),
		cmocka_unit_test(test_memory_that_is_not_there_costs_none),
		cmocka_unit_test(
			test_fuel_bounds_the_bytes_that_a_loop_has_the_host_look_at),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
