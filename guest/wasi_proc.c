/* WASI: the end of the process, signals, yielding. Runs in the confined
 * child. */
#include "guest/wasi_call.h"

enum signal_action { SIGNAL_ENDS, SIGNAL_IGNORED, SIGNAL_STOPS };

struct signal {
	enum signal_action action;
	const char *detail;	/* of the trap, if it ends the process */
};

static const struct signal signals[] = {
#define WASI_SIGNAL(name, action) { SIGNAL_##action, "raised signal " #name },
#include "guest/wasi_signal.def"
#undef WASI_SIGNAL
};

#define SIGNAL_COUNT (sizeof(signals) / sizeof(signals[0]))

/* (code): does not return to the guest */
enum wasi_errno
wasi_proc_exit(struct wasi_call *c, const uint64_t *args)
{
	c->w->exit_code = arg_u32(args[0]);
	c->end = VM_EXIT;
	return WASI_ESUCCESS;
}

/* (signal): one that ends the process is a trap, for its backtrace */
enum wasi_errno
wasi_proc_raise(struct wasi_call *c, const uint64_t *args)
{
	uint32_t number = arg_u32(args[0]);

	if (number >= SIGNAL_COUNT)
		return WASI_EINVAL;
	switch (signals[number].action) {
	case SIGNAL_IGNORED:
		return WASI_ESUCCESS;
	case SIGNAL_STOPS:
		/* Nobody could let it go on. */
		return WASI_ENOTSUP;
	case SIGNAL_ENDS:
		break;
	}
	c->caller->trap = TRAP_HOST;
	c->caller->trap_detail = signals[number].detail;
	c->end = VM_TRAP;
	return WASI_ESUCCESS;
}

/* (): the guest has one thread, and the kernel preempts the process */
enum wasi_errno
wasi_sched_yield(struct wasi_call *c, const uint64_t *args)
{
	return WASI_ESUCCESS;
}
