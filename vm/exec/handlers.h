/*
 * The generated handlers, by their numbers. The fused ones are compiled in
 * parts, one object file each, since all of them take a compiler a minute.
 */
#ifndef VM_EXEC_HANDLERS_H
#define VM_EXEC_HANDLERS_H

#include "vm/exec/machine.h"

extern const handler handlers_plain[];

/* Number n of the fused ones is n / FUSED_PARTS of part n % FUSED_PARTS. */
extern const handler *const handlers_fused[FUSED_PARTS];
extern const handler handlers_fused_0[], handlers_fused_1[],
	handlers_fused_2[], handlers_fused_3[];

#endif
