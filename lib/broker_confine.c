/*
 * What the broker gives up before it reads its first request. Runs in the
 * broker.
 * https://docs.kernel.org/userspace-api/landlock.html
 */
#include "config.h"

#include "lib/broker.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/landlock.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Newer than the headers of Debian 12. */
#ifndef LANDLOCK_ACCESS_FS_TRUNCATE
#define LANDLOCK_ACCESS_FS_TRUNCATE (1ULL << 14)
#endif

#define READS (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
/* FIFOs and sockets cannot be made, but renamed. */
#define WRITES (LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_TRUNCATE | \
	LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE | \
	LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG | \
	LANDLOCK_ACCESS_FS_MAKE_SYM | LANDLOCK_ACCESS_FS_MAKE_FIFO | \
	LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_REFER)

/* struct landlock_ruleset_attr as of ABI 6. */
struct landlock_denied {
	uint64_t fs, net, scoped;
};

/* All that each ABI can deny. */
static const struct landlock_denied landlock_denied[] = {
	{ 0, 0, 0 },
	{ 0x1fff, 0, 0 },
	{ 0x3fff, 0, 0 },
	{ 0x7fff, 0, 0 },
	{ 0x7fff, 3, 0 },
	{ 0xffff, 3, 0 },
	{ 0xffff, 3, 3 },
};
#define LANDLOCK_ABI_MAX \
	(sizeof(landlock_denied) / sizeof(landlock_denied[0]) - 1)

static int
landlock_allow(int rules, const struct broker_dir *dir, uint64_t denied)
{
	struct landlock_path_beneath_attr beneath = {
		.allowed_access = (dir->read_only ? READS : READS | WRITES) &
			denied,
		.parent_fd = dir->fd,
	};

	return (int)syscall(SYS_landlock_add_rule, rules,
		LANDLOCK_RULE_PATH_BENEATH, &beneath, 0);
}

/* A second line behind openat2(2), where the kernel has it. */
static int
confine_landlock(const struct broker *b)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0,
		LANDLOCK_CREATE_RULESET_VERSION);
	const struct landlock_denied *denied;
	int rules, ret = 0;

	if (abi <= 0)
		return 0;
	denied = &landlock_denied[(size_t)abi < LANDLOCK_ABI_MAX ?
		(size_t)abi : LANDLOCK_ABI_MAX];
	rules = (int)syscall(SYS_landlock_create_ruleset, denied,
		sizeof(*denied), 0);
	if (rules == -1)
		return -1;
	for (size_t i = 0; ret == 0 && i < b->ngrants; i++)
		ret = landlock_allow(rules, &b->dirs[i], denied->fs);
	if (ret == 0)
		ret = (int)syscall(SYS_landlock_restrict_self, rules, 0);
	close(rules);
	return ret;
}

/* The lowest descriptor from so high on that is to stay open, or UINT_MAX. */
static unsigned
kept_from(const struct broker *b, unsigned from)
{
	unsigned lowest = UINT_MAX;

	if ((unsigned)b->sock >= from)
		lowest = (unsigned)b->sock;
	if ((unsigned)b->told >= from && (unsigned)b->told < lowest)
		lowest = (unsigned)b->told;
	for (size_t i = 0; i < b->ngrants + b->nsockets; i++) {
		unsigned fd = (unsigned)b->dirs[i].fd;

		if (fd >= from && fd < lowest)
			lowest = fd;
	}
	return lowest;
}

/* Close all others, in the gaps between these. Standard descriptors too: who
 * reads ours to the end must not wait for the broker. */
static int
confine_fds(const struct broker *b)
{
	unsigned from = STDERR_FILENO + 1, next;
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null == -1)
		return -1;
	for (int fd = 0; fd <= STDERR_FILENO; fd++)
		if (dup2(null, fd) == -1)
			return -1;
	for (; from != 0; from = next + 1) {
		next = kept_from(b, from);
		if (next > from &&
		    syscall(SYS_close_range, from, next - 1, 0) == -1)
			return -1;
	}
	return 0;
}

static int
confine_dup(int fd)
{
	return fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
}

/* Descriptors of its own, away from where the standard ones go; those of the
 * grants so that they can be read. */
static int
confine_take_fds(struct broker *b)
{
	for (size_t i = 0; i < b->ngrants; i++) {
		int fd = broker_open(b->grants[i].dir, ".",
			O_RDONLY | O_DIRECTORY, 0);

		if (fd == -1)
			return -1;
		b->dirs[i].fd = confine_dup(fd);
		b->dirs[i].read_only = b->grants[i].read_only;
		if (b->dirs[i].fd == -1)
			return -1;
	}
	for (size_t i = 0; i < b->nsockets; i++) {
		struct broker_dir *socket = &b->dirs[b->ngrants + i];

		socket->fd = confine_dup(b->sockets[i]);
		socket->is_socket = true;
		if (socket->fd == -1)
			return -1;
	}
	b->sock = confine_dup(b->sock);
	b->told = confine_dup(b->told);
	return b->sock == -1 || b->told == -1 ? -1 : 0;
}

/* Of the client's program nothing goes on here: not its handlers, not its
 * terminal's signals. */
static void
confine_signals(void)
{
	struct sigaction action = { .sa_handler = SIG_DFL };
	sigset_t none;

	for (int sig = 1; sig < NSIG; sig++)
		sigaction(sig, &action, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setsid();
}

/* As many directories as it may be asked for, where that is allowed. */
static void
confine_files(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == -1 ||
	    limit.rlim_cur >= BROKER_DIRS_MAX + 64)
		return;
	limit.rlim_cur = limit.rlim_max < BROKER_DIRS_MAX + 64 ?
		limit.rlim_max : BROKER_DIRS_MAX + 64;
	setrlimit(RLIMIT_NOFILE, &limit);
}

int
broker_confine(struct broker *b)
{
	confine_signals();
	confine_files();
	if (confine_take_fds(b) == -1 || confine_fds(b) == -1 ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1 ||
	    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == -1 ||
	    confine_landlock(b) == -1)
		return -1;
	return 0;
}
