/* Starting and stopping the confined processes. Runs in the daemon. */
#include "config.h"

#include "sandbox/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "sandbox/ctl.h"
#include "sandbox/enter.h"

/* The worker answers in milliseconds; a machine in distress, later. */
#define LAUNCH_TIMEOUT_US 10000000u
/* To wait for processes that were killed. */
#define STOP_TIMEOUT_US 2000000u

#define LAUNCH_ERROR 1	/* code of struct err */

void
launch_default_policy(enum layer_policy policy[LAYER_COUNT])
{
	for (int i = 0; i < LAYER_COUNT; i++)
		policy[i] = layer_info[i].policy;
}

/* Signals as a new process expects them, and no terminal to signal it. */
static int
spawn_attr_init(posix_spawnattr_t *attr)
{
	sigset_t all, none;

	sigfillset(&all);
	sigemptyset(&none);
	errno = posix_spawnattr_init(attr);
	if (errno != 0)
		return -1;
	posix_spawnattr_setsigdefault(attr, &all);
	posix_spawnattr_setsigmask(attr, &none);
	posix_spawnattr_setflags(attr, POSIX_SPAWN_SETSIGDEF |
	    POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSID);
	return 0;
}

/*
 * Execute the worker with sock as CTL_FD and nothing of ours in its
 * arguments and environment. It shares our memory until it is executed, so
 * this costs the same however large we are.
 */
static pid_t
spawn_worker(const char *path, int sock)
{
	char *const argv[] = { "wasmd-worker", NULL };
	char *const envp[] = { NULL };
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	pid_t pid = -1;

	if (spawn_attr_init(&attr) == -1)
		return -1;
	errno = posix_spawn_file_actions_init(&actions);
	if (errno == 0) {
		errno = posix_spawn_file_actions_adddup2(&actions, sock, CTL_FD);
		if (errno == 0)
			errno = posix_spawn(&pid, path, &actions, &attr, argv, envp);
		posix_spawn_file_actions_destroy(&actions);
	}
	posix_spawnattr_destroy(&attr);
	return errno == 0 ? pid : -1;
}

/* Reap a child by pidfd; -1 if it has not ended in time. */
static int
reap(int pidfd, uint64_t timeout_us)
{
	const uint64_t end = clock_monotonic_us() + timeout_us;
	siginfo_t info = { 0 };

	for (;;) {
		struct pollfd pfd = { .fd = pidfd, .events = POLLIN };
		uint64_t now = clock_monotonic_us();

		if (waitid(P_PIDFD, (id_t)pidfd, &info, WEXITED | WNOHANG) == -1)
			return errno == ECHILD ? 0 : -1;
		if (info.si_pid != 0)
			return 0;
		if (now >= end)
			return -1;
		poll(&pfd, 1, (int)((end - now) / 1000 + 1));
	}
}

/* Take a message that is there, and the pidfd it may carry. */
static int
launch_recv(struct launch *l, struct enter_msg *msg)
{
	size_t nfds = 0;
	int fd = -1;

	if (fd_recv(l->zygote_sock, msg, sizeof(*msg), &fd, 1, &nfds) !=
	    sizeof(*msg)) {
		fd_close(&fd);
		return -1;
	}
	if (msg->kind == ENTER_INIT && l->init_pidfd == -1)
		l->init_pidfd = fd;
	else if (msg->kind == ENTER_ZYGOTE && l->zygote_pidfd == -1)
		l->zygote_pidfd = fd;
	else
		fd_close(&fd);
	return 0;
}

/* Seen as an early end of what it sends, or of what it receives. */
static int
launch_ended(struct err *err)
{
	return err_set(err, LAUNCH_ERROR,
	    "the worker ended before it was confined: is it wasmd-worker of "
	    "this version, and is seccomp or memory denied to it?");
}

/* The next message, from whomever. */
static int
launch_wait(struct launch *l, struct enter_msg *msg, struct err *err)
{
	struct pollfd pfd = { .fd = l->zygote_sock, .events = POLLIN };

	if (poll(&pfd, 1, LAUNCH_TIMEOUT_US / 1000) <= 0)
		return err_set(err, LAUNCH_ERROR,
		    "the worker does not answer: look for what stops it "
		    "(SIGSTOP, an overloaded machine) and try again");
	return launch_recv(l, msg) == 0 ? 0 : launch_ended(err);
}

static int
launch_failed(const struct enter_msg *msg, struct err *err)
{
	enum layer layer = msg->layer;

	if (layer >= LAYER_COUNT)
		return err_set(err, LAUNCH_ERROR,
		    "the worker could not start its processes: %s",
		    strerror(msg->error));
	return err_set(err, LAUNCH_ERROR,
	    "cannot confine: no %s: %s; %s",
	    layer_info[layer].name, strerror(msg->error),
	    layer_advice(layer, msg->error));
}

/* Who failed may have been quicker than the messages of who was started. */
static void
launch_drain(struct launch *l)
{
	struct pollfd pfd = { .fd = l->zygote_sock, .events = POLLIN };
	struct enter_msg msg;

	while (poll(&pfd, 1, 0) == 1 && launch_recv(l, &msg) == 0)
		;
}

/* The worker itself leaves as soon as it has started init and the zygote. */
static void
launch_reap_worker(pid_t worker)
{
	int pidfd = (int)syscall(SYS_pidfd_open, worker, 0);

	if (pidfd == -1 || reap(pidfd, STOP_TIMEOUT_US) == -1) {
		kill(worker, SIGKILL);
		while (waitpid(worker, NULL, 0) == -1 && errno == EINTR)
			;
	}
	fd_close(&pidfd);
}

/* Hand over the configuration and wait until init and zygote are confined. */
static int
launch_confine(const struct launch_config *cfg, struct launch *l,
    int init_pipe, struct err *err)
{
	struct enter_config config = {
		.uid = cfg->uid, .gid = cfg->gid,
		.max_processes = cfg->max_processes,
		.filter_action = cfg->name_violations ? FILTER_TRAP :
		    FILTER_KILL,
	};
	struct enter_msg msg;
	int confined = 0;

	for (int i = 0; i < LAYER_COUNT; i++)
		config.policy[i] = cfg->policy[i];
	if (fd_send(l->zygote_sock, &config, sizeof(config), &init_pipe, 1) == -1)
		return launch_ended(err);
	/* Their word may come before the worker's that they exist. Both take
	 * the same steps, so either's report is that of all. */
	while (l->zygote_pidfd == -1 || confined < 1 + (l->init_pidfd != -1)) {
		if (launch_wait(l, &msg, err) == -1)
			return -1;
		if (msg.kind == ENTER_FAILED)
			return launch_failed(&msg, err);
		if (msg.kind != ENTER_CONFINED)
			continue;
		confined++;
		l->layers = msg.report;
	}
	return 0;
}

int
launch_start(const struct launch_config *cfg, struct launch *out,
    struct err *err)
{
	struct launch l = { -1, -1, -1, -1, { 0 } };
	int socks[2] = { -1, -1 }, pipes[2] = { -1, -1 };
	pid_t worker;
	int rc = -1;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, socks) == -1 ||
	    pipe2(pipes, O_CLOEXEC) == -1) {
		err_set(err, LAUNCH_ERROR, "cannot make the worker's sockets: %s",
		    strerror(errno));
		goto out;
	}
	l.zygote_sock = socks[0];
	l.init_pipe = pipes[1];
	socks[0] = pipes[1] = -1;
	worker = spawn_worker(cfg->worker_path, socks[1]);
	fd_close(&socks[1]);
	if (worker == -1) {
		err_set(err, LAUNCH_ERROR, "cannot execute %s: %s",
		    cfg->worker_path, strerror(errno));
		goto out;
	}
	rc = launch_confine(cfg, &l, pipes[0], err);
	launch_reap_worker(worker);
	if (rc == -1)
		launch_drain(&l);
out:
	fd_close(&socks[0]);
	fd_close(&socks[1]);
	fd_close(&pipes[0]);
	fd_close(&pipes[1]);
	if (rc == -1)
		launch_stop(&l);
	else
		*out = l;
	return rc;
}

void
launch_stop(struct launch *l)
{
	fd_close(&l->zygote_sock);
	fd_close(&l->init_pipe);
	if (l->zygote_pidfd != -1) {
		syscall(SYS_pidfd_send_signal, l->zygote_pidfd, SIGKILL, NULL, 0);
		reap(l->zygote_pidfd, STOP_TIMEOUT_US);
	}
	/* Init is the last of its namespace: the kernel does not let it go
	 * before all others are reaped. */
	if (l->init_pidfd != -1)
		reap(l->init_pidfd, STOP_TIMEOUT_US);
	fd_close(&l->zygote_pidfd);
	fd_close(&l->init_pidfd);
}
