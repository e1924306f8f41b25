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
	enum { SOCK, MODULE, NFDS };
	struct ctl_msg msg;
	int fds[NFDS];

	for (;;) {
		int pidfd = -1;
		pid_t pid;

		control_recv(&msg, CTL_TEMPLATE, fds, NFDS);
		pid = process_clone(&pidfd);
		if (pid == 0)
			template_run(e, &msg, fds[SOCK], fds[MODULE]);
		control_send_spawned(msg.id, pid, pidfd);
		close(fds[SOCK]);
		close(fds[MODULE]);
	}
}
