/*
 * The validator's steps: what its state shows to who rides on it, and how
 * errors are told. That its verdicts are right is for the test suite to show.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "tests/vm/builder.h"
#include "vm/binary/code.h"
#include "vm/binary/instr.h"
#include "vm/load.h"
#include "vm/vm.h"

static struct canon canon;
static struct builder b;
static struct module m;
static struct err err;
static struct validator v;
static struct code_locals locals;
static struct reader reader;
static struct instr in;

static int
setup(void **state)
{
	canon_init(&canon);
	builder_init(&b);
	code_locals_init(&locals);
	err = ERR_NONE;
	return 0;
}

static int
teardown(void **state)
{
	validator_clear(&v);
	code_locals_clear(&locals);
	module_clear(&m);
	builder_clear(&b);
	canon_clear(&canon);
	return 0;
}

/* Types 0: [] -> [], 1: [i32 v128] -> [i64]; function 0 of a type, open at its
 * body. */
static void
build_body(uint32_t type)
{
	BUILD(&b, "\1\x0a\2\x60\0\0\x60\2\x7f\x7b\1\x7e");
	BUILD(&b, "\3\2\1");
	build_u32(&b, type);
	build_section(&b, SECTION_CODE);
	build_u32(&b, 1);
	build_open(&b);
}

static void
start(void)
{
	build_close(&b);
	build_close(&b);
	assert_int_equal(load_module(&m, &canon, b.out.data, b.out.len, &err),
		0);
	validator_init(&v, &m, &err);
	assert_int_equal(code_open(&reader, &m, 0, &locals, &err), 0);
	assert_int_equal(validator_start(&v, 0, locals.runs, locals.nruns), 0);
}

static int
step(void)
{
	assert_int_equal(instr_read(&reader, &in), 0);
	return validator_step(&v, &in);
}

static void
test_operands_are_shown(void **state)
{
	build_body(0);
	BUILD(&b, "\0\x41\1\x42\2\x1a\x1a\x0b");
	start();
	assert_int_equal(v.nctrls, 1);
	assert_int_equal(step(), 0);
	assert_int_equal(step(), 0);
	assert_int_equal(v.nopds, 2);
	assert_int_equal(v.opds[0], VAL_I32);
	assert_int_equal(v.opds[1], VAL_I64);
	assert_int_equal(step(), 0);
	assert_int_equal(step(), 0);
	assert_int_equal(step(), 0);
	assert_int_equal(v.nctrls, 0);
}

static void
test_nothing_comes_after_the_end(void **state)
{
	build_body(0);
	BUILD(&b, "\0\x0b\1");
	start();
	assert_int_equal(step(), 0);
	assert_int_equal(step(), -1);
	assert_int_equal(err.code, VM_MALFORMED);
}

static void
test_locals_have_types_and_slots(void **state)
{
	build_body(1);
	/* 2 + 300 f32, 1 f64, 2 v128, 1000 i32 */
	BUILD(&b, "\4\xac\2\x7d\1\x7c\2\x7b\xe8\7\x7f\0\x0b");
	start();
	assert_int_equal(v.nlocals, 2 + 300 + 1 + 2 + 1000);
	assert_int_equal(v.local_slots, 3 + 300 + 1 + 4 + 1000);
	assert_int_equal(validator_local(&v, 0), VAL_I32);
	assert_int_equal(validator_local(&v, 1), VAL_V128);
	assert_int_equal(validator_local(&v, 2), VAL_F32);
	assert_int_equal(validator_local(&v, 301), VAL_F32);
	assert_int_equal(validator_local(&v, 302), VAL_F64);
	assert_int_equal(validator_local(&v, 304), VAL_V128);
	assert_int_equal(validator_local(&v, 305), VAL_I32);
	assert_int_equal(validator_local(&v, 1304), VAL_I32);
	assert_int_equal(validator_local_slot(&v, 0), 0);
	assert_int_equal(validator_local_slot(&v, 1), 1);
	assert_int_equal(validator_local_slot(&v, 2), 3);
	assert_int_equal(validator_local_slot(&v, 302), 303);
	assert_int_equal(validator_local_slot(&v, 304), 306);
	assert_int_equal(validator_local_slot(&v, 305), 308);
	assert_int_equal(validator_local_slot(&v, 1304), 1307);
}

static void
test_labels_show_their_types(void **state)
{
	build_body(1);
	/* local.get 0, local.get 1, loop (type 1) */
	BUILD(&b, "\0\x20\0\x20\1\3\1\0");
	start();
	for (int i = 0; i < 3; i++)
		assert_int_equal(step(), 0);
	assert_int_equal(v.nctrls, 2);
	assert_int_equal(validator_label(&v, 0)->op, OP_LOOP);
	assert_int_equal(ctrl_label_arity(validator_label(&v, 0)), 2);
	assert_int_equal(ctrl_label_types(validator_label(&v, 0))[1], VAL_V128);
	assert_int_equal(validator_label(&v, 1)->op, OP_BLOCK);
	assert_int_equal(ctrl_label_arity(validator_label(&v, 1)), 1);
	assert_int_equal(ctrl_label_types(validator_label(&v, 1))[0], VAL_I64);
	assert_true(validator_reachable(&v));
	assert_int_equal(step(), 0);
	assert_false(validator_reachable(&v));
}

static void
test_locals_without_default_are_set_first(void **state)
{
	build_body(0);
	/* 1 local (ref func); block unreachable local.set 0 end local.get 0 */
	BUILD(&b, "\1\1\x64\x70\2\x40\0\x21\0\x0b\x20\0\x1a\x0b");
	start();
	for (int i = 0; i < 4; i++)
		assert_int_equal(step(), 0);
	assert_int_equal(step(), -1);
	assert_memory_equal(err.text, "uninitialized local 0", 21);
}

static void
test_errors_tell_the_offset_and_the_function(void **state)
{
	build_body(0);
	BUILD(&b, "\0\x42\1\x45\x1a\x0b");
	build_close(&b);
	build_close(&b);
	build_section(&b, 0);
	BUILD(&b, "\4name\1\6\1\0\3fac");
	build_close(&b);
	assert_int_equal(load_module(&m, &canon, b.out.data, b.out.len, &err),
		0);
	assert_int_equal(load_bodies(&m, &err), -1);
	assert_int_equal(err.code, VM_INVALID);
	assert_string_equal(err.text, "type mismatch: instruction requires"
		" [i32] but stack has [i64] (function 0, fac)");
	assert_int_equal(b.out.data[err.offset], 0x45);
}

/* The name: ESC, U+009B, 97 letters, and "e acute" across the cut. */
static void
test_errors_show_names_safely(void **state)
{
	char shown[100];

	build_body(0);
	BUILD(&b, "\0\x1a\x0b");
	build_close(&b);
	build_close(&b);
	build_section(&b, 0);
	BUILD(&b, "\4name\1\x69\1\0\x66\x1b\xc2\x9b");
	REPEAT(&b, "a", 96);
	BUILD(&b, "\xc3\xa9z");
	build_close(&b);
	assert_int_equal(load_module(&m, &canon, b.out.data, b.out.len, &err),
		0);
	assert_int_equal(load_bodies(&m, &err), -1);
	memset(shown, 'a', sizeof(shown));
	memcpy(shown, "???", 3);
	assert_non_null(strstr(err.text, "(function 0, ???aaa"));
	assert_memory_equal(strstr(err.text, "???"), shown, 99);
	assert_string_equal(strstr(err.text, "???") + 99, ")");
}

static void
test_malformed_further_on_is_malformed(void **state)
{
	BUILD(&b, "\1\4\1\x60\0\0\3\3\2\0\0");
	/* drop of nothing; an illegal opcode */
	BUILD(&b, "\x0a\x09\2\3\0\x1a\x0b\3\0\xff\x0b");
	assert_int_equal(load_module(&m, &canon, b.out.data, b.out.len, &err),
		0);
	assert_int_equal(load_bodies(&m, &err), -1);
	assert_int_equal(err.code, VM_MALFORMED);
	assert_string_equal(err.text, "illegal opcode ff");
}

static void
test_constant_expressions_know_globals_before_them(void **state)
{
	/* global 0 = 1; global 1 = global 1 */
	BUILD(&b, "\6\x0b\2\x7f\0\x41\1\x0b\x7f\0\x23\1\x0b");
	assert_int_equal(load_module(&m, &canon, b.out.data, b.out.len, &err),
		-1);
	assert_int_equal(err.code, VM_INVALID);
	assert_string_equal(err.text, "unknown global 1");
}

#define UNIT(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT(test_operands_are_shown),
		UNIT(test_nothing_comes_after_the_end),
		UNIT(test_locals_have_types_and_slots),
		UNIT(test_labels_show_their_types),
		UNIT(test_locals_without_default_are_set_first),
		UNIT(test_errors_tell_the_offset_and_the_function),
		UNIT(test_errors_show_names_safely),
		UNIT(test_malformed_further_on_is_malformed),
		UNIT(test_constant_expressions_know_globals_before_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
