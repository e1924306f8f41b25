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

/* The kernel's own copies, oldest first, are what was compiled. */
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
	struct child c;
	struct frame f;
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
	for (int i = 0; i <= FILTER_CHILD; i++) {
		const struct sock_fprog *p =
		    filter_program((enum filter_stage)i, FILTER_KILL);
		long n = ptrace(PTRACE_SECCOMP_GET_FILTER, pid, i, code);

		assert_int_equal(n, p->len);
		assert_memory_equal(code, p->filter, (size_t)n * sizeof(*code));
	}
	assert_int_equal(ptrace(PTRACE_SECCOMP_GET_FILTER, pid,
	    FILTER_CHILD + 1, NULL), -1);
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
		cmocka_unit_test(test_filters_in_the_kernel_are_the_compiled_ones),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
