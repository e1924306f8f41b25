/* The user's own daemon. Used by wasmctl. */
#include "client/private.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "lib/wasmd.h"

#define PRIVATE_LOG "wasmd.log"
#define PRIVATE_START_US 10000000ull	/* how long it may take to listen */
#define PRIVATE_LOOK_US 2000		/* how often we look */
#define PRIVATE_IDLE "5m"		/* then it leaves */

/* ---- the directory ----------------------------------------------------- */

static bool
private_is_own_dir(const char *path)
{
	struct stat st;

	return path[0] == '/' && stat(path, &st) == 0 && S_ISDIR(st.st_mode) &&
		st.st_uid == geteuid();
}

static int
private_dir_path(char *path, size_t size, struct err *err)
{
	const char *runtime = getenv("XDG_RUNTIME_DIR");
	int n;

	if (runtime != NULL && private_is_own_dir(runtime))
		n = snprintf(path, size, "%s/wasmd", runtime);
	else
		n = snprintf(path, size, "/tmp/wasmd-%u", (unsigned)geteuid());
	if (n < 0 || (size_t)n >= size)
		return err_set(err, WASMD_ERROR_USAGE,
			"the path of XDG_RUNTIME_DIR is too long for a socket");
	return 0;
}

/* In /tmp anyone may have made the name first: as a directory of theirs, or as
 * a link to somewhere. */
static int
private_check_dir(int dir, const char *path, struct err *err)
{
	struct stat st;

	if (fstat(dir, &st) == -1)
		return err_set(err, WASMD_ERROR_DENIED, "%s: %s", path,
			strerror(errno));
	if (st.st_uid != geteuid())
		return err_set(err, WASMD_ERROR_DENIED,
			"%s belongs to user %u, who could listen in its place; "
			"set XDG_RUNTIME_DIR to a directory of your own",
			path, (unsigned)st.st_uid);
	if ((st.st_mode & 077) != 0)
		return err_set(err, WASMD_ERROR_DENIED,
			"%s can be entered by others; chmod 700 it", path);
	return 0;
}

int
private_open_dir(char *path, size_t size, struct err *err)
{
	int dir;

	if (private_dir_path(path, size, err) == -1)
		return -1;
	if (mkdir(path, 0700) == -1 && errno != EEXIST)
		return err_set(err, WASMD_ERROR_DENIED,
			"cannot make %s: %s", path, strerror(errno));
	dir = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir == -1)
		return err_set(err, WASMD_ERROR_DENIED,
			"%s is not a directory of yours: %s", path,
			strerror(errno));
	if (private_check_dir(dir, path, err) == -1)
		fd_close(&dir);
	return dir;
}

int
private_lock(int dir, struct err *err)
{
	int fd = openat(dir, "lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC,
		0600);

	while (fd != -1 && flock(fd, LOCK_EX) == -1) {
		if (errno != EINTR)
			fd_close(&fd);
	}
	if (fd == -1)
		return err_set(err, WASMD_ERROR_DENIED,
			"cannot lock the private daemon's directory: %s",
			strerror(errno));
	return fd;
}

/* ---- starting ---------------------------------------------------------- */

/* The daemon's program: named by $WASMD, beside this one (a build tree), in
 * the sbin beside this bin, or where it was installed. */
static int
private_find_program(char *path, size_t size, struct err *err)
{
	static const char *const beside[] = { "wasmd", "../sbin/wasmd" };
	const char *named = getenv("WASMD");
	char self[4096];
	ssize_t n;
	char *slash;

	if (named != NULL && named[0] != '\0') {
		snprintf(path, size, "%s", named);
		return 0;
	}
	n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	if (n > 0) {
		self[n] = '\0';
		slash = strrchr(self, '/');
		slash[1] = '\0';
	}
	for (size_t i = 0; n > 0 && i < sizeof(beside) / sizeof(beside[0]); i++) {
		int len = snprintf(path, size, "%s%s", self, beside[i]);

		if (len > 0 && (size_t)len < size && access(path, X_OK) == 0)
			return 0;
	}
	snprintf(path, size, "%s", WASMD_PROGRAM);
	if (access(path, X_OK) == 0)
		return 0;
	return err_set(err, WASMD_ERROR_DENIED, "the daemon is not installed: "
		"no wasmd beside wasmctl, nor %s", path);
}

/* In the child, before the daemon takes over: nothing of the client's terminal
 * or of its signals is left. */
static void
private_exec(const char *program, const char *socket_path, int log)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (setsid() == -1 || null == -1 || dup2(null, STDIN_FILENO) == -1 ||
	    dup2(null, STDOUT_FILENO) == -1 ||
	    dup2(log, STDERR_FILENO) == -1 || chdir("/") == -1)
		_exit(127);
	close_range(3, ~0u, 0);
	signal(SIGINT, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
	signal(SIGHUP, SIG_DFL);
	signal(SIGPIPE, SIG_DFL);
	execl(program, program, "--private", "--socket", socket_path,
		"--idle-exit", PRIVATE_IDLE, (char *)NULL);
	dprintf(STDERR_FILENO, "cannot run %s: %s\n", program, strerror(errno));
	_exit(127);
}

static bool
private_answers(const char *socket_path)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool answers;

	snprintf(sun.sun_path, sizeof(sun.sun_path), "%s", socket_path);
	answers = fd != -1 &&
		connect(fd, (struct sockaddr *)&sun, sizeof(sun)) == 0;
	fd_close(&fd);
	return answers;
}

/* The last line of its log says why a daemon did not start. */
static int
private_failed(int log, const char *why, struct err *err)
{
	char text[ERR_TEXT_MAX + 1] = "";
	off_t size = lseek(log, 0, SEEK_END);
	off_t from = size > ERR_TEXT_MAX ? size - ERR_TEXT_MAX : 0;
	ssize_t n = pread(log, text, ERR_TEXT_MAX, from);
	char *line = text;

	while (n > 0 && text[n - 1] == '\n')
		text[--n] = '\0';
	if (strrchr(text, '\n') != NULL)
		line = strrchr(text, '\n') + 1;
	return err_set(err, WASMD_ERROR_INTERNAL,
		"the private daemon %s%s%s", why,
		line[0] != '\0' ? ": " : "", line);
}

static int
private_wait(pid_t pid, int log, const char *socket_path, struct err *err)
{
	uint64_t end = clock_monotonic_us() + PRIVATE_START_US;
	const struct timespec pause = { .tv_nsec = PRIVATE_LOOK_US * 1000 };

	while (!private_answers(socket_path)) {
		if (waitpid(pid, NULL, WNOHANG) == pid)
			return private_failed(log, "did not start", err);
		if (clock_monotonic_us() > end) {
			kill(pid, SIGTERM);
			return private_failed(log, "does not answer", err);
		}
		nanosleep(&pause, NULL);
	}
	return 0;
}

int
private_start(int dir, const char *socket_path, struct err *err)
{
	char program[4096];
	pid_t pid;
	int log, ret;

	if (private_find_program(program, sizeof(program), err) == -1)
		return -1;
	log = openat(dir, PRIVATE_LOG, O_RDWR | O_CREAT | O_TRUNC | O_APPEND |
		O_NOFOLLOW | O_CLOEXEC, 0600);
	if (log == -1)
		return err_set(err, WASMD_ERROR_DENIED,
			"cannot write the private daemon's log: %s",
			strerror(errno));
	pid = fork();
	if (pid == 0)
		private_exec(program, socket_path, log);
	ret = pid == -1 ? err_set(err, WASMD_ERROR_INTERNAL, "cannot fork: %s",
		strerror(errno)) : private_wait(pid, log, socket_path, err);
	fd_close(&log);
	return ret;
}
