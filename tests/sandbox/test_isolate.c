/*
 * What the layers behind seccomp are worth: here the policy has seccomp off,
 * and native code in a child tries to get out, and at its siblings.
 */
#include "config.h"

#include "tests/cmocka.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/sandbox/harness.h"

static struct launch launch;
static struct template template, other;
static struct child sibling, stranger;

static int
setup(void **state)
{
	struct launch_config cfg;
	struct err err = ERR_NONE;

	harness_config(&cfg, "tests/guest/probe-worker");
	cfg.policy[LAYER_SECCOMP] = LAYER_OFF;
	if (launch_start(&cfg, &launch, &err) == -1)
		fail_msg("%s", err.text);
	template_start(&launch, "probe", &template);
	template_start(&launch, "probe", &other);
	child_fork_sleeping(&template, &sibling);
	child_fork_sleeping(&other, &stranger);
	return 0;
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

static void
need_layer(enum layer layer)
{
	if (!harness_expects(&launch, layer)) {
		print_message("%s is not in force here: %s\n",
		    layer_info[layer].name,
		    strerror(launch.layers.error[layer]));
		skip();
	}
}

/* Make a system call in a new child; what it returned. */
static long
in_child(long nr, const char *a, const char *b, const char *c, const char *d)
{
	char number[32];
	struct outcome o;
	long value;

	snprintf(number, sizeof(number), "%ld", nr);
	harness_run(&template, &o, "syscall", "64", number, a, b, c, d, NULL);
	assert_true(o.has_result);
	value = o.value;
	outcome_clear(&o);
	return value;
}

static void
test_seccomp_is_off_in_this_test(void **state)
{
	assert_false(launch.layers.in_force >> LAYER_SECCOMP & 1);
	assert_true(in_child(SYS_getpid, "0", "0", "0", "0") > 1);
}

static void
test_another_templates_child_cannot_be_signalled(void **state)
{
	need_layer(LAYER_PIDNS);
	need_layer(LAYER_LANDLOCK);
	if (launch.layers.detail[LAYER_LANDLOCK] < 6) {
		print_message("signals are scoped by Landlock ABI 6 and later\n");
		skip();
	}
	assert_int_equal(in_child(SYS_kill, harness_inner_pid(stranger.pidfd), "9",
	    "0", "0"), -EPERM);
	assert_int_equal(in_child(SYS_kill, harness_inner_pid(other.pidfd), "9", "0",
	    "0"), -EPERM);
	assert_int_equal(in_child(SYS_kill, harness_inner_pid(launch.zygote_pidfd), "9",
	    "0", "0"), -EPERM);
	assert_int_equal(in_child(SYS_kill, "1", "9", "0", "0"), -EPERM);
}

static void
test_processes_outside_have_no_number(void **state)
{
	char pid[32];

	need_layer(LAYER_PIDNS);
	/* Ours, which is far above any of theirs. */
	snprintf(pid, sizeof(pid), "%d", getpid());
	assert_int_equal(in_child(SYS_kill, pid, "0", "0", "0"), -ESRCH);
	assert_int_equal(in_child(SYS_getppid, "0", "0", "0", "0"), 0);
}

static void
test_siblings_cannot_be_traced_or_read(void **state)
{
	const int pidfds[] = {
		sibling.pidfd, stranger.pidfd, template.pidfd,
		launch.zygote_pidfd,
	};

	need_layer(LAYER_PIDNS);
	for (size_t i = 0; i < sizeof(pidfds) / sizeof(pidfds[0]); i++) {
		const char *pid = harness_inner_pid(pidfds[i]);

		assert_int_equal(in_child(SYS_ptrace, "0x4206", pid, "0", "0"),
		    -EPERM);	/* PTRACE_SEIZE */
		assert_int_equal(in_child(SYS_ptrace, "16", pid, "0", "0"),
		    -EPERM);	/* PTRACE_ATTACH */
		assert_int_equal(in_child(SYS_kcmp, pid, pid, "0", "0"), -EPERM);
	}
}

static void
test_no_file_can_be_opened(void **state)
{
	long rc;

	need_layer(LAYER_MNTNS);
	rc = in_child(SYS_openat, "-100", "@/etc/passwd", "0", "0");
	assert_true(rc == -ENOENT || rc == -EACCES);
	rc = in_child(SYS_openat, "-100", "@/../../../../etc/passwd", "0", "0");
	assert_true(rc == -ENOENT || rc == -EACCES);
	rc = in_child(SYS_openat, "-100", "@/proc/1/status", "0", "0");
	assert_true(rc == -ENOENT || rc == -EACCES);
	rc = in_child(SYS_openat, "-100", "@/x", "0x41", "0600");
	assert_true(rc == -EROFS || rc == -EACCES);
	assert_int_equal(in_child(SYS_mkdirat, "-100", "@/x", "0700", "0"),
	    -EROFS);
}

static void
test_landlock_denies_even_the_empty_root(void **state)
{
	need_layer(LAYER_LANDLOCK);
	assert_int_equal(in_child(SYS_openat, "-100", "@/", "0x10000", "0"),
	    -EACCES);
}

static void
test_privileges_cannot_be_had(void **state)
{
	assert_true(in_child(SYS_setuid, "0", "0", "0", "0") < 0);
	assert_true(in_child(SYS_setgid, "0", "0", "0", "0") < 0);
	assert_true(in_child(SYS_setgroups, "0", "0", "0", "0") < 0);
	assert_true(in_child(SYS_mount, "@t", "@/", "@tmpfs", "0") < 0);
	assert_true(in_child(SYS_umount2, "@/", "2", "0", "0") < 0);
	assert_true(in_child(SYS_chroot, "@/", "0", "0", "0") < 0);
	assert_true(in_child(SYS_unshare, "0x20000", "0", "0", "0") < 0);
	assert_true(in_child(SYS_sethostname, "@x", "1", "0", "0") < 0);
	/* no_new_privs and dumpable cannot be taken back: prctl(2) */
	assert_int_equal(in_child(SYS_prctl, "39", "0", "0", "0"), 1);
	assert_int_equal(in_child(SYS_prctl, "38", "0", "0", "0"), -EINVAL);
	assert_int_equal(in_child(SYS_prctl, "3", "0", "0", "0"), 0);
}

static void
test_host_name_is_not_ours(void **state)
{
	struct outcome o;
	char number[16];

	need_layer(LAYER_UTSNS);
	snprintf(number, sizeof(number), "%d", SYS_uname);
	harness_run(&template, &o, "buffer", "64", number, "&", NULL);
	assert_int_equal(o.value, 0);
	assert_string_equal((char *)o.output.data + 65, "wasmd");
	outcome_clear(&o);
}

static void
test_memory_does_not_become_executable(void **state)
{
	char number[16];
	struct outcome o;

	need_layer(LAYER_MDWE);
	/* The buffer is writable data of the worker. */
	snprintf(number, sizeof(number), "%d", SYS_mprotect);
	harness_run(&template, &o, "syscall", "64", number, "&", "4096", "5",
	    NULL);
	assert_int_equal(o.value, -EACCES);
	outcome_clear(&o);
	snprintf(number, sizeof(number), "%d", SYS_mmap);
	harness_run(&template, &o, "syscall", "64", number, "0", "4096", "7",
	    "0x22", "-1", "0", NULL);
	assert_int_equal(o.value, -EACCES);
	outcome_clear(&o);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_seccomp_is_off_in_this_test),
		cmocka_unit_test(test_another_templates_child_cannot_be_signalled),
		cmocka_unit_test(test_processes_outside_have_no_number),
		cmocka_unit_test(test_siblings_cannot_be_traced_or_read),
		cmocka_unit_test(test_no_file_can_be_opened),
		cmocka_unit_test(test_landlock_denies_even_the_empty_root),
		cmocka_unit_test(test_privileges_cannot_be_had),
		cmocka_unit_test(test_host_name_is_not_ours),
		cmocka_unit_test(test_memory_does_not_become_executable),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
