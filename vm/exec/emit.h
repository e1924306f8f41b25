/*
 * The back half of translation: instructions wait in a window, where the
 * front half may still change them, and are then written as code, the most
 * frequent sequences of them as one.
 */
#ifndef VM_EXEC_EMIT_H
#define VM_EXEC_EMIT_H

#include "base/err.h"
#include "vm/exec/code.h"

/* Fields of an instruction, named as in the rows of instrs.py. */
enum field {
	FIELD_A, FIELD_B, FIELD_C, FIELD_D, FIELD_X, FIELD_Y, FIELD_H, FIELD_N,
	FIELD_O, FIELD_P, FIELD_U, FIELD_T,
	FIELD_32,	/* the ones above fit 32 bits */
	FIELD_K = FIELD_32, FIELD_L, FIELD_COUNT
};

enum field_type { TYPE_U16, TYPE_U32, TYPE_K32, TYPE_K64, TYPE_BRANCH };

struct code_format {
	uint8_t length, nfields;
	uint8_t branch;		/* where its branch is, or 0 */
	struct {
		uint8_t field, type, offset;
	} fields[8];
};

/* What the translator knows of an internal instruction. */
struct code_info {
	uint8_t kind;		/* enum code_kind */
	char t, r;		/* types of operands and result */
	bool commutes, left_k;
	bool collects;		/* an operation in C that may allocate */
	uint8_t results;	/* of an operation in C */
	uint16_t swap, inverse, branch, branch_not;	/* comparisons */
	uint16_t index, any;	/* loads and stores */
	bool is_sum;		/* the result is in the sum's accumulator too */
	uint16_t sum;		/* the same with an operand from there */
};

struct code_operand_load {
	uint16_t op, load, fused;
	uint16_t sum;		/* the same, adding to the last sum */
};

struct code_pair {
	uint16_t first, second, fused;
	uint16_t sum;		/* the same with z from the last sum */
	bool on_left, on_right;	/* where the second has the first's result */
	bool z_is_constant;
};

/* A step of the automaton that knows the fused sequences. */
struct code_fused {
	uint16_t state, next, to, handler;
};

extern const struct code_info code_info[CODE_COUNT];
extern const struct code_format code_formats[CODE_HANDLERS];
extern const struct code_operand_load code_operand_loads[];
extern const struct code_pair code_pairs[];
extern const unsigned code_noperand_loads, code_npairs;

/* Banks of accumulators. */
enum bank {
	BANK_INT, BANK_F32, BANK_F64, BANK_V128,
	BANK_SUM32, BANK_SUM64,	/* the last sum of floats */
	BANK_COUNT,
	BANK_NONE = BANK_COUNT
};

#define SLOT_NONE UINT32_MAX

struct ins {
	uint16_t op;			/* enum code_op */
	uint8_t ca, cb, cd;		/* classes of a, b and d */
	uint8_t bank;			/* of the result; BANK_NONE */
	bool has_result;		/* FIELD_D is the slot of one result */
	uint32_t f[FIELD_32];		/* T: the label */
	uint64_t k[FIELD_COUNT - FIELD_32];
	uint32_t pos;			/* see emitter.pos */
	uint32_t offset;		/* in the module */
	uint32_t refs;			/* safe point: see struct code_map */
	uint32_t acc_before[BANK_COUNT];
};

/* An instruction of the function as it was written. */
struct written {
	uint32_t at;			/* offset in the code */
	uint32_t next;			/* what follows; of a br, where it goes */
	uint32_t back;			/* number of the first instruction behind
					 * it that branches to it, plus 1; or 0 */
	uint16_t handler;		/* its own */
};

struct label {
	uint32_t code;			/* where, if bound */
	uint32_t pos;
	uint32_t chain;			/* last branch that waits for it, or 0 */
	uint32_t catches;		/* likewise, index of a catch + 1 */
	bool bound;
};

/* A call whose callee may not be translated yet. */
struct call_fixup {
	uint32_t field;			/* offset in the code */
	uint32_t func;			/* defined function */
};

#define WINDOW 256

struct emitter {
	struct code *code;
	struct err *err;
	struct ins window[WINDOW];
	uint32_t count;
	uint64_t serial;	/* of window[0]; never starts again */
	uint32_t pos;		/* instructions of the body before this one */
	uint32_t offset;	/* of the one that is translated, in the module */
	uint32_t acc[BANK_COUNT];	/* slot that an accumulator equals */

	struct label *labels;
	uint32_t cap_labels;
	struct call_fixup *fixups;
	uint32_t nfixups, cap_fixups;
	uint32_t nlinked;	/* of them, those that go to a stub for now */
	struct written *written;	/* of this function, in order */
	uint32_t *costs;		/* of the code from each of them on */
	uint32_t nwritten, cap_written, cap_costs;
	uint32_t line_offset;
	bool plain;		/* fuse nothing, use no accumulator: for tests */
	bool unjoined;		/* join no sequences: for profiles */
	bool failed;
};

void emitter_init(struct emitter *e, struct code *code, struct err *err);
void emitter_clear(struct emitter *e);

/* Begin a function's code. */
void emitter_begin(struct emitter *e);

/* A new instruction, the last of the window. */
struct ins *emit(struct emitter *e, enum code_op op);

/* The instruction with a serial number while it is in the window, or NULL. */
static inline struct ins *
emitter_at(struct emitter *e, uint64_t serial)
{
	return serial >= e->serial && serial - e->serial < e->count ?
		&e->window[serial - e->serial] : NULL;
}

static inline uint64_t
emitter_next(const struct emitter *e)
{
	return e->serial + e->count;
}

/* Write in over the first instruction of the function, which is as long. */
void emitter_replace_first(struct emitter *e, const struct ins *in);

/* Write the window as code. */
void emitter_flush(struct emitter *e);

/* End the function: write the window, and fuse. */
void emitter_end(struct emitter *e);

/* Labels are numbered by the caller. label_new makes one (again) unbound. */
int label_new(struct emitter *e, uint32_t label);
void label_bind(struct emitter *e, uint32_t label);

/* A cell of a br_table, which was flushed before. */
void emit_cell(struct emitter *e, uint32_t label);
/* A cell whose target comes later: its place, for emit_cell_here. */
uint32_t emit_cell_later(struct emitter *e);
void emit_cell_here(struct emitter *e, uint32_t cell);

/* Grow an array of the code's or the emitter's: room for element n. The array
 * as it is now, or NULL after a failure. */
void *code_grow(struct emitter *e, void *table, uint32_t n, uint32_t *cap,
	size_t size);
/* A reference that an operand may hold in slot, above those below. */
uint32_t code_add_ref(struct emitter *e, uint32_t slot, uint32_t below);
void code_add_span(struct emitter *e, uint32_t slot, uint32_t count);
/* A try_table begins or ends here; its clauses, in order. */
uint32_t emit_try(struct emitter *e, uint32_t parent);
void emit_try_end(struct emitter *e, uint32_t index);
void emit_catch(struct emitter *e, uint32_t index, struct code_catch c,
	uint32_t label);

/* Point all calls at what they call. */
void emitter_link(struct emitter *e);
/* The new ones, and remember those whose callee is only a stub. */
void emitter_link_new(struct emitter *e);

/* After a failure: forget the function in hand; others may follow. */
void emitter_abort(struct emitter *e);

/* A stub for each function, first of all; and, when one is translated, a
 * branch to it there. */
int emit_stubs(struct emitter *e);
void emit_stub_done(struct emitter *e, uint32_t func);

/* The handler of an operation and the classes of a, b and d, plus 1; or 0. */
extern const uint16_t code_handler_of[CODE_COUNT][3][3][3];

static inline bool
code_has_handler(enum code_op op, unsigned ca, unsigned cb, unsigned cd)
{
	return code_handler_of[op][ca][cb][cd] != 0;
}

#endif
