/* guest/value.c: typed arguments from text. */
#include "tests/cmocka.h"

#include <string.h>

#include "guest/value.h"

#define V(kind) ((valtype)VAL_##kind)

static uint64_t
bits(const char *text, valtype type)
{
	struct vm_value v;

	if (!value_parse(text, type, &v))
		fail_msg("\"%s\" was refused", text);
	assert_int_equal(v.type, type);
	switch (valtype_kind(type)) {
	case VAL_I32:
		return v.i32;
	case VAL_F32:
		return v.f32;
	default:
		return v.i64;
	}
}

static void
refused(const char *text, valtype type)
{
	struct vm_value v;

	if (value_parse(text, type, &v))
		fail_msg("\"%s\" was taken", text);
}

static void
test_integers_in_either_reading(void **state)
{
	assert_int_equal(bits("0", V(I32)), 0);
	assert_int_equal(bits("42", V(I32)), 42);
	assert_int_equal(bits("+42", V(I32)), 42);
	assert_int_equal(bits("-1", V(I32)), 0xffffffff);
	assert_int_equal(bits("0xfF", V(I32)), 255);
	assert_int_equal(bits("-0x80000000", V(I32)), 0x80000000);
	assert_int_equal(bits("4294967295", V(I32)), 0xffffffff);
	assert_int_equal(bits("-2147483648", V(I32)), 0x80000000);
	assert_int_equal(bits("18446744073709551615", V(I64)), UINT64_MAX);
	assert_int_equal(bits("-9223372036854775808", V(I64)), 1ull << 63);
}

static void
test_integers_out_of_range_are_refused(void **state)
{
	refused("4294967296", V(I32));
	refused("-2147483649", V(I32));
	refused("0x100000000", V(I32));
	refused("18446744073709551616", V(I64));
	refused("-9223372036854775809", V(I64));
	refused("99999999999999999999999999", V(I64));
}

static void
test_what_is_no_integer_is_refused(void **state)
{
	static const char *const texts[] = {
		"", "-", "+", "0x", "-0x", "1.0", "1e3", " 1", "1 ", "0x1g", "--1",
		"a", "1a", "\n1", "+-1",
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		refused(texts[i], V(I32));
		refused(texts[i], V(I64));
	}
}

static void
test_floats(void **state)
{
	assert_int_equal(bits("1", V(F32)), 0x3f800000);
	assert_int_equal(bits("-0", V(F32)), 0x80000000);
	assert_int_equal(bits("0x1p-1", V(F32)), 0x3f000000);
	assert_int_equal(bits(".5", V(F32)), 0x3f000000);
	assert_int_equal(bits("inf", V(F32)), 0x7f800000);
	assert_int_equal(bits("-inf", V(F32)), 0xff800000);
	assert_int_equal(bits("nan", V(F32)) & 0x7fc00000, 0x7fc00000);
	assert_int_equal(bits("nan:0x200000", V(F32)), 0x7fa00000);
	assert_int_equal(bits("-nan:0x1", V(F32)), 0xff800001);
	assert_int_equal(bits("1.5e3", V(F64)), 0x4097700000000000);
	assert_int_equal(bits("4.9e-324", V(F64)), 1);
	assert_int_equal(bits("nan:0x8000000000000", V(F64)),
	    0x7ff8000000000000);
	/* Rounded once: a double in between would give 0x1p-149 twice. */
	assert_int_equal(bits("1.401298464324817e-45", V(F32)), 1);
}

static void
test_what_is_no_float_is_refused(void **state)
{
	static const char *const texts[] = {
		"", " 1", "1 ", "x", "1x", "infinity", "nan(1)", "nan:0x0",
		"nan:0x10000000000000", "nan:", "1e999", "-1e999", "+", "0x",
		"\t1",
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		refused(texts[i], V(F32));
		refused(texts[i], V(F64));
	}
	refused("nan:0x800000", V(F32));
	refused("3.5e38", V(F32));
}

static void
test_vectors_and_references(void **state)
{
	struct vm_value v;

	assert_true(value_parse("0x000102030405060708090a0b0c0d0e0f", V(V128),
	    &v));
	for (int i = 0; i < 16; i++)
		assert_int_equal(v.v128[i], 15 - i);
	refused("0x00", V(V128));
	refused("1", V(V128));
	refused("0x000102030405060708090a0b0c0d0e0g", V(V128));
	refused("0", VALTYPE_FUNCREF);
}

static void
test_results_are_packed_by_kind(void **state)
{
	struct vm_value v = { .type = V(I32), .i32 = 0x80000001 };
	struct call_value out;

	value_pack(&v, &out);
	assert_int_equal(out.kind, 'i');
	assert_memory_equal(out.bytes, "\x01\0\0\x80\0\0\0\0", 8);
	v = (struct vm_value){ .type = V(F64), .f64 = 2 };
	value_pack(&v, &out);
	assert_int_equal(out.kind, 'd');
	assert_int_equal(out.bytes[0], 2);
	v = (struct vm_value){ .type = VALTYPE_EXTERNREF, .ref = 5 };
	value_pack(&v, &out);
	assert_int_equal(out.kind, 'r');
	assert_int_equal(out.bytes[0], 1);
	v.ref = 0;
	value_pack(&v, &out);
	assert_int_equal(out.bytes[0], 0);
}

static void
test_null_is_a_reference(void **state)
{
	struct vm_value v = { .ref = 7 };

	assert_true(value_parse("null", VALTYPE_EXTERNREF, &v));
	assert_int_equal(v.ref, 0);
	assert_true(value_parse("null", VALTYPE_FUNCREF, &v));
	assert_false(value_parse("0", VALTYPE_FUNCREF, &v));
	assert_false(value_parse("", VALTYPE_FUNCREF, &v));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_integers_in_either_reading),
		cmocka_unit_test(test_integers_out_of_range_are_refused),
		cmocka_unit_test(test_what_is_no_integer_is_refused),
		cmocka_unit_test(test_floats),
		cmocka_unit_test(test_what_is_no_float_is_refused),
		cmocka_unit_test(test_vectors_and_references),
		cmocka_unit_test(test_results_are_packed_by_kind),
		cmocka_unit_test(test_null_is_a_reference),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
