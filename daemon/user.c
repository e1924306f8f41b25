/* What each user has at the moment. Runs in the daemon. */
#include "daemon/user.h"

#include <stdlib.h>

void
users_init(struct users *users)
{
	TAILQ_INIT(&users->list);
}

struct user *
user_ref(struct users *users, uid_t uid)
{
	struct user *u;

	TAILQ_FOREACH(u, &users->list, entry) {
		if (u->uid == uid) {
			u->refs++;
			return u;
		}
	}
	u = calloc(1, sizeof(*u));
	if (u == NULL)
		return NULL;
	u->users = users;
	u->uid = uid;
	u->refs = 1;
	TAILQ_INSERT_HEAD(&users->list, u, entry);
	return u;
}

void
user_unref(struct user *u)
{
	if (u == NULL || --u->refs > 0)
		return;
	TAILQ_REMOVE(&u->users->list, u, entry);
	free(u);
}
