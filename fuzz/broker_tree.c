/* What the broker is let loose on. */
#include "config.h"

#include "fuzz/broker_tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define OUTSIDE_MAX 8

static char base[PATH_MAX / 4];	/* of this process */
static char places[3][PATH_MAX / 2];	/* by part, as the kernel calls them */
static struct stat kept[16];	/* as it was, of what must not change */
static struct stat outside[OUTSIDE_MAX];
static unsigned noutside;

/* What must not change, from base on. "." tells what is in base at all. */
static const char *const fixed[] = {
	".", "out", "out/secret", "out/d", "out/d/deep", "ro", "ro/r", "ro/x",
	"ro/x/y",
};
#define FIXED (sizeof(fixed) / sizeof(fixed[0]))

static void
fail(const char *what)
{
	fprintf(stderr, "%s\n", what);
	abort();
}

static void
in_base(char *path, size_t size, const char *name)
{
	if (snprintf(path, size, "%s/%s", base, name) >= (int)size)
		fail("path too long");
}

static void
make_dir(const char *name)
{
	char path[PATH_MAX];

	in_base(path, sizeof(path), name);
	if (mkdir(path, 0755) == -1)
		fail(path);
}

static void
make_file(const char *name, const char *text)
{
	char path[PATH_MAX];
	int fd;

	in_base(path, sizeof(path), name);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd == -1 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		fail(path);
	close(fd);
}

static void
make_link(const char *name, const char *to)
{
	char path[PATH_MAX];

	in_base(path, sizeof(path), name);
	if (symlink(to, path) == -1)
		fail(path);
}

static void
stat_of(const char *name, struct stat *st)
{
	char path[PATH_MAX];

	in_base(path, sizeof(path), name);
	if (lstat(path, st) == -1)
		fail(path);
}

static void
make_writable(void)
{
	char secret[PATH_MAX], fifo[PATH_MAX];

	in_base(secret, sizeof(secret), "out/secret");
	in_base(fifo, sizeof(fifo), "rw/p");
	make_dir("rw");
	make_dir("rw/d");
	make_dir("rw/d/e");
	make_file("rw/a", "a");
	make_file("rw/d/f", "f");
	make_link("rw/la", secret);
	make_link("rw/lr", "../out/secret");
	make_link("rw/ld", "../out");
	make_link("rw/lo", "../ro");
	make_link("rw/d/lu", "../../out/d");
	make_link("rw/li", "d/f");
	make_link("rw/lj", "d");
	make_link("rw/ls", "ls");
	make_link("rw/lp", "/proc/self/root");
	make_link("rw/lq", "/proc/self/fd/0");
	if (mkfifo(fifo, 0644) == -1)
		fail(fifo);
}

void
tree_make(void)
{
	const char *tmp = getenv("TMPDIR");

	snprintf(base, sizeof(base), "%s/fuzz-broker-XXXXXX",
		tmp != NULL ? tmp : "/tmp");
	if (mkdtemp(base) == NULL)
		fail(base);
	make_dir("out");
	make_dir("out/d");
	make_file("out/secret", "secret");
	make_file("out/d/deep", "deep");
	make_dir("ro");
	make_dir("ro/x");
	make_file("ro/r", "r");
	make_file("ro/x/y", "y");
	make_link("ro/l", "../rw/a");
	make_link("ro/m", "x/y");
	make_writable();
	in_base(places[TREE_OUTSIDE], sizeof(places[0]), "out");
	in_base(places[TREE_WRITABLE], sizeof(places[0]), "rw");
	in_base(places[TREE_READ_ONLY], sizeof(places[0]), "ro");
	noutside = 0;
	for (size_t i = 0; i < FIXED; i++) {
		stat_of(fixed[i], &kept[i]);
		if (strncmp(fixed[i], "ro", 2) != 0)
			outside[noutside++] = kept[i];
	}
	if (stat("/", &outside[noutside++]) == -1 ||
	    stat("/proc", &outside[noutside++]) == -1)
		fail("/");
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	return remove(path);
}

void
tree_remove(void)
{
	if (nftw(base, remove_one, 16, FTW_DEPTH | FTW_PHYS) == -1)
		fail("what was made cannot be removed");
}

int
tree_open(enum tree_part part)
{
	int fd = open(places[part], O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd == -1)
		fail(places[part]);
	return fd;
}

static bool
is_below(const char *path, const char *dir)
{
	size_t len = strlen(dir);

	return strncmp(path, dir, len) == 0 &&
		(path[len] == '/' || path[len] == '\0' || path[len] == ' ');
}

enum tree_part
tree_part_of(int fd)
{
	static const char gone[] = " (deleted)";
	char name[64], path[2 * PATH_MAX];
	ssize_t len;

	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	len = readlink(name, path, sizeof(path) - 1);
	if (len <= 0)
		fail("what was given is not open");
	path[len] = '\0';
	if ((size_t)len > sizeof(gone) &&
	    strcmp(path + len - (sizeof(gone) - 1), gone) == 0)
		return TREE_GONE;
	if (is_below(path, places[TREE_READ_ONLY]))
		return TREE_READ_ONLY;
	return is_below(path, places[TREE_WRITABLE]) ? TREE_WRITABLE :
		TREE_OUTSIDE;
}

bool
tree_is_outside(unsigned long long dev, unsigned long long ino)
{
	for (unsigned i = 0; i < noutside; i++) {
		if (outside[i].st_dev == dev && outside[i].st_ino == ino)
			return true;
	}
	return false;
}

void
tree_check(void)
{
	for (size_t i = 0; i < FIXED; i++) {
		const struct stat *was = &kept[i];
		struct stat st;

		stat_of(fixed[i], &st);
		if (st.st_ino != was->st_ino || st.st_mode != was->st_mode ||
		    st.st_nlink != was->st_nlink ||
		    st.st_size != was->st_size ||
		    st.st_uid != was->st_uid ||
		    st.st_mtim.tv_sec != was->st_mtim.tv_sec ||
		    st.st_mtim.tv_nsec != was->st_mtim.tv_nsec ||
		    st.st_ctim.tv_sec != was->st_ctim.tv_sec ||
		    st.st_ctim.tv_nsec != was->st_ctim.tv_nsec)
			fail(fixed[i]);
	}
}
