/* The zygote: starts a template for each request of the daemon. */
#include "guest/zygote.h"

#include <errno.h>
#include <stddef.h>
#include <unistd.h>

#include "guest/control.h"
#include "guest/template.h"
#include "sandbox/process.h"

noreturn void
zygote_run(const struct enter *e)
{
	int fds[CONTROL_TEMPLATE_FDS];
	struct ctl_msg msg;

	for (;;) {
		size_t nfds = control_recv_template(&msg, fds);
		int pidfd = -1;
		pid_t pid;

		pid = process_clone(&pidfd);
		if (pid == 0)
			template_run(e, &msg, fds);
		control_send_spawned(msg.id, pid, pidfd);
		for (size_t i = 0; i < nfds; i++)
			close(fds[i]);
	}
}
