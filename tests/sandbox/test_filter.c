/*
 * The compiled filters, run by an emulator at the boundaries of every
 * argument. What they should say is written down here once more, by hand: a
 * row taken from sandbox/policy.def, or a check from a row, fails a test. That
 * it does is tested by tests/sandbox/rules, which names a file with other
 * programs in WASMD_TEST_FILTERS.
 */
#include "config.h"

#include "tests/cmocka.h"

#include <fcntl.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "sandbox/ctl.h"
#include "sandbox/filter.h"

#ifdef __x86_64__
#define OUR_ARCH AUDIT_ARCH_X86_64
#else
#define OUR_ARCH AUDIT_ARCH_AARCH64
#endif

static const uint64_t boundary[] = {
	0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 15, 1023, 1024,
	O_APPEND | O_NONBLOCK, 0x7fffffff, 0x80000000, 0xffffffff,
	1ull << 32, 1ull << 32 | 1, 1ull << 32 | 2, 1ull << 32 | 3,
	1ull << 32 | 4,
	CLONE_PARENT | CLONE_PIDFD | SIGCHLD,
	CLONE_PARENT | CLONE_PIDFD | SIGCHLD | CLONE_VM,
	CLONE_PIDFD | SIGCHLD, F_ADD_SEALS, F_ADD_SEALS - 1,
	UINT64_MAX - 3, UINT64_MAX,
};
#define NBOUNDARY (sizeof(boundary) / sizeof(boundary[0]))

static struct sock_fprog programs[FILTER_COUNT];

/* The arrays of a file, as sandbox/mkfilter writes them. */
static void
programs_read(const char *path)
{
	static struct sock_filter code[FILTER_COUNT][4096];
	FILE *file = fopen(path, "re");
	int stage = -1;
	char line[256];

	assert_non_null(file);
	while (fgets(line, sizeof(line), file) != NULL) {
		unsigned c, jt, jf, k;
		struct sock_fprog *p;

		if (strstr(line, "_trap[] = {") != NULL)
			break;
		if (strstr(line, "[] = {") != NULL) {
			stage++;
			programs[stage].filter = code[stage];
		}
		if (sscanf(line, " { %x , %u , %u , %x }", &c, &jt, &jf, &k) != 4)
			continue;
		p = &programs[stage];
		p->filter[p->len++] = (struct sock_filter){
			(uint16_t)c, (uint8_t)jt, (uint8_t)jf, k,
		};
	}
	fclose(file);
	assert_int_equal(stage, FILTER_COUNT - 1);
}

static int
setup(void **state)
{
	const char *path = getenv("WASMD_TEST_FILTERS");

	if (path != NULL)
		programs_read(path);
	for (int i = 0; path == NULL && i < FILTER_COUNT; i++)
		programs[i] = *filter_program((enum filter_stage)i,
		    FILTER_KILL);
	return 0;
}

/* Whether a program has looked at an argument. */
static bool has_looked;

/* Classic BPF, as far as seccomp filters use it. */
static uint32_t
emulate(const struct sock_fprog *prog, const struct seccomp_data *data)
{
	uint32_t a = 0;

	for (unsigned pc = 0; pc < prog->len; pc++) {
		const struct sock_filter *i = &prog->filter[pc];

		switch (i->code) {
		case BPF_LD | BPF_W | BPF_ABS:
			if (i->k > sizeof(*data) - sizeof(a))
				fail_msg("load at %u", i->k);
			memcpy(&a, (const char *)data + i->k, sizeof(a));
			if (i->k >= offsetof(struct seccomp_data, args))
				has_looked = true;
			break;
		case BPF_ALU | BPF_AND | BPF_K:
			a &= i->k;
			break;
		case BPF_JMP | BPF_JA:
			pc += i->k;
			break;
		case BPF_JMP | BPF_JEQ | BPF_K:
			pc += a == i->k ? i->jt : i->jf;
			break;
		case BPF_JMP | BPF_JGT | BPF_K:
			pc += a > i->k ? i->jt : i->jf;
			break;
		case BPF_JMP | BPF_JGE | BPF_K:
			pc += a >= i->k ? i->jt : i->jf;
			break;
		case BPF_RET | BPF_K:
			return i->k;
		default:
			fail_msg("instruction %u: unknown code %#x", pc, i->code);
		}
	}
	fail_msg("ran off the end");
	return 0;
}

/* Whether a process with all filters up to stage may, of which the last three
 * are never together; whatever it may not must kill the whole process. */
static bool
allows(enum filter_stage stage, const struct seccomp_data *data)
{
	bool allowed = true;

	for (int s = 0; s <= (int)stage; s++) {
		uint32_t action = emulate(&programs[s], data);

		if (s > FILTER_TEMPLATE && s != (int)stage)
			continue;
		if (action == SECCOMP_RET_ALLOW)
			continue;
		if (action != SECCOMP_RET_KILL_PROCESS)
			fail_msg("action %#x", action);
		allowed = false;
	}
	return allowed;
}

static bool
child_may(const struct seccomp_data *d)
{
	switch (d->nr) {
	case SYS_read:
		return d->args[0] == 0;
	case SYS_write:
		return d->args[0] == 1;
	case SYS_mprotect:
		return d->args[2] <= 3;
	case SYS_clock_gettime:
		return d->args[0] <= 3;
	case SYS_getrandom:
		return d->args[2] == 0;
	case SYS_exit_group:
		return true;
	}
	return false;
}

static bool
is_file(uint64_t fd)
{
	return fd >= 4 && fd < 1024;
}

/* What is allowed with a descriptor that is a file, by whom file_ok holds. */
static bool
files_may_with(const struct seccomp_data *d, bool file_ok)
{
	switch (d->nr) {
	case SYS_read:
	case SYS_write:
		if (file_ok)
			return true;
		break;
	case SYS_pread64:
	case SYS_pwrite64:
	case SYS_lseek:
	case SYS_fstat:
	case SYS_ftruncate:
	case SYS_fsync:
	case SYS_fdatasync:
	case SYS_close:
		return file_ok;
	case SYS_fallocate:
		return file_ok && d->args[1] == 0;
	case SYS_fcntl:
		return file_ok && d->args[1] == F_SETFL &&
		    (d->args[2] & ~(uint64_t)(O_APPEND | O_NONBLOCK)) == 0;
	case SYS_sendmsg:
	case SYS_recvmsg:
		return d->args[0] == 3;
	}
	return child_may(d);
}

static bool
files_may(const struct seccomp_data *d)
{
	return files_may_with(d, is_file(d->args[0]));
}

/* By the gate, in a template that serves and in its forks. */
static bool
serve_may(const struct seccomp_data *d)
{
	switch (d->nr) {
	case SYS_dup3:
	case SYS_close_range:
	case SYS_timer_settime:
	case SYS_close:
		return true;
	case SYS_sendmsg:
	case SYS_recvmsg:
		return d->args[0] == 3;
	case SYS_prctl:
		return d->args[0] == PR_SET_PDEATHSIG && d->args[1] == SIGKILL;
	case SYS_prlimit64:
		return d->args[0] == 0 && d->args[1] == RLIMIT_CPU;
	case SYS_timer_create:
		return d->args[0] == 2;
	case SYS_clone:
		return d->args[0] == (CLONE_PARENT | CLONE_PIDFD | SIGCHLD) &&
		    d->args[1] == 0;
	}
	return child_may(d);
}

static bool
template_may(const struct seccomp_data *d)
{
	switch (d->nr) {
	case SYS_dup3:
	case SYS_close_range:
	case SYS_timer_settime:
	case SYS_timer_delete:
	case SYS_close:
	case SYS_munmap:
	case SYS_brk:
	case SYS_getrandom:
	case SYS_ftruncate:
		return true;
	case SYS_mremap:	/* for its flags see below */
		return false;
	case SYS_memfd_create:
		return d->args[1] == 3;
	case SYS_prctl:
		return d->args[0] == PR_SET_PDEATHSIG && d->args[1] == SIGKILL;
	case SYS_prlimit64:
		return d->args[0] == 0 && (d->args[1] == RLIMIT_CPU ||
		    d->args[1] == RLIMIT_FSIZE);
	case SYS_getrusage:
		return d->args[0] == 0;
	case SYS_timer_create:
		return d->args[0] == 2;
	case SYS_seccomp:
		return d->args[0] == 1 && d->args[1] == 0;
	case SYS_clone:
		return d->args[0] == (CLONE_PARENT | CLONE_PIDFD | SIGCHLD) &&
		    d->args[1] == 0;
	case SYS_mmap:
		return d->args[2] <= 3;
	case SYS_fcntl:
		if (d->args[1] == F_ADD_SEALS)
			return true;
	}
	/* Around the child the bound is on one side only. */
	return files_may_with(d, d->args[0] >= 4);
}

static bool
zygote_may(const struct seccomp_data *d)
{
	switch (d->nr) {
	case SYS_landlock_create_ruleset:
		return true;
	case SYS_landlock_restrict_self:
		return d->args[1] == 0;
	case SYS_setpgid:
		return d->args[0] == 0 && d->args[1] == 0;
	case SYS_prlimit64:
		if (d->args[0] == 0 && d->args[1] == RLIMIT_DATA)
			return true;
	}
	return template_may(d);
}

static void
check_from(uint64_t address, enum filter_stage stage,
    bool (*may)(const struct seccomp_data *), uint32_t nr)
{
	struct seccomp_data d = {
		.nr = (int)nr, .arch = OUR_ARCH, .instruction_pointer = address,
	};
	bool is = false;

	has_looked = false;
	for (size_t i = 0; i < NBOUNDARY * NBOUNDARY * NBOUNDARY; i++) {
		bool should;

		d.args[0] = boundary[i % NBOUNDARY];
		d.args[1] = boundary[i / NBOUNDARY % NBOUNDARY];
		d.args[2] = boundary[i / NBOUNDARY / NBOUNDARY];
		/* What has not looked at one says the same to all. */
		if (i == 0 || has_looked)
			is = allows(stage, &d);
		should = may(&d);
		if (is != should)
			fail_msg("stage %d: %u(%#llx, %#llx, %#llx) is %s",
			    stage, nr, (unsigned long long)d.args[0],
			    (unsigned long long)d.args[1],
			    (unsigned long long)d.args[2],
			    is ? "allowed" : "killed");
	}
}

static void
check(enum filter_stage stage, bool (*may)(const struct seccomp_data *),
    uint32_t nr)
{
	check_from(0, stage, may, nr);
}

static void
need_release_policy(void)
{
#ifdef WITH_SANITIZERS
	print_message("a sanitizer build has a wider policy\n");
	skip();
#endif
}

static void
test_child_may_make_its_six_calls_only(void **state)
{
	need_release_policy();
	for (uint32_t nr = 0; nr < 512; nr++)
		check(FILTER_CHILD, child_may, nr);
}

/* In the program as it was compiled the gate's address is 0. */
static void
test_gate_lets_a_template_serve_only(void **state)
{
	need_release_policy();
	for (uint32_t nr = 0; nr < 512; nr++)
		check_from(0, FILTER_GATE, serve_may, nr);
}

static void
test_all_but_the_gate_may_what_a_child_may_only(void **state)
{
	static const uint64_t addresses[] = {
		1, 1ull << 32, 0xffffffff00000000, UINT64_MAX,
	};

	need_release_policy();
	for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
		for (uint32_t nr = 0; nr < 512; nr++)
			check_from(addresses[i], FILTER_GATE, child_may, nr);
	}
}

static void
test_child_with_directories_may_use_their_files_too(void **state)
{
	need_release_policy();
	for (uint32_t nr = 0; nr < 512; nr++)
		check(FILTER_FILES, files_may, nr);
}

static void
test_template_may_load_and_clone_only(void **state)
{
	need_release_policy();
	for (uint32_t nr = 0; nr < 512; nr++)
		check(FILTER_TEMPLATE, template_may, nr);
}

static void
test_zygote_may_start_templates_only(void **state)
{
	need_release_policy();
	for (uint32_t nr = 0; nr < 512; nr++)
		check(FILTER_ZYGOTE, zygote_may, nr);
}

static void
test_no_process_may_make_memory_executable(void **state)
{
	for (size_t i = 0; i < NBOUNDARY; i++) {
		struct seccomp_data d = { .nr = SYS_mmap, .arch = OUR_ARCH };

		d.args[2] = boundary[i] | 4;
		assert_false(allows(FILTER_ZYGOTE, &d));
		d.nr = SYS_mprotect;
		assert_false(allows(FILTER_ZYGOTE, &d));
		d.nr = SYS_pkey_mprotect;
		assert_false(allows(FILTER_ZYGOTE, &d));
	}
}

/* Huge pages are a reserve that all of the host share; memory that is there at
 * once, or grows by itself, is not what limits are for. */
static void
test_no_process_may_make_other_memory_than_it_needs(void **state)
{
	static const uint64_t fine[] = {
		MAP_PRIVATE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
		MAP_SHARED, MAP_PRIVATE | MAP_FIXED, MAP_SHARED | MAP_FIXED,
	};
	static const uint64_t bad[] = {
		MAP_HUGETLB, MAP_LOCKED, MAP_POPULATE, MAP_GROWSDOWN,
		MAP_SYNC, 1ull << 32,
	};
	struct seccomp_data d = { .arch = OUR_ARCH };

	need_release_policy();
	for (size_t i = 0; i < sizeof(fine) / sizeof(fine[0]); i++) {
		d.nr = SYS_mmap;
		d.args[3] = fine[i];
		assert_true(allows(FILTER_TEMPLATE, &d));
		for (size_t k = 0; k < sizeof(bad) / sizeof(bad[0]); k++) {
			d.args[3] = fine[i] | bad[k];
			assert_false(allows(FILTER_ZYGOTE, &d));
		}
	}
	d.nr = SYS_mremap;
	d.args[3] = MREMAP_MAYMOVE;
	assert_true(allows(FILTER_TEMPLATE, &d));
	d.args[3] = MREMAP_MAYMOVE | MREMAP_FIXED;
	assert_false(allows(FILTER_ZYGOTE, &d));
	d.nr = SYS_memfd_create;
	d.args[1] = MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_HUGETLB;
	assert_false(allows(FILTER_ZYGOTE, &d));
}

static void
test_high_numbers_are_killed(void **state)
{
	static const uint32_t bases[] = {
		512, 0x3ffffe00, 0x40000000, 0x7ffffe00, 0x80000000, 0xfffffe00,
	};

	for (size_t b = 0; b < sizeof(bases) / sizeof(bases[0]); b++) {
		for (uint32_t i = 0; i < 512; i++) {
			struct seccomp_data d = {
				.nr = (int)(bases[b] + i), .arch = OUR_ARCH,
			};

			assert_false(allows(FILTER_ZYGOTE, &d));
		}
	}
}

static void
test_other_architectures_are_killed(void **state)
{
	static const uint32_t archs[] = {
		0, AUDIT_ARCH_I386, AUDIT_ARCH_ARM, AUDIT_ARCH_X86_64,
		AUDIT_ARCH_AARCH64, 0xffffffff,
	};

	for (size_t a = 0; a < sizeof(archs) / sizeof(archs[0]); a++) {
		for (int nr = 0; nr < 1024; nr++) {
			struct seccomp_data d = { .nr = nr, .arch = archs[a] };

			if (archs[a] != OUR_ARCH)
				assert_false(allows(FILTER_ZYGOTE, &d));
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_child_may_make_its_six_calls_only),
		cmocka_unit_test(test_gate_lets_a_template_serve_only),
		cmocka_unit_test(test_all_but_the_gate_may_what_a_child_may_only),
		cmocka_unit_test(
		    test_child_with_directories_may_use_their_files_too),
		cmocka_unit_test(test_template_may_load_and_clone_only),
		cmocka_unit_test(test_zygote_may_start_templates_only),
		cmocka_unit_test(test_no_process_may_make_memory_executable),
		cmocka_unit_test(
		    test_no_process_may_make_other_memory_than_it_needs),
		cmocka_unit_test(test_high_numbers_are_killed),
		cmocka_unit_test(test_other_architectures_are_killed),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
