/*
 * Changes to what the generator makes, so that it is nearly valid: some
 * instructions are dropped, doubled, exchanged or replaced, or some bytes are
 * others.
 */
#ifndef FUZZ_PERTURB_H
#define FUZZ_PERTURB_H

#include "base/buf.h"
#include "fuzz/generate.h"

#define PERTURB_CHANGES 4
#define PERTURB_BYTES (PERTURB_CHANGES * 5)	/* of input for all of them */

/* Make those of the changes that are for body number n: its locals and code. */
void perturb_body(struct buf *body, unsigned n, struct input changes);

/* Change bytes anywhere. */
void perturb_bytes(struct buf *module, struct input changes);

#endif
