/*
 * How the worker confines itself: the lists of steps, and their order. Runs in
 * the worker, from its start until it has become the zygote.
 */
#include "config.h"

#include "sandbox/enter.h"

#include <errno.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "sandbox/ctl.h"
#include "sandbox/gate.h"
#include "sandbox/init.h"
#include "sandbox/landlock.h"
#include "sandbox/limits.h"
#include "sandbox/namespace.h"
#include "sandbox/privilege.h"
#include "sandbox/process.h"
#include "sandbox/violation.h"

struct enter_step {
	enum layer layer;
	int (*run)(struct enter *e);	/* 0, or -1 with errno */
};

static int
enter_seccomp(struct enter *e)
{
#ifdef WITH_SANITIZERS
	e->report.detail[LAYER_SECCOMP] = 1;
#endif
	if (e->config.filter_action == FILTER_TRAP && violation_catch() == -1)
		return -1;
	return filter_install(FILTER_ZYGOTE,
	    (enum filter_action)e->config.filter_action);
}

/* Once, in the worker: what its children are born with. The user namespace is
 * first, as it gives the right to make the others. */
static const struct enter_step worker_steps[] = {
	{ LAYER_UID, privilege_drop_user },
	{ LAYER_USERNS, namespace_user },
	{ LAYER_MNTNS, namespace_mount },
	{ LAYER_PIDNS, namespace_pid },
	{ LAYER_NETNS, namespace_net },
	{ LAYER_IPCNS, namespace_ipc },
	{ LAYER_UTSNS, namespace_uts },
	{ LAYER_CGROUPNS, namespace_cgroup },
};

/* In init and in the zygote, each for itself. */
static const struct enter_step process_steps[] = {
	{ LAYER_CAPS, privilege_drop_caps },
	{ LAYER_NNP, privilege_no_new },
	{ LAYER_DUMPABLE, privilege_not_dumpable },
	{ LAYER_MDWE, privilege_no_exec_gain },
	{ LAYER_RLIMITS, limits_enter },
	{ LAYER_LANDLOCK, landlock_enclose },
	{ LAYER_SECCOMP, enter_seccomp },
};

#define STEPS(table) table, sizeof(table) / sizeof((table)[0])

bool
enter_has(const struct enter *e, enum layer layer)
{
	return (e->report.in_force >> layer & 1) != 0;
}

static void
enter_send(const struct enter *e, struct enter_msg *msg, const int *fds,
    size_t nfds)
{
	msg->report = e->report;
	if (fd_send(CTL_FD, msg, sizeof(*msg), fds, nfds) == -1)
		process_exit(PROCESS_EXIT_PEER);
}

static noreturn void
enter_fail(const struct enter *e, enum layer layer, int error)
{
	struct enter_msg msg = {
		.kind = ENTER_FAILED, .layer = layer, .error = error,
	};

	enter_send(e, &msg, NULL, 0);
	process_exit(PROCESS_EXIT_ENTER);
}

static void
enter_run(struct enter *e, const struct enter_step *steps, size_t nsteps)
{
	for (size_t i = 0; i < nsteps; i++) {
		enum layer layer = steps[i].layer;
		uint32_t policy = e->config.policy[layer];

		if (policy == LAYER_OFF)
			continue;
		if (steps[i].run(e) == 0) {
			e->report.in_force |= 1u << layer;
			continue;
		}
		e->report.error[layer] = errno;
		if (policy == LAYER_REQUIRED)
			enter_fail(e, layer, errno);
	}
}

/* The steps of each process, and word that they are done. */
static void
enter_confine(struct enter *e)
{
	struct enter_msg msg = { .kind = ENTER_CONFINED };

	enter_run(e, STEPS(process_steps));
	enter_send(e, &msg, NULL, 0);
}

static void
enter_read_config(struct enter *e, int *init_pipe)
{
	size_t nfds;

	if (fd_recv(CTL_FD, &e->config, sizeof(e->config), init_pipe, 1,
	    &nfds) != sizeof(e->config) || nfds != 1)
		process_exit(PROCESS_EXIT_PEER);
}

/* 0, 1 and 2 become the end of an empty pipe: taken, and good for nothing.
 * A sanitizer's report goes to 2. */
static void
enter_fds(struct enter *e)
{
#ifdef WITH_SANITIZERS
	const int last = STDOUT_FILENO;
#else
	const int last = STDERR_FILENO;
#endif
	int fds[2];

	if (process_close_from(CTL_FD + 1) == -1 || pipe(fds) == -1)
		enter_fail(e, LAYER_COUNT, errno);
	for (int fd = STDIN_FILENO; fd <= last; fd++) {
		if (dup2(fds[0], fd) == -1)
			enter_fail(e, LAYER_COUNT, errno);
	}
	if (process_close_from(CTL_FD + 1) == -1)
		enter_fail(e, LAYER_COUNT, errno);
}

/* Clone, and tell the daemon of its new child before it can miss it. True in
 * the new process. */
static bool
enter_clone(const struct enter *e, enum enter_kind kind, enum layer layer)
{
	struct enter_msg msg = { .kind = kind };
	int pidfd = -1;
	pid_t pid = process_clone(&pidfd);

	if (pid == -1)
		enter_fail(e, layer, errno);
	if (pid == 0)
		return true;
	enter_send(e, &msg, &pidfd, 1);
	close(pidfd);
	return false;
}

/* Start init, if there is a pid namespace for it, then the zygote; returns in
 * the latter. */
static void
enter_fork(struct enter *e, int init_pipe)
{
	if (enter_has(e, LAYER_PIDNS) &&
	    enter_clone(e, ENTER_INIT, LAYER_PIDNS)) {
		enter_confine(e);
		init_run(e, init_pipe);
	}
	if (!enter_clone(e, ENTER_ZYGOTE, LAYER_COUNT))
		process_exit(PROCESS_EXIT_DONE);
}

void
enter(struct enter *e)
{
	int init_pipe = -1;

	memset(e, 0, sizeof(*e));
	process_leave_rseq();
	enter_fds(e);
	enter_read_config(e, &init_pipe);
	umask(077);
	if (chdir("/") == -1)
		enter_fail(e, LAYER_COUNT, errno);
	e->other_processes = limits_count_others();
	enter_run(e, STEPS(worker_steps));
	if (enter_has(e, LAYER_USERNS))
		e->other_processes = 0;
	enter_fork(e, init_pipe);
	if (process_close_from(CTL_FD + 1) == -1 ||
	    process_die_with_daemon() == -1)
		enter_fail(e, LAYER_COUNT, errno);
	enter_confine(e);
}

void
enter_filter(const struct enter *e, enum filter_stage stage)
{
	if (enter_has(e, LAYER_SECCOMP) && filter_install(stage,
	    (enum filter_action)e->config.filter_action) == -1)
		process_exit(PROCESS_EXIT_ENTER);
}

void
enter_close_gate(void)
{
	if (gate_close() == -1)
		process_exit(PROCESS_EXIT_ENTER);
}
