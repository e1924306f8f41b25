/* The request that opens a file or directory. Runs in the broker. */
#include "config.h"

#include "lib/broker.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#define FILE_MODE 0666		/* less what the client's umask takes away */

/*
 * Never waits: not for the other end of a FIFO, not for a device.
 *
 * A descriptor from a read-only grant is marked by a flag that means nothing to
 * a reader, and that no fcntl(2) takes away or adds: by it broker_do_FILE_TIMES
 * knows it again.
 */
static int
open_flags(uint32_t flags, bool read_only)
{
	int o = O_NOCTTY | O_NONBLOCK;

	if ((flags & BROKER_WRITE) == 0)
		o |= O_RDONLY | (read_only ? O_DSYNC : 0);
	else
		o |= ((flags & BROKER_READ) != 0 ? O_RDWR : O_WRONLY) |
			((flags & BROKER_DSYNC) != 0 ? O_DSYNC : 0) |
			((flags & BROKER_SYNC) != 0 ? O_SYNC : 0);
	return o |
		((flags & BROKER_CREATE) != 0 ? O_CREAT : 0) |
		((flags & BROKER_EXCLUSIVE) != 0 ? O_EXCL : 0) |
		((flags & BROKER_TRUNCATE) != 0 ? O_TRUNC : 0) |
		((flags & BROKER_APPEND) != 0 ? O_APPEND : 0) |
		((flags & BROKER_DIRECTORY) != 0 ? O_DIRECTORY : 0) |
		((flags & BROKER_FOLLOW) != 0 ? 0 : O_NOFOLLOW);
}

/* As on a file system that is mounted read-only: what exists can be opened as
 * if to be made, what does not cannot be. */
static int
open_read_only(int dir, const char *path, uint32_t flags)
{
	int fd;

	if ((flags & (BROKER_WRITE | BROKER_TRUNCATE)) != 0) {
		errno = EROFS;
		return -1;
	}
	fd = broker_open(dir, path, open_flags(flags & ~(uint32_t)
		(BROKER_CREATE | BROKER_EXCLUSIVE), true), 0);
	if ((flags & BROKER_CREATE) == 0)
		return fd;
	if (fd == -1) {
		errno = errno == ENOENT ? EROFS : errno;
		return -1;
	}
	if ((flags & BROKER_EXCLUSIVE) == 0)
		return fd;
	close(fd);
	errno = EEXIST;
	return -1;
}

static int
open_directory(struct broker *b, int fd, bool read_only)
{
	for (uint32_t i = 0; i < BROKER_DIRS_MAX; i++) {
		if (b->dirs[i].fd != -1)
			continue;
		b->dirs[i] = (struct broker_dir){ fd, read_only, false };
		b->answer.head.dir = i;
		return 0;
	}
	errno = ENFILE;
	return -1;
}

/* As with nodev: a device is a way out of the directory. So is what /proc has,
 * be it mounted where it may: the memory of this very process. */
static bool
open_is_allowed(int fd, const struct stat *st)
{
	struct statfs fs;

	return (S_ISREG(st->st_mode) || S_ISFIFO(st->st_mode)) &&
		fstatfs(fd, &fs) == 0 && fs.f_type != PROC_SUPER_MAGIC;
}

/* What is behind the descriptor decides who keeps it. */
static int
open_give(struct broker *b, int fd, bool read_only)
{
	struct stat st;

	if (fstat(fd, &st) == -1)
		return -1;
	broker_stat_set(&b->answer.head.stat, &st);
	if (S_ISDIR(st.st_mode))
		return open_directory(b, fd, read_only);
	if (!open_is_allowed(fd, &st)) {
		errno = EACCES;
		return -1;
	}
	/* For a file the flag means nothing; who reads a FIFO wants to wait. */
	if (S_ISFIFO(st.st_mode) &&
	    (b->request.flags & BROKER_NONBLOCK) == 0 &&
	    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK) == -1)
		return -1;
	b->give = fd;
	return 0;
}

int
broker_do_OPEN(struct broker *b)
{
	const struct broker_dir *dir = &b->dirs[b->request.dir[0]];
	uint32_t flags = b->request.flags;
	int fd;

	if ((flags & BROKER_DIRECTORY) != 0 && (flags & BROKER_CREATE) != 0) {
		errno = EINVAL;
		return -1;
	}
	if (dir->read_only)
		fd = open_read_only(dir->fd, b->path[0], flags);
	else
		fd = broker_open(dir->fd, b->path[0],
			open_flags(flags, false), FILE_MODE);
	if (fd == -1)
		return -1;
	if (open_give(b, fd, dir->read_only) == 0)
		return 0;
	close(fd);
	return -1;
}
