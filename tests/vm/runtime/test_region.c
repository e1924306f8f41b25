/* Regions, and the memories and tables that live in them. */
#include "tests/cmocka.h"

#include <string.h>

#include "vm/runtime/memory.h"
#include "vm/runtime/region.h"
#include "vm/runtime/table.h"

static void
test_region_grows_in_place_and_zeroed(void **state)
{
	struct region r;
	uint8_t *base;

	assert_int_equal(region_reserve(&r, 100000), 0);
	base = r.base;
	assert_int_equal(r.usable, 0);
	assert_int_equal(region_grow(&r, 1), 0);
	assert_int_equal(r.usable, 4096);
	base[4095] = 1;
	assert_int_equal(region_grow(&r, 5000), 0);
	assert_ptr_equal(r.base, base);
	assert_int_equal(base[4095], 1);
	assert_int_equal(base[4096], 0);
	region_free(&r);
	assert_null(r.base);
}

static void
test_region_does_not_grow_past_its_reservation(void **state)
{
	struct region r;

	assert_int_equal(region_reserve(&r, 8192), 0);
	assert_int_equal(region_grow(&r, 8193), -1);
	assert_int_equal(region_grow(&r, UINT64_MAX), -1);
	assert_int_equal(region_grow(&r, 8192), 0);
	region_free(&r);
	assert_int_equal(region_reserve(&r, UINT64_MAX), -1);
}

static void
test_sealed_region_keeps_its_contents(void **state)
{
	struct region r;

	assert_int_equal(region_reserve(&r, 16384), 0);
	assert_int_equal(region_grow(&r, 4096), 0);
	memset(r.base, 7, 4096);
	assert_int_equal(region_seal(&r, 1), 0);
	assert_int_equal(r.base[100], 7);
	r.base[100] = 8;
	assert_int_equal(region_grow(&r, 8192), 0);
	r.base[5000] = 9;
	assert_int_equal(r.base[100], 8);
	region_free(&r);
}

static struct vm_store *
new_store(struct vm **vm, uint64_t memory_bytes, uint64_t table_elems)
{
	struct vm_store_limits limits = {
		.memory_bytes = memory_bytes,
		.table_elems = table_elems,
		.stack_bytes = 4096,
	};
	struct vm_store *s;

	*vm = vm_new();
	assert_non_null(*vm);
	s = vm_store_new(*vm, &limits, NULL);
	assert_non_null(s);
	return s;
}

static void
test_memories_share_the_stores_limit(void **state)
{
	struct memtype type = { .limits = { .min = 1 }, .page_log2 = 16 };
	struct vm *vm;
	struct vm_store *s = new_store(&vm, 4 << 16, 0);
	struct mem_inst *a = mem_new(s, &type, NULL);
	struct mem_inst *b = mem_new(s, &type, NULL);

	assert_non_null(a);
	assert_non_null(b);
	assert_int_equal(mem_grow(a, 2), 1);
	assert_int_equal(mem_grow(b, 1), UINT64_MAX);
	assert_int_equal(mem_grow(a, UINT64_MAX), UINT64_MAX);
	assert_int_equal(mem_grow(b, 0), 1);
	assert_int_equal(vm_store_memory_pages(s), 4);
	vm_store_free(s);
	vm_free(vm);
}

static void
test_memory_respects_its_maximum(void **state)
{
	struct memtype type = { .limits = { .min = 1, .max = 2,
		.has_max = true }, .page_log2 = 16 };
	struct vm *vm;
	struct vm_store *s = new_store(&vm, 1 << 30, 0);
	struct mem_inst *m = mem_new(s, &type, NULL);
	struct err err = ERR_NONE;

	assert_int_equal(mem_grow(m, 2), UINT64_MAX);
	assert_int_equal(mem_grow(m, 1), 1);
	assert_int_equal(mem_pages(m), 2);
	type.limits = (struct limits){ .min = UINT64_C(1) << 40, .is64 = true };
	assert_null(mem_new(s, &type, &err));
	assert_int_equal(err.code, VM_NOMEM);
	vm_store_free(s);
	vm_free(vm);
}

static void
test_tables_share_the_stores_limit(void **state)
{
	struct tabletype type = { .elem = VALTYPE_FUNCREF,
		.limits = { .min = 3 } };
	struct vm *vm;
	struct vm_store *s = new_store(&vm, 0, 10);
	struct table_inst *a = table_new(s, &type, 0, NULL);
	struct table_inst *b = table_new(s, &type, 5, NULL);

	assert_non_null(a);
	assert_int_equal(b->elems[2], 5);
	assert_int_equal(table_grow(a, 5, 0), UINT64_MAX);
	assert_int_equal(table_grow(a, 4, 9), 3);
	assert_int_equal(a->elems[2], 0);
	assert_int_equal(a->elems[6], 9);
	assert_int_equal(table_grow(b, 1, 0), UINT64_MAX);
	vm_store_free(s);
	vm_free(vm);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_region_grows_in_place_and_zeroed),
		cmocka_unit_test(test_region_does_not_grow_past_its_reservation),
		cmocka_unit_test(test_sealed_region_keeps_its_contents),
		cmocka_unit_test(test_memories_share_the_stores_limit),
		cmocka_unit_test(test_memory_respects_its_maximum),
		cmocka_unit_test(test_tables_share_the_stores_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
