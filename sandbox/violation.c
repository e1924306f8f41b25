/* A forbidden system call by its number. Runs in the worker. */
#include "config.h"

#include "sandbox/violation.h"

#include <signal.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"
#include "sandbox/call.h"
#include "sandbox/ctl.h"
#include "sandbox/gate.h"

/*
 * A child has its output pipe, a template its control socket: each fails where
 * there is none, or is forbidden. SIGSYS is blocked here, and one that is
 * blocked kills, whatever its handler: so the process ends as it would have.
 */
static void
violation_on_signal(int sig, siginfo_t *info, void *context)
{
	struct {
		struct frame f;
		struct frame_violation v;
	} out = { { OUT_VIOLATION, sizeof(struct frame_violation) },
		{ info->si_syscall, info->si_arch } };
	struct ctl_msg msg = {
		.kind = CTL_VIOLATION, .error.number = (uint32_t)info->si_syscall,
	};

	if (write(STDOUT_FILENO, &out, sizeof(out)) == -1)
		fd_send_by(gate_sendmsg, CTL_FD, &msg, sizeof(msg), NULL, 0);
	syscall(SYS_getppid);
}

int
violation_catch(void)
{
	struct sigaction action = {
		.sa_sigaction = violation_on_signal, .sa_flags = SA_SIGINFO,
	};

	sigfillset(&action.sa_mask);
	return sigaction(SIGSYS, &action, NULL);
}
