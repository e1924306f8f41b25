/* Signals as input of a poll(2) loop. Used by wasmctl. */
#include "client/signals.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

/* A handler knows nothing but what is global. */
static int signals_pipe[2] = { -1, -1 };

static void
signals_on_signal(int sig)
{
	unsigned char byte = (unsigned char)sig;
	int saved = errno;

	/* Full: many have come already, that is enough. */
	if (write(signals_pipe[1], &byte, 1) == -1)
		errno = saved;
	errno = saved;
}

int
signals_open(void)
{
	static const int taken[] = { SIGINT, SIGTERM, SIGHUP };
	struct sigaction sa = { .sa_handler = signals_on_signal };

	if (pipe2(signals_pipe, O_CLOEXEC | O_NONBLOCK) == -1)
		return -1;
	/* Without SA_RESTART: a write(2) to a stopped terminal ends too. */
	sigemptyset(&sa.sa_mask);
	for (size_t i = 0; i < sizeof(taken) / sizeof(taken[0]); i++) {
		struct sigaction old;

		/* nohup(1) and a shell's background jobs ignore theirs. */
		if (sigaction(taken[i], NULL, &old) == 0 &&
		    old.sa_handler != SIG_IGN)
			sigaction(taken[i], &sa, NULL);
	}
	signal(SIGPIPE, SIG_IGN);
	return signals_pipe[0];
}

int
signals_take(int fd)
{
	unsigned char byte;

	return read(fd, &byte, 1) == 1 ? byte : 0;
}
