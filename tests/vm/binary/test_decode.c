/* Modules: sections, ranges, limits, and the name section. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/vm/builder.h"
#include "vm/binary/code.h"
#include "vm/binary/decode.h"
#include "vm/vm.h"

static struct builder b;
static struct module m;
static struct err err;

static int
setup(void **state)
{
	builder_init(&b);
	err = ERR_NONE;
	return 0;
}

static int
teardown(void **state)
{
	module_clear(&m);
	builder_clear(&b);
	return 0;
}

static int
decode(void)
{
	return module_decode(&m, b.out.data, b.out.len, &err);
}

static void
assert_refused(int code, const char *text)
{
	assert_int_equal(decode(), -1);
	assert_int_equal(err.code, code);
	assert_memory_equal(err.text, text, strlen(text));
	assert_true(err.has_offset);
}

static void
test_empty_module(void **state)
{
	assert_int_equal(decode(), 0);
	assert_int_equal(m.nfuncs, 0);
	assert_int_equal(m.ncustoms, 0);
}

static void
test_headers_are_checked(void **state)
{
	b.out.data[4] = 13;
	assert_refused(VM_MALFORMED, "unknown binary version");
	err = ERR_NONE;
	b.out.data[0] = 1;
	assert_refused(VM_MALFORMED, "magic header not detected");
	err = ERR_NONE;
	b.out.len = 3;
	assert_refused(VM_MALFORMED, "unexpected end");
}

static void
test_index_spaces_begin_with_imports(void **state)
{
	BUILD(&b, "\1\7\2\x60\0\0\x60\0\0");
	/* a function of type 1, a global, a memory */
	BUILD(&b, "\2\x15\3\1m\1f\0\1\1m\1g\3\x7f\1\1m\1n\2\0\1");
	BUILD(&b, "\3\2\1\0");
	BUILD(&b, "\6\6\1\x7e\0\x42\5\x0b");
	BUILD(&b, "\x0a\4\1\2\0\x0b");
	assert_int_equal(decode(), 0);
	assert_int_equal(m.nimports, 3);
	assert_int_equal(m.nfuncs, 2);
	assert_int_equal(m.nimported_funcs, 1);
	assert_int_equal(m.funcs[0].type, 1);
	assert_int_equal(m.funcs[0].body.len, 0);
	assert_int_equal(m.funcs[1].type, 0);
	assert_int_equal(m.funcs[1].body.len, 2);
	assert_int_equal(m.nglobals, 2);
	assert_true(m.globals[0].type.mutable);
	assert_int_equal(m.globals[1].init.len, 3);
	assert_int_equal(m.nmemories, 1);
	assert_int_equal(m.memories[0].type.page_log2, 16);
}

static void
test_sections_stand_in_order_and_once(void **state)
{
	BUILD(&b, "\3\1\0\1\1\0");
	assert_refused(VM_MALFORMED, "unexpected content after last section");
	teardown(state);
	setup(state);
	BUILD(&b, "\1\1\0\1\1\0");
	assert_refused(VM_MALFORMED, "unexpected content after last section");
}

static void
test_sections_are_as_long_as_they_say(void **state)
{
	BUILD(&b, "\1\2\0\0");
	assert_refused(VM_MALFORMED, "section size mismatch");
	assert_int_equal(err.offset, 11);
}

static void
test_unknown_sections_are_malformed(void **state)
{
	BUILD(&b, "\x0e\0");
	assert_refused(VM_MALFORMED, "malformed section id");
	assert_int_equal(err.offset, 8);
}

static void
test_functions_have_bodies(void **state)
{
	BUILD(&b, "\1\4\1\x60\0\0\3\2\1\0");
	assert_refused(VM_MALFORMED,
		"function and code section have inconsistent lengths");
}

static void
test_data_count_is_the_count_of_data(void **state)
{
	BUILD(&b, "\x0c\1\1");
	assert_refused(VM_MALFORMED,
		"data count and data section have inconsistent lengths");
}

static void
test_shared_memory_is_refused_by_name(void **state)
{
	BUILD(&b, "\5\4\1\3\1\1");
	assert_refused(VM_MALFORMED, "malformed limits flags");
	assert_non_null(strstr(err.text, "threads"));
}

static void
test_custom_page_sizes(void **state)
{
	BUILD(&b, "\5\4\1\x08\5\0");
	assert_int_equal(decode(), 0);
	assert_int_equal(m.memories[0].type.page_log2, 0);
	assert_int_equal(m.memories[0].type.limits.min, 5);
	assert_true(m.features_used & 1 << FEATURE_CUSTOM_PAGE_SIZES);
}

static void
test_recursive_groups(void **state)
{
	/* (rec (type 0: struct (ref null 1)) (type 1: sub 0 array i8 mut)) */
	BUILD(&b, "\1\x0e\1\x4e\2\x5f\1\x63\1\0\x50\1\0\x5e\x78\1");
	assert_int_equal(decode(), 0);
	assert_int_equal(m.ntypes, 2);
	assert_int_equal(m.types[0].group_len, 2);
	assert_int_equal(m.types[1].group_start, 0);
	assert_int_equal(m.types[0].kind, COMP_STRUCT);
	assert_int_equal(m.types[0].struct_.fields[0].type,
		VALTYPE_REF(true, 1));
	assert_true(m.types[0].final);
	assert_false(m.types[1].final);
	assert_int_equal(m.types[1].super, 0);
	assert_int_equal(m.types[1].array.type, VAL_I8);
}

static void
test_locals_are_read_as_runs(void **state)
{
	struct code_locals locals;
	struct reader r;

	build_function(&b);
	BUILD(&b, "\3\2\x7f\0\x7e\x80\1\x7b\1\x0b");
	build_close(&b);
	build_close(&b);
	assert_int_equal(decode(), 0);
	code_locals_init(&locals);
	assert_int_equal(code_open(&r, &m, 0, &locals, &err), 0);
	assert_int_equal(locals.nruns, 2);
	assert_int_equal(locals.count, 130);
	assert_int_equal(locals.runs[1].count, 128);
	assert_int_equal(locals.runs[1].type, VAL_V128);
	assert_int_equal(*r.pos, 1);
	code_locals_clear(&locals);
}

/* Whether the body with these local declarations opens, and with what error. */
static int
open_locals(const char *bytes, size_t len)
{
	struct code_locals locals;
	struct reader r;
	int rc;

	build_function(&b);
	build_bytes(&b, bytes, len);
	build_close(&b);
	build_close(&b);
	assert_int_equal(decode(), 0);
	code_locals_init(&locals);
	rc = code_open(&r, &m, 0, &locals, &err);
	code_locals_clear(&locals);
	return rc == 0 ? 0 : err.code;
}

static void
test_too_many_locals_pass_a_limit(void **state)
{
	assert_int_equal(open_locals("\1\xd0\x86\3\x7f\x0b", 6), 0);
	teardown(state);
	setup(state);
	assert_int_equal(open_locals("\1\xd1\x86\3\x7f\x0b", 6), VM_LIMIT);
}

static void
test_locals_beyond_32_bits_are_malformed(void **state)
{
	assert_int_equal(open_locals(
		"\2\xff\xff\xff\xff\x0f\x7f\1\x7f\x0b", 10), VM_MALFORMED);
	assert_string_equal(err.text, "too many locals");
}

static void
test_names_of_functions(void **state)
{
	struct name n;

	/* module name, then functions 0 "a" and 2 "bc" */
	build_section(&b, 0);
	BUILD(&b, "\4name\0\2\1m\1\x08\2\0\1a\2\2bc");
	build_close(&b);
	assert_int_equal(decode(), 0);
	n = vm_module_func_name(&m, 2);
	assert_int_equal(n.len, 2);
	assert_memory_equal(n.data, "bc", 2);
	assert_int_equal(vm_module_func_name(&m, 0).len, 1);
	assert_null(vm_module_func_name(&m, 1).data);
	assert_null(vm_module_func_name(&m, 3).data);
}

static void
test_functions_without_names_have_those_of_exports(void **state)
{
	struct name n;

	/* Two functions; exports: memory 1 "m", functions 1 "x", 1 "y", 0 "z";
	 * function 0 is called "a" too. */
	BUILD(&b, "\1\4\1\x60\0\0" "\3\3\2\0\0"
		"\7\x11\4\1m\2\1\1x\0\1\1y\0\1\1z\0\0"
		"\xa\7\2\2\0\x0b\2\0\x0b");
	build_section(&b, 0);
	BUILD(&b, "\4name\1\4\1\0\1a");
	build_close(&b);
	assert_int_equal(decode(), 0);
	n = vm_module_func_name(&m, 0);
	assert_int_equal(n.len, 1);
	assert_memory_equal(n.data, "a", 1);
	n = vm_module_func_name(&m, 1);
	assert_int_equal(n.len, 1);
	assert_memory_equal(n.data, "x", 1);
	assert_null(vm_module_func_name(&m, 2).data);
}

/* Even functions have names, "f" and a number. */
static void
test_many_names(void **state)
{
	char text[16];
	struct name n;

	build_section(&b, 0);
	BUILD(&b, "\4name\1");
	build_open(&b);
	build_u32(&b, 1000);
	for (unsigned i = 0; i < 1000; i++) {
		int len = snprintf(text, sizeof(text), "f%u", 2 * i);

		build_u32(&b, 2 * i);
		build_u32(&b, (uint32_t)len);
		build_bytes(&b, text, (size_t)len);
	}
	build_close(&b);
	build_close(&b);
	assert_int_equal(decode(), 0);
	for (unsigned i = 0; i < 1000; i++) {
		int len = snprintf(text, sizeof(text), "f%u", 2 * i);

		n = vm_module_func_name(&m, 2 * i);
		assert_int_equal(n.len, len);
		assert_memory_equal(n.data, text, n.len);
		assert_null(vm_module_func_name(&m, 2 * i + 1).data);
	}
	assert_null(vm_module_func_name(&m, UINT32_MAX).data);
}

static void
test_names_count_up_to_the_first_that_goes_down(void **state)
{
	build_section(&b, 0);
	BUILD(&b, "\4name\1\x0a\3\1\1a\0\1b\5\1c");
	build_close(&b);
	assert_int_equal(decode(), 0);
	assert_int_equal(vm_module_func_name(&m, 1).len, 1);
	assert_null(vm_module_func_name(&m, 0).data);
	assert_null(vm_module_func_name(&m, 5).data);
}

static void
test_broken_name_sections_name_nothing(void **state)
{
	static const char *const broken[] = { "\4name\1", "\4name\1\5\1",
		"\4name\1\4\xff\xff\xff\xff", "\4name\1\4\1\0\1\xff",
		"\4name\1\4\1\0\5a", "\4name\xff\xff\xff\xff\xff" };

	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
		teardown(state);
		setup(state);
		build_section(&b, 0);
		build_bytes(&b, broken[i], strlen(broken[i]));
		build_close(&b);
		assert_int_equal(decode(), 0);
		assert_null(vm_module_func_name(&m, 0).data);
	}
}

/* A function with a branch, and a custom section before its code. */
static void
build_with_custom(const char *name, const char *contents)
{
	BUILD(&b, "\1\4\1\x60\0\0" "\3\2\1\0");
	build_section(&b, 0);
	build_u32(&b, (uint32_t)strlen(name));
	build_bytes(&b, name, strlen(name));
	build_bytes(&b, contents, strlen(contents));
	build_close(&b);
	BUILD(&b, "\x0a\x09\1\7\0\x41\1\x04\x40\x0b\x0b");
}

/* Nothing in one is an error of the module, whatever its name promises. */
static void
test_custom_sections_are_tolerated(void **state)
{
	static const char *const names[] = { "metadata.code.branch_hint",
		"name", "producers", "target_features", "dylink.0",
		"sourceMappingURL", "linking", "reloc.CODE", "", "\xc3\xa9" };
	static const char *const contents[] = { "",
		"\1\1\1\2\1\1",		/* a hint, well-formed but for 0 */
		"\x7f\x7f\x7f", "\xff\xff\xff\xff\x0f",
		"\xff\xff\xff\xff\xff\xff", "\1\x10", "\x80" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		for (size_t k = 0; k < sizeof(contents) / sizeof(contents[0]);
		     k++) {
			teardown(state);
			setup(state);
			build_with_custom(names[i], contents[k]);
			assert_int_equal(decode(), 0);
			assert_int_equal(m.ncustoms, 1);
			assert_int_equal(m.customs[0].bytes.len,
				strlen(contents[k]));
			assert_int_equal(m.nfuncs, 1);
		}
	}
}

static void
test_custom_sections_have_names_that_are_utf8(void **state)
{
	static const char *const names[] = { "\xff", "\xc3", "a\x80" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		teardown(state);
		setup(state);
		build_with_custom(names[i], "");
		assert_refused(VM_MALFORMED, "malformed UTF-8 encoding");
	}
}

#define UNIT(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT(test_empty_module),
		UNIT(test_headers_are_checked),
		UNIT(test_index_spaces_begin_with_imports),
		UNIT(test_sections_stand_in_order_and_once),
		UNIT(test_sections_are_as_long_as_they_say),
		UNIT(test_unknown_sections_are_malformed),
		UNIT(test_custom_sections_are_tolerated),
		UNIT(test_custom_sections_have_names_that_are_utf8),
		UNIT(test_functions_have_bodies),
		UNIT(test_data_count_is_the_count_of_data),
		UNIT(test_shared_memory_is_refused_by_name),
		UNIT(test_custom_page_sizes),
		UNIT(test_recursive_groups),
		UNIT(test_locals_are_read_as_runs),
		UNIT(test_too_many_locals_pass_a_limit),
		UNIT(test_locals_beyond_32_bits_are_malformed),
		UNIT(test_names_of_functions),
		UNIT(test_functions_without_names_have_those_of_exports),
		UNIT(test_many_names),
		UNIT(test_names_count_up_to_the_first_that_goes_down),
		UNIT(test_broken_name_sections_name_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
