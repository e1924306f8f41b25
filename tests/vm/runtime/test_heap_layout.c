/* Tests of layouts, of the forms of references, and of the bitmap. */
#include "tests/cmocka.h"

#include "vm/runtime/heap_bits.h"
#include "vm/runtime/heap_layout.h"
#include "vm/runtime/ref.h"

#define NULLABLE(heap) VALTYPE_REF(true, heap)

static struct arena arena;

static int
setup(void **state)
{
	arena_init(&arena, 1 << 20);
	return 0;
}

static int
teardown(void **state)
{
	arena_clear(&arena);
	return 0;
}

static void
test_fields_are_packed_and_aligned_to_their_size(void **state)
{
	static const struct fieldtype fields[] = {
		{ VAL_I8, true }, { VAL_I8, true }, { VAL_I16, true },
		{ VAL_I32, true }, { VAL_F32, true }, { VAL_V128, true },
		{ VAL_I8, true }, { VAL_F64, true },
	};
	static const uint32_t offsets[] = { 8, 9, 10, 12, 16, 32, 48, 56 };
	const struct subtype type = { .kind = COMP_STRUCT,
		.struct_ = { 8, fields } };
	struct heap_layout l;

	assert_int_equal(heap_layout_init(&l, &type, 0, &arena), 0);
	assert_int_equal(l.kind, HEAP_LAYOUT_STRUCT);
	assert_int_equal(l.nfields, 8);
	assert_memory_equal(l.offsets, offsets, sizeof(offsets));
	assert_int_equal(l.size, 64);
	assert_false(l.traced);
}

static void
test_only_fields_that_can_hold_objects_are_traced(void **state)
{
	static const struct fieldtype fields[] = {
		{ NULLABLE(HEAP_ANY), true }, { NULLABLE(HEAP_FUNC), true },
		{ NULLABLE(HEAP_EXTERN), true }, { NULLABLE(HEAP_I31), true },
		{ NULLABLE(HEAP_EXN), true }, { NULLABLE(HEAP_NONE), true },
		{ NULLABLE(HEAP_EQ), true }, { NULLABLE(HEAP_ARRAY), true },
		{ NULLABLE(0), true }, { NULLABLE(1), true },
		{ VAL_I64, true }, { NULLABLE(HEAP_NOEXTERN), true },
	};
	static const uint32_t refs[] = { 8, 24, 40, 56, 64, 72 };
	const struct subtype types[] = {
		{ .kind = COMP_STRUCT, .struct_ = { 12, fields } },
		{ .kind = COMP_FUNC },
	};
	struct heap_layout l;

	assert_int_equal(heap_layout_init(&l, types, 0, &arena), 0);
	assert_true(l.traced);
	assert_int_equal(l.nrefs, 6);
	assert_memory_equal(l.refs, refs, sizeof(refs));
}

static void
test_subtypes_extend_their_supertype(void **state)
{
	static const struct fieldtype fields[] = {
		{ VAL_I16, true }, { NULLABLE(HEAP_ANY), true },
		{ VAL_I8, false }, { VAL_V128, true }, { VAL_I8, true },
	};
	struct subtype type = { .kind = COMP_STRUCT };
	struct heap_layout whole, part;

	type.struct_ = (struct structtype){ 5, fields };
	assert_int_equal(heap_layout_init(&whole, &type, 0, &arena), 0);
	for (uint32_t n = 0; n < 5; n++) {
		type.struct_.nfields = n;
		assert_int_equal(heap_layout_init(&part, &type, 0, &arena), 0);
		for (uint32_t i = 0; i < n; i++)
			assert_int_equal(part.offsets[i], whole.offsets[i]);
		assert_int_equal(part.size % 16, 0);
		assert_true(part.size >= 16);
	}
}

static void
test_arrays_align_their_elements(void **state)
{
	static const struct { valtype elem; uint8_t log2; uint32_t offset; }
	    cases[] = {
		{ VAL_I8, 0, 8 }, { VAL_I16, 1, 8 }, { VAL_I32, 2, 8 },
		{ VAL_F64, 3, 8 }, { VAL_V128, 4, 16 },
		{ NULLABLE(HEAP_ANY), 3, 8 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct subtype type = { .kind = COMP_ARRAY,
			.array = { cases[i].elem, true } };
		struct heap_layout l;

		assert_int_equal(heap_layout_init(&l, &type, 0, &arena), 0);
		assert_int_equal(l.kind, HEAP_LAYOUT_ARRAY);
		assert_int_equal(l.elem_log2, cases[i].log2);
		assert_int_equal(l.size, cases[i].offset);
		assert_int_equal(l.traced, valtype_is_ref(cases[i].elem));
	}
}

static void
test_exceptions_keep_their_tag_before_the_values(void **state)
{
	static const valtype params[] = {
		VAL_I32, NULLABLE(HEAP_EXTERN), VAL_V128,
	};
	static const uint32_t offsets[] = { 16, 24, 32 };
	const struct subtype type = { .kind = COMP_FUNC,
		.func = { .nparams = 3, .params = params } };
	struct heap_layout l;

	assert_int_equal(heap_layout_init(&l, &type, 0, &arena), 0);
	assert_int_equal(l.kind, HEAP_LAYOUT_EXN);
	assert_memory_equal(l.offsets, offsets, sizeof(offsets));
	assert_int_equal(l.size, 48);
	assert_int_equal(l.nrefs, 1);
	assert_int_equal(l.refs[0], 24);
}

static void
test_the_biggest_structure_has_a_layout(void **state)
{
	static struct fieldtype fields[LIMIT_STRUCT_FIELDS];
	const struct subtype type = { .kind = COMP_STRUCT,
		.struct_ = { LIMIT_STRUCT_FIELDS, fields } };
	struct heap_layout l = { .size = 7 };
	struct arena small;

	for (uint32_t i = 0; i < LIMIT_STRUCT_FIELDS; i++)
		fields[i].type = i % 2 == 0 ? VAL_V128 : NULLABLE(HEAP_ANY);
	arena_init(&small, 100);
	assert_int_equal(heap_layout_init(&l, &type, 0, &small), -1);
	assert_int_equal(l.size, 7);
	arena_clear(&small);
	assert_int_equal(heap_layout_init(&l, &type, 0, &arena), 0);
	assert_int_equal(l.size, 16 + LIMIT_STRUCT_FIELDS * 16);
	assert_int_equal(l.nrefs, LIMIT_STRUCT_FIELDS / 2);
}

static void
test_references_are_told_apart(void **state)
{
	static const uint32_t values[] = { 0, 1, 0x3fffffff, 0x40000000,
		0x7fffffff, 0x80000000, 0xffffffff };
	_Alignas(16) static const char object[16];
	uint64_t ref = (uint64_t)(uintptr_t)object;

	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		uint32_t v = values[i];
		uint64_t small = ref_i31(v), host = ref_host(v);

		assert_true(ref_is_i31(small));
		assert_false(ref_is_host(small));
		assert_false(ref_is_object(small));
		assert_int_equal(ref_i31_u(small), v & 0x7fffffff);
		assert_int_equal(ref_i31_s(small),
		    (v & 0x7fffffff) | (v & 0x40000000) << 1);
		assert_true(ref_is_host(host));
		assert_false(ref_is_i31(host));
		assert_false(ref_is_object(host));
		assert_int_equal(ref_host_value(host), v);
	}
	assert_true(ref_is_object(ref));
	assert_false(ref_is_i31(ref));
	assert_false(ref_is_host(ref));
	assert_false(ref_is_object(REF_NULL));
}

/* Every range of a bitmap of three words, against one bit at a time. */
static void
test_bitmap_ranges_agree_with_single_bits(void **state)
{
	for (uint64_t from = 0; from < 192; from++) {
		for (uint64_t n = 1; from + n <= 192; n++) {
			uint64_t bits[3] = { 0 };
			uint64_t start;

			heap_bits_set(bits, from, n);
			for (uint64_t i = 0; i < 192; i++)
				assert_int_equal(heap_bits_test(bits, i),
				    i >= from && i < from + n);
			assert_int_equal(heap_bits_next_set(bits, 0, 192),
			    from);
			assert_int_equal(heap_bits_next_clear(bits, from, 192),
			    from + n);
			assert_int_equal(heap_bits_find_run(bits, 0, 192, from,
			    &start), true);
			assert_int_equal(heap_bits_find_run(bits, from, 192,
			    192 - from - n + 1, &start), false);
			assert_int_equal(start, from + n);
		}
	}
}

static void
test_bitmap_finds_the_first_run_that_is_long_enough(void **state)
{
	uint64_t bits[2] = { 0 }, start;

	heap_bits_set(bits, 3, 1);	/* clear: 3 */
	heap_bits_set(bits, 10, 50);	/* clear: 6, then to 128: 68 */
	assert_true(heap_bits_find_run(bits, 0, 128, 3, &start));
	assert_int_equal(start, 0);
	assert_true(heap_bits_find_run(bits, 0, 128, 4, &start));
	assert_int_equal(start, 4);
	assert_true(heap_bits_find_run(bits, 0, 128, 68, &start));
	assert_int_equal(start, 60);
	assert_false(heap_bits_find_run(bits, 0, 127, 68, &start));
	assert_int_equal(start, 60);
	assert_false(heap_bits_find_run(bits, 128, 128, 1, &start));
	assert_int_equal(start, 128);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fields_are_packed_and_aligned_to_their_size),
		cmocka_unit_test(test_only_fields_that_can_hold_objects_are_traced),
		cmocka_unit_test(test_subtypes_extend_their_supertype),
		cmocka_unit_test(test_arrays_align_their_elements),
		cmocka_unit_test(test_exceptions_keep_their_tag_before_the_values),
		cmocka_unit_test(test_the_biggest_structure_has_a_layout),
		cmocka_unit_test(test_references_are_told_apart),
		cmocka_unit_test(test_bitmap_ranges_agree_with_single_bits),
		cmocka_unit_test(test_bitmap_finds_the_first_run_that_is_long_enough),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
