/*
 * Pid 1 of the confined processes' namespace: does nothing but wait for the
 * daemon's end of a pipe to close. The kernel then kills all processes of the
 * namespace with it.
 */
#ifndef SANDBOX_INIT_H
#define SANDBOX_INIT_H

#include <stdnoreturn.h>

struct enter;

noreturn void init_run(const struct enter *e, int pipe);

#endif
