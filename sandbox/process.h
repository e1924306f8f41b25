/*
 * Confined processes as such: they are cloned as children of the daemon, so
 * that it waits for each by pidfd, and end when it ends. What is needed to clone
 * a child and by the child at its start goes by the gate. Runs in the worker.
 */
#ifndef SANDBOX_PROCESS_H
#define SANDBOX_PROCESS_H

#include <stdnoreturn.h>
#include <sys/types.h>

/* How a confined process ends when it is not killed. */
enum process_exit {
	PROCESS_EXIT_DONE = 0,
	PROCESS_EXIT_ENTER = 2,		/* could not be confined */
	PROCESS_EXIT_AGAIN = 4,		/* a server of calls trapped: start anew */
	PROCESS_EXIT_PEER = 3,		/* the daemon's end was closed or is wrong */
};

/*
 * Fork, without any of libc's fork handlers. The child's parent is the
 * caller's own parent, to which *pidfd is to be passed. Returns as fork(2).
 */
pid_t process_clone(int *pidfd);

/* Undo libc's registration for restartable sequences, which nothing here uses:
 * the kernel would write to each new process's copy of the thread's memory,
 * which would cost a page in child and template for every call. */
void process_leave_rseq(void);

/* Be killed when the daemon ends, should it not have a pid namespace's init
 * to do so. Not inherited: each process asks for itself. */
int process_die_with_daemon(void);

/* End at once, without libc's exit handlers. */
noreturn void process_exit(enum process_exit code);

/* As dup3(2) without flags, and close(2). */
int process_dup(int fd, int to);
int process_close(int fd);

/* Make fd the descriptor number to, without close-on-exec. */
int process_move_fd(int fd, int to);

/* Close all descriptors from first on. */
int process_close_from(unsigned first);

#endif
