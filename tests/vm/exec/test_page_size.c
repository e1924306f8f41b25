/*
 * Memories of pages of one byte: sizes, growing, bounds at odd sizes, segments,
 * bulk instructions, and what a frozen store's child sees.
 */
#include "tests/cmocka.h"
#include "tests/vm/exec/build.h"

#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "vm/runtime/instance.h"

#define PAGES_MIN 13
#define PAGES_MAX 10000

/* 13 pages of 2^0 bytes, at most 10,000 */
static const uint8_t memories[] = { 1, 0x09, 13, 0x90, 0x4e, 0 };
/* active: "abcd" at 9; passive: "0123456789" */
static const uint8_t datas[] = { 2,
	0, 0x41, 9, 0x0b, 4, 'a', 'b', 'c', 'd',
	1, 10, '0', '1', '2', '3', '4', '5', '6', '7', '8', '9' };

static const struct test_func functions[] = {
	{ ":i", BODY(0, 0x3f, 0, 0x0b) },
	{ "i:i", BODY(0, 0x20, 0, 0x40, 0, 0x0b) },
	{ "i:i", BODY(0, 0x20, 0, 0x2d, 0, 0, 0x0b) },
	{ "i:i", BODY(0, 0x20, 0, 0x28, 0, 0, 0x0b) },
	{ "i:i", BODY(0, 0x20, 0, 0x28, 0, 5, 0x0b) },
	/* v128.load; i32x4.extract_lane 3 */
	{ "i:i", BODY(0, 0x20, 0, 0xfd, 0, 0, 0, 0xfd, 0x1b, 3, 0x0b) },
	{ "ii:", BODY(0, 0x20, 0, 0x20, 1, 0x3b, 0, 0, 0x0b) },
	{ "iii:", BODY(0, 0x20, 0, 0x20, 1, 0x20, 2, 0xfc, 0x0b, 0, 0x0b) },
	{ "iii:", BODY(0, 0x20, 0, 0x20, 1, 0x20, 2, 0xfc, 0x0a, 0, 0, 0x0b) },
	{ "iii:", BODY(0, 0x20, 0, 0x20, 1, 0x20, 2, 0xfc, 0x08, 1, 0, 0x0b) },
};
enum { SIZE, GROW, LOAD8, LOAD32, LOAD32_AT_5, LOAD128, STORE16, FILL, COPY,
	INIT };

static int
start_with(struct test_machine *m, const uint8_t *section, size_t len)
{
	const struct test_memories mem = { section, len, datas, sizeof(datas) };

	return machine_start_with(m, functions,
		sizeof(functions) / sizeof(functions[0]), &mem);
}

static void
start(struct test_machine *m)
{
	assert_int_equal(start_with(m, memories, sizeof(memories)), 0);
}

static uint32_t
value(struct test_machine *m, unsigned i, uint32_t arg)
{
	uint32_t result = 0;

	assert_int_equal(machine_call(m, i, &arg, i == SIZE ? 0 : 1, &result),
		VM_OK);
	return result;
}

static void
assert_traps(struct test_machine *m, unsigned i, uint32_t a, uint32_t b,
	uint32_t c)
{
	const uint32_t args[] = { a, b, c };
	size_t n = vm_func_type(machine_func(m, i))->nparams;

	assert_int_equal(machine_call(m, i, args, n, NULL), VM_TRAP);
	assert_int_equal(m->trap.code, TRAP_MEMORY_BOUNDS);
}

static void
does(struct test_machine *m, unsigned i, uint32_t a, uint32_t b, uint32_t c)
{
	const uint32_t args[] = { a, b, c };
	size_t n = vm_func_type(machine_func(m, i))->nparams;

	assert_int_equal(machine_call(m, i, args, n, NULL), VM_OK);
}

static void
test_sizes_are_in_bytes(void **state)
{
	struct test_machine m;

	start(&m);
	assert_int_equal(value(&m, SIZE, 0), PAGES_MIN);
	assert_int_equal(value(&m, GROW, 0), PAGES_MIN);
	assert_int_equal(value(&m, GROW, 1), PAGES_MIN);
	assert_int_equal(value(&m, SIZE, 0), PAGES_MIN + 1);
	assert_int_equal(value(&m, GROW, 4090), PAGES_MIN + 1);
	assert_int_equal(value(&m, SIZE, 0), PAGES_MIN + 4091);
	machine_stop(&m);
}

static void
test_growing_stops_at_the_maximum(void **state)
{
	struct test_machine m;

	start(&m);
	assert_int_equal(value(&m, GROW, PAGES_MAX - PAGES_MIN + 1), UINT32_MAX);
	assert_int_equal(value(&m, GROW, UINT32_MAX), UINT32_MAX);
	assert_int_equal(value(&m, SIZE, 0), PAGES_MIN);
	assert_int_equal(value(&m, GROW, PAGES_MAX - PAGES_MIN), PAGES_MIN);
	assert_int_equal(value(&m, GROW, 1), UINT32_MAX);
	assert_int_equal(value(&m, SIZE, 0), PAGES_MAX);
	assert_traps(&m, LOAD8, PAGES_MAX, 0, 0);
	assert_int_equal(value(&m, LOAD8, PAGES_MAX - 1), 0);
	machine_stop(&m);
}

/* The machine's limit is 1 MiB: one memory without a maximum takes it all. */
static void
test_growing_stops_at_the_limit_to_the_byte(void **state)
{
	static const uint8_t unbounded[] = { 1, 0x08, 13, 0 };
	struct test_machine m;

	assert_int_equal(start_with(&m, unbounded, sizeof(unbounded)), 0);
	assert_int_equal(value(&m, GROW, (1 << 20) - 12), UINT32_MAX);
	assert_int_equal(value(&m, GROW, (1 << 20) - 13), 13);
	assert_int_equal(value(&m, GROW, 1), UINT32_MAX);
	assert_int_equal(value(&m, SIZE, 0), 1 << 20);
	machine_stop(&m);
}

/* The number of bytes has to fit memory.size. */
static void
test_a_memory_has_no_more_bytes_than_an_i32_can_count(void **state)
{
	const struct vm_store_limits limits = { UINT64_C(5) << 30, 0, 1 << 16 };
	const struct memtype bytes = { .page_log2 = 0 };
	const struct memtype wide = { .limits.is64 = true };
	const struct memtype pages = { .page_log2 = 16 };
	struct vm *vm = vm_new();
	struct err err = ERR_NONE;
	struct vm_store *s = vm_store_new(vm, &limits, &err);
	struct vm_extern_item item;

	assert_non_null(s);
	assert_int_equal(vm_new_memory(s, &bytes, &item, &err), 0);
	assert_int_equal(((struct mem_inst *)item.object)->max, UINT32_MAX);
	assert_int_equal(vm_new_memory(s, &wide, &item, &err), 0);
	assert_int_equal(((struct mem_inst *)item.object)->max,
		limits.memory_bytes);
	assert_int_equal(vm_new_memory(s, &pages, &item, &err), 0);
	assert_int_equal(((struct mem_inst *)item.object)->max, 65536);
	vm_store_free(s);
	vm_free(vm);
}

static void
test_accesses_end_with_the_last_byte(void **state)
{
	struct test_machine m;

	start(&m);
	assert_int_equal(value(&m, LOAD8, 12), 'd');
	assert_traps(&m, LOAD8, 13, 0, 0);
	assert_int_equal(value(&m, LOAD32, 9), 0x64636261);
	assert_traps(&m, LOAD32, 10, 0, 0);
	assert_traps(&m, LOAD32, UINT32_MAX, 0, 0);
	assert_int_equal(value(&m, LOAD32_AT_5, 4), 0x64636261);
	assert_traps(&m, LOAD32_AT_5, 5, 0, 0);
	assert_traps(&m, LOAD32_AT_5, UINT32_MAX - 4, 0, 0);
	assert_traps(&m, LOAD128, 0, 0, 0);
	does(&m, STORE16, 11, 0x7a79, 0);
	assert_traps(&m, STORE16, 12, 0x7a79, 0);
	assert_int_equal(value(&m, LOAD32, 9), 0x7a796261);
	/* three more bytes, and they are zero: 16 in all */
	assert_int_equal(value(&m, GROW, 3), 13);
	assert_int_equal(value(&m, LOAD32, 12), 0x7a);
	assert_int_equal(value(&m, LOAD128, 0), 0x7a);
	assert_traps(&m, LOAD128, 1, 0, 0);
	machine_stop(&m);
}

static void
test_bulk_instructions_end_with_the_last_byte(void **state)
{
	struct test_machine m;

	start(&m);
	does(&m, FILL, 0, 'x', 13);
	assert_traps(&m, FILL, 1, 'y', 13);
	does(&m, FILL, 13, 'y', 0);
	assert_traps(&m, FILL, 14, 'y', 0);
	assert_int_equal(value(&m, LOAD8, 12), 'x');
	does(&m, INIT, 3, 0, 10);
	assert_int_equal(value(&m, LOAD8, 12), '9');
	assert_traps(&m, INIT, 4, 0, 10);
	assert_traps(&m, INIT, 0, 1, 10);
	does(&m, COPY, 0, 3, 10);
	assert_int_equal(value(&m, LOAD32, 0), 0x33323130);
	assert_traps(&m, COPY, 4, 0, 10);
	assert_traps(&m, COPY, 0, 4, 10);
	machine_stop(&m);
}

static void
test_segments_must_fit_the_bytes(void **state)
{
	static const uint8_t exact[] = { 1, 0x08, 13, 0 };
	static const uint8_t short_of_one[] = { 1, 0x08, 12, 0 };
	struct test_machine m;

	assert_int_equal(start_with(&m, exact, sizeof(exact)), 0);
	machine_stop(&m);
	assert_int_equal(start_with(&m, short_of_one, sizeof(short_of_one)),
		MACHINE_TRAPPED);
	assert_int_equal(m.trap.code, TRAP_MEMORY_BOUNDS);
	machine_stop(&m);
}

static void
test_pages_of_the_usual_size_may_be_named(void **state)
{
	static const uint8_t usual[] = { 1, 0x09, 1, 2, 16 };
	struct test_machine m;

	assert_int_equal(start_with(&m, usual, sizeof(usual)), 0);
	assert_int_equal(value(&m, SIZE, 0), 1);
	assert_int_equal(value(&m, LOAD8, 65535), 0);
	assert_traps(&m, LOAD8, 65536, 0, 0);
	assert_int_equal(value(&m, GROW, 1), 1);
	assert_int_equal(value(&m, GROW, 1), UINT32_MAX);
	machine_stop(&m);
}

static void
test_other_page_sizes_are_invalid(void **state)
{
	static const uint8_t sizes[] = { 1, 2, 12, 15, 17, 31, 32, 63, 64, 127 };
	struct test_machine m;

	for (size_t i = 0; i < sizeof(sizes); i++) {
		const uint8_t section[] = { 1, 0x08, 1, sizes[i] };

		assert_int_equal(start_with(&m, section, sizeof(section)),
			VM_INVALID);
		machine_stop(&m);
	}
}

static void
test_a_child_of_a_frozen_store_sees_odd_bytes(void **state)
{
	struct err err = ERR_NONE;
	struct test_machine m;
	int status;
	pid_t pid;

	start(&m);
	assert_int_equal(vm_store_freeze(m.store, &err), 0);
	pid = fork();
	assert_int_not_equal(pid, -1);
	if (pid == 0) {
		assert_int_equal(value(&m, LOAD32, 9), 0x64636261);
		assert_traps(&m, LOAD8, 13, 0, 0);
		assert_int_equal(value(&m, GROW, 5000), 13);
		does(&m, STORE16, 5011, 0x4142, 0);
		assert_traps(&m, STORE16, 5012, 0x4142, 0);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(value(&m, SIZE, 0), 13);
	machine_stop(&m);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sizes_are_in_bytes),
		cmocka_unit_test(test_growing_stops_at_the_maximum),
		cmocka_unit_test(test_growing_stops_at_the_limit_to_the_byte),
		cmocka_unit_test(
			test_a_memory_has_no_more_bytes_than_an_i32_can_count),
		cmocka_unit_test(test_accesses_end_with_the_last_byte),
		cmocka_unit_test(test_bulk_instructions_end_with_the_last_byte),
		cmocka_unit_test(test_segments_must_fit_the_bytes),
		cmocka_unit_test(test_pages_of_the_usual_size_may_be_named),
		cmocka_unit_test(test_other_page_sizes_are_invalid),
		cmocka_unit_test(test_a_child_of_a_frozen_store_sees_odd_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
