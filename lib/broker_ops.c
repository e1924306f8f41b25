/* What the broker does besides opening. Runs in the broker. */
#include "config.h"

#include "lib/broker.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define DIR_MODE 0777		/* less what the client's umask takes away */
#define NS 1000000000u

static int
dir_fd(const struct broker *b, int n)
{
	return b->dirs[b->request.dir[n]].fd;
}

static int
close_keeping_errno(int fd, int result)
{
	int saved = errno;

	close(fd);
	errno = saved;
	return result;
}

/* Append to the answer's data; the caller knows that there is room. */
static void
answer_add(struct broker *b, const void *data, size_t len)
{
	memcpy(b->answer.data + b->answer.head.len, data, len);
	b->answer.head.len += (uint32_t)len;
}

int
broker_do_GRANTS(struct broker *b)
{
	b->answer.head.sockets = (uint32_t)b->nsockets;
	for (size_t i = 0; i < b->ngrants; i++) {
		const struct wasmd_grant *g = &b->grants[i];
		struct broker_grant grant = {
			.dir = (uint32_t)i,
			.read_only = g->read_only,
			.name_len = (uint32_t)strlen(g->name),
		};

		_Static_assert(BROKER_GRANTS_MAX * (sizeof(grant) +
			BROKER_NAME_MAX) <= BROKER_DATA_MAX, "they fit");
		answer_add(b, &grant, sizeof(grant));
		answer_add(b, g->name, grant.name_len);
	}
	return 0;
}

int
broker_do_CLOSE(struct broker *b)
{
	close(dir_fd(b, 0));
	b->dirs[b->request.dir[0]].fd = -1;
	return 0;
}

/* ---- attributes -------------------------------------------------------- */

static uint64_t
nanoseconds(struct timespec ts)
{
	return (uint64_t)ts.tv_sec * NS + (uint64_t)ts.tv_nsec;
}

void
broker_stat_set(struct broker_stat *to, const struct stat *st)
{
	*to = (struct broker_stat){
		.dev = st->st_dev,
		.ino = st->st_ino,
		.nlink = st->st_nlink,
		.size = (uint64_t)st->st_size,
		.atime = nanoseconds(st->st_atim),
		.mtime = nanoseconds(st->st_mtim),
		.ctime = nanoseconds(st->st_ctim),
		.type = st->st_mode & S_IFMT,
	};
}

/* What the request names, as O_PATH; an empty path is the directory itself. */
static int
open_named(const struct broker *b)
{
	bool follow = (b->request.flags & BROKER_FOLLOW) != 0;

	if (b->request.path_len[0] == 0)
		return broker_open(dir_fd(b, 0), ".", O_PATH, 0);
	return broker_open(dir_fd(b, 0), b->path[0],
		O_PATH | (follow ? 0 : O_NOFOLLOW), 0);
}

int
broker_do_STAT(struct broker *b)
{
	int fd = open_named(b);
	struct stat st;

	if (fd == -1)
		return -1;
	if (fstat(fd, &st) == -1)
		return close_keeping_errno(fd, -1);
	broker_stat_set(&b->answer.head.stat, &st);
	return close_keeping_errno(fd, 0);
}

static struct timespec
time_of(const struct broker *b, int n, uint32_t set, uint32_t now)
{
	uint64_t ns = b->request.number[n];

	if ((b->request.flags & now) != 0)
		return (struct timespec){ .tv_nsec = UTIME_NOW };
	if ((b->request.flags & set) == 0)
		return (struct timespec){ .tv_nsec = UTIME_OMIT };
	return (struct timespec){
		.tv_sec = (time_t)(ns / NS), .tv_nsec = (long)(ns % NS),
	};
}

static void
times_of(const struct broker *b, struct timespec times[2])
{
	times[0] = time_of(b, 0, BROKER_ATIME, BROKER_ATIME_NOW);
	times[1] = time_of(b, 1, BROKER_MTIME, BROKER_MTIME_NOW);
}

int
broker_do_TIMES(struct broker *b)
{
	int fd = open_named(b);
	struct timespec times[2];

	if (fd == -1)
		return -1;
	times_of(b, times);
	return close_keeping_errno(fd, utimensat(fd, "", times, AT_EMPTY_PATH));
}

/*
 * Of an open file, which the child passes back as it has no call of its own for
 * it. It can only pass what it was given, or pipes. Opened for writing, or not
 * marked (see open_flags), it is from a grant that may be written to.
 */
int
broker_do_FILE_TIMES(struct broker *b)
{
	const int fd = b->came;
	struct timespec times[2];
	struct stat st;
	int flags;

	if (fd == -1 || fstat(fd, &st) == -1 ||
	    (flags = fcntl(fd, F_GETFL)) == -1 || (flags & O_PATH) != 0) {
		errno = EBADF;
		return -1;
	}
	if (!S_ISREG(st.st_mode)) {
		errno = EINVAL;
		return -1;
	}
	if ((flags & O_ACCMODE) == O_RDONLY && (flags & O_DSYNC) != 0) {
		errno = EROFS;
		return -1;
	}
	times_of(b, times);
	return futimens(fd, times);
}

/* ---- directories ------------------------------------------------------- */

/* As the kernel writes it, see getdents(2). */
struct kernel_entry {
	uint64_t ino;
	int64_t next;
	unsigned short len;
	unsigned char type;
	char name[];
};

/* Entries are longer in an answer than from the kernel by no more than this. */
#define ENTRY_GROWTH 8
#define ENTRY_LEAST 24		/* the shortest that the kernel writes */
#define ENTRIES_MAX (BROKER_DATA_MAX / (ENTRY_LEAST + ENTRY_GROWTH) * ENTRY_LEAST)
#define ENTRIES_MIN 1024	/* room for the longest name */

static void
add_entry(struct broker *b, const struct kernel_entry *from)
{
	struct broker_entry entry = {
		.next = (uint64_t)from->next,
		.ino = from->ino,
		.name_len = (uint32_t)strlen(from->name),
		.type = DTTOIF(from->type),
	};

	/* Of a grant this would be the number of what is outside. */
	if (strcmp(from->name, "..") == 0)
		entry.ino = 0;
	answer_add(b, &entry, sizeof(entry));
	answer_add(b, from->name, entry.name_len);
}

int
broker_do_READDIR(struct broker *b)
{
	static _Alignas(8) char from[ENTRIES_MAX];
	uint64_t want = b->request.number[1];
	long len;

	if (b->request.number[0] > INT64_MAX ||
	    lseek(dir_fd(b, 0), (off_t)b->request.number[0], SEEK_SET) == -1) {
		errno = EINVAL;
		return -1;
	}
	want = want < ENTRIES_MIN ? ENTRIES_MIN : want;
	want = want > ENTRIES_MAX ? ENTRIES_MAX : want;
	len = syscall(SYS_getdents64, dir_fd(b, 0), from, want);
	if (len == -1)
		return -1;
	for (long at = 0; at < len; ) {
		const struct kernel_entry *e = (void *)(from + at);

		add_entry(b, e);
		at += e->len;
	}
	return 0;
}

int
broker_do_SYNC(struct broker *b)
{
	return fsync(dir_fd(b, 0));
}

int
broker_do_READLINK(struct broker *b)
{
	int fd = open_named(b);
	ssize_t len;

	if (fd == -1)
		return -1;
	len = readlinkat(fd, "", b->answer.data, sizeof(b->answer.data));
	if (len != -1)
		b->answer.head.len = (uint32_t)len;
	else if (errno == ENOENT)	/* how it says that it is no link */
		errno = EINVAL;
	return close_keeping_errno(fd, len == -1 ? -1 : 0);
}

/* ---- names ------------------------------------------------------------- */

/* Do something at the last name of a path. */
static int
at_place(struct broker *b, int n, char *path,
	int (*act)(const struct broker_place *p, const struct broker *b))
{
	struct broker_place p;
	int ret;

	if (broker_place_open(&p, dir_fd(b, n), path) == -1)
		return -1;
	ret = act(&p, b);
	broker_place_close(&p);
	return ret;
}

static int
act_mkdir(const struct broker_place *p, const struct broker *b)
{
	return mkdirat(p->dir, p->name, DIR_MODE);
}

static int
act_rmdir(const struct broker_place *p, const struct broker *b)
{
	return unlinkat(p->dir, p->name, AT_REMOVEDIR);
}

static int
act_unlink(const struct broker_place *p, const struct broker *b)
{
	return unlinkat(p->dir, p->name, 0);
}

static int
act_symlink(const struct broker_place *p, const struct broker *b)
{
	return symlinkat(b->path[0], p->dir, p->name);
}

int
broker_do_MKDIR(struct broker *b)
{
	return at_place(b, 0, b->path[0], act_mkdir);
}

int
broker_do_RMDIR(struct broker *b)
{
	return at_place(b, 0, b->path[0], act_rmdir);
}

int
broker_do_UNLINK(struct broker *b)
{
	return at_place(b, 0, b->path[0], act_unlink);
}

/* The first path is what it points to: text, not looked up. An absolute one
 * could not be followed here, and would be followed elsewhere. */
int
broker_do_SYMLINK(struct broker *b)
{
	if (b->path[0][0] == '/') {
		errno = EPERM;
		return -1;
	}
	return at_place(b, 0, b->path[1], act_symlink);
}

/* Of two names, in the two directories of the request. */
static int
at_places(struct broker *b,
	int (*act)(const struct broker_place *from,
		const struct broker_place *to))
{
	struct broker_place from, to;
	int ret = -1;

	if (broker_place_open(&from, dir_fd(b, 0), b->path[0]) == -1)
		return -1;
	if (broker_place_open(&to, dir_fd(b, 1), b->path[1]) == 0) {
		ret = act(&from, &to);
		broker_place_close(&to);
	}
	broker_place_close(&from);
	return ret;
}

static int
act_rename(const struct broker_place *from, const struct broker_place *to)
{
	return renameat(from->dir, from->name, to->dir, to->name);
}

/* The kernel would follow a link with a slash behind it. What has one is a
 * directory or an error, and directories have no links. */
static int
act_link(const struct broker_place *from, const struct broker_place *to)
{
	int fd;

	if (strchr(from->name, '/') == NULL)
		return linkat(from->dir, from->name, to->dir, to->name, 0);
	fd = broker_open(from->dir, from->name, O_PATH | O_DIRECTORY, 0);
	if (fd == -1)
		return -1;
	close(fd);
	errno = EPERM;
	return -1;
}

int
broker_do_RENAME(struct broker *b)
{
	return at_places(b, act_rename);
}

int
broker_do_LINK(struct broker *b)
{
	return at_places(b, act_link);
}
