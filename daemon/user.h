/*
 * What each user has at the moment, and may have: the quotas' counters. Runs in
 * the daemon.
 */
#ifndef DAEMON_USER_H
#define DAEMON_USER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>
#include <sys/types.h>

#include "daemon/policy.h"

struct job;

#define USER_PRIORITIES 10	/* of a user's own jobs: 0 to 9 */

TAILQ_HEAD(user_waiting, job);

struct user {
	TAILQ_ENTRY(user) entry;
	struct users *users;
	uid_t uid;
	struct policy policy;
	gid_t *groups;		/* of the latest connection; owned */
	size_t ngroups;
	unsigned refs;
	unsigned conns;
	unsigned jobs;		/* alive, in whatever state */
	unsigned running;	/* jobs that hold a slot */
	unsigned kept;		/* detached jobs that have ended */
	unsigned uploads;	/* modules on their way into the store */
	uint64_t held_bytes;	/* of temporary modules */
	uint64_t paid_ns;	/* calls so far are worth the time up to here */

	/* queue.c's */
	uint64_t turn;		/* when it is due, in its own time */
	unsigned nwaiting;	/* jobs that wait, by priority: */
	struct user_waiting waiting[USER_PRIORITIES];
	TAILQ_ENTRY(user) with_waiting;	/* of the users that have some */
};

TAILQ_HEAD(user_list, user);

struct users {
	struct user_list list;	/* only those with something: short */
	const struct policies *policies;
};

/* The policies are borrowed. */
void users_init(struct users *users, const struct policies *policies);

/* Nobody is referenced any more. */
void users_clear(struct users *users);

/* The user's record, made when new; NULL: no memory. */
struct user *user_ref(struct users *users, uid_t uid);
void user_unref(struct user *u);	/* NULL is legal */

/* The groups that a user's process is in, for the policies of groups. -1: no
 * memory, nothing is changed. */
int user_set_groups(struct user *u, const gid_t *groups, size_t ngroups);

/* The policies have changed. */
void users_reload(struct users *users, const struct policies *policies);

/* Whether it may be here at all; root always may. */
bool user_is_admitted(const struct user *u);

/*
 * One more call now, by max-rate-per-user: 0, or how many milliseconds are left
 * until it may be. A call that is refused costs nothing.
 */
uint64_t user_pay_call(struct user *u, uint64_t now_us);

#endif
