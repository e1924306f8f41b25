/*
 * A module in the virtual machine with WASI: loaded by a template, called by a
 * child. The one place where vm/ and guest/wasi.h are used.
 */
#ifndef GUEST_RUN_H
#define GUEST_RUN_H

#include <stddef.h>
#include <stdint.h>
#include <stdnoreturn.h>

#include "base/err.h"
#include "sandbox/call.h"
#include "sandbox/ctl.h"
#include "guest/io.h"

/*
 * In the template: decode, validate, link, instantiate and freeze. bytes stay
 * mapped, in the children too. No guest code runs. 0, or an enum ctl_failure
 * with the error set.
 */
int run_load(const uint8_t *bytes, size_t len, const struct template_limits *lim,
	struct err *err);

/* In a child that waits for its call: take the page faults of it ahead. */
void run_warm(void);

/*
 * In the child, behind its last filter: make the call, write its result frame.
 * call and its strings stay until the end.
 */
void run_call(const struct call *call, struct guest_io *io);

#endif
