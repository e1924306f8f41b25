/*
 * Modules made to cost, as text: time and length stay linear in their size.
 * Length stands for time, and a limit of CPU time for what is not written.
 */
#include "config.h"

#include "tests/cmocka.h"

#include <string.h>
#include <sys/resource.h>

#include "tests/vm/builder.h"
#include "vm/binary/decode.h"
#include "vm/dump/dump.h"
#include "vm/vm.h"

/* Far above what all of these take together, far below what one takes that is
 * not linear. */
#ifdef WITH_SANITIZERS
#define CPU_SECONDS 120
#else
#define CPU_SECONDS 30
#endif

static struct builder b;
static struct module module;
static struct dump *dump;
static struct err err;

static int
count_write(void *arg, const char *data, size_t len)
{
	*(size_t *)arg += len;
	return 0;
}

static int
setup(void **state)
{
	builder_init(&b);
	err = ERR_NONE;
	dump = NULL;
	return 0;
}

static int
teardown(void **state)
{
	dump_free(dump);
	module_clear(&module);
	builder_clear(&b);
	return 0;
}

static void
decode(void)
{
	assert_int_equal(module_decode(&module, b.out.data, b.out.len, &err), 0);
	dump = dump_new(&module);
	assert_non_null(dump);
}

/* Bytes of text for each byte of the module. */
static size_t
disasm_factor(int rc)
{
	size_t len = 0;
	struct dump_sink sink = { count_write, &len };

	assert_int_equal(dump_disasm(dump, DUMP_ALL, &sink, &err), rc);
	return len / b.out.len;
}

static void
close_function(void)
{
	build_close(&b);
	build_close(&b);
}

/* type [] -> [], and n functions of it with an empty body */
static void
build_functions(uint32_t n)
{
	build_section(&b, SECTION_TYPE);
	BUILD(&b, "\1\x60\0\0");
	build_close(&b);
	build_section(&b, SECTION_FUNCTION);
	build_u32(&b, n);
	REPEAT(&b, "\0", n);
	build_close(&b);
	build_section(&b, SECTION_CODE);
	build_u32(&b, n);
	REPEAT(&b, "\2\0\x0b", n);
	build_close(&b);
}

static void
test_deep_nesting_is_not_indented_without_end(void **state)
{
	build_function(&b);
	BUILD(&b, "\0");
	REPEAT(&b, "\x02\x40", 1000000);
	REPEAT(&b, "\x0b", 1000001);
	close_function();
	decode();
	assert_in_range(disasm_factor(0), 20, 100);
}

static void
test_nesting_beyond_the_limit_is_an_error(void **state)
{
	build_function(&b);
	BUILD(&b, "\0");
	REPEAT(&b, "\x02\x40", LIMIT_NESTING + 1);
	close_function();
	decode();
	disasm_factor(-1);
	assert_int_equal(err.code, VM_LIMIT);
	assert_string_equal(err.text, "function 0: too many nested blocks");
}

/* Unclosed, in a body that is cut: an error, and not past the end. */
static void
test_blocks_that_do_not_end(void **state)
{
	build_function(&b);
	BUILD(&b, "\0");
	REPEAT(&b, "\x02\x40", 1000);
	close_function();
	decode();
	disasm_factor(-1);
	assert_int_equal(err.code, VM_MALFORMED);
}

static void
test_a_long_br_table(void **state)
{
	build_function(&b);
	BUILD(&b, "\0\x41\0\x0e");
	build_u32(&b, 5000000);
	REPEAT(&b, "\0", 5000001);
	BUILD(&b, "\x0b");
	close_function();
	decode();
	assert_in_range(disasm_factor(0), 2, 20);
}

/* A name of a megabyte and a million calls of it. */
static void
test_long_names_are_not_repeated(void **state)
{
	build_function(&b);
	BUILD(&b, "\0");
	REPEAT(&b, "\x10\0", 1000000);
	BUILD(&b, "\x0b");
	close_function();
	build_section(&b, 0);
	BUILD(&b, "\4name\1");
	build_open(&b);
	BUILD(&b, "\1\0");
	build_open(&b);
	REPEAT(&b, "x", 1000000);
	build_close(&b);
	build_close(&b);
	build_close(&b);
	decode();
	assert_in_range(disasm_factor(0), 20, 120);
}

/* As long as can be, used by blocks of two bytes. */
static void
test_long_types_are_not_repeated(void **state)
{
	build_section(&b, SECTION_TYPE);
	BUILD(&b, "\2\x60\0\0\x60\xe8\x07");
	REPEAT(&b, "\x7f", 1000);
	BUILD(&b, "\xe8\x07");
	REPEAT(&b, "\x7f", 1000);
	build_close(&b);
	build_section(&b, SECTION_FUNCTION);
	BUILD(&b, "\1\0");
	build_close(&b);
	build_section(&b, SECTION_CODE);
	BUILD(&b, "\1");
	build_open(&b);
	BUILD(&b, "\0");
	REPEAT(&b, "\x02\1\x0b", 100000);
	BUILD(&b, "\x0b");
	close_function();
	decode();
	assert_in_range(disasm_factor(0), 20, 160);
}

/* 50,000 locals in six bytes, for each of many functions. */
static void
test_many_locals_of_few_bytes(void **state)
{
	uint32_t n = 300000;

	build_section(&b, SECTION_TYPE);
	BUILD(&b, "\1\x60\0\0");
	build_close(&b);
	build_section(&b, SECTION_FUNCTION);
	build_u32(&b, n);
	REPEAT(&b, "\0", n);
	build_close(&b);
	build_section(&b, SECTION_CODE);
	build_u32(&b, n);
	REPEAT(&b, "\6\1\xd0\x86\3\x7f\x0b", n);
	build_close(&b);
	decode();
	assert_in_range(disasm_factor(0), 2, 20);
}

/* A name for the last possible local of each function but the second half: the
 * map is gone through once, not for each function anew. */
static void
test_names_of_locals_of_many_functions(void **state)
{
	uint32_t n = 300000;

	build_functions(n);
	build_section(&b, 0);
	BUILD(&b, "\4name\2");
	build_open(&b);
	build_u32(&b, n / 2);
	for (uint32_t i = 0; i < n / 2; i++) {
		build_u32(&b, i);
		BUILD(&b, "\1\xcf\x86\3\1x");
	}
	build_close(&b);
	build_close(&b);
	decode();
	assert_in_range(disasm_factor(0), 2, 20);
}

static void
test_many_functions(void **state)
{
	size_t len = 0;
	struct dump_sink sink = { count_write, &len };

	build_functions(1000000);
	decode();
	assert_in_range(disasm_factor(0), 2, 20);
	assert_int_equal(dump_inspect_json(dump, &sink, &err), 0);
	assert_in_range(len, 1, 1000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
		TEST(test_deep_nesting_is_not_indented_without_end),
		TEST(test_nesting_beyond_the_limit_is_an_error),
		TEST(test_blocks_that_do_not_end),
		TEST(test_a_long_br_table),
		TEST(test_long_names_are_not_repeated),
		TEST(test_long_types_are_not_repeated),
		TEST(test_many_locals_of_few_bytes),
		TEST(test_names_of_locals_of_many_functions),
		TEST(test_many_functions),
	};
	struct rlimit cpu = { CPU_SECONDS, CPU_SECONDS };

	setrlimit(RLIMIT_CPU, &cpu);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
