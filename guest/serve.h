/*
 * A program that is kept: its calls come one after the other, and its state stays
 * from each to the next. See sandbox/call.h, MODE_SERVE. Runs in the confined
 * child.
 */
#ifndef GUEST_SERVE_H
#define GUEST_SERVE_H

#include <stdnoreturn.h>

#include "guest/io.h"
#include "guest/run_call.h"
#include "sandbox/call.h"

/* Start it, and take calls until there are no more. rc and args are storage:
 * args for LIMIT_PARAMS values. */
noreturn void serve_run(struct program *p, struct run_call *rc,
	struct vm_value *args, const struct call *call, struct guest_io *io);

#endif
