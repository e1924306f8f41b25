/*
 * To be preloaded into wasmd where pidfd_send_signal(2) is not known, as under
 * valgrind: the same by kill(2), with the pid that the descriptor tells. Runs in
 * the daemon, for tests only.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#define ARGS 6

static int
send_signal(int pidfd, int sig)
{
	char path[64], line[128];
	int pid = -1;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", pidfd);
	f = fopen(path, "re");
	while (f != NULL && fgets(line, sizeof(line), f) != NULL)
		sscanf(line, "Pid: %d", &pid);
	if (f != NULL)
		fclose(f);
	if (pid <= 0) {
		errno = ESRCH;
		return -1;
	}
	return kill(pid, sig);
}

long
syscall(long number, ...)
{
	static long (*real)(long number, ...);
	long a[ARGS];
	va_list ap;

	va_start(ap, number);
	for (int i = 0; i < ARGS; i++)
		a[i] = va_arg(ap, long);
	va_end(ap);
	if (number == SYS_pidfd_send_signal)
		return send_signal((int)a[0], (int)a[1]);
	if (real == NULL)
		*(void **)&real = dlsym(RTLD_NEXT, "syscall");
	return real(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}
