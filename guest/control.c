/* The control socket of zygote and template. */
#include "guest/control.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "sandbox/gate.h"
#include "sandbox/process.h"

_Static_assert(CONTROL_TEMPLATE_FDS <= FD_PASS_MAX,
    "all descriptors of a template fit into one message");

/* A request with at most max descriptors; how many there were. */
static size_t
control_recv_kind(struct ctl_msg *msg, enum ctl_kind kind, int *fds,
    size_t max)
{
	size_t got = 0;
	ssize_t n = fd_recv_by(gate_recvmsg, CTL_FD, msg, sizeof(*msg), fds, max,
	    &got);

	if (n == 0)
		process_exit(PROCESS_EXIT_DONE);
	if (n != sizeof(*msg) || msg->kind != kind)
		process_exit(PROCESS_EXIT_PEER);
	return got;
}

void
control_recv_call(struct ctl_msg *msg, int fds[static CONTROL_CALL_FDS])
{
	size_t nfds = control_recv_kind(msg, CTL_CALL, fds, CONTROL_CALL_FDS);

	if (nfds == CONTROL_BROKER)
		fds[CONTROL_BROKER] = -1;
	else if (nfds != CONTROL_CALL_FDS)
		process_exit(PROCESS_EXIT_PEER);
}

bool
control_waits(void)
{
	char byte;
	struct iovec iov = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

	return gate_recvmsg(CTL_FD, &msg, MSG_PEEK | MSG_DONTWAIT) != -1 ||
	    errno != EAGAIN;
}

size_t
control_recv_template(struct ctl_msg *msg,
    int fds[static CONTROL_TEMPLATE_FDS])
{
	size_t nfds = control_recv_kind(msg, CTL_TEMPLATE, fds,
	    CONTROL_TEMPLATE_FDS);

	if (msg->npreload > CTL_PRELOAD_MAX || nfds != 2 + msg->npreload)
		process_exit(PROCESS_EXIT_PEER);
	for (uint32_t i = 0; i < msg->npreload; i++) {
		if (memchr(msg->preload[i], '\0', CTL_NAME_MAX) == NULL)
			process_exit(PROCESS_EXIT_PEER);
	}
	return nfds;
}

static void
control_send_fds(const struct ctl_msg *msg, const int *fds, size_t nfds)
{
	if (fd_send_by(gate_sendmsg, CTL_FD, msg, sizeof(*msg), fds,
	    nfds) == -1)
		process_exit(PROCESS_EXIT_PEER);
}

void
control_send(const struct ctl_msg *msg)
{
	control_send_fds(msg, NULL, 0);
}

void
control_send_spawned(uint64_t id, pid_t pid, int pidfd)
{
	struct ctl_msg msg = { .kind = CTL_SPAWNED, .id = id };

	if (pid != -1) {
		control_send_fds(&msg, &pidfd, 1);
		process_close(pidfd);
		return;
	}
	msg.kind = CTL_FAILED;
	msg.failure = CTL_FAIL_SPAWN;
	msg.error.number = (uint32_t)errno;
	snprintf(msg.error.text, sizeof(msg.error.text),
	    "cannot start a process: %s", strerror(errno));
	control_send(&msg);
}
