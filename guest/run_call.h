/*
 * One call on its way, between run.c and serve.c: what is called, and how it
 * ended. Runs in the confined child.
 */
#ifndef GUEST_RUN_CALL_H
#define GUEST_RUN_CALL_H

#include "guest/program.h"
#include "guest/text.h"
#include "sandbox/call.h"
#include "vm/limits.h"
#include "vm/vm.h"

struct run_call {
	struct vm_extern_item func;
	const struct functype *type;
	struct vm_value results[CALL_VALUES_MAX];
	struct call_result result;
	struct text text;
	struct vm_trap trap;
};

#define RUN_GO_ON ((enum call_end)0)	/* nothing has ended yet */

/* Find the main module's exported function, whose results can be passed on.
 * RUN_GO_ON, or why not, with a text. */
enum call_end run_choose(struct run_call *rc, const char *name);

/* The result of a call that ended like this. */
enum call_end run_describe_end(struct run_call *rc, enum vm_status status);

#endif
