/*
 * The profile of a call that wants one: what each of the guest's functions cost,
 * as text for the client (wasmd-protocol(7) has its form). It is sent now and
 * then while the guest runs, each time as a whole, as a call that a limit ends
 * cannot say any more; and once at the end. Runs in the confined child.
 */
#ifndef GUEST_PROFILE_H
#define GUEST_PROFILE_H

#include "guest/io.h"
#include "guest/program.h"

/* Before the guest runs, of a program that was loaded for it. */
void profile_start(const struct program *p, struct guest_io *io);

/* After it; nothing if it did not come to that. */
void profile_end(void);

#endif
