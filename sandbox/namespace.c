/* Namespaces of the confined processes. Runs in the worker. */
#include "config.h"

#include "sandbox/namespace.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sandbox/enter.h"

/* What user and group are called inside. Not 0: nothing in there is root. */
#define INNER_ID 1

static int
proc_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t n;
	int saved;

	if (fd == -1)
		return -1;
	n = write(fd, text, strlen(text));
	saved = errno;
	close(fd);
	errno = saved;
	return n == -1 ? -1 : 0;
}

static int
map_id(const char *path, unsigned outer)
{
	char text[48];

	snprintf(text, sizeof(text), "%d %u 1", INNER_ID, outer);
	return proc_write(path, text);
}

/* user_namespaces(7): an unprivileged process may map its own user, and its own
 * group once it has given up setgroups(2). */
int
namespace_user(struct enter *e)
{
	uid_t uid = geteuid();
	gid_t gid = getegid();

	if (unshare(CLONE_NEWUSER) == -1 ||
	    proc_write("/proc/self/setgroups", "deny") == -1 ||
	    map_id("/proc/self/uid_map", uid) == -1 ||
	    map_id("/proc/self/gid_map", gid) == -1)
		return -1;
	return 0;
}

/*
 * An empty root that holds no file and cannot be written. /proc serves as a
 * place to mount it on since every system has it; pivot_root(2) tells how the
 * old root goes below the new one, and away.
 */
int
namespace_mount(struct enter *e)
{
	const unsigned long flags = MS_NOSUID | MS_NODEV | MS_NOEXEC;

	if (unshare(CLONE_NEWNS) == -1 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == -1 ||
	    mount("tmpfs", "/proc", "tmpfs", flags,
	    "size=4k,nr_inodes=1,mode=0555") == -1 ||
	    chdir("/proc") == -1 ||
	    syscall(SYS_pivot_root, ".", ".") == -1 ||
	    umount2(".", MNT_DETACH) == -1 || chdir("/") == -1 ||
	    mount(NULL, "/", NULL, MS_REMOUNT | MS_RDONLY | flags, NULL) == -1)
		return -1;
	return 0;
}

int
namespace_pid(struct enter *e)
{
	return unshare(CLONE_NEWPID);
}

/* A new one has a loopback interface, which is down, and nothing else. */
int
namespace_net(struct enter *e)
{
	return unshare(CLONE_NEWNET);
}

int
namespace_ipc(struct enter *e)
{
	return unshare(CLONE_NEWIPC);
}

/* A new one begins with the names of the old one. */
int
namespace_uts(struct enter *e)
{
	static const char name[] = "wasmd";

	if (unshare(CLONE_NEWUTS) == -1 ||
	    sethostname(name, sizeof(name) - 1) == -1 ||
	    setdomainname("", 0) == -1)
		return -1;
	return 0;
}

int
namespace_cgroup(struct enter *e)
{
	return unshare(CLONE_NEWCGROUP);
}
