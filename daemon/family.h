/*
 * A template and all that was ever cloned from it: a process group of its own,
 * which none of them can leave. So what a template that was taken over has
 * cloned behind our back is found and ended, and nobody else with it. Runs in
 * the daemon.
 *
 * When the last process of it that we know of has ended, the kernel is told to
 * end whatever else is in the group.
 */
#ifndef DAEMON_FAMILY_H
#define DAEMON_FAMILY_H

#include <stdbool.h>
#include <sys/queue.h>
#include <sys/types.h>

struct family {
	LIST_ENTRY(family) entry;	/* all that there are */
	pid_t group;		/* the template's process id */
	unsigned refs;
	unsigned members;	/* processes that we know of, alive */
	unsigned pending;	/* that the template may have cloned on request */
	unsigned strays;	/* of the last census */
	bool condemned;		/* ended by family_condemn */
	bool lingers;		/* its members' reference is not yet dropped */
};

/* The template's process is to be added as its first member. */
struct family *family_new(pid_t group);
struct family *family_ref(struct family *f);
void family_unref(struct family *f);	/* NULL is legal */

/* A process has begun; has ended and is not yet reaped, so that the group's
 * number is still its own. */
void family_join(struct family *f);
void family_leave(struct family *f);

/* End all of it. Only while one of it is not yet reaped. */
void family_condemn(struct family *f);

/* Whether there is any. */
bool family_any(void);

/*
 * Count the processes that nobody told us of: in each family those beyond its
 * pending ones. Those of families that have ended are reaped. Calls on_stray
 * for each living family that has some, which must condemn it.
 */
void family_census(void (*on_stray)(void *arg, struct family *f), void *arg);

#endif
