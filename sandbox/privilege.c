/* Identity and privileges of a process, given up. Runs in the worker. */
#include "config.h"

#include "sandbox/privilege.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sandbox/enter.h"

/* Linux 6.3; the headers of Debian 12 are older. */
#ifndef PR_SET_MDWE
#define PR_SET_MDWE 65
#define PR_MDWE_REFUSE_EXEC_GAIN 1
#endif

#define CAPS_WORDS _LINUX_CAPABILITY_U32S_3

static int
caps_set(const struct __user_cap_data_struct caps[CAPS_WORDS])
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};

	return (int)syscall(SYS_capset, &header, caps);
}

static int
caps_get(struct __user_cap_data_struct caps[CAPS_WORDS])
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};

	return (int)syscall(SYS_capget, &header, caps);
}

/*
 * Become the configured user when started as root. CAP_SYS_ADMIN is kept until
 * privilege_drop_caps, so that the namespaces can be made where users may not
 * make any; all else is lost here.
 */
int
privilege_drop_user(struct enter *e)
{
	struct __user_cap_data_struct caps[CAPS_WORDS] = { 0 };
	const uint32_t kept = 1u << CAP_SYS_ADMIN | 1u << CAP_SETPCAP;
	uid_t uid = e->config.uid;
	gid_t gid = e->config.gid;

	if (geteuid() != 0 && getuid() != 0)
		return 0;
	if (uid == 0 || gid == 0) {
		errno = EPERM;
		return -1;
	}
	if (caps_get(caps) == -1 || prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) == -1 ||
	    setgroups(0, NULL) == -1 || setresgid(gid, gid, gid) == -1 ||
	    setresuid(uid, uid, uid) == -1)
		return -1;
	caps[0].permitted &= kept;
	caps[0].effective = caps[0].permitted;
	caps[0].inheritable = 0;
	caps[1] = (struct __user_cap_data_struct){ 0 };
	/* A change of user makes a process not dumpable, and what is not
	 * dumpable may not write its own id maps. */
	if (caps_set(caps) == -1 || prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0) == -1 ||
	    prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) == -1)
		return -1;
	return 0;
}

/* Empty the bounding set. Who may not (no user namespace, an ordinary user)
 * has nothing to gain from it either, as no_new_privs is required. */
static int
caps_drop_bounding(void)
{
	for (int cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++) {
		if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) == -1 && errno != EPERM)
			return -1;
	}
	return 0;
}

int
privilege_drop_caps(struct enter *e)
{
	struct __user_cap_data_struct caps[CAPS_WORDS] = { 0 };

	if (caps_drop_bounding() == -1 ||
	    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) == -1 ||
	    caps_set(caps) == -1 || caps_get(caps) == -1)
		return -1;
	for (int i = 0; i < CAPS_WORDS; i++) {
		if ((caps[i].effective | caps[i].permitted |
		    caps[i].inheritable) != 0) {
			errno = EPERM;
			return -1;
		}
	}
	return 0;
}

int
privilege_no_new(struct enter *e)
{
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

int
privilege_not_dumpable(struct enter *e)
{
	return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

int
privilege_no_exec_gain(struct enter *e)
{
	return prctl(PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN, 0, 0, 0);
}
