/* What each user has at the moment, and may have. Runs in the daemon. */
#include "daemon/user.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

void
users_init(struct users *users, const struct policies *policies)
{
	TAILQ_INIT(&users->list);
	users->policies = policies;
}

static void
user_free(struct user *u)
{
	TAILQ_REMOVE(&u->users->list, u, entry);
	free(u->groups);
	free(u);
}

void
users_clear(struct users *users)
{
	struct user *u;

	while ((u = TAILQ_FIRST(&users->list)) != NULL) {
		assert(u->refs == 0);
		user_free(u);
	}
}

/* Whoever leaves and comes again has not paid the less for it. */
static void
user_free_unused(struct user *u)
{
	if (u->refs == 0 && u->paid_ns <= clock_monotonic_us() * 1000)
		user_free(u);
}

static struct user *
user_find(struct users *users, uid_t uid)
{
	struct user *u, *next, *found = NULL;

	for (u = TAILQ_FIRST(&users->list); u != NULL; u = next) {
		next = TAILQ_NEXT(u, entry);
		if (u->uid == uid)
			found = u;
		else if (u->refs == 0)
			user_free_unused(u);
	}
	return found;
}

struct user *
user_ref(struct users *users, uid_t uid)
{
	struct user *u = user_find(users, uid);

	if (u == NULL) {
		u = calloc(1, sizeof(*u));
		if (u == NULL)
			return NULL;
		u->users = users;
		u->uid = uid;
		for (int i = 0; i < USER_PRIORITIES; i++)
			TAILQ_INIT(&u->waiting[i]);
		policies_find(users->policies, uid, NULL, 0, &u->policy);
		TAILQ_INSERT_HEAD(&users->list, u, entry);
	}
	u->refs++;
	return u;
}

void
user_unref(struct user *u)
{
	if (u == NULL || --u->refs > 0)
		return;
	user_free_unused(u);
}

static void
user_find_policy(struct user *u)
{
	policies_find(u->users->policies, u->uid, u->groups, u->ngroups,
		&u->policy);
}

int
user_set_groups(struct user *u, const gid_t *groups, size_t ngroups)
{
	gid_t *copy;

	if (ngroups == u->ngroups && (ngroups == 0 ||
	    memcmp(groups, u->groups, ngroups * sizeof(*groups)) == 0))
		return 0;
	copy = reallocarray(NULL, ngroups, sizeof(*copy));
	if (copy == NULL && ngroups > 0)
		return -1;
	if (ngroups > 0)
		memcpy(copy, groups, ngroups * sizeof(*copy));
	free(u->groups);
	u->groups = copy;
	u->ngroups = ngroups;
	user_find_policy(u);
	return 0;
}

void
users_reload(struct users *users, const struct policies *policies)
{
	struct user *u;

	users->policies = policies;
	TAILQ_FOREACH(u, &users->list, entry)
		user_find_policy(u);
}

bool
user_is_admitted(const struct user *u)
{
	return u->policy.access || u->uid == 0;
}

/*
 * Each call is worth a second's part of the rate. Calls may be paid ahead of
 * time by a burst's worth; time that passed unused is lost.
 */
uint64_t
user_pay_call(struct user *u, uint64_t now_us)
{
	uint64_t now = now_us * 1000, price, ahead;

	if (u->policy.rate == 0)
		return 0;
	price = 1000000000 / u->policy.rate;
	ahead = price * (u->policy.burst - 1);
	if (u->paid_ns < now)
		u->paid_ns = now;
	if (u->paid_ns - now > ahead)
		return (u->paid_ns - now - ahead) / 1000000 + 1;
	u->paid_ns += price;
	return 0;
}
