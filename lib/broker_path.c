/*
 * Paths of a hostile guest, resolved below a directory. Runs in the broker.
 *
 * The kernel does it, openat2(2) with RESOLVE_BENEATH: no "..", no symbolic
 * link, no race with a rename leads out of the directory, and what /proc has in
 * the place of links leads nowhere. What has no such form of its own is done
 * with the parent, opened like that, and a single name, which no call follows.
 */
#include "config.h"

#include "lib/broker.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* A rename at the same time may make the kernel give up with EAGAIN. */
#define OPEN_TRIES 128

int
broker_open(int dir, const char *path, int flags, mode_t mode)
{
	struct open_how how = {
		.flags = (uint64_t)(unsigned)flags | O_CLOEXEC,
		.mode = (flags & O_CREAT) != 0 ? mode : 0,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS,
	};
	long fd = -1;

	for (int i = 0; i < OPEN_TRIES; i++) {
		fd = syscall(SYS_openat2, dir, path, &how, sizeof(how));
		if (fd != -1 || (errno != EAGAIN && errno != EINTR))
			break;
	}
	if (fd == -1 && errno == EXDEV)
		errno = EPERM;
	return (int)fd;
}

int
broker_place_open(struct broker_place *p, int dir, char *path)
{
	size_t end = strlen(path), start;

	while (end > 0 && path[end - 1] == '/')
		end--;
	for (start = end; start > 0 && path[start - 1] != '/'; start--)
		;
	if (end == 0 || path[0] == '/') {
		errno = path[0] == '/' ? EPERM : ENOENT;
		return -1;
	}
	p->name = path + start;
	p->opened = start > 0;
	p->dir = dir;
	if (start == 0)
		return 0;
	path[start - 1] = '\0';
	p->dir = broker_open(dir, path, O_PATH | O_DIRECTORY, 0);
	return p->dir == -1 ? -1 : 0;
}

void
broker_place_close(struct broker_place *p)
{
	int saved = errno;

	if (p->opened)
		close(p->dir);
	errno = saved;
}
