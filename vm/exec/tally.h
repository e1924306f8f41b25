/*
 * Which internal instructions a guest executes. Only a machine that was compiled
 * with VM_PROFILE counts them (tally.c); in all others there is nothing to see
 * (tally_none.c).
 */
#ifndef VM_EXEC_TALLY_H
#define VM_EXEC_TALLY_H

#include <stdint.h>

/* Count from now on, all stores together. 0, or -1 without memory. */
int tally_start(void);

/* Each handler that was executed, in no order: its name, of a fused one those
 * of its parts. */
void tally_each(void (*on_instr)(void *arg, const char *name, uint64_t count),
	void *arg);

#endif
