/*
 * What each user has at the moment: the quotas' counters. Runs in the daemon.
 */
#ifndef DAEMON_USER_H
#define DAEMON_USER_H

#include <sys/queue.h>
#include <sys/types.h>

struct user {
	TAILQ_ENTRY(user) entry;
	struct users *users;
	uid_t uid;
	unsigned refs;
	unsigned conns;
	unsigned jobs;		/* alive, in whatever state */
	unsigned running;	/* jobs that hold a slot */
	unsigned uploads;	/* modules on their way into the store */
};

TAILQ_HEAD(user_list, user);

struct users {
	struct user_list list;	/* only those with something: short */
};

void users_init(struct users *users);

/* The user's record, made when new; NULL: no memory. */
struct user *user_ref(struct users *users, uid_t uid);
void user_unref(struct user *u);

#endif
