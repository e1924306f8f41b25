/* Tests of allocation: reuse, pacing, limits, big objects, fragmentation. */
#include "tests/vm/runtime/heap_fixture.h"

#include <sys/mman.h>

static void
test_nothing_is_used_before_the_first_allocation(void **state)
{
	struct fixture f;

	fixture_init(&f, 64 * MIB);
	assert_int_equal(f.charged, 0);
	assert_int_equal(f.heap.objects.usable, 0);
	heap_collect(&f.heap);
	assert_int_equal(f.charged, 0);
	assert_true(fixture_leaf(&f, 1) != 0);
	assert_true(f.charged > 0);
	fixture_clear(&f);
}

static void
test_objects_are_aligned_and_have_their_header(void **state)
{
	struct fixture f;

	fixture_init(&f, 4 * MIB);
	for (uint32_t n = 0; n < 300; n++) {
		uint32_t type = n % 2 == 0 ? VECTORS : BYTES;
		uint64_t ref = fixture_array(&f, type, n, 0xff);

		assert_true(ref_is_object(ref));
		assert_int_equal(ref % 16, 0);
		assert_int_equal(heap_object(ref)->type, type);
		assert_int_equal(heap_object(ref)->length, n);
	}
	fixture_clear(&f);
}

static void
test_garbage_of_100_times_the_limit_runs_in_little_memory(void **state)
{
	const uint64_t limit = 8 * MIB;
	struct fixture f;
	uint64_t total = 0;

	fixture_init(&f, limit);
	for (uint32_t i = 0; total < 100 * limit; i++) {
		uint32_t n = i % 100 == 0 ? 50000 : i % 300;

		f.roots[i % FIXTURE_ROOTS] = fixture_array(&f, BYTES, n, 1);
		assert_true(f.roots[i % FIXTURE_ROOTS] != 0);
		f.roots[(i + 1) % FIXTURE_ROOTS] = fixture_leaf(&f, i);
		total += heap_array_bytes(&f.layouts[BYTES], n) + 16;
	}
	assert_true(f.heap.collections > 100);
	assert_true(f.charged < (int64_t)(2 * MIB));
	fixture_clear(&f);
}

static void
test_cycles_are_freed(void **state)
{
	struct fixture f;

	fixture_init(&f, 8 * MIB);
	for (int i = 0; i < 1000; i++) {
		f.roots[0] = fixture_pair(&f, 1, 0, 0);
		f.roots[1] = fixture_pair(&f, 2, f.roots[0], 0);
		*fixture_field(&f, f.roots[0], PAIR_A) = f.roots[1];
		*fixture_field(&f, f.roots[0], PAIR_B) = f.roots[0];
	}
	heap_collect(&f.heap);
	assert_int_equal(heap_live(&f.heap), 2 * 32);
	f.roots[0] = 0;
	heap_collect(&f.heap);
	assert_int_equal(heap_live(&f.heap), 2 * 32);
	f.roots[1] = 0;
	heap_collect(&f.heap);
	assert_int_equal(heap_live(&f.heap), 0);
	fixture_clear(&f);
}

static void
test_exceptions_keep_what_they_carry(void **state)
{
	struct fixture f;
	uint64_t exn;

	fixture_init(&f, 4 * MIB);
	f.roots[0] = fixture_leaf(&f, 77);
	exn = heap_ref(heap_alloc_struct(&f.heap, FAILURE));
	*(uint64_t *)heap_field(heap_object(exn), HEAP_EXN_TAG) = (uintptr_t)&f;
	*fixture_field(&f, exn, 1) = f.roots[0];
	f.roots[0] = exn;
	heap_collect(&f.heap);
	assert_int_equal(heap_live(&f.heap), 32 + 16);
	assert_int_equal(*fixture_field(&f, *fixture_field(&f, exn, 1), 0), 77);
	fixture_clear(&f);
}

static void
test_other_references_are_not_followed(void **state)
{
	struct fixture f;
	uint64_t base;

	fixture_init(&f, 4 * MIB);
	base = fixture_leaf(&f, 0);
	f.roots[0] = fixture_array(&f, REFS, 6, 0);
	*fixture_field(&f, f.roots[0], 1) = ref_i31(0xffffffff);
	*fixture_field(&f, f.roots[0], 2) = ref_host((uint32_t)(base >> 1));
	*fixture_field(&f, f.roots[0], 3) = (uintptr_t)&f;
	*fixture_field(&f, f.roots[0], 4) = base - 16;
	*fixture_field(&f, f.roots[0], 5) =
	    base + f.heap.extent * HEAP_GRANULE;
	heap_collect(&f.heap);
	assert_int_equal(heap_live(&f.heap), 64);
	fixture_clear(&f);
}

static void
test_sizes_beyond_the_limit_are_refused(void **state)
{
	static const uint32_t types[] = { BYTES, REFS, VECTORS };
	struct fixture f;

	fixture_init(&f, 4 * MIB);
	f.roots[0] = fixture_leaf(&f, 5);
	for (size_t t = 0; t < 3; t++) {
		assert_null(heap_alloc_array(&f.heap, types[t], UINT32_MAX));
		assert_null(heap_alloc_array(&f.heap, types[t], 1u << 31));
		assert_null(heap_alloc_array(&f.heap, types[t], 5 << 20));
	}
	assert_true(f.charged <= f.limit);
	assert_int_equal(*fixture_field(&f, f.roots[0], 0), 5);
	assert_true(fixture_leaf(&f, 1) != 0);
	fixture_clear(&f);
}

/* Memories took the rest of the limit: the heap lives on with what it has. */
static void
test_the_limit_is_shared(void **state)
{
	struct fixture f;
	int64_t others;

	fixture_init(&f, 64 * MIB);
	assert_true(fixture_leaf(&f, 1) != 0);
	others = f.limit - f.charged;
	f.charged += others;
	for (uint32_t i = 0; i < 1000000; i++)
		assert_true(fixture_leaf(&f, i) != 0);
	assert_int_equal(fixture_array(&f, BYTES, 2 * MIB, 0), 0);
	assert_int_equal(f.charged, f.limit);
	f.charged -= others;
	assert_true(fixture_array(&f, BYTES, 2 * MIB, 0) != 0);
	fixture_clear(&f);
}

static void
test_a_heap_without_room_refuses_everything(void **state)
{
	struct fixture f;

	fixture_init(&f, 0);
	assert_int_equal(fixture_leaf(&f, 1), 0);
	heap_collect(&f.heap);
	assert_int_equal(fixture_leaf(&f, 1), 0);
	fixture_clear(&f);
}

/* Live objects fill the limit; then memory ends, and what is there stays. */
static void
test_out_of_memory_leaves_the_heap_whole(void **state)
{
	struct fixture f;
	uint64_t n = 0, ref;

	fixture_init(&f, 16 * MIB);
	while ((ref = fixture_pair(&f, n, f.roots[0], 0)) != 0) {
		f.roots[0] = ref;
		n++;
	}
	assert_true(n * 32 > 16 * MIB * 95 / 100);
	assert_true(f.charged <= f.limit);
	for (ref = f.roots[0]; ref != 0; ref = *fixture_field(&f, ref, PAIR_A))
		assert_int_equal(*fixture_field(&f, ref, PAIR_ID), --n);
	assert_int_equal(n, 0);
	f.roots[0] = 0;
	assert_true(fixture_array(&f, BYTES, 12 * MIB, 1) != 0);
	fixture_clear(&f);
}

/* With next to nothing left, an end comes before much work is done. */
static void
test_futile_collections_end_in_out_of_memory(void **state)
{
	struct fixture f;
	uint64_t ref, before;
	int n = 0;

	fixture_init(&f, 8 * MIB);
	while ((ref = fixture_cell(&f, f.roots[0])) != 0)
		f.roots[0] = ref;
	/* Free four of half a million. */
	for (int i = 0; i < 4; i++)
		f.roots[0] = *fixture_field(&f, f.roots[0], 0);
	before = f.heap.collections;
	while (fixture_leaf(&f, 0) != 0)
		n++;
	assert_true(n >= 4);
	assert_true(f.heap.collections - before <= 5);
	fixture_clear(&f);
}

static void
test_big_objects_are_reused(void **state)
{
	struct fixture f;

	fixture_init(&f, 16 * MIB);
	for (uint32_t i = 0; i < 200; i++) {
		f.roots[0] = 0;
		f.roots[0] = fixture_array(&f, BYTES, 10 * MIB - i * 16, i);
		assert_true(f.roots[0] != 0);
		f.roots[1] = fixture_array(&f, VECTORS, 1000, i);
		assert_true(f.roots[1] != 0);
	}
	/* What is free at the end of the heap counts when it grows. */
	f.roots[0] = 0;
	f.roots[1] = 0;
	assert_true(fixture_array(&f, BYTES, 15 * MIB, 1) != 0);
	fixture_clear(&f);
}

/* Every other cell dies: cells fit the gaps again, pairs need other room. */
static void
test_gaps_are_filled(void **state)
{
	enum { N = 200000 };
	struct fixture f;
	int64_t charged;
	uint64_t list;

	fixture_init(&f, 64 * MIB);
	f.roots[0] = fixture_array(&f, REFS, N, 0);
	for (uint32_t i = 0; i < N; i++) {
		uint64_t leaf = fixture_leaf(&f, i);

		*fixture_field(&f, f.roots[0], i) = i % 2 == 0 ? leaf : 0;
	}
	heap_collect(&f.heap);
	assert_int_equal(heap_live(&f.heap), N / 2 * 16 + 16 + N * 8);
	charged = f.charged;
	for (uint32_t i = 1; i < N; i += 2)
		*fixture_field(&f, f.roots[0], i) = fixture_leaf(&f, i);
	assert_int_equal(f.charged, charged);
	for (uint32_t i = 0; i < N; i++) {
		list = *fixture_field(&f, f.roots[0], i);
		assert_int_equal(*fixture_field(&f, list, 0), i);
		if (i % 2 == 1)
			*fixture_field(&f, f.roots[0], i) = 0;
	}
	heap_collect(&f.heap);
	for (uint32_t i = 1; i < N; i += 2) {
		list = fixture_pair(&f, i, f.roots[1], 0);
		assert_true(list != 0);
		f.roots[1] = list;
	}
	/* 1.6 MB of cells, as much in gaps, 1.6 MB of array, 3.2 MB of pairs */
	assert_true(f.charged < (int64_t)(16 * MIB));
	fixture_clear(&f);
}

/* Big and small by turns, with gaps of all sizes: growth stays in bounds. */
static void
test_mixed_sizes_do_not_exhaust_the_limit(void **state)
{
	struct fixture f;
	uint64_t seed = 12345;

	fixture_init(&f, 32 * MIB);
	for (int i = 0; i < 200000; i++) {
		uint32_t n, slot;

		seed = seed * 6364136223846793005u + 1442695040888963407u;
		slot = seed >> 58;
		n = (uint32_t)(seed >> 20) & ((1u << (seed >> 40 & 15)) - 1);
		f.roots[slot] = fixture_array(&f, BYTES, n * 4, i);
		assert_true(f.roots[slot] != 0);
	}
	/* At most 64 arrays of 128 KiB are live. */
	assert_true(f.charged < (int64_t)(24 * MIB));
	fixture_clear(&f);
}

/* A child that collects must not copy its template's pages. */
static void
test_collecting_writes_no_object(void **state)
{
	struct fixture f;

	fixture_init(&f, 16 * MIB);
	for (uint32_t i = 0; i < 100000; i++)
		f.roots[i % 7] = fixture_pair(&f, i, f.roots[i % 5],
		    f.roots[i % 3]);
	assert_int_equal(mprotect(f.heap.objects.base, f.heap.objects.usable,
	    PROT_READ), 0);
	heap_collect(&f.heap);
	assert_int_equal(mprotect(f.heap.objects.base, f.heap.objects.usable,
	    PROT_READ | PROT_WRITE), 0);
	assert_true(heap_live(&f.heap) > 0);
	fixture_clear(&f);
}

static void
test_what_cannot_be_made_usable_is_not_charged(void **state)
{
	struct fixture f;
	size_t reserved;

	fixture_init(&f, 16 * MIB);
	reserved = f.heap.stack_region.reserved;
	f.heap.stack_region.reserved = 0;
	assert_int_equal(fixture_leaf(&f, 1), 0);
	assert_int_equal(f.charged, 0);
	f.heap.stack_region.reserved = reserved;
	assert_true(fixture_leaf(&f, 1) != 0);
	fixture_clear(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing_is_used_before_the_first_allocation),
		cmocka_unit_test(test_objects_are_aligned_and_have_their_header),
		cmocka_unit_test(test_garbage_of_100_times_the_limit_runs_in_little_memory),
		cmocka_unit_test(test_cycles_are_freed),
		cmocka_unit_test(test_exceptions_keep_what_they_carry),
		cmocka_unit_test(test_other_references_are_not_followed),
		cmocka_unit_test(test_sizes_beyond_the_limit_are_refused),
		cmocka_unit_test(test_the_limit_is_shared),
		cmocka_unit_test(test_a_heap_without_room_refuses_everything),
		cmocka_unit_test(test_out_of_memory_leaves_the_heap_whole),
		cmocka_unit_test(test_futile_collections_end_in_out_of_memory),
		cmocka_unit_test(test_big_objects_are_reused),
		cmocka_unit_test(test_gaps_are_filled),
		cmocka_unit_test(test_mixed_sizes_do_not_exhaust_the_limit),
		cmocka_unit_test(test_collecting_writes_no_object),
		cmocka_unit_test(test_what_cannot_be_made_usable_is_not_charged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
