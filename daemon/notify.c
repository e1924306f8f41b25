/* What systemd offers a service. Runs in the daemon. */
#include "daemon/notify.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"

#define NOTIFY_LISTEN_FD 3	/* the first one */

void
notify_send(const char *state)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	socklen_t len;
	int fd;

	if (path == NULL || (path[0] != '/' && path[0] != '@') ||
	    strlen(path) >= sizeof(addr.sun_path))
		return;
	memcpy(addr.sun_path, path, strlen(path));
	len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path));
	if (path[0] == '@')
		addr.sun_path[0] = '\0';	/* the abstract name space */
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd == -1 || sendto(fd, state, strlen(state), MSG_NOSIGNAL,
		    (struct sockaddr *)&addr, len) == -1)
		log_warning("cannot tell the service manager %s: %s", state,
			strerror(errno));
	fd_close(&fd);
}

void
notify_stopping(uint64_t us)
{
	char text[64];

	snprintf(text, sizeof(text), "STOPPING=1\nEXTEND_TIMEOUT_USEC=%llu",
		(unsigned long long)us);
	notify_send(text);
}

void
notify_reloading(void)
{
	char text[64];

	snprintf(text, sizeof(text), "RELOADING=1\nMONOTONIC_USEC=%llu",
		(unsigned long long)clock_monotonic_us());
	notify_send(text);
}

/* The variable is inherited by those whose standard error goes elsewhere. */
bool
notify_has_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long dev, ino;
	struct stat st;

	return stream != NULL &&
		sscanf(stream, "%llu:%llu", &dev, &ino) == 2 &&
		fstat(STDERR_FILENO, &st) == 0 && st.st_dev == dev &&
		st.st_ino == ino;
}

/* A variable that is a number and meant for this process. */
static unsigned long long
notify_number(const char *name, const char *pid_name)
{
	const char *value = getenv(name), *pid = getenv(pid_name);

	if (value == NULL)
		return 0;
	if (pid != NULL && strtoull(pid, NULL, 10) !=
	    (unsigned long long)getpid())
		return 0;
	return strtoull(value, NULL, 10);
}

uint64_t
notify_watchdog_us(void)
{
	return notify_number("WATCHDOG_USEC", "WATCHDOG_PID");
}

/* Whether the nth of the names, which colons part, is that one. */
static bool
notify_is_named(const char *names, unsigned n, const char *name)
{
	while (n-- > 0 && names != NULL) {
		names = strchr(names, ':');
		names = names == NULL ? NULL : names + 1;
	}
	return names != NULL && strcspn(names, ":") == strlen(name) &&
		strncmp(names, name, strlen(name)) == 0;
}

unsigned
notify_listen_fds(bool metrics, int fds[NOTIFY_FDS_MAX])
{
	unsigned long long n = getenv("LISTEN_PID") == NULL ? 0 :
		notify_number("LISTEN_FDS", "LISTEN_PID");
	const char *names = getenv("LISTEN_FDNAMES");
	unsigned count = 0;

	for (unsigned i = 0; i < n && i < NOTIFY_FDS_MAX; i++) {
		if (notify_is_named(names, i, "metrics") == metrics)
			fds[count++] = NOTIFY_LISTEN_FD + (int)i;
	}
	return count;
}

void
notify_forget_fds(void)
{
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_FDNAMES");
}
