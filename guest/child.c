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

#ifdef WITH_SANITIZERS
#define CHILD_FDS 3	/* reports go to standard error */
#else
#define CHILD_FDS 2
#endif

/* The pipes become 0 and 1; nothing else stays open. Templates keep 0 to 2 and
 * CTL_FD taken, so that none has another's number. With a broker 2 stays as it
 * is, or the first file would get it. */
static int
child_take_fds(const struct child *c)
{
	if (process_dup(c->in, STDIN_FILENO) == -1 ||
	    process_dup(c->out, STDOUT_FILENO) == -1)
		return -1;
	if (c->broker == -1)
		return process_close_from(CHILD_FDS);
	if (process_dup(c->broker, BROKER_FD) == -1)
		return -1;
	return process_close_from(FILE_FD);
}

/* All of it before the call is read, so that a child which was forked ahead
 * has nothing left to do but to run. */
static void
child_confine(const struct enter *e, const struct child *c)
{
	if (child_take_fds(c) == -1 ||
	    process_die_with_daemon() == -1 ||
	    (c->partial && limits_loaded() == -1) ||
	    (c->broker != -1 && limits_files() == -1) ||
	    (c->cpu_us > 0 && limits_cpu_final(c->cpu_us) == -1))
		process_exit(PROCESS_EXIT_ENTER);
	if (c->gated)
		enter_close_gate();
	else
		enter_filter(e, c->broker == -1 ? FILTER_CHILD : FILTER_FILES);
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
	    call_strings(data, len) <= FEW_STRINGS ? few : many, NULL) == -1 ||
	    (call.files > 0) != (c->broker != -1))
		process_exit(PROCESS_EXIT_PEER);
	guest_io_set_limit(io, call.output_bytes);
	run_call(&call, io);
	process_exit(PROCESS_EXIT_DONE);
}
