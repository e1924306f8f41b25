/* Pid 1 of the confined processes' namespace. */
#include "config.h"

#include "sandbox/init.h"

#include <errno.h>
#include <unistd.h>

#include "sandbox/enter.h"
#include "sandbox/process.h"

/* Confined like a child in the end: it reads from 0, and exits. */
noreturn void
init_run(const struct enter *e, int pipe)
{
	char byte;
	ssize_t n;

	if (process_move_fd(pipe, STDIN_FILENO) == -1 ||
	    process_close_from(STDIN_FILENO + 1) == -1)
		process_exit(PROCESS_EXIT_ENTER);
	enter_filter(e, FILTER_CHILD);
	do {
		n = read(STDIN_FILENO, &byte, 1);
	} while (n > 0 || (n == -1 && errno == EINTR));
	process_exit(PROCESS_EXIT_DONE);
}
