/*
 * Compiles sandbox/policy.def to the BPF programs of sandbox/filter.c. Runs
 * on the machine that builds, and is the only user of libseccomp.
 *
 *	mkfilter x86_64|aarch64 [NUMBER] > filters.inc
 *
 * With a number, one thing of the policy is left out: rows and their checks are
 * counted from 0 in their order, each row before its checks. For a test, which
 * must notice; exits with 2 behind the last of them.
 */
#include "config.h"

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "sandbox/call.h"
#include "sandbox/ctl.h"

_Static_assert((FILE_FD & (FILE_FD - 1)) == 0 &&
    (FILE_FD_END & (FILE_FD_END - 1)) == 0, "see filter_add");
_Static_assert(BROKER_FD == CTL_FD && MODULE_FD >= FILE_FD,
    "rows of policy.def for the one hold for the other");

#define POLICY_ARGS 4
#define KILL SCMP_ACT_KILL_PROCESS
#define TRAP SCMP_ACT_TRAP	/* see sandbox/violation.h */
#define PROGRAM_MAX 4096	/* BPF_MAXINSNS */

/* Each may what those behind it may; but STAGE_SERVE not what STAGE_FILES. */
enum policy_stage {
	STAGE_ZYGOTE, STAGE_TEMPLATE, STAGE_SERVE, STAGE_FILES, STAGE_CHILD
};

struct policy_row {
	enum policy_stage stage;
	const char *name;
	struct scmp_arg_cmp checks[POLICY_ARGS];	/* op 0 ends them */
};

#define EQ(n, value)	{ n, SCMP_CMP_EQ, (uint64_t)(value), 0 }
#define LE(n, value)	{ n, SCMP_CMP_LE, (uint64_t)(value), 0 }
#define ONLY(n, bits)	{ n, SCMP_CMP_MASKED_EQ, ~(uint64_t)(bits), 0 }
/* Argument 0, first in its row: see filter_add. */
#define FILE_ARG	{ 0, SCMP_CMP_GE, FILE_FD, 0 }

static struct policy_row policy[] = {
#define SYSCALL(stage, name, reason, ...) \
	{ STAGE_##stage, #name, { __VA_ARGS__ } },
#include "sandbox/policy.def"
#undef SYSCALL
};
#define POLICY_ROWS (sizeof(policy) / sizeof(policy[0]))

static void
die(const char *what, const char *name, int error)
{
	fprintf(stderr, "mkfilter: %s %s: %s\n", what, name, strerror(-error));
	exit(1);
}

static scmp_filter_ctx
filter_new(uint32_t arch, uint32_t action)
{
	scmp_filter_ctx ctx = seccomp_init(action);
	int error;

	if (ctx == NULL)
		die("cannot make", "a filter", -12);
	error = seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH, action);
	if (error == 0 && seccomp_arch_native() != arch) {
		error = seccomp_arch_add(ctx, arch);
		if (error == 0)
			error = seccomp_arch_remove(ctx, SCMP_ARCH_NATIVE);
	}
	if (error != 0)
		die("cannot set up", "a filter", error);
	return ctx;
}

/*
 * Whether the filters beneath a child's, its template's and the zygote's, make
 * the same checks: they let this call pass in no wider way. Filters are
 * inherited and all must agree, so the child's need not repeat them; it is put
 * on once per call, at a price for each instruction.
 */
static bool
is_checked_beneath(const struct policy_row *row)
{
	for (size_t i = 0; i < POLICY_ROWS; i++) {
		if (policy[i].stage != STAGE_CHILD && policy[i].name != NULL &&
		    strcmp(policy[i].name, row->name) == 0)
			return false;
	}
	return row->stage == STAGE_CHILD;
}

static unsigned
row_checks(const struct policy_row *row)
{
	unsigned n = 0;

	while (n < POLICY_ARGS && row->checks[n].op != 0)
		n++;
	return n;
}

static void
filter_add_rule(scmp_filter_ctx ctx, const struct policy_row *row, bool thin)
{
	int nr = seccomp_syscall_resolve_name(row->name);
	unsigned nchecks = row_checks(row);
	int error;

	if (thin && is_checked_beneath(row))
		nchecks = 0;
	if (nr == __NR_SCMP_ERROR)
		die("unknown system call", row->name, -38);
	error = seccomp_rule_add_exact_array(ctx, SCMP_ACT_ALLOW, nr,
	    nchecks, row->checks);
	if (error != 0)
		die("cannot allow", row->name, error);
}

#define X32_SYSCALLS 0x40000000

/*
 * Take away what libseccomp begins with: another architecture kills, and so do
 * x32's numbers. The filters beneath a child's do that; to its own those
 * numbers are not in the list. Jumps go forwards only, none to what is gone.
 */
static size_t
filter_trim(struct sock_filter *code, size_t n)
{
	const size_t x32 = n > 5 && code[3].code == (BPF_JMP | BPF_JGE | BPF_K) &&
	    code[3].k == X32_SYSCALLS ? 2 : 0;

	if (n < 6 || code[0].k != offsetof(struct seccomp_data, arch) ||
	    code[1].code != (BPF_JMP | BPF_JEQ | BPF_K) ||
	    code[2].code != (BPF_LD | BPF_W | BPF_ABS) ||
	    code[2].k != offsetof(struct seccomp_data, nr))
		die("unknown form of", "a filter", -22);
	code[2 + x32] = code[2];
	n -= 2 + x32;
	memmove(code, code + 2 + x32, n * sizeof(*code));
	return n;
}

/* Those that are put on above a template's. */
static bool
stage_is_thin(enum policy_stage stage)
{
	return stage > STAGE_TEMPLATE;
}

static bool
stage_has(enum policy_stage stage, const struct policy_row *row)
{
	return row->name != NULL && row->stage >= stage &&
	    !(stage == STAGE_SERVE && row->stage == STAGE_FILES);
}

/*
 * FILE_ARG: a rule can compare an argument once, which leaves no way to bound
 * it on both sides; and bounded from below alone, what has bits in the upper
 * half of the register would pass, which the kernel then drops. So there is a
 * rule for 4 to 7, one for 8 to 15, and so on. The processes around have no
 * such files: their filters, which every call passes too, stay short.
 */
static void
filter_add(scmp_filter_ctx ctx, enum policy_stage stage,
    const struct policy_row *row)
{
	const bool thin = stage_is_thin(stage);
	struct policy_row part = *row;

	if (row->checks[0].op != SCMP_CMP_GE || stage != STAGE_FILES) {
		filter_add_rule(ctx, row, thin);
		return;
	}
	for (uint64_t from = FILE_FD; from < FILE_FD_END; from *= 2) {
		part.checks[0].op = SCMP_CMP_MASKED_EQ;
		part.checks[0].datum_a = ~(from - 1);
		part.checks[0].datum_b = from;
		filter_add_rule(ctx, &part, thin);
	}
}

/* The instructions of a finished filter, and how many there are. */
static size_t
filter_code(scmp_filter_ctx ctx, const char *name, struct sock_filter *code)
{
	FILE *file = tmpfile();
	size_t n;
	int error;

	if (file == NULL)
		die("cannot write", "a temporary file", -5);
	error = seccomp_export_bpf(ctx, fileno(file));
	if (error != 0)
		die("cannot compile", name, error);
	rewind(file);
	n = fread(code, sizeof(code[0]), PROGRAM_MAX, file);
	fclose(file);
	return n;
}

/* As the initialiser of an array. */
static void
code_print(const struct sock_filter *code, size_t n, const char *name)
{
	printf("\nstatic const struct sock_filter %s[] = {\n", name);
	for (size_t i = 0; i < n; i++)
		printf("\t{ 0x%02x, %3u, %3u, 0x%08x },\n", code[i].code,
		    code[i].jt, code[i].jf, code[i].k);
	printf("};\n");
}

/* Leave out the thing of this number. */
static void
policy_omit(unsigned long number)
{
	for (size_t i = 0; i < POLICY_ROWS; i++) {
		struct policy_row *row = &policy[i];
		unsigned n = row_checks(row);

		if (number == 0) {
			row->name = NULL;
			return;
		}
		if (number <= n) {
			for (unsigned k = (unsigned)number; k < POLICY_ARGS; k++)
				row->checks[k - 1] = row->checks[k];
			row->checks[POLICY_ARGS - 1].op = 0;
			return;
		}
		number -= 1 + n;
	}
	exit(2);
}

static size_t
stage_code(uint32_t arch, enum policy_stage stage, uint32_t action,
	struct sock_filter *code)
{
	scmp_filter_ctx ctx = filter_new(arch, action);
	size_t n;

	for (size_t i = 0; i < POLICY_ROWS; i++) {
		if (stage_has(stage, &policy[i]))
			filter_add(ctx, stage, &policy[i]);
	}
	n = filter_code(ctx, "a filter", code);
	seccomp_release(ctx);
	return stage_is_thin(stage) ? filter_trim(code, n) : n;
}

static void
stage_print(uint32_t arch, enum policy_stage stage, uint32_t action,
	const char *name)
{
	static struct sock_filter code[PROGRAM_MAX];

	code_print(code, stage_code(arch, stage, action, code), name);
}

/*
 * What comes by the gate is held against the rows of STAGE_SERVE, all else
 * against a child's. The address, in two halves, is filled in when the program
 * is put on (FILTER_GATE_LOW, FILTER_GATE_HIGH).
 */
static void
gate_print(uint32_t arch, uint32_t action, const char *name)
{
	enum { HEAD = 5 };
	const uint32_t ip = offsetof(struct seccomp_data, instruction_pointer);
	static struct sock_filter code[HEAD + 2 * PROGRAM_MAX];
	const size_t child = stage_code(arch, STAGE_CHILD, action, code + HEAD);
	const struct sock_filter head[HEAD] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, ip),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, ip + sizeof(uint32_t)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 1),
		BPF_STMT(BPF_JMP | BPF_JA, (uint32_t)child),
	};

	memcpy(code, head, sizeof(head));
	code_print(code, HEAD + child + stage_code(arch, STAGE_SERVE, action,
	    code + HEAD + child), name);
}

int
main(int argc, char **argv)
{
	uint32_t arch = argc == 2 || argc == 3 ?
	    seccomp_arch_resolve_name(argv[1]) : 0;

	if (arch == 0) {
		fprintf(stderr, "usage: mkfilter x86_64|aarch64 [NUMBER]\n");
		return 1;
	}
	if (argc == 3)
		policy_omit(strtoul(argv[2], NULL, 10));
	printf("/* Made by sandbox/mkfilter from sandbox/policy.def for %s. */\n",
	    argv[1]);
	stage_print(arch, STAGE_ZYGOTE, KILL, "filter_zygote_kill");
	stage_print(arch, STAGE_TEMPLATE, KILL, "filter_template_kill");
	stage_print(arch, STAGE_CHILD, KILL, "filter_child_kill");
	stage_print(arch, STAGE_FILES, KILL, "filter_files_kill");
	gate_print(arch, KILL, "filter_gate_kill");
	stage_print(arch, STAGE_ZYGOTE, TRAP, "filter_zygote_trap");
	stage_print(arch, STAGE_TEMPLATE, TRAP, "filter_template_trap");
	stage_print(arch, STAGE_CHILD, TRAP, "filter_child_trap");
	stage_print(arch, STAGE_FILES, TRAP, "filter_files_trap");
	gate_print(arch, TRAP, "filter_gate_trap");
	return fflush(stdout) == 0 && !ferror(stdout) ? 0 : 1;
}
