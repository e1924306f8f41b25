/*
 * What native code in a child can do to other processes, of the same call's
 * kind and above it: with all layers, where each attempt ends the attacker, and
 * behind a filter that is not there, where the kernel refuses all but signals
 * between children of one template, which only the filter stops.
 */
#include "config.h"

#include "tests/cmocka.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/sandbox/harness.h"

#define SEIZE "0x4206"		/* ptrace(2) */
#define ATTACH "16"

static struct launch launch;
static struct template template, other;
static struct child sibling, stranger;

/* Whom it attacks, by their numbers in the namespace; the daemon, which is this
 * process, has none there. */
enum { SIBLING, STRANGER, TEMPLATE, OTHER, ZYGOTE, INIT, DAEMON, NTARGETS };

static char targets[NTARGETS][32];

static void
set_target(int target, int pidfd)
{
	snprintf(targets[target], sizeof(targets[target]), "%s",
	    harness_inner_pid(pidfd));
}

static int
start(bool has_filter)
{
	struct launch_config cfg;
	struct err err = ERR_NONE;

	harness_config(&cfg, "tests/guest/probe-worker");
	if (!has_filter)
		cfg.policy[LAYER_SECCOMP] = LAYER_OFF;
	if (launch_start(&cfg, &launch, &err) == -1)
		fail_msg("%s", err.text);
	template_start(&launch, "probe", &template);
	template_start(&launch, "probe", &other);
	child_fork_sleeping(&template, &sibling);
	child_fork_sleeping(&other, &stranger);
	set_target(SIBLING, sibling.pidfd);
	set_target(STRANGER, stranger.pidfd);
	set_target(TEMPLATE, template.pidfd);
	set_target(OTHER, other.pidfd);
	set_target(ZYGOTE, launch.zygote_pidfd);
	set_target(INIT, launch.init_pidfd);
	snprintf(targets[DAEMON], sizeof(targets[DAEMON]), "%d", getpid());
	return 0;
}

static int
setup(void **state)
{
	return start(true);
}

static int
setup_without_filter(void **state)
{
	return start(false);
}

static int
teardown(void **state)
{
	child_kill(&sibling);
	child_kill(&stranger);
	template_stop(&template);
	template_stop(&other);
	launch_stop(&launch);
	return 0;
}

static bool
is_alive(int pidfd)
{
	siginfo_t info = { .si_pid = 0 };

	return waitid(P_PIDFD, (id_t)pidfd, &info,
	    WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == 0;
}

static void
check_all_are_alive(void)
{
	assert_true(is_alive(sibling.pidfd));
	assert_true(is_alive(stranger.pidfd));
	assert_true(is_alive(template.pidfd));
	assert_true(is_alive(other.pidfd));
	assert_true(is_alive(launch.zygote_pidfd));
	assert_true(is_alive(launch.init_pidfd));
}

/* One attack on one of them; p: the parameters, ended by NULL. */
static void
attack(struct outcome *o, const char *what, const char *const p[4])
{
	harness_run(&template, o, what, p[0], p[1], p[2], p[3], NULL);
}

static const char *
number(long nr)
{
	static char text[32];

	snprintf(text, sizeof(text), "%ld", nr);
	return text;
}

/* ---- with all layers ------------------------------------------------------ */

/* Nobody is harmed, and the attacker ends by the filter. */
static void
check_forbidden(const char *what, const char *a, const char *b, const char *c,
    const char *d)
{
	const char *const p[] = { a, b, c, d };
	struct outcome o;

	attack(&o, what, p);
	assert_false(o.has_result);
	assert_int_not_equal(o.info.si_code, CLD_EXITED);
	assert_int_equal(o.info.si_status, SIGSYS);
	outcome_clear(&o);
	check_all_are_alive();
}

static void
test_no_process_can_be_signalled(void **state)
{
	for (int i = 0; i < NTARGETS; i++) {
		check_forbidden("syscall", "64", number(SYS_kill), targets[i],
		    "9");
		check_forbidden("syscall", "64", number(SYS_tkill), targets[i],
		    "9");
	}
	check_forbidden("syscall", "64", number(SYS_kill), "-1", "9");
	check_forbidden("syscall", "64", number(SYS_kill), "0", "9");
}

static void
test_no_process_can_be_traced(void **state)
{
	for (int i = 0; i < NTARGETS; i++) {
		check_forbidden("syscall", "64", number(SYS_ptrace), SEIZE,
		    targets[i]);
		check_forbidden("syscall", "64", number(SYS_ptrace), ATTACH,
		    targets[i]);
	}
}

static void
test_no_memory_can_be_read_or_written(void **state)
{
	for (int i = 0; i < NTARGETS; i++) {
		check_forbidden("peek", number(SYS_process_vm_readv),
		    targets[i], NULL, NULL);
		check_forbidden("peek", number(SYS_process_vm_writev),
		    targets[i], NULL, NULL);
	}
}

static void
test_no_descriptor_can_be_taken(void **state)
{
	for (int i = 0; i < NTARGETS; i++)
		check_forbidden("steal", targets[i], NULL, NULL, NULL);
	/* Nor with a descriptor in the place of a process's. */
	check_forbidden("syscall", "64", number(SYS_pidfd_getfd), "0", "1");
}

static void
test_no_process_can_be_found(void **state)
{
#ifndef WITH_SANITIZERS		/* which ask who they are */
	check_forbidden("syscall", "64", number(SYS_getpid), NULL, NULL);
#endif
	check_forbidden("syscall", "64", number(SYS_kill), targets[SIBLING],
	    "0");
	check_forbidden("syscall", "64", number(SYS_getpgid),
	    targets[SIBLING], NULL);
}

/* ---- without a filter ------------------------------------------------------ */

static long
value_of(const char *what, const char *a, const char *b, const char *c,
    const char *d)
{
	const char *const p[] = { a, b, c, d };
	struct outcome o;
	long value;

	attack(&o, what, p);
	assert_true(o.has_result);
	value = o.value;
	outcome_clear(&o);
	return value;
}

static void
check_refused(const char *what, const char *a, const char *b, const char *c,
    const char *d, int target)
{
	/* This process' number is far above any of theirs. */
	assert_int_equal(value_of(what, a, b, c, d),
	    target == DAEMON ? -ESRCH : -EPERM);
}

static void
need_pid_namespace(void)
{
	if (harness_expects(&launch, LAYER_PIDNS))
		return;
	print_message("there is no pid namespace here\n");
	skip();
}

static void
test_behind_it_no_process_can_be_traced(void **state)
{
	need_pid_namespace();
	for (int i = 0; i < NTARGETS; i++)
		check_refused("syscall", "64", number(SYS_ptrace), SEIZE,
		    targets[i], i);
	check_all_are_alive();
}

static void
test_behind_it_no_memory_can_be_read_or_written(void **state)
{
	need_pid_namespace();
	for (int i = 0; i < NTARGETS; i++) {
		check_refused("peek", number(SYS_process_vm_readv),
		    targets[i], NULL, NULL, i);
		check_refused("peek", number(SYS_process_vm_writev),
		    targets[i], NULL, NULL, i);
	}
}

static void
test_behind_it_no_descriptor_can_be_taken(void **state)
{
	need_pid_namespace();
	for (int i = 0; i < NTARGETS; i++)
		check_refused("steal", targets[i], NULL, NULL, NULL, i);
}

/* Landlock scopes signals by template, from ABI 6 on. */
static void
test_behind_it_only_siblings_can_be_signalled(void **state)
{
	need_pid_namespace();
	if (!harness_leaves_out(LAYER_LANDLOCK) &&
	    launch.layers.detail[LAYER_LANDLOCK] < 6) {
		print_message("signals are scoped by Landlock ABI 6 and later\n");
		skip();
	}
	for (int i = 0; i < NTARGETS; i++) {
		if (i != SIBLING && i != TEMPLATE)
			check_refused("syscall", "64", number(SYS_kill),
			    targets[i], "9", i);
	}
	assert_int_equal(value_of("syscall", "64", number(SYS_kill),
	    targets[SIBLING], "0"), 0);
	check_all_are_alive();
}

int
main(void)
{
	static const struct CMUnitTest with[] = {
		cmocka_unit_test(test_no_process_can_be_signalled),
		cmocka_unit_test(test_no_process_can_be_traced),
		cmocka_unit_test(test_no_memory_can_be_read_or_written),
		cmocka_unit_test(test_no_descriptor_can_be_taken),
		cmocka_unit_test(test_no_process_can_be_found),
	};
	static const struct CMUnitTest without[] = {
		cmocka_unit_test(test_behind_it_no_process_can_be_traced),
		cmocka_unit_test(
			test_behind_it_no_memory_can_be_read_or_written),
		cmocka_unit_test(test_behind_it_no_descriptor_can_be_taken),
		cmocka_unit_test(test_behind_it_only_siblings_can_be_signalled),
	};

	return cmocka_run_group_tests(with, setup, teardown) +
	    cmocka_run_group_tests(without, setup_without_filter, teardown);
}
