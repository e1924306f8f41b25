/* Who the daemon is. Runs in the daemon. */
#include "config.h"

#include "daemon/identity.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

int
identity_find(struct identity *id, const char *user, bool is_private,
	struct err *err)
{
	struct passwd *pw;

	id->uid = geteuid();
	id->gid = getegid();
	if (id->uid != 0)
		return 0;
	pw = getpwnam(user != NULL ? user : IDENTITY_USER);
	if (pw == NULL && user == NULL && is_private)
		pw = getpwnam("nobody");
	user = user != NULL ? user : IDENTITY_USER;
	if (pw == NULL)
		return err_set(err, 1, "there is no user '%s' to become: create "
			"it (useradd --system %s), name another with --user, or "
			"do not start wasmd as root", user, user);
	if (pw->pw_uid == 0)
		return err_set(err, 1, "--user %s: guests never run as root",
			user);
	id->uid = pw->pw_uid;
	id->gid = pw->pw_gid;
	return 0;
}

int
identity_find_group(gid_t *gid, const char *group, struct err *err)
{
	struct group *gr = getgrnam(group);

	if (gr == NULL)
		return err_set(err, 1, "--group %s: there is no such group",
			group);
	*gid = gr->gr_gid;
	return 0;
}

int
identity_become(const struct identity *id, struct err *err)
{
	if (geteuid() == 0 && (setgroups(0, NULL) == -1 ||
		    setresgid(id->gid, id->gid, id->gid) == -1 ||
		    setresuid(id->uid, id->uid, id->uid) == -1))
		return err_set(err, 1, "cannot become user %u: %s",
			(unsigned)id->uid, strerror(errno));
	if (geteuid() == 0 || getuid() == 0 || setuid(0) == 0)
		return err_set(err, 1, "root could not be given up");
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1)
		return err_set(err, 1, "no_new_privs: %s", strerror(errno));
	return 0;
}
