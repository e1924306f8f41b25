/*
 * The end of the daemon, of init, of the zygote and of a template: who goes
 * with whom. A fork of the test plays the daemon; the test itself, as the
 * reaper of what it leaves, sees who is still there.
 */
#include "config.h"

#include "tests/cmocka.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "tests/sandbox/harness.h"

#define PATIENCE_US 10000000u

enum { ZYGOTE, INIT, TEMPLATE, SPINNING, SLEEPING, IDLE, NPROCESSES };

struct company {
	struct launch launch;
	struct template template;
	struct child children[3];
};

static void
company_start(struct company *c, enum layer_policy pidns)
{
	const char *params[] = { "0xffffffffffffffff" };
	struct call spin = { .invoke = "spin", .fuel = UINT64_MAX };
	struct call sleep = {
		.invoke = "sleep", .nparams = 1, .params = params,
		.fuel = UINT64_MAX, .output_bytes = 1024,
	};
	struct launch_config cfg;
	struct err err = ERR_NONE;

	harness_config(&cfg, "tests/guest/probe-worker");
	cfg.policy[LAYER_PIDNS] = pidns;
	if (launch_start(&cfg, &c->launch, &err) == -1)
		fail_msg("%s", err.text);
	template_start(&c->launch, "probe", &c->template);
	for (int i = 0; i < 3; i++)
		child_fork(&c->template, &c->children[i]);
	child_call(&c->children[0], &spin);
	child_call(&c->children[1], &sleep);
}

static void
company_pids(const struct company *c, pid_t pids[NPROCESSES])
{
	pids[ZYGOTE] = harness_pid(c->launch.zygote_pidfd);
	pids[INIT] = c->launch.init_pidfd == -1 ? 0 :
	    harness_pid(c->launch.init_pidfd);
	pids[TEMPLATE] = harness_pid(c->template.pidfd);
	for (int i = 0; i < 3; i++)
		pids[SPINNING + i] = harness_pid(c->children[i].pidfd);
}

/* Fork a daemon with its company; it waits to be killed. */
static pid_t
daemon_fork(enum layer_policy pidns, pid_t pids[NPROCESSES])
{
	struct company c;
	int fds[2];
	pid_t pid;

	assert_int_equal(pipe(fds), 0);
	pid = fork();
	assert_true(pid != -1);
	if (pid == 0) {
		pid_t mine[NPROCESSES];

		close(fds[0]);
		company_start(&c, pidns);
		company_pids(&c, mine);
		if (fd_write_all(fds[1], mine, sizeof(mine)) == -1)
			_exit(1);
		for (;;)
			pause();
	}
	close(fds[1]);
	assert_int_equal(fd_read_all(fds[0], pids,
	    sizeof(pid_t) * NPROCESSES), 0);
	close(fds[0]);
	return pid;
}

/* Reap until there is no child; fails if that takes too long. */
static void
reap_all(void)
{
	const uint64_t end = clock_monotonic_us() + PATIENCE_US;

	for (;;) {
		pid_t pid = waitpid(-1, NULL, WNOHANG);

		if (pid == -1 && errno == ECHILD)
			return;
		if (clock_monotonic_us() > end)
			fail_msg("processes are left");
		if (pid == 0)
			usleep(500);
	}
}

static void
check_all_gone(const pid_t pids[NPROCESSES])
{
	for (int i = 0; i < NPROCESSES; i++) {
		if (pids[i] != 0)
			assert_int_equal(kill(pids[i], 0), -1);
	}
}

static void
kill_daemon(enum layer_policy pidns)
{
	pid_t pids[NPROCESSES];
	pid_t pid = daemon_fork(pidns, pids);
	uint64_t start;

	for (int i = 0; i < NPROCESSES; i++) {
		if (pids[i] != 0)
			assert_int_equal(kill(pids[i], 0), 0);
	}
	start = clock_monotonic_us();
	assert_int_equal(kill(pid, SIGKILL), 0);
	reap_all();
	print_message("all gone %llu us after the daemon\n",
	    (unsigned long long)(clock_monotonic_us() - start));
	check_all_gone(pids);
}

static void
test_killed_daemon_leaves_nobody(void **state)
{
	kill_daemon(LAYER_PRESENT);
}

/* Then each process has to go by itself. */
static void
test_killed_daemon_leaves_nobody_without_init(void **state)
{
	kill_daemon(LAYER_OFF);
}

static void
test_closing_inits_pipe_ends_all(void **state)
{
	struct company c;
	siginfo_t info;

	company_start(&c, LAYER_PRESENT);
	if (c.launch.init_pidfd == -1) {
		print_message("there is no pid namespace here\n");
		skip();
	}
	fd_close(&c.launch.init_pipe);
	for (int i = 0; i < 3; i++) {
		harness_reap(c.children[i].pidfd, &info);
		assert_int_equal(info.si_status, SIGKILL);
		fd_close(&c.children[i].pidfd);
		fd_close(&c.children[i].in);
		fd_close(&c.children[i].out);
	}
	template_stop(&c.template);
	launch_stop(&c.launch);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

static void
test_killed_zygote_leaves_templates_and_calls(void **state)
{
	struct company c;
	struct outcome o;
	siginfo_t info;

	company_start(&c, LAYER_PRESENT);
	syscall(SYS_pidfd_send_signal, c.launch.zygote_pidfd, SIGKILL, NULL, 0);
	harness_reap(c.launch.zygote_pidfd, &info);
	harness_run(&c.template, &o, NULL, NULL);
	assert_true(o.has_result);
	outcome_clear(&o);
	for (int i = 0; i < 3; i++)
		child_kill(&c.children[i]);
	template_stop(&c.template);
	launch_stop(&c.launch);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

static void
test_closed_template_leaves_its_calls(void **state)
{
	struct call hello = { .fuel = UINT64_MAX, .output_bytes = 100 };
	struct company c;
	struct outcome o;

	company_start(&c, LAYER_PRESENT);
	template_stop(&c.template);
	child_call(&c.children[2], &hello);
	child_finish(&c.children[2], &o);
	assert_true(o.has_result);
	assert_memory_equal(o.output.data, "hello\n", 6);
	outcome_clear(&o);
	child_kill(&c.children[0]);
	child_kill(&c.children[1]);
	launch_stop(&c.launch);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

static void
test_closed_input_ends_an_idle_child(void **state)
{
	struct company c;
	siginfo_t info;

	company_start(&c, LAYER_PRESENT);
	for (int i = 1; i < 3; i++) {
		fd_close(&c.children[i].in);
		harness_reap(c.children[i].pidfd, &info);
		assert_int_equal(info.si_code, CLD_EXITED);
		fd_close(&c.children[i].pidfd);
		fd_close(&c.children[i].out);
	}
	child_kill(&c.children[0]);
	template_stop(&c.template);
	launch_stop(&c.launch);
}

static int
setup(void **state)
{
	return prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_killed_daemon_leaves_nobody),
		cmocka_unit_test(test_killed_daemon_leaves_nobody_without_init),
		cmocka_unit_test(test_closing_inits_pipe_ends_all),
		cmocka_unit_test(test_killed_zygote_leaves_templates_and_calls),
		cmocka_unit_test(test_closed_template_leaves_its_calls),
		cmocka_unit_test(test_closed_input_ends_an_idle_child),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
