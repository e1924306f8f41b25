/*
 * A confined process as the daemon sees it: a pidfd that becomes readable when
 * the process has ended, and then says why and what it cost. The daemon is the
 * parent of all of them. Runs in the daemon.
 */
#ifndef DAEMON_PROCESS_H
#define DAEMON_PROCESS_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

struct event_base;
struct family;
struct process;
struct worker;

struct process_end {
	siginfo_t info;		/* of waitid(2) */
	struct rusage usage;
};

/* A signal that means a hole in the worker: not a limit's, not a kill. */
bool process_end_is_crash(const struct process_end *end);

/*
 * Watch a process; takes the descriptor, also when it fails. It came from a
 * confined process: NULL if it is no pidfd of a child of ours. on_exit is
 * called once, from the event loop, never from here; the process is reaped and
 * freed after it. Its worker (may be NULL in tests) stays until then.
 */
struct process *process_new_take(struct event_base *base, int pidfd,
	struct worker *w,
	void (*on_exit)(void *arg, const struct process_end *end), void *arg);

void process_kill(struct process *p);	/* SIGKILL; on_exit follows */

/* Kill it and reap it some time later without telling anyone. NULL is legal. */
void process_abandon(struct process *p);

/* Make it a member of its family, for as long as it is not reaped. */
void process_join(struct process *p, struct family *f);

/* Its id; -1 if the kernel does not say. */
pid_t process_pid(struct process *p);

/* CPU time that it has used; 0 if it has ended. */
uint64_t process_cpu_us(struct process *p);

/* It keeps to this CPU time by itself; see process_find_over. */
void process_set_cpu_max(struct process *p, uint64_t us);

/* Call on_over for the family of each living one that did not, which must
 * condemn it. */
void process_find_over(void (*on_over)(void *arg, struct family *f), void *arg);

/* Processes that have not been reaped. */
unsigned process_count(void);

/* The pids of all of them, to be freed by the caller; NULL: no memory. */
pid_t *process_list(size_t *count);
bool process_list_has(const pid_t *pids, size_t count, pid_t pid);

#endif
