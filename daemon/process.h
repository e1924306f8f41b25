/*
 * A confined process as the daemon sees it: a pidfd that becomes readable when
 * the process has ended, and then says why and what it cost. The daemon is the
 * parent of all of them. Runs in the daemon.
 */
#ifndef DAEMON_PROCESS_H
#define DAEMON_PROCESS_H

#include <signal.h>
#include <stdbool.h>
#include <sys/resource.h>

struct event_base;
struct process;
struct worker;

struct process_end {
	siginfo_t info;		/* of waitid(2) */
	struct rusage usage;
};

/*
 * Watch a process; takes the descriptor, also when it fails. It came from a
 * confined process: NULL if it is no pidfd of a child of ours. on_exit is
 * called once, from the event loop, never from here; the process is freed
 * after it. Its worker (may be NULL in tests) stays until then.
 */
struct process *process_new_take(struct event_base *base, int pidfd,
	struct worker *w,
	void (*on_exit)(void *arg, const struct process_end *end), void *arg);

void process_kill(struct process *p);	/* SIGKILL; on_exit follows */

/* Kill it and reap it some time later without telling anyone. NULL is legal. */
void process_abandon(struct process *p);

/* Processes that have not been reaped. */
unsigned process_count(void);

#endif
