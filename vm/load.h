/*
 * From bytes to a valid module: where decoding and validation, which do not
 * know each other, meet. No code runs and nothing is translated here.
 */
#ifndef VM_LOAD_H
#define VM_LOAD_H

#include "base/err.h"
#include "vm/binary/code.h"
#include "vm/syntax/canon.h"
#include "vm/valid/validator.h"

/*
 * Decode and validate everything but the functions' bodies. bytes are borrowed
 * for as long as the module; its types join the registry. 0, or -1 with
 * VM_MALFORMED, VM_INVALID, VM_LIMIT or VM_NOMEM, and m cleared.
 */
int load_module(struct module *m, struct canon *c, const uint8_t *bytes,
	size_t len, struct err *err);

/* Validate all bodies; adds to m->features_used what they use. 0 or -1. */
int load_bodies(struct module *m, struct err *err);
/* The same with the caller's validator of m, whose memory suffices for any of
 * the bodies afterwards, as does that of locals. */
int load_bodies_by(struct module *m, struct validator *v,
	struct code_locals *locals);

/*
 * For who steps through bodies himself: to be called with the error that body
 * func gave. Names the function in it, and, if it says invalid, looks on for
 * something malformed: a module that is both is malformed. Returns -1.
 */
int load_fail_body(const struct module *m, uint32_t func, struct err *err);

#endif
