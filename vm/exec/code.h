/*
 * Translated code: what it looks like, and one module's worth of it.
 *
 * An instruction is the 8-byte address of its handler and then its fields,
 * aligned by themselves, in whole multiples of 8 bytes. Slots and short
 * immediates take 16 bits. Branches name their target relative to the field
 * that names it, so that code depends neither on where it lies nor on an
 * instance: all instances of a module share it.
 *
 * A frame: the parameters, the return address (at slot `header`), the other
 * locals, operands. The callee's frame begins at its first argument.
 */
#ifndef VM_EXEC_CODE_H
#define VM_EXEC_CODE_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "vm/exec/code_ops.h"
#include "vm/runtime/region.h"

/* Classes of operands. */
enum { CLASS_S, CLASS_K, CLASS_R };

struct code_func {
	uint32_t start, end;	/* offsets in the code */
	uint32_t lines;		/* offset in lines */
	uint16_t header;	/* slot of the return address */
};

struct code {
	struct region region;
	uint32_t used;			/* bytes */
	uint32_t nfuncs;		/* defined functions */
	struct code_func *funcs;	/* by definition order */
	uint8_t *lines;			/* see code_position */
	uint32_t nlines, cap_lines;
};

/* Code of a module cannot pass 2^31 bytes: branches have 32 bits. */
#define CODE_BYTES_MAX ((uint64_t)INT32_MAX & ~(uint64_t)4095)

/* The address that begins an instruction. */
uint64_t code_handler_address(uint32_t handler);

/* What a call adds to the frame: it stands right before the return address. */
static inline uint16_t
code_call_base(const uint8_t *ret)
{
	uint16_t base;

	memcpy(&base, ret - sizeof(base), sizeof(base));
	return base;
}

/*
 * The defined function that pc is in, and the module offset of the
 * instruction that was translated to what is there.
 */
const struct code_func *code_find(const struct code *c, const uint8_t *pc);
uint32_t code_position(const struct code *c, const struct code_func *f,
	const uint8_t *pc);

#endif
