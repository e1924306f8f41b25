/*
 * Machines that lack a layer, played by filters that make its system call
 * fail: what is required and missing stops the start with a message that says
 * so; what is not is reported, and calls run. Each case in a fork.
 */
#include "config.h"

#include "tests/cmocka.h"

#include <errno.h>
#include <grp.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/sandbox/harness.h"

/* Make system call nr fail with error in this process and all it starts: when
 * its first argument has any of these bits, or always if bits is 0. */
static void
deny(uint32_t nr, uint32_t bits, uint32_t error)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
		    offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, nr, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
		    offsetof(struct seccomp_data, args[0])),
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, bits, 0, bits != 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog prog = { sizeof(code) / sizeof(code[0]), code };

	assert_int_equal(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
	assert_int_equal(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0,
	    &prog), 0);
}

static void
become_ordinary_user(void)
{
	if (geteuid() != 0)
		return;
	assert_int_equal(setgroups(0, NULL), 0);
	assert_int_equal(setgid(HARNESS_UID + 1), 0);
	assert_int_equal(setuid(HARNESS_UID + 1), 0);
	assert_int_equal(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0), 0);
}

static bool
has(const struct launch *l, enum layer layer)
{
	return l->layers.in_force >> layer & 1;
}

/* The seven namespaces, as bits of in_force. */
#define NAMESPACES (1u << LAYER_USERNS | 1u << LAYER_MNTNS | \
	1u << LAYER_PIDNS | 1u << LAYER_NETNS | 1u << LAYER_IPCNS | \
	1u << LAYER_UTSNS | 1u << LAYER_CGROUPNS)

/* Start with the default policy, make calls, stop. */
static void
start_call_stop(struct launch *l)
{
	struct template t;
	struct outcome o;

	harness_start(l);
	for (int i = 0; i < LAYER_COUNT; i++) {
		if (layer_info[i].policy == LAYER_REQUIRED)
			assert_true(has(l, (enum layer)i));
		assert_true(has(l, (enum layer)i) ==
		    (l->layers.error[i] == 0));
	}
	template_start(l, "probe", &t);
	harness_run(&t, &o, NULL, NULL);
	assert_true(o.has_result);
	assert_memory_equal(o.output.data, "hello\n", 6);
	outcome_clear(&o);
	harness_run(&t, &o, "syscall", "64", "1000", NULL);
	assert_int_equal(o.info.si_status, SIGSYS);
	outcome_clear(&o);
	template_stop(&t);
	launch_stop(l);
}

/* Start with one more layer required: it must fail, and say why. */
static void
refuses(enum layer layer, const char *name, const char *advice)
{
	struct launch_config cfg;
	struct err err = ERR_NONE;
	struct launch l;

	harness_config(&cfg, "tests/guest/probe-worker");
	cfg.policy[layer] = LAYER_REQUIRED;
	assert_int_equal(launch_start(&cfg, &l, &err), -1);
	if (strstr(err.text, name) == NULL || strstr(err.text, advice) == NULL)
		fail_msg("%s", err.text);
	assert_in_range(strlen(err.text), 1, ERR_TEXT_MAX - 2);	/* all of it */
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);	/* nobody left */
	assert_int_equal(errno, ECHILD);
}

/* Run body in a fork: what it does to itself cannot be undone. */
static void
in_fork(void (*body)(void))
{
	pid_t pid;

	fflush(stdout);
	pid = fork();
	assert_true(pid != -1);
	if (pid == 0) {
		body();
		fflush(stdout);
		_exit(0);
	}
	assert_int_equal(harness_wait(pid), 0);
}

static void
case_ordinary_user(void)
{
	struct launch l;

	become_ordinary_user();
	start_call_stop(&l);
}

static void
test_ordinary_user_has_what_the_kernel_gives(void **state)
{
	in_fork(case_ordinary_user);
}

static void
case_user_without_namespaces(void)
{
	struct launch l;

	become_ordinary_user();
	deny(SYS_unshare, 0, EPERM);
	start_call_stop(&l);
	assert_int_equal(l.layers.in_force & NAMESPACES, 0);
	assert_int_equal(l.layers.error[LAYER_USERNS], EPERM);
	assert_int_equal(l.init_pidfd, -1);
	refuses(LAYER_USERNS, "user-namespace", "sysctl");
	refuses(LAYER_PIDNS, "pid-namespace", "sysctl");
}

static void
test_user_without_namespaces_is_told(void **state)
{
	in_fork(case_user_without_namespaces);
}

static void
case_root_without_user_namespaces(void)
{
	struct launch l;

	deny(SYS_unshare, CLONE_NEWUSER, ENOSPC);
	start_call_stop(&l);
	assert_int_equal(l.layers.in_force & NAMESPACES,
	    NAMESPACES & ~(1u << LAYER_USERNS));
	assert_int_equal(l.layers.error[LAYER_USERNS], ENOSPC);
	refuses(LAYER_USERNS, "user-namespace", "user.max_user_namespaces");
}

static void
test_root_without_user_namespaces_has_the_others(void **state)
{
	if (geteuid() != 0) {
		print_message("needs root\n");
		skip();
	}
	in_fork(case_root_without_user_namespaces);
}

static void
case_without_landlock(void)
{
	struct launch l;

	deny(SYS_landlock_create_ruleset, 0, EOPNOTSUPP);
	start_call_stop(&l);
	assert_false(has(&l, LAYER_LANDLOCK));
	assert_int_equal(l.layers.error[LAYER_LANDLOCK], EOPNOTSUPP);
	refuses(LAYER_LANDLOCK, "landlock", "lsm=");
}

static void
test_kernel_without_landlock_is_told(void **state)
{
	in_fork(case_without_landlock);
}

static void
case_without_seccomp(void)
{
	deny(SYS_seccomp, 0, ENOSYS);
	refuses(LAYER_SECCOMP, "seccomp", "CONFIG_SECCOMP_FILTER");
}

static void
test_kernel_without_seccomp_is_refused(void **state)
{
	in_fork(case_without_seccomp);
}

static void
case_without_capset(void)
{
	become_ordinary_user();
	deny(SYS_capset, 0, EPERM);
	refuses(LAYER_CAPS, "no-capabilities", "capset(2)");
}

static void
test_capabilities_that_stay_are_refused(void **state)
{
	in_fork(case_without_capset);
}

/* Root that has no other user to become. */
static void
test_root_as_configured_user_is_refused(void **state)
{
	struct launch_config cfg;
	struct err err = ERR_NONE;
	struct launch l;

	if (geteuid() != 0) {
		print_message("needs root\n");
		skip();
	}
	harness_config(&cfg, "tests/guest/probe-worker");
	cfg.uid = 0;
	assert_int_equal(launch_start(&cfg, &l, &err), -1);
	assert_non_null(strstr(err.text, "unprivileged-user"));
}

static void
test_missing_worker_is_told(void **state)
{
	struct launch_config cfg;
	struct err err = ERR_NONE;
	struct launch l;

	harness_config(&cfg, "tests/guest/probe-worker");
	cfg.worker_path = "/nonexistent/wasmd-worker";
	assert_int_equal(launch_start(&cfg, &l, &err), -1);
	assert_non_null(strstr(err.text, cfg.worker_path));
	assert_non_null(strstr(err.text, strerror(ENOENT)));
	cfg.worker_path = "/bin/true";	/* one that is not ours */
	err = ERR_NONE;
	assert_int_equal(launch_start(&cfg, &l, &err), -1);
	assert_non_null(strstr(err.text, "before it was confined"));
}

/* Again and again, since who reports first is a race. */
static void
test_refusal_leaves_no_process(void **state)
{
	for (int i = 0; i < 50; i++)
		in_fork(case_without_seccomp);
}

static void
case_without_mdwe(void)
{
	struct launch l;

	deny(SYS_prctl, 64, EINVAL);	/* PR_SET_MDWE is 65 */
	start_call_stop(&l);
	assert_false(has(&l, LAYER_MDWE));
	assert_int_equal(l.layers.error[LAYER_MDWE], EINVAL);
	refuses(LAYER_MDWE, "no-new-executable-memory", "Linux 6.3");
}

static void
test_kernel_without_mdwe_is_told(void **state)
{
	in_fork(case_without_mdwe);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ordinary_user_has_what_the_kernel_gives),
		cmocka_unit_test(test_user_without_namespaces_is_told),
		cmocka_unit_test(test_root_without_user_namespaces_has_the_others),
		cmocka_unit_test(test_kernel_without_mdwe_is_told),
		cmocka_unit_test(test_kernel_without_landlock_is_told),
		cmocka_unit_test(test_kernel_without_seccomp_is_refused),
		cmocka_unit_test(test_capabilities_that_stay_are_refused),
		cmocka_unit_test(test_root_as_configured_user_is_refused),
		cmocka_unit_test(test_missing_worker_is_told),
		cmocka_unit_test(test_refusal_leaves_no_process),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
