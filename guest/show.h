/*
 * A module that is not run: validated by a template, or shown as text by a
 * child.
 */
#ifndef GUEST_SHOW_H
#define GUEST_SHOW_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "guest/io.h"
#include "guest/text.h"
#include "sandbox/call.h"
#include "sandbox/ctl.h"

/*
 * In the template: validate the module, or only decode it, so that what is not
 * valid can be shown. It needs no imports. bytes stay mapped. 0, or -1 with
 * the error set, of enum vm_error.
 */
int show_load(enum template_mode mode, const uint8_t *bytes, size_t len,
	struct err *err);

/* In the child: write the text to standard output. How it ended, and the cause
 * in words if that is not END_RETURNED. */
enum call_end show_call(const struct call *call, struct guest_io *io,
	struct text *cause);

#endif
