/*
 * The hostile probe: native code in a child, forked by the real zygote and
 * template behind the real filters, tries every system call. Each attempt has
 * a child of its own, which dies of SIGSYS if the call is blocked. What is
 * left is compared with tests/sandbox/probe-x86_64.golden.
 */
#include "config.h"

#include "tests/cmocka.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sandbox/filter.h"
#include "tests/sandbox/harness.h"

#define X32_BIT 0x40000000ul

static const char *const vectors[][6] = {
	{ "0", "0", "0", "0", "0", "0" },
	{ "-1", "-1", "-1", "-1", "-1", "-1" },
	{ "1", "0", "0", "0", "0", "0" },
	{ "2", "&", "0", "0", "0", "0" },
	{ "3", "&", "&", "0", "0", "0" },
	{ "0", "4096", "3", "0x22", "-1", "0" },
	{ "0", "4096", "7", "0x22", "-1", "0" },
	{ "&", "&", "&", "&", "&", "&" },
};
#define NVECTORS (sizeof(vectors) / sizeof(vectors[0]))

static struct launch launch;
static struct template template;

static int
setup(void **state)
{
	harness_start(&launch);
	template_start(&launch, "probe", &template);
	return 0;
}

static int
teardown(void **state)
{
	template_stop(&template);
	launch_stop(&launch);
	return 0;
}

/* Whether a child survives the attempt. */
static bool
attempt(const char *abi, unsigned long nr, const char *const v[6])
{
	char number[32];
	struct outcome o;
	bool blocked;

	snprintf(number, sizeof(number), "%#lx", nr);
	harness_run(&template, &o, "syscall", abi, number, v[0], v[1], v[2],
	    v[3], v[4], v[5], NULL);
	blocked = o.info.si_code == CLD_KILLED && o.info.si_status == SIGSYS;
	/* Without its trampoline uretprobe ends in SIGILL. */
	assert_true(blocked || o.info.si_code == CLD_EXITED || nr == 335);
	outcome_clear(&o);
	return !blocked;
}

static bool
attempt_all(const char *abi, unsigned long nr)
{
	bool allowed = false;

	for (size_t i = 0; i < NVECTORS; i++)
		allowed |= attempt(abi, nr, vectors[i]);
	return allowed;
}

static void
need_golden_machine(void)
{
#if defined(WITH_SANITIZERS)
	print_message("a sanitizer build has a wider policy\n");
	skip();
#elif !defined(__x86_64__)
	print_message("there is a golden list for x86-64 only\n");
	skip();
#endif
}

static void
test_numbers_allowed_are_the_golden_list(void **state)
{
	struct buf found;
	char golden[1024];
	size_t len;
	FILE *file;

	need_golden_machine();
	buf_init(&found, sizeof(golden));
	for (unsigned long nr = 0; nr < 1024; nr++) {
		if (!attempt_all("64", nr))
			continue;
		/* Linux 6.18 lets uretprobe and uprobe past every filter. */
		if (nr == 335 || nr == 336)
			print_message("the kernel lets %lu through\n", nr);
		else
			assert_int_equal(buf_printf(&found, "%lu\n", nr), 0);
	}
	file = fopen(SRCDIR "/tests/sandbox/probe-x86_64.golden", "re");
	assert_non_null(file);
	len = fread(golden, 1, sizeof(golden) - 1, file);
	golden[len] = '\0';
	fclose(file);
	assert_int_equal(buf_append(&found, "", 1), 0);
	assert_string_equal((char *)found.data, golden);
	buf_clear(&found);
}

static void
test_x32_numbers_are_all_blocked(void **state)
{
	need_golden_machine();
	for (unsigned long nr = 0; nr < 1024; nr++)
		assert_false(attempt("64", nr | X32_BIT, vectors[2]));
}

static void
test_i386_entry_is_blocked(void **state)
{
	need_golden_machine();
	for (unsigned long nr = 0; nr < 512; nr++)
		assert_false(attempt("80", nr, vectors[2]));
}

/* The kernel looks at the low 32 bits; so do the filters. */
static void
test_high_bits_open_nothing(void **state)
{
	static const unsigned long blocked[] = {
		0xffffffff, 0x80000000, 0x7fffffff, 0x400000000000003b,
		0x10000003b, 0xffffffff0000003b, 0xffffffffffffffff,
		0x8000000000000039, 0x140000001,
	};

	need_golden_machine();
	for (size_t i = 0; i < sizeof(blocked) / sizeof(blocked[0]); i++)
		assert_false(attempt_all("64", blocked[i]));
}

static const enum filter_stage stages[] = {
	FILTER_ZYGOTE, FILTER_TEMPLATE, FILTER_GATE,
};
#define NSTAGES ((int)(sizeof(stages) / sizeof(stages[0])))

/* The address that a program in force compares with, put back to 0. */
static uint64_t
take_gate(struct sock_filter *code)
{
	uint64_t gate = code[FILTER_GATE_LOW].k |
	    (uint64_t)code[FILTER_GATE_HIGH].k << 32;

	code[FILTER_GATE_LOW].k = 0;
	code[FILTER_GATE_HIGH].k = 0;
	return gate;
}

/* How a process has an address mapped, "" if it has not. */
static const char *
mapped_as(pid_t pid, uint64_t address, char modes[static 5])
{
	unsigned long long from, to;
	char path[64], line[512];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/maps", (int)pid);
	file = fopen(path, "re");
	assert_non_null(file);
	modes[0] = '\0';
	while (fgets(line, sizeof(line), file) != NULL) {
		assert_int_equal(sscanf(line, "%llx-%llx %4s", &from, &to, modes),
		    3);
		if (from <= address && address < to)
			break;
		modes[0] = '\0';
	}
	fclose(file);
	return modes;
}

static void
test_gate_is_closed_for_good(void **state)
{
	struct outcome o;

	harness_run(&template, &o, "gate", NULL);
	assert_int_equal(o.info.si_code, CLD_KILLED);
	assert_int_equal(o.info.si_status, SIGSEGV);
	outcome_clear(&o);
	harness_run(&template, &o, "reopen", NULL);
	assert_int_equal(o.info.si_status, SIGSYS);
	outcome_clear(&o);
}

/* The kernel's own copies, oldest first, are what was compiled; and the gate of
 * the last is nothing that could be executed. */
static void
test_filters_in_the_kernel_are_the_compiled_ones(void **state)
{
	static struct sock_filter code[4096];
	const char *params[] = { "60000000000" };
	struct call call = {
		.invoke = "sleep", .nparams = 1, .params = params,
		.fuel = UINT64_MAX, .output_bytes = 1024,
	};
	uint8_t data[FRAME_DATA_MAX];
	uint64_t gate = 0;
	struct child c;
	struct frame f;
	char modes[5];
	pid_t pid;

	if (geteuid() != 0) {
		print_message("only root may read filters back\n");
		skip();
	}
	child_fork(&template, &c);
	child_call(&c, &call);
	assert_true(child_recv(&c, &f, data));
	assert_int_equal(f.kind, OUT_WAIT);
	pid = harness_pid(c.pidfd);
	assert_int_equal(ptrace(PTRACE_SEIZE, pid, 0, 0), 0);
	assert_int_equal(ptrace(PTRACE_INTERRUPT, pid, 0, 0), 0);
	assert_int_equal(waitpid(pid, NULL, __WALL), pid);
	for (int i = 0; i < NSTAGES; i++) {
		const struct sock_fprog *p =
		    filter_program(stages[i], FILTER_KILL);
		long n = ptrace(PTRACE_SECCOMP_GET_FILTER, pid, i, code);

		assert_int_equal(n, p->len);
		if (stages[i] == FILTER_GATE)
			gate = take_gate(code);
		assert_memory_equal(code, p->filter, (size_t)n * sizeof(*code));
	}
	assert_int_equal(ptrace(PTRACE_SECCOMP_GET_FILTER, pid, NSTAGES, NULL),
	    -1);
	assert_string_equal(mapped_as(pid, gate, modes), "r--p");
	ptrace(PTRACE_DETACH, pid, 0, 0);
	child_kill(&c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers_allowed_are_the_golden_list),
		cmocka_unit_test(test_x32_numbers_are_all_blocked),
		cmocka_unit_test(test_i386_entry_is_blocked),
		cmocka_unit_test(test_high_bits_open_nothing),
		cmocka_unit_test(test_gate_is_closed_for_good),
		cmocka_unit_test(test_filters_in_the_kernel_are_the_compiled_ones),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
