/*
 * Tests of marking in bounded memory: deep, wide and branching structures,
 * with the stack of its usual size and with next to none.
 */
#include "tests/vm/runtime/heap_fixture.h"

/* A list of n cells from roots[0], the first allocated at its end. */
static void
build_list(struct fixture *f, uint32_t n)
{
	f->roots[0] = 0;
	for (uint32_t i = 0; i < n; i++) {
		f->roots[0] = fixture_cell(f, f->roots[0]);
		assert_true(f->roots[0] != 0);
	}
}

static uint32_t
list_length(struct fixture *f)
{
	uint32_t n = 0;

	for (uint64_t r = f->roots[0]; r != 0; r = *fixture_field(f, r, 0))
		n++;
	return n;
}

/*
 * n pairs whose B is the next pair and whose A is a cell. Pushed in the order
 * of fields and popped from the end, the cells stay on the stack.
 */
static void
build_comb(struct fixture *f, uint32_t n)
{
	f->roots[0] = 0;
	for (uint32_t i = 0; i < n; i++) {
		f->roots[1] = fixture_cell(f, ref_i31(i));
		f->roots[0] = fixture_pair(f, i, f->roots[1], f->roots[0]);
		assert_true(f->roots[0] != 0);
	}
	f->roots[1] = 0;
}

static void
check_comb(struct fixture *f, uint32_t n)
{
	uint64_t r, cell;

	for (r = f->roots[0]; r != 0; r = *fixture_field(f, r, PAIR_B)) {
		assert_int_equal(*fixture_field(f, r, PAIR_ID), --n);
		cell = *fixture_field(f, r, PAIR_A);
		assert_int_equal(ref_i31_u(*fixture_field(f, cell, 0)), n);
	}
	assert_int_equal(n, 0);
}

static void
test_a_list_of_ten_million_is_marked(void **state)
{
	enum { N = 10000000 };
	struct fixture f;

	fixture_init(&f, 512 * MIB);
	build_list(&f, N);
	heap_collect(&f.heap);
	assert_int_equal(heap_live(&f.heap), (uint64_t)N * 16);
	assert_int_equal(list_length(&f), N);
	f.roots[0] = 0;
	heap_collect(&f.heap);
	assert_int_equal(heap_live(&f.heap), 0);
	fixture_clear(&f);
}

/* More waits for its turn than the stack holds, and the limit holds too. */
static void
test_a_comb_of_a_million_overflows_the_stack(void **state)
{
	enum { N = 1000000 };
	struct fixture f;

	fixture_init(&f, 64 * MIB);
	build_comb(&f, N);
	assert_int_equal(f.heap.stack_size, f.heap.extent / 32);
	assert_true(f.heap.stack_size < N / 4);
	heap_collect(&f.heap);
	assert_int_equal(heap_live(&f.heap), (uint64_t)N * 48);
	check_comb(&f, N);
	assert_true(f.charged <= f.limit);
	fixture_clear(&f);
}

/* An array with an element for each of n cells, which hold an i31. */
static void
build_wide(struct fixture *f, uint32_t n)
{
	f->roots[0] = fixture_array(f, REFS, n, 0);
	assert_true(f->roots[0] != 0);
	for (uint32_t i = 0; i < n; i++) {
		uint64_t cell = fixture_cell(f, ref_i31(i));

		assert_true(cell != 0);
		*fixture_field(f, f->roots[0], i) = cell;
	}
}

static void
test_a_wide_array_does_not_fill_the_stack(void **state)
{
	enum { N = 1000000 };
	struct fixture f;

	fixture_init(&f, 64 * MIB);
	build_wide(&f, N);
	/* A slice of 64 cells, and the rest of the array. */
	f.heap.stack_size = 65;
	heap_collect(&f.heap);
	assert_int_equal(f.heap.dropped_hi, 0);
	assert_int_equal(heap_live(&f.heap), (uint64_t)N * 24 + 16);
	for (uint32_t i = 0; i < N; i++) {
		uint64_t cell = *fixture_field(&f, f.roots[0], i);

		assert_int_equal(ref_i31_u(*fixture_field(&f, cell, 0)), i);
	}
	fixture_clear(&f);
}

static void
test_every_stack_size_marks_the_same(void **state)
{
	enum { N = 300 };

	for (uint32_t size = 0; size < 70; size++) {
		struct fixture f;

		fixture_init(&f, 4 * MIB);
		build_wide(&f, N);
		f.roots[2] = f.roots[0];
		build_list(&f, N);
		f.roots[3] = f.roots[0];
		build_comb(&f, N);
		f.heap.stack_size = size;
		heap_collect(&f.heap);
		assert_int_equal(heap_live(&f.heap),
		    N * 24 + 16 + N * 16 + N * 48);
		check_comb(&f, N);
		fixture_clear(&f);
	}
}

/* A complete binary tree with links back to its root from every leaf. */
static void
test_a_tree_with_cycles_is_marked_once(void **state)
{
	enum { N = 1 << 17 };
	struct fixture f;
	uint64_t index;

	fixture_init(&f, 64 * MIB);
	f.roots[1] = fixture_array(&f, REFS, N, 0);
	for (uint32_t i = N - 1; i > 0; i--) {
		bool inner = 2 * i < N;
		uint64_t a = inner ? *fixture_field(&f, f.roots[1], 2 * i) : 0;
		uint64_t b = inner ?
		    *fixture_field(&f, f.roots[1], 2 * i + 1) : 0;

		index = fixture_pair(&f, i, a, b);
		*fixture_field(&f, f.roots[1], i) = index;
	}
	f.roots[0] = *fixture_field(&f, f.roots[1], 1);
	for (uint32_t i = N / 2; i < N; i++) {
		index = *fixture_field(&f, f.roots[1], i);
		*fixture_field(&f, index, PAIR_A) = f.roots[0];
	}
	f.roots[1] = 0;
	heap_collect(&f.heap);
	assert_int_equal(heap_live(&f.heap), (uint64_t)(N - 1) * 32);
	fixture_clear(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_list_of_ten_million_is_marked),
		cmocka_unit_test(test_a_comb_of_a_million_overflows_the_stack),
		cmocka_unit_test(test_a_wide_array_does_not_fill_the_stack),
		cmocka_unit_test(test_every_stack_size_marks_the_same),
		cmocka_unit_test(test_a_tree_with_cycles_is_marked_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
