/*
 * Only a machine that was compiled with VM_PROFILE calls this, before each
 * instruction: pc, and whether it stands right behind the one before. It then
 * dispatches in a loop, and nothing may be fused.
 */
#ifndef VM_EXEC_PROFILE_H
#define VM_EXEC_PROFILE_H

#include <stdbool.h>
#include <stdint.h>

extern void (*code_profile)(const uint8_t *pc, bool fell);

#endif
