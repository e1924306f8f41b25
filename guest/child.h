/* A child: the one call of one guest. */
#ifndef GUEST_CHILD_H
#define GUEST_CHILD_H

#include <stdnoreturn.h>

struct enter;

/* in and out are the call's pipes. */
noreturn void child_run(const struct enter *e, int in, int out);

#endif
