/*
 * Counts of executed instructions, kept by a build of the machine that has
 * VM_PROFILE (vmprofile); in others there are none.
 */
#ifndef BENCH_PROFILE_H
#define BENCH_PROFILE_H

#include "vm/exec/code.h"

/* Count what is executed of c from now on. 0 or -1. */
int profile_start(const struct code *c);

/*
 * Write the instructions of every function that ran: a line "function N",
 * then for each instruction how often it was executed, how often it was come
 * to from the instruction right before it, its own handler, and how many
 * instructions from it on the handler that it got executes. 0 or -1.
 */
int profile_write(const struct code *c, const char *path);

#endif
