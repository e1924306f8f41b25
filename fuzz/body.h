/*
 * A generated body on its way: the stack of types, the open blocks and the
 * locals. An instruction asks for operands with body_need: those that lie on
 * the stack already are used, the others are made, so that any instruction can
 * be next at any time.
 */
#ifndef FUZZ_BODY_H
#define FUZZ_BODY_H

#include "fuzz/generate.h"
#include "vm/syntax/instr.h"

#define BODY_STACK_MAX 96
#define BODY_STACK_HIGH 24	/* above it, values are put away first */
#define BODY_FRAMES_MAX 12
#define BODY_LOCALS_MAX 24
#define BODY_INSTRS_MAX 1500

enum frame_kind { FRAME_BODY, FRAME_BLOCK, FRAME_LOOP, FRAME_IF, FRAME_ELSE };

struct frame {
	enum frame_kind kind;
	unsigned base;			/* of its operands on the stack */
	bool unreachable;		/* what comes next is never run */
	int counter;			/* a counted loop's local, or -1 */
	struct signature type;
};

struct body {
	const struct generator *g;
	struct input *in;
	struct buf *out;
	unsigned ninstrs;
	unsigned height;
	valtype stack[BODY_STACK_MAX];
	unsigned nframes;
	struct frame frames[BODY_FRAMES_MAX];
	unsigned nlocals;		/* that may be chosen */
	valtype locals[BODY_LOCALS_MAX];
	uint32_t first_counter;		/* locals behind: COUNTERS of them, */
	uint32_t first_scratch;		/* then one f32, f64, v128 */
	const struct signature *type;
};

#define BODY_COUNTERS 4
enum { SCRATCH_F32, SCRATCH_F64, SCRATCH_V128, SCRATCH_COUNT };

struct frame *body_frame(struct body *b);	/* the innermost */

/* Write one opcode, and an instruction that has one index. */
void body_op(struct body *b, enum op op);
void body_op_index(struct body *b, enum op op, uint32_t index);

void body_push(struct body *b, valtype t);
void body_push_all(struct body *b, const valtype *types, unsigned n);

/* Have the operands, and take them off the stack of types. */
void body_need(struct body *b, const valtype *types, unsigned n);
void body_need1(struct body *b, valtype t);

/* Make a value; it is not put on the stack of types. */
void body_make(struct body *b, valtype t);
void body_make_i32(struct body *b, int32_t value);

/* An address or index below 2^bits, most of the time. is64: its type. */
void body_need_small(struct body *b, unsigned bits, bool is64);
void body_make_small(struct body *b, unsigned bits, bool is64);

/* Put the uppermost value into a local, a global, or nowhere. */
void body_sink(struct body *b);

/* Make the block's operands just these types. */
void body_settle(struct body *b, const valtype *types, unsigned n);

/* What comes next in this block is not reached. */
void body_unreachable(struct body *b);

/* With GENERATE_CANONICAL_NANS: a NaN on top of the stack becomes the
 * canonical one. op: a vector instruction, to know its lanes; else unused. */
void body_canonical(struct body *b, valtype t, enum op op);

/* One instruction of those that have no fixed type. false: not this time. */
bool body_control(struct body *b, enum op op);
bool body_reference(struct body *b, enum op op);
bool body_aggregate(struct body *b, enum op op);

/* Close the innermost block, or its first half. */
void body_close(struct body *b);

#endif
