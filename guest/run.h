/*
 * Modules in the virtual machine with WASI: loaded by a template, called by a
 * child. Modules that are only looked at go on to guest/show.h.
 */
#ifndef GUEST_RUN_H
#define GUEST_RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdnoreturn.h>

#include "base/err.h"
#include "sandbox/call.h"
#include "sandbox/ctl.h"
#include "guest/io.h"

/* One of the modules. */
struct run_module {
	const char *name;	/* what it is imported as; NULL: the main one */
	const uint8_t *bytes;
	size_t len;
};

/*
 * In the template: decode, validate, link, instantiate and freeze; or what else
 * lim->mode says. The main module comes first and is instantiated last, the
 * others in their order, each in reach of those that follow. bytes and names
 * stay, in the children too. No guest code runs. 0, or an enum ctl_failure with
 * the error set, which names the module that is not the main one.
 */
int run_load(const struct run_module *modules, unsigned count,
	const struct template_limits *lim, struct err *err);

/*
 * In a template between calls: translate some of a large module's functions,
 * which run_load left for their first call. Whether some are still left.
 */
bool run_translate(void);

/* Whether functions wait to be translated. */
bool run_is_partial(void);

/* In a child that waits for its call: take the page faults of it ahead. */
void run_warm(void);

/*
 * In the child, behind its last filter: make the call, write its result frame.
 * call and its strings stay until the end.
 */
void run_call(const struct call *call, struct guest_io *io);

#endif
