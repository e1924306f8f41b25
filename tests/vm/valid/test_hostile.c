/*
 * Modules made to cost: each is loaded in a process of its own under a limit
 * of memory and of CPU time, and has to end with the verdict it deserves.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/vm/builder.h"
#include "vm/binary/decode.h"
#include "vm/load.h"
#include "vm/vm.h"

#define MIB ((size_t)1 << 20)
#define ACCEPTED 0

/* Far above what any of these takes, far below what it would take to do the
 * work once for each pair of things. */
#ifdef WITH_SANITIZERS
#define CPU_SECONDS 60
#else
#define CPU_SECONDS 6
#endif

static struct builder b;

static int
setup(void **state)
{
	builder_init(&b);
	return 0;
}

static int
teardown(void **state)
{
	builder_clear(&b);
	return 0;
}

/* Address space in use now. */
static size_t
address_space(void)
{
	unsigned long pages = 0;
	FILE *f = fopen("/proc/self/statm", "r");

	assert_non_null(f);
	assert_int_equal(fscanf(f, "%lu", &pages), 1);
	fclose(f);
	return pages * (size_t)sysconf(_SC_PAGESIZE);
}

/* AddressSanitizer's own address space has no bound. */
static void
set_limits(size_t memory)
{
	struct rlimit cpu = { CPU_SECONDS, CPU_SECONDS };
#ifndef WITH_SANITIZERS
	struct rlimit as = { address_space() + memory, RLIM_INFINITY };

	setrlimit(RLIMIT_AS, &as);
#else
	(void)address_space();
#endif
	setrlimit(RLIMIT_CPU, &cpu);
}

static int
load_code(void)
{
	struct err err = ERR_NONE;
	struct canon canon;
	struct module m;

	canon_init(&canon);
	if (load_module(&m, &canon, b.out.data, b.out.len, &err) == 0) {
		load_bodies(&m, &err);
		vm_module_func_name(&m, 0);
		module_clear(&m);
	}
	canon_clear(&canon);
	if (err.code != 0)
		print_message("%s\n", err.text);
	return err.code;
}

/* Load what was built, with so much memory beside the module's own bytes. */
static void
assert_load(int verdict, size_t memory)
{
	int status;
	pid_t pid = fork();

	assert_int_not_equal(pid, -1);
	if (pid == 0) {
		set_limits(memory);
		_exit(load_code());
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), verdict);
}

static void
close_function(void)
{
	build_close(&b);
	build_close(&b);
}

static void
test_half_a_billion_locals_in_331_bytes(void **state)
{
	build_function(&b);
	build_u32(&b, 48);
	REPEAT(&b, "\x80\x80\x80\x05\x7f", 48);	/* 10,485,760 each */
	REPEAT(&b, "\1", 59);
	BUILD(&b, "\x0b");
	close_function();
	assert_int_equal(b.out.len, 331);
	assert_load(VM_LIMIT, MIB);
}

static void
test_four_billion_locals(void **state)
{
	build_function(&b);
	BUILD(&b, "\2\xff\xff\xff\xff\x0f\x7f\xff\xff\xff\xff\x0f\x7f\x0b");
	close_function();
	assert_load(VM_MALFORMED, MIB);
}

static void
test_a_million_nested_blocks(void **state)
{
	build_function(&b);
	BUILD(&b, "\0");
	REPEAT(&b, "\2\x40", 1000000);
	REPEAT(&b, "\x0b", 1000001);
	close_function();
	assert_load(ACCEPTED, 80 * MIB);
}

static void
test_more_nested_blocks_pass_a_limit(void **state)
{
	build_function(&b);
	BUILD(&b, "\0");
	REPEAT(&b, "\2\x40", 2000000);
	REPEAT(&b, "\x0b", 2000001);
	close_function();
	assert_load(VM_LIMIT, 80 * MIB);
}

/* An expression that has to be skipped to find out where it ends. */
static void
test_a_constant_of_nested_blocks(void **state)
{
	build_section(&b, SECTION_GLOBAL);
	BUILD(&b, "\1\x7f\0");
	REPEAT(&b, "\2\x40", 10000000);
	REPEAT(&b, "\x0b", 10000001);
	build_close(&b);
	assert_load(VM_INVALID, 40 * MIB);
}

static void
build_br_table(uint32_t entries)
{
	BUILD(&b, "\x41\0\x0e");
	build_u32(&b, entries);
	REPEAT(&b, "\0", entries);
	BUILD(&b, "\0");
}

static void
test_a_branch_table_of_seven_million(void **state)
{
	build_function(&b);
	BUILD(&b, "\0");
	build_br_table(7000000);
	BUILD(&b, "\x0b");
	close_function();
	assert_load(ACCEPTED, MIB);
}

static void
test_a_branch_table_of_ten_million_passes_a_limit(void **state)
{
	build_function(&b);
	BUILD(&b, "\0");
	build_br_table(10000000);
	BUILD(&b, "\x0b");
	close_function();
	assert_load(VM_LIMIT, MIB);
}

/* Type 0: [] -> [], 1: [] -> [i32 * 1000]; function 0 of type 0, open. */
static void
build_wide_function(uint32_t results)
{
	build_section(&b, SECTION_TYPE);
	BUILD(&b, "\2\x60\0\0\x60\0");
	build_u32(&b, results);
	REPEAT(&b, "\x7f", results);
	build_close(&b);
	BUILD(&b, "\3\2\1\0");
	build_section(&b, SECTION_CODE);
	build_u32(&b, 1);
	build_open(&b);
	BUILD(&b, "\0");
}

static void
test_branches_of_a_thousand_values(void **state)
{
	build_wide_function(1000);
	BUILD(&b, "\2\1\0");	/* block (type 1), unreachable */
	build_br_table(7000000);
	BUILD(&b, "\x0b");
	REPEAT(&b, "\x1a", 1000);
	BUILD(&b, "\x0b");
	close_function();
	assert_load(ACCEPTED, MIB);
}

static void
test_calls_that_push_a_thousand_values(void **state)
{
	build_section(&b, SECTION_TYPE);
	BUILD(&b, "\2\x60\0\0\x60\0");
	build_u32(&b, 1000);
	REPEAT(&b, "\x7f", 1000);
	build_close(&b);
	BUILD(&b, "\2\7\1\1m\1f\0\1");
	BUILD(&b, "\3\2\1\0");
	build_section(&b, SECTION_CODE);
	build_u32(&b, 1);
	build_open(&b);
	BUILD(&b, "\0");
	REPEAT(&b, "\x10\0", 3000000);
	BUILD(&b, "\x0b");
	close_function();
	assert_load(VM_LIMIT, 16 * MIB);
}

static void
test_too_many_results_pass_a_limit(void **state)
{
	build_wide_function(1001);
	BUILD(&b, "\x0b");
	close_function();
	assert_load(VM_LIMIT, MIB);
}

static void
test_an_array_of_four_billion_that_is_not_there(void **state)
{
	BUILD(&b, "\1\7\2\x60\0\0\x5e\x7f\0");
	BUILD(&b, "\3\2\1\0");
	build_section(&b, SECTION_CODE);
	build_u32(&b, 1);
	build_open(&b);
	BUILD(&b, "\0");
	for (int i = 0; i < 1000; i++)
		BUILD(&b, "\0\xfb\x08\1\xff\xff\xff\xff\x0f\x1a");
	BUILD(&b, "\x0b");
	close_function();
	assert_load(ACCEPTED, MIB);
}

/* n functions of type 0 with the same body. */
static void
build_functions(uint32_t n, const char *body, size_t len, uint32_t repeat)
{
	BUILD(&b, "\1\4\1\x60\0\0");
	build_section(&b, SECTION_FUNCTION);
	build_u32(&b, n);
	REPEAT(&b, "\0", n);
	build_close(&b);
	build_section(&b, SECTION_CODE);
	build_u32(&b, n);
	for (uint32_t i = 0; i < n; i++) {
		build_u32(&b, (uint32_t)len + repeat + 1);
		build_bytes(&b, body, len);
		REPEAT(&b, "\1", repeat);
		BUILD(&b, "\x0b");
	}
	build_close(&b);
}

static void
test_64_megabytes_of_a_million_functions(void **state)
{
	build_functions(1000000, "\0", 1, 60);
	assert_true(b.out.len >= 64000000);
	assert_load(ACCEPTED, 24 * MIB);
}

static void
test_a_million_functions_of_50000_locals(void **state)
{
	build_functions(1000000, "\1\xd0\x86\3\x7f", 5, 0);
	assert_load(ACCEPTED, 24 * MIB);
}

/* Locals that have to be set first are noted one by one. */
static void
test_a_million_functions_of_50000_references(void **state)
{
	build_functions(1000000, "\1\xd0\x86\3\x64\x70", 6, 0);
	assert_load(ACCEPTED, 24 * MIB);
}

static void
test_a_million_and_one_functions_pass_a_limit(void **state)
{
	build_functions(1000001, "\0", 1, 0);
	assert_load(VM_LIMIT, 24 * MIB);
}

/* Array types, each a subtype of the one before. */
static void
build_chain(uint32_t n)
{
	build_section(&b, SECTION_TYPE);
	build_u32(&b, n);
	BUILD(&b, "\x50\0\x5e\x7f\0");
	for (uint32_t i = 1; i < n; i++) {
		BUILD(&b, "\x50\1");
		build_u32(&b, i - 1);
		BUILD(&b, "\x5e\x7f\0");
	}
	build_close(&b);
}

static void
test_chains_of_supertypes(void **state)
{
	build_chain(LIMIT_SUBTYPE_DEPTH + 1);
	assert_load(ACCEPTED, MIB);
	teardown(state);
	setup(state);
	build_chain(1000000);
	assert_load(VM_LIMIT, 192 * MIB);
}

static void
build_group(uint32_t n)
{
	build_section(&b, SECTION_TYPE);
	BUILD(&b, "\1\x4e");
	build_u32(&b, n);
	for (uint32_t i = 0; i < n; i++) {
		BUILD(&b, "\x5f\1\x63");
		build_index(&b, n - 1 - i);
		BUILD(&b, "\0");
	}
	build_close(&b);
}

static void
test_one_group_of_a_million_types(void **state)
{
	build_group(LIMIT_REC_GROUP);
	assert_load(ACCEPTED, 320 * MIB);
	teardown(state);
	setup(state);
	build_group(LIMIT_REC_GROUP + 1);
	assert_load(VM_LIMIT, MIB);
}

/* Groups that differ in their last word only. */
static void
test_many_groups_that_are_nearly_equal(void **state)
{
	build_section(&b, SECTION_TYPE);
	build_u32(&b, 300000);
	for (uint32_t i = 0; i < 300000; i++) {
		BUILD(&b, "\x5f\2\x7f\0\x63");
		build_index(&b, i);
		BUILD(&b, "\0");
	}
	build_close(&b);
	assert_load(ACCEPTED, 160 * MIB);
}

/* A million names that differ in their last bytes only. */
static void
test_a_million_exports_of_like_names(void **state)
{
	BUILD(&b, "\5\3\1\0\0");
	build_section(&b, SECTION_EXPORT);
	build_u32(&b, 500000);
	for (uint32_t i = 0; i < 500000; i++) {
		char name[64];

		snprintf(name, sizeof(name), "%c%054u%06u", 60, 0, (unsigned)i);
		build_bytes(&b, name, 61);
		BUILD(&b, "\2\0");
	}
	build_close(&b);
	assert_load(ACCEPTED, 64 * MIB);
}

/* Every section with a count of 2^32 - 1 and nothing behind it. */
static void
test_counts_that_nothing_backs(void **state)
{
	for (uint8_t id = SECTION_TYPE; id <= SECTION_TAG; id++) {
		teardown(state);
		setup(state);
		build_section(&b, id);
		BUILD(&b, "\xff\xff\xff\xff\x0f");
		build_close(&b);
		/* The start and data count sections are only a number. */
		assert_load(id == SECTION_START ? VM_INVALID : VM_MALFORMED,
			MIB);
	}
}

static void
test_counts_inside_types_that_nothing_backs(void **state)
{
	static const char *const types[] = { "\1\x60\xff\xff\xff\xff\x0f",
		"\1\x5f\xff\xff\xff\xff\x0f", "\1\x4e\xff\xff\xff\xff\x0f",
		"\1\x50\xff\xff\xff\xff\x0f" };

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		teardown(state);
		setup(state);
		build_section(&b, SECTION_TYPE);
		build_bytes(&b, types[i], 7);
		build_close(&b);
		assert_load(VM_MALFORMED, MIB);
	}
}

static void
test_a_length_of_two_gigabytes(void **state)
{
	BUILD(&b, "\0\xff\xff\xff\xff\x07");
	assert_load(VM_MALFORMED, MIB);
}

static void
test_a_million_custom_sections(void **state)
{
	REPEAT(&b, "\0\1\0", 1000000);
	assert_load(ACCEPTED, 96 * MIB);
}

static void
test_a_name_section_that_claims_a_billion(void **state)
{
	build_section(&b, 0);
	BUILD(&b, "\4name\1\x0a\xff\xff\xff\xff\3\1\2ab\2\0");
	build_close(&b);
	assert_load(ACCEPTED, MIB);
}

/* The decoder's own promise: a multiple of the bytes it was given. */
static void
test_decoding_takes_a_multiple_of_the_bytes(void **state)
{
	struct err err = ERR_NONE;
	struct module m;

	build_section(&b, SECTION_TYPE);
	build_u32(&b, 100000);
	REPEAT(&b, "\x5f\0", 100000);
	build_close(&b);
	build_section(&b, SECTION_IMPORT);
	build_u32(&b, 100000);
	REPEAT(&b, "\0\0\0\0", 100000);
	build_close(&b);
	build_section(&b, SECTION_ELEM);
	build_u32(&b, 100000);
	REPEAT(&b, "\1\0\0", 100000);
	build_close(&b);
	assert_int_equal(module_decode(&m, b.out.data, b.out.len, &err), 0);
	assert_true(m.arena.used < DECODE_BYTES_FACTOR * b.out.len);
	module_clear(&m);
}

#define UNIT(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT(test_half_a_billion_locals_in_331_bytes),
		UNIT(test_four_billion_locals),
		UNIT(test_a_million_nested_blocks),
		UNIT(test_more_nested_blocks_pass_a_limit),
		UNIT(test_a_constant_of_nested_blocks),
		UNIT(test_a_branch_table_of_seven_million),
		UNIT(test_a_branch_table_of_ten_million_passes_a_limit),
		UNIT(test_branches_of_a_thousand_values),
		UNIT(test_calls_that_push_a_thousand_values),
		UNIT(test_too_many_results_pass_a_limit),
		UNIT(test_an_array_of_four_billion_that_is_not_there),
		UNIT(test_64_megabytes_of_a_million_functions),
		UNIT(test_a_million_functions_of_50000_locals),
		UNIT(test_a_million_functions_of_50000_references),
		UNIT(test_a_million_and_one_functions_pass_a_limit),
		UNIT(test_chains_of_supertypes),
		UNIT(test_one_group_of_a_million_types),
		UNIT(test_many_groups_that_are_nearly_equal),
		UNIT(test_a_million_exports_of_like_names),
		UNIT(test_counts_that_nothing_backs),
		UNIT(test_counts_inside_types_that_nothing_backs),
		UNIT(test_a_length_of_two_gigabytes),
		UNIT(test_a_million_custom_sections),
		UNIT(test_a_name_section_that_claims_a_billion),
		UNIT(test_decoding_takes_a_multiple_of_the_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
