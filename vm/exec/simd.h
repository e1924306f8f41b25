/*
 * The semantics of all vector instructions, one function each, named simd_ and
 * the instruction's name with underscores; simd.def lists them by opcode.
 * Runs in the confined child, inside the interpreter's handlers.
 *
 * Shapes, with v for v128 and s for the lane's scalar on the operand stack
 * (uint32_t, uint64_t, float or double):
 *
 *	unary		v (v)		binary		v (v, v)
 *	ternary		v (v, v, v)	shift		v (v, uint32_t)
 *	test		uint32_t (v)	splat		v (s)
 *	extract		s (v, lane)	replace		v (v, lane, s)
 *	shuffle		v (v, v, const uint8_t lanes[16])
 *	const		v (const uint8_t bytes[16])
 *	load		v (const uint8_t *)
 *	store		void (uint8_t *, v)
 *	load lane	v (const uint8_t *, v, lane)
 *	store lane	void (uint8_t *, v, lane)
 *
 * Operands stand in the specification's order. Nothing traps, and no input is
 * undefined behaviour; memory is the caller's to check.
 */
#ifndef VM_EXEC_SIMD_H
#define VM_EXEC_SIMD_H

#include "vm/exec/simd_float.h"
#include "vm/exec/simd_int.h"
#include "vm/exec/simd_lane.h"
#include "vm/exec/simd_relaxed.h"
#include "vm/exec/simd_target.h"

#endif
