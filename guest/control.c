/* The control socket of zygote and template. */
#include "guest/control.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "sandbox/process.h"

void
control_recv(struct ctl_msg *msg, enum ctl_kind kind, int *fds, size_t nfds)
{
	size_t got = 0;
	ssize_t n = fd_recv(CTL_FD, msg, sizeof(*msg), fds, nfds, &got);

	if (n == 0)
		process_exit(PROCESS_EXIT_DONE);
	if (n != sizeof(*msg) || msg->kind != kind || got != nfds)
		process_exit(PROCESS_EXIT_PEER);
}

static void
control_send_fds(const struct ctl_msg *msg, const int *fds, size_t nfds)
{
	if (fd_send(CTL_FD, msg, sizeof(*msg), fds, nfds) == -1)
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
		close(pidfd);
		return;
	}
	msg.kind = CTL_FAILED;
	msg.failure = CTL_FAIL_SPAWN;
	msg.error.number = (uint32_t)errno;
	snprintf(msg.error.text, sizeof(msg.error.text),
	    "cannot start a process: %s", strerror(errno));
	control_send(&msg);
}
