/*
 * Guests that allocate more than there is: the collector must find every
 * reference in frames, whether in a local or in an operand that waits.
 */
#include "tests/cmocka.h"

#include <string.h>

#include "vm/vm.h"

/*
 * (type $tree (struct (field (mut (ref null $tree))) (field (mut (ref null $tree)))))
 * $build (n): n == 0 ? null : new ($build (n - 1)) ($build (n - 1))
 * $count (t): t == null ? 0 : 1 + $count (left) + $count (right)
 * run (n, rounds): build rounds trees, and count the last
 */
static const uint8_t trees[] = {
	0, 'a', 's', 'm', 1, 0, 0, 0,
	1, 27, 4,
		0x5f, 2, 0x63, 0, 1, 0x63, 0, 1,
		0x60, 1, 0x7f, 1, 0x63, 0,
		0x60, 1, 0x63, 0, 1, 0x7f,
		0x60, 2, 0x7f, 0x7f, 1, 0x7f,
	3, 4, 3, 1, 2, 3,
	7, 7, 1, 3, 'r', 'u', 'n', 0, 2,
	10, 91, 3,
		/* $build */
		29, 0, 0x20, 0, 0x45, 0x04, 0x63, 0, 0xd0, 0, 0x05,
		0x20, 0, 0x41, 0x7f, 0x6a, 0x10, 0,
		0x20, 0, 0x41, 0x7f, 0x6a, 0x10, 0,
		0xfb, 0, 0, 0x0b, 0x0b,
		/* $count */
		31, 0, 0x20, 0, 0xd1, 0x04, 0x7f, 0x41, 0, 0x05, 0x41, 1,
		0x20, 0, 0xfb, 2, 0, 0, 0x10, 1, 0x6a,
		0x20, 0, 0xfb, 2, 0, 1, 0x10, 1, 0x6a, 0x0b, 0x0b,
		/* run */
		27, 1, 1, 0x63, 0, 0x03, 0x40, 0x20, 0, 0x10, 0, 0x21, 2,
		0x20, 1, 0x41, 0x7f, 0x6a, 0x22, 1, 0x0d, 0, 0x0b,
		0x20, 2, 0x10, 1, 0x0b,
};

struct fixture {
	struct vm *vm;
	struct vm_module *module;
	struct vm_store *store;
	struct vm_extern_item run;
	struct vm_trap trap;
};

static void
start_module(struct fixture *f, const uint8_t *bytes, size_t len,
	uint64_t memory_bytes)
{
	struct vm_store_limits limits = {
		.memory_bytes = memory_bytes,
		.stack_bytes = 1 << 16,
	};
	struct err err = ERR_NONE;
	struct vm_instance *instance;

	f->vm = vm_new();
	if (vm_module_new(f->vm, bytes, len, &f->module, &err) == -1)
		fail_msg("%s at %u", err.text, (unsigned)err.offset);
	f->store = vm_store_new(f->vm, &limits, &err);
	assert_non_null(f->store);
	assert_int_equal(vm_instantiate(f->store, f->module, &instance,
		&f->trap, &err), VM_OK);
	assert_int_equal(vm_export(instance, (struct name){ "run", 3 },
		&f->run, &err), 0);
}

static void
start(struct fixture *f, uint64_t memory_bytes)
{
	start_module(f, trees, sizeof(trees), memory_bytes);
}

static enum vm_status
run(struct fixture *f, uint32_t depth, uint32_t rounds, uint32_t *count)
{
	struct vm_value args[] = {
		{ .type = VAL_I32, .i32 = depth },
		{ .type = VAL_I32, .i32 = rounds },
	};
	struct vm_value result = { .type = VAL_BOT };
	enum vm_status status = vm_call(f->store, f->run, args, 2, &result, 1,
		&f->trap);

	*count = result.i32;
	return status;
}

static void
stop(struct fixture *f)
{
	vm_store_free(f->store);
	vm_module_free(f->module);
	vm_free(f->vm);
}

static void
test_garbage_makes_room(void **state)
{
	struct fixture f;
	uint32_t count;

	start(&f, 256 << 10);
	/* a tree of 1023 nodes takes 32 KB; all of them more than 100 times
	 * what there is */
	assert_int_equal(run(&f, 10, 1000, &count), VM_OK);
	assert_int_equal(count, 1023);
	assert_in_range(vm_store_memory_pages_peak(f.store), 1, 4);
	stop(&f);
}

/*
 * (type $node (struct (field (mut (ref null $node)))))
 * run (n, rounds): make a list of n nodes whose last is the first one again,
 * so many times; how many nodes the last of them has
 */
static const uint8_t rings[] = {
	0, 'a', 's', 'm', 1, 0, 0, 0,
	1, 12, 2,
		0x5f, 1, 0x63, 0, 1,
		0x60, 2, 0x7f, 0x7f, 1, 0x7f,
	3, 2, 1, 1,
	7, 7, 1, 3, 'r', 'u', 'n', 0, 0,
	10, 97, 1,
		95, 2, 2, 0x63, 0, 1, 0x7f,	/* 2 first, 3 node, 4 count */
		0x03, 0x40,
		0xd0, 0, 0xfb, 0, 0, 0x22, 2, 0x21, 3,
		0x41, 1, 0x21, 4,
		0x03, 0x40,
		0x20, 3, 0xfb, 0, 0, 0x21, 3,
		0x20, 4, 0x41, 1, 0x6a, 0x22, 4, 0x20, 0, 0x49, 0x0d, 0,
		0x0b,
		0x20, 2, 0x20, 3, 0xfb, 5, 0, 0,
		0x20, 1, 0x41, 0x7f, 0x6a, 0x22, 1, 0x0d, 0,
		0x0b,
		0x41, 0, 0x21, 4,
		0x03, 0x40,
		0x20, 4, 0x41, 1, 0x6a, 0x21, 4,
		0x20, 3, 0xfb, 2, 0, 0, 0x22, 3,
		0x20, 2, 0xd3, 0x45, 0x0d, 0,
		0x0b,
		0x20, 4, 0x41, 1, 0x6a, 0x0b,
};

/* A node takes 16 bytes: the rings are 30 times what there is. */
static void
test_rings_that_nobody_holds_are_freed(void **state)
{
	struct fixture f;
	uint32_t count;

	start_module(&f, rings, sizeof(rings), 256 << 10);
	assert_int_equal(run(&f, 2000, 250, &count), VM_OK);
	assert_int_equal(count, 2000);
	assert_in_range(vm_store_memory_pages_peak(f.store), 1, 4);
	stop(&f);
}

/* While it grows it is marked again and again, to its end. */
static void
test_a_list_of_a_million_nodes_lives(void **state)
{
	struct fixture f;
	uint32_t count;

	start_module(&f, rings, sizeof(rings), 40 << 20);
	assert_int_equal(run(&f, 1000000, 2, &count), VM_OK);
	assert_int_equal(count, 1000000);
	stop(&f);
}

static void
test_too_much_that_is_live_traps(void **state)
{
	struct fixture f;
	uint32_t count;

	start(&f, 256 << 10);
	assert_int_equal(run(&f, 16, 1, &count), VM_TRAP);
	assert_int_equal(f.trap.code, TRAP_OUT_OF_MEMORY);
	/* what the trapped call left is garbage */
	assert_int_equal(run(&f, 10, 20, &count), VM_OK);
	assert_int_equal(count, 1023);
	stop(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_garbage_makes_room),
		cmocka_unit_test(test_rings_that_nobody_holds_are_freed),
		cmocka_unit_test(test_a_list_of_a_million_nodes_lives),
		cmocka_unit_test(test_too_much_that_is_live_traps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
