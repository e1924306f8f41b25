/*
 * A child: one confined process, forked from a template for one call, and the
 * two pipes which are all it has. It waits for its call on the first. Runs in
 * the daemon.
 */
#ifndef DAEMON_CHILD_H
#define DAEMON_CHILD_H

#include <stdbool.h>
#include <sys/queue.h>

struct child_request;
struct event_base;
struct family;
struct process;
struct process_end;
struct worker;

struct child {
	TAILQ_ENTRY(child) entry;	/* its template's list, until given */
	bool granted;		/* it has the broker of one request's client, */
	struct child_request *request;	/* NULL: which was cancelled */
	int in;			/* we write; -1: taken */
	int out;		/* we read; -1: taken */
	struct process *process;	/* NULL: not yet, or not any more */
	struct family *family;		/* its template's; NULL as long */
	/* For whoever has the child at the moment. */
	void (*on_exit)(struct child *c, const struct process_end *end);
	void *arg;
};

TAILQ_HEAD(child_list, child);

/* The daemon's ends are in the child, the child's ends in theirs belong to the
 * caller: [0] it reads, [1] it writes. NULL with errno. */
struct child *child_new(int theirs[2]);

/* The same with one socket in the place of both pipes: ours is in. */
struct child *child_new_socket(int theirs[2]);

/* Its process, as the template of that family said: -1 if that is none (taken
 * all the same). */
int child_set_process_take(struct child *c, struct event_base *base,
	struct worker *w, struct family *f, int pidfd);

/* Close the pipes that were not taken, kill the process if it lives. */
void child_free(struct child *c);

#endif
