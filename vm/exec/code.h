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
#include "vm/runtime/pool.h"
#include "vm/runtime/region.h"

/* Classes of operands. */
enum { CLASS_S, CLASS_K, CLASS_R };

struct code_func {
	uint32_t start, end;	/* offsets in the code */
	uint32_t lines;		/* offset in lines */
	uint32_t spans, nspans;
	uint32_t tries, ntries;
	uint16_t header;	/* slot of the return address */
};

/*
 * What stands for a function that is not translated yet, before all code: its
 * handler translates it and puts a branch to it in this place. Such a
 * function's code_func is empty and begins at its stub.
 */
#define CODE_STUB 16u		/* bytes: the handler, the function */

/*
 * Where a frame holds references to the heap: locals, by runs of slots; and
 * at each safe point operands, as the topmost of a chain downwards. Functions
 * are not in the heap.
 */
struct code_span {
	uint32_t slot, count;
};

struct code_ref {
	uint32_t slot;
	uint32_t below;		/* index of the next, or 0 */
};

struct code_map {
	uint32_t at;		/* end of the instruction, a return address */
	uint32_t refs;		/* topmost operand, not 0 */
};

/*
 * A try_table: the code it covers, in the order of their starts; and its
 * catch clauses, which say where to go and where the values go there.
 */
#define TRY_NONE UINT32_MAX
struct code_try {
	uint32_t start, end;
	uint32_t parent;	/* the one around it in its function */
	uint32_t catches, ncatches;
};

struct code_catch {
	uint32_t kind;		/* enum catch_kind */
	uint32_t tag;
	uint32_t slot;		/* of the first value */
	uint32_t code;		/* of the label; unbound: chain */
};

struct code {
	struct region region;
	struct pool *pool;		/* of all tables below; NULL: malloc */
	uint32_t used;			/* bytes */
	uint32_t stubs;			/* bytes of stubs */
	bool settled;			/* the tables are in the region */
	uint32_t nfuncs;		/* defined functions */
	struct code_func *funcs;	/* by definition order */
	uint32_t *order;		/* translated ones, as their code lies */
	uint32_t norder;
	uint8_t *lines;			/* see code_position */
	uint32_t nlines, cap_lines;
	struct code_span *spans;
	uint32_t nspans, cap_spans;
	struct code_ref *refs;
	uint32_t nrefs, cap_refs;
	struct code_map *maps;
	uint32_t nmaps, cap_maps;
	struct code_try *tries;
	uint32_t ntries, cap_tries;
	struct code_catch *catches;
	uint32_t ncatches, cap_catches;
};

/* The address that begins an instruction. */
uint64_t code_handler_address(uint32_t handler);
uint64_t code_stub_address(void);

/* What a call adds to the frame: it stands right before the return address. */
static inline uint16_t
code_call_base(const uint8_t *ret)
{
	uint16_t base;

	memcpy(&base, ret - sizeof(base), sizeof(base));
	return base;
}

/*
 * What a frame keeps to return by: the address, and above it what the call
 * added to the frame, so that a return waits for one load and not for a second
 * from where that one leads. User space has addresses of 48 bits, unless it
 * asks for more.
 */
#define CODE_BASE_SHIFT 48

static inline uint64_t
code_return_word(const uint8_t *ret, uint64_t base)
{
	return (uint64_t)(uintptr_t)ret | base << CODE_BASE_SHIFT;
}

static inline const uint8_t *
code_return_pc(uint64_t word)
{
	return (const uint8_t *)(uintptr_t)
		(word & (((uint64_t)1 << CODE_BASE_SHIFT) - 1));
}

/*
 * The defined function that pc is in, and the module offset of the
 * instruction that was translated to what is there; 0 in a stub.
 */
const struct code_func *code_find(const struct code *c, const uint8_t *pc);
uint32_t code_position(const struct code *c, const struct code_func *f,
	const uint8_t *pc);

/* The same for one place after the other, upwards, in linear time. */
struct code_lines {
	const uint8_t *next;
	uint32_t end;		/* of the place, an offset in the code */
	uint32_t offset;	/* in the module */
};

void code_lines_begin(struct code_lines *l, const struct code *c,
	const struct code_func *f);
uint32_t code_lines_at(struct code_lines *l, uint32_t at);

/* The topmost reference among the operands of a frame that waits for the
 * instruction before ret to end, or 0. */
uint32_t code_map_at(const struct code *c, const uint8_t *ret);

/* The innermost try_table that covers pc in f, or TRY_NONE. */
uint32_t code_try_at(const struct code *c, const struct code_func *f,
	const uint8_t *pc);

#endif
