/*
 * Who the daemon is: the unprivileged user it becomes when it was started as
 * root. Runs in the daemon.
 */
#ifndef DAEMON_IDENTITY_H
#define DAEMON_IDENTITY_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"

struct identity {
	uid_t uid;
	gid_t gid;
};

#define IDENTITY_USER "wasmd"

/*
 * Of the named user when started as root, else who we are. 0, or -1: there is
 * no such user, or it is root. user may be NULL: IDENTITY_USER, or for a private
 * daemon, which must work where nothing was installed, else nobody.
 */
int identity_find(struct identity *id, const char *user, bool is_private,
	struct err *err);

/* The gid of a group's name. */
int identity_find_group(gid_t *gid, const char *group, struct err *err);

/* Become it, for good, and gain no privileges ever after. */
int identity_become(const struct identity *id, struct err *err);

#endif
