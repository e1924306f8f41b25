/*
 * The semantics of all vector instructions, one function each, named simd_ and
 * the instruction's name with underscores. simd.def lists them by opcode, with
 * what they take and give. Runs in the confined child, inside the
 * interpreter's handlers.
 *
 * Operands stand in the specification's order. Nothing traps, and no input is
 * undefined behaviour; bounds of memory are the caller's to check. Whoever
 * joins floating-point instructions in one C function compiles it with
 * -ffp-contract=off: a product that is rounded must not be fused with a sum.
 */
#ifndef VM_EXEC_SIMD_H
#define VM_EXEC_SIMD_H

#include "vm/exec/simd_float.h"
#include "vm/exec/simd_int.h"
#include "vm/exec/simd_lane.h"
#include "vm/exec/simd_relaxed.h"
#include "vm/exec/simd_target.h"

#endif
