/*
 * The front half's model of the machine: for each operand, where it is. Most
 * never move: a constant or a local waits here until an instruction names it.
 *
 * Invariants. An operand of kind ENTRY_TEMP is in its canonical slot, which
 * its height alone decides, unless its defining instruction was changed to
 * leave it in the accumulator because the next one takes it there. Entries
 * below `flushed` are temps or constants. The pending references to a local
 * form a list in stack order, so that they are found without a search.
 */
#ifndef VM_EXEC_OPERAND_H
#define VM_EXEC_OPERAND_H

#include "vm/exec/emit.h"
#include "vm/syntax/module.h"

enum entry_kind { ENTRY_TEMP, ENTRY_LOCAL, ENTRY_CONST };

struct entry {
	uint8_t kind;
	char type;		/* i l f d v, r: reference to the heap; those to
				 * functions are l */
	uint32_t slot;		/* TEMP: canon; LOCAL: the local's */
	uint32_t canon;		/* canonical slot of this height */
	uint32_t next;		/* LOCAL: number of the reference below */
	uint32_t refs;		/* up to here: see struct code_ref */
	uint64_t k, k2;		/* CONST: the bits, v128: both halves */
	uint64_t def;		/* TEMP: serial of the defining instruction, or 0 */
};

/* Entries are numbered from 1, so that a large array of no numbers is memory
 * that has not been touched. */
#define ENTRY_NONE 0

struct operands {
	struct emitter *e;
	struct entry *entries;
	uint32_t n;
	uint32_t flushed;
	uint32_t base;		/* canonical slot of height 0 */
	uint32_t *refs;		/* by slot: number of the topmost pending
				 * reference */
	uint64_t *last_use;	/* by slot: last instruction that named it */
	uint64_t region;	/* behind the last instruction that may leave */
	bool failed;
};

int operands_init(struct operands *s, struct emitter *e);
void operands_clear(struct operands *s);
void operands_begin(struct operands *s, uint32_t base);

char type_letter(const struct module *m, valtype t);
static inline uint32_t
letter_slots(char t)
{
	return t == 'v' ? 2 : 1;
}
static inline enum bank
letter_bank(char t)
{
	switch (t) {
	case 'f':
		return BANK_F32;
	case 'd':
		return BANK_F64;
	case 'v':
		return BANK_V128;
	default:
		return BANK_INT;
	}
}

/* The canonical slot of the next operand. */
uint32_t operands_top(const struct operands *s);

void push_temp(struct operands *s, char type);
void push_const(struct operands *s, char type, uint64_t k, uint64_t k2);
void push_local(struct operands *s, char type, uint32_t slot);
struct entry pop(struct operands *s);
void drop_to(struct operands *s, uint32_t height);

/* Put an operand, or all from a height on, into canonical slots. */
void materialize(struct operands *s, struct entry *entry);
void materialize_from(struct operands *s, uint32_t height);
/* Before code that may be skipped: nothing below height may wait. */
void flush_below(struct operands *s, uint32_t height);

/* Before an instruction that may collect, with operands below height: all
 * references among them are in their slots then. What struct ins wants. */
uint32_t safe_point(struct operands *s, uint32_t height);

/* Copies into any slot. */
void move_to(struct operands *s, struct entry *entry, uint32_t slot);

/* Whether the operand is the result of the window's last instruction, which
 * may then be replaced. */
struct ins *last_def(struct operands *s, const struct entry *entry);
/* Take the last instruction back: the accumulators are as before it. */
void unemit(struct operands *s);

/*
 * Moves that would stand between an instruction and who takes its result, and
 * keep the two from becoming one. Put them before the instruction: they write
 * canonical slots below its operands, and read none of its result.
 */
struct held {
	bool holds;
	struct ins ins;
};

void hold_def(struct operands *s, const struct entry *entry, struct held *h);
void release_def(struct operands *s, struct entry *entry, struct held *h);

/*
 * Emit op on operands that were popped, choosing classes; operands may change
 * sides when the operation has a mirror image. For one operand b is NULL.
 */
struct ins *emit_operands(struct operands *s, enum code_op op, struct entry *a,
	struct entry *b);
/* Name an operand as a slot: a constant is materialized. */
uint32_t as_slot(struct operands *s, struct entry *entry);
/* Whether an instruction on operands of a type has room for the constant. */
bool fits_constant(const struct entry *entry, char type);
bool in_acc(const struct operands *s, const struct entry *entry);
/* The same of the last sum of floats. */
bool in_sum(const struct operands *s, const struct entry *entry);
/* Take the operand from the accumulator; its slot may stay unwritten. */
void use_acc(struct operands *s, const struct entry *entry);

/* The result of the last instruction goes to the next canonical slot. */
void push_result(struct operands *s, struct ins *in, char type, bool in_bank);

/* Slot is about to be written by the next instruction. */
void slot_written(struct operands *s, uint32_t slot);

/* Pop into a local. */
void local_set(struct operands *s, uint32_t slot, bool keep);

#endif
