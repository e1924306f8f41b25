/*
 * wasmd-worker: becomes the zygote, its clones become templates, and theirs
 * the children that run guests. Started by sandbox/launch.c, with everything
 * it needs to know on the control socket.
 */
#include "config.h"

#include <malloc.h>
#include <signal.h>

#include "guest/zygote.h"
#include "sandbox/enter.h"

#ifdef WITH_SANITIZERS
const char *__asan_default_options(void);

/* Under the filters there is no tracing for leaks, and the signals of a crash
 * are for the daemon to see. */
const char *
__asan_default_options(void)
{
	return "detect_leaks=0:handle_segv=0:handle_sigbus=0:handle_sigill=0:"
	    "handle_abort=0:handle_sigfpe=0";
}
#endif

/*
 * What is large and freed again, as most of what loading takes, goes back to
 * the kernel at once; and the heap has no more than was asked for, as what is
 * there already would have to be cleared. Whatever stays, each child's page
 * tables repeat.
 */
#define LARGE_BYTES (4 << 10)

static void
keep_little(void)
{
	mallopt(M_MMAP_THRESHOLD, LARGE_BYTES);
	mallopt(M_TRIM_THRESHOLD, LARGE_BYTES);
	mallopt(M_TOP_PAD, 0);
	malloc_trim(0);
}

/* Who no longer reads, be it the daemon or the other end of a guest's FIFO, is
 * told by write(2) and does not end the process. */
static void
ignore_broken_pipes(void)
{
	signal(SIGPIPE, SIG_IGN);
}

int
main(void)
{
	static struct enter e;

	keep_little();
	ignore_broken_pipes();
	enter(&e);
	zygote_run(&e);
}
