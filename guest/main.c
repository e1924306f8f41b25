/*
 * wasmd-worker: becomes the zygote, its clones become templates, and theirs
 * the children that run guests. Started by sandbox/launch.c, with everything
 * it needs to know on the control socket.
 */
#include "config.h"

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

int
main(void)
{
	static struct enter e;

	enter(&e);
	zygote_run(&e);
}
