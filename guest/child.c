/*
 * A child: the one call of one guest. From here on no malloc, no stdio, and no
 * function of libc that could make a system call of its own.
 */
#include "config.h"

#include "guest/child.h"

#include <unistd.h>

#include "guest/hot.h"
#include "guest/io.h"
#include "guest/run.h"
#include "sandbox/call.h"
#include "sandbox/enter.h"
#include "sandbox/limits.h"
#include "sandbox/process.h"

/* Arguments and environment of most calls. */
#define FEW_STRINGS 32

/* The pipes become 0 and 1; nothing else stays open. Templates keep 0 and 1
 * taken, so that neither pipe can have the other's number. */
static int
child_take_fds(int in, int out)
{
	if (dup3(in, STDIN_FILENO, 0) == -1 || dup3(out, STDOUT_FILENO, 0) == -1)
		return -1;
#ifdef WITH_SANITIZERS
	return process_close_from(STDERR_FILENO + 1);
#else
	return process_close_from(STDOUT_FILENO + 1);
#endif
}

/* All of it before the call is read, so that a child which was forked ahead
 * has nothing left to do but to run. */
static void
child_confine(const struct enter *e, const struct child *c)
{
	if (child_take_fds(c->in, c->out) == -1 ||
	    process_die_with_daemon() == -1 ||
	    (c->partial && limits_loaded() == -1) ||
	    (c->cpu_us > 0 && limits_cpu_final(c->cpu_us) == -1))
		process_exit(PROCESS_EXIT_ENTER);
	enter_filter(e, FILTER_CHILD);
}

noreturn void
child_run(const struct enter *e, const struct child *c)
{
	static GUEST_HOT _Alignas(4096) char *few[FEW_STRINGS];
	static GUEST_COLD char *many[CALL_STRINGS(CALL_MAX)];
	struct guest_io *io = guest_io_get();
	struct call call;
	const void *data;
	size_t len;

	child_confine(e, c);
	if (c->ahead) {
		guest_io_warm(io);
		run_warm();
	}
	data = guest_io_read_call(io, &len);
	if (call_unpack(&call, data, len,
	    call_strings(data, len) <= FEW_STRINGS ? few : many, NULL) == -1)
		process_exit(PROCESS_EXIT_PEER);
	guest_io_set_limit(io, call.output_bytes);
	run_call(&call, io);
	process_exit(PROCESS_EXIT_DONE);
}
