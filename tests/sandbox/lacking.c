/*
 * Run a program as on a machine that lacks something, by a filter around it:
 *
 *	lacking WHAT PROGRAM [ARGUMENT...]
 *
 * user-namespaces	unshare(CLONE_NEWUSER) is refused, as by a sysctl
 * namespaces		all of unshare is, as to an ordinary user of such a machine
 * landlock		there is none in the kernel
 * seccomp		no more filters can be installed
 * linux-6.1		Landlock of ABI 2, no MDWE, no later system call. For what
 *			Landlock is asked, a process beside it answers as that
 *			kernel would; it has to read the program's memory
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sched.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define MDWE_SET 65		/* prctl(2): PR_SET_MDWE, PR_GET_MDWE */
#define MDWE_GET 66
#define FIRST_AFTER_6_1 451
#define ABI_2 2
#define ABI_2_FS 0x3fffull	/* rights that it knows */
#define ABI_VERSION 1u		/* LANDLOCK_CREATE_RULESET_VERSION */

#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, \
	offsetof(struct seccomp_data, field))
#define UNLESS(value, skip) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, skip)
#define FAIL(error) BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (error))
#define RETURN(action) BPF_STMT(BPF_RET | BPF_K, action)
#define FILTER(name, ...) static struct sock_filter name[] = { __VA_ARGS__ }

FILTER(no_user_namespaces,
	LOAD(nr), UNLESS(SYS_unshare, 3),
	LOAD(args[0]), BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, CLONE_NEWUSER, 0, 1),
	FAIL(EPERM), RETURN(SECCOMP_RET_ALLOW));
FILTER(no_namespaces,
	LOAD(nr), UNLESS(SYS_unshare, 1), FAIL(EPERM),
	RETURN(SECCOMP_RET_ALLOW));
FILTER(no_landlock,
	LOAD(nr), UNLESS(SYS_landlock_create_ruleset, 1), FAIL(ENOSYS),
	RETURN(SECCOMP_RET_ALLOW));
FILTER(no_seccomp,
	LOAD(nr), UNLESS(SYS_seccomp, 1), FAIL(ENOSYS),
	RETURN(SECCOMP_RET_ALLOW));
FILTER(linux_6_1,
	LOAD(nr),
	BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, FIRST_AFTER_6_1, 0, 1),
	FAIL(ENOSYS),
	UNLESS(SYS_landlock_create_ruleset, 1),
	RETURN(SECCOMP_RET_USER_NOTIF),
	UNLESS(SYS_prctl, 5),
	LOAD(args[0]), UNLESS(MDWE_SET, 1), FAIL(EINVAL),
	UNLESS(MDWE_GET, 1), FAIL(EINVAL),
	RETURN(SECCOMP_RET_ALLOW));

static const struct lack {
	const char *name;
	struct sock_fprog prog;
} lacks[] = {
#define PROG(code) { sizeof(code) / sizeof((code)[0]), code }
	{ "user-namespaces", PROG(no_user_namespaces) },
	{ "namespaces", PROG(no_namespaces) },
	{ "landlock", PROG(no_landlock) },
	{ "seccomp", PROG(no_seccomp) },
	{ "linux-6.1", PROG(linux_6_1) },
};

static void
die(const char *what)
{
	fprintf(stderr, "lacking: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* The error of landlock_create_ruleset(attr, size, flags) by ABI 2, negative;
 * its version; or 0: let the kernel do it. */
static int64_t
landlock_2(const struct seccomp_notif *req)
{
	uint64_t attr[8] = { 0 };
	size_t size = (size_t)req->data.args[1];
	char path[64];
	ssize_t n;
	int fd;

	if ((req->data.args[2] & ABI_VERSION) != 0)
		return ABI_2;
	if (size < sizeof(attr[0]) || size > sizeof(attr))
		return -EINVAL;
	snprintf(path, sizeof(path), "/proc/%u/mem", req->pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd == -1 ? -1 : pread(fd, attr, size, (off_t)req->data.args[0]);
	close(fd);
	if (n != (ssize_t)size)
		return -EFAULT;
	for (int i = 1; i < 8; i++) {
		if (attr[i] != 0)
			return -E2BIG;
	}
	return (attr[0] & ~ABI_2_FS) != 0 ? -EINVAL : 0;
}

/* Answer until the program has ended. */
static void
answer(int listener, int program)
{
	struct pollfd fds[] = { { listener, POLLIN, 0 }, { program, POLLIN, 0 } };

	while (poll(fds, 2, -1) > 0 && fds[1].revents == 0) {
		struct seccomp_notif req = { 0 };
		struct seccomp_notif_resp resp = { 0 };

		if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &req) == -1)
			continue;
		resp.id = req.id;
		resp.val = landlock_2(&req);
		if (resp.val == 0)
			resp.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
		if (resp.val < 0) {
			resp.error = (int32_t)resp.val;
			resp.val = 0;
		}
		ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &resp);
	}
}

/* No child of the program's: it looks at those that it has. */
static void
start_answering(int listener)
{
	int program = (int)syscall(SYS_pidfd_open, getpid(), 0);

	if (program == -1)
		die("pidfd_open");
	switch (fork()) {
	case -1:
		die("fork");
		break;
	case 0:
		if (fork() == 0) {
			close(STDIN_FILENO);
			answer(listener, program);
		}
		_exit(0);
	default:
		while (waitpid(-1, NULL, 0) == -1 && errno == EINTR)
			;
		close(listener);
		close(program);
	}
}

int
main(int argc, char **argv)
{
	for (size_t i = 0; argc > 2 && i < sizeof(lacks) / sizeof(lacks[0]); i++) {
		unsigned flags = 0;
		long fd;

		if (strcmp(argv[1], lacks[i].name) != 0)
			continue;
		if (lacks[i].prog.filter == linux_6_1)
			flags = SECCOMP_FILTER_FLAG_NEW_LISTENER;
		if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1)
			die("prctl");
		fd = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags,
		    &lacks[i].prog);
		if (fd == -1)
			die("seccomp");
		if (flags != 0)
			start_answering((int)fd);
		execv(argv[2], argv + 2);
		die(argv[2]);
	}
	fprintf(stderr, "usage: lacking WHAT PROGRAM [ARGUMENT...]\n");
	return 1;
}
