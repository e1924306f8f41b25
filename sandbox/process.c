/* Cloning and ending of confined processes. Runs in the worker. */
#include "config.h"

#include "sandbox/process.h"

#include <linux/close_range.h>
#include <sched.h>
#include <stdint.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/rseq.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sandbox/gate.h"

pid_t
process_clone(int *pidfd)
{
	/* The pidfd goes where the parent's thread id would; the two orders of
	 * the arguments behind it do not matter, as both are 0. */
	return (pid_t)gate_call(SYS_clone,
	    CLONE_PARENT | CLONE_PIDFD | SIGCHLD, 0, (long)pidfd, 0);
}

#define RSEQ_AREA_SIZE 32	/* of the first version, which libc registers */

void
process_leave_rseq(void)
{
	uint8_t *area = (uint8_t *)__builtin_thread_pointer() + __rseq_offset;

	/* Refused where there was none to undo. */
	if (__rseq_size > 0)
		syscall(SYS_rseq, area, RSEQ_AREA_SIZE, RSEQ_FLAG_UNREGISTER,
		    RSEQ_SIG);
}

int
process_die_with_daemon(void)
{
	return (int)gate_call(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0);
}

noreturn void
process_exit(enum process_exit code)
{
	_exit((int)code);
}

int
process_dup(int fd, int to)
{
	return (int)gate_call(SYS_dup3, fd, to, 0, 0);
}

int
process_close(int fd)
{
	return (int)gate_call(SYS_close, fd, 0, 0, 0);
}

int
process_move_fd(int fd, int to)
{
	if (fd == to)
		return 0;
	return process_dup(fd, to) == -1 ? -1 : process_close(fd);
}

int
process_close_from(unsigned first)
{
	return (int)gate_call(SYS_close_range, first, ~0U, 0, 0);
}
