/*
 * The parts of the translator, one file for each chapter of instructions.
 * Private to vm/exec/translate*.c.
 */
#ifndef VM_EXEC_TRANSLATE_STEPS_H
#define VM_EXEC_TRANSLATE_STEPS_H

#include "vm/exec/translate.h"

/*
 * Labels of the emitter: one for branches around code of one instruction; and
 * for control frame i, where branches to it go, and its else.
 */
#define LABEL_SKIP 0u
#define LABEL_TARGET(i) (2 * (i) + 1)
#define LABEL_ELSE(i) (2 * (i) + 2)

/* Types of some operands, lowest first. */
struct types {
	uint32_t n;
	const valtype *types;
};

/* ---- translate_control.c ---- */

struct control *control_push(struct translator *t, enum op op, struct
	blocktype type);
struct types block_params(const struct translator *t, const struct blocktype
	*b);
struct types control_results(const struct translator *t, uint32_t i);
struct types label_types(const struct translator *t, uint32_t i);
void push_temps(struct translator *t, struct types types);
uint32_t types_slots(struct types types);
void emit_br(struct translator *t, uint32_t label);
bool needs_moves(const struct translator *t, const struct control *c, uint32_t
	n);
uint32_t height_slot(const struct translator *t, uint32_t height);
void emit_label_moves(struct translator *t, const struct control *c, struct
	types types);
void ready_operands(struct translator *t, const struct control *c, struct
	types types);
void emit_cond_branch(struct translator *t, struct entry *cond, bool negate,
	uint32_t label);
void emit_label_cond(struct translator *t, uint32_t i, bool negate);
int step_try_table(struct translator *t, const struct instr *in);
void emit_return(struct translator *t);
int step_block(struct translator *t, const struct instr *in);
void step_else(struct translator *t);
void step_end(struct translator *t);
void step_br(struct translator *t, uint32_t depth);
void step_br_if(struct translator *t, uint32_t depth);
void step_br_on_null(struct translator *t, uint32_t depth, bool on_null);
void step_br_table(struct translator *t, const struct instr_vec *labels);

/* ---- translate_zero.c ---- */

int zero_init(struct zero *z);
void zero_clear(struct zero *z);
void zero_begin(struct translator *t, uint32_t first, uint32_t count);
void zero_reference(struct zero *z, uint32_t slot, uint32_t count);
void zero_get(struct zero *z, uint32_t slot, uint32_t count);
void zero_set(struct zero *z, uint32_t slot);
void zero_leave(struct zero *z, uint32_t n);
void zero_end(struct translator *t);

/* ---- translate_call.c ---- */

void acc_forget(struct translator *t);
/* For the meter, where there is one: op with the function that runs. */
void emit_meter(struct translator *t, enum code_op op);
void step_call(struct translator *t, uint32_t func, bool tail);
void step_call_indirect(struct translator *t, uint32_t type_index, uint32_t
	table, bool tail);

/* ---- translate_value.c ---- */

void step_local(struct translator *t, const struct instr *in);
void step_global(struct translator *t, const struct instr *in);
void step_select(struct translator *t);
void push_op(struct translator *t, struct ins *in);
void step_unary(struct translator *t, enum code_op op);
void replace_last(struct translator *t, struct ins *in, enum code_op op);
void step_binary(struct translator *t, enum code_op op);

/* ---- translate_memory.c ---- */

void step_load(struct translator *t, const struct instr *in, enum code_op op);
void step_store(struct translator *t, const struct instr *in, enum code_op op);
void step_lane(struct translator *t, const struct instr *in, enum code_op op);
void step_ternary(struct translator *t, enum code_op op);
void step_shuffle(struct translator *t, const struct instr *in, enum code_op
	op);
void step_lane_access(struct translator *t, const struct instr *in, enum
	code_op op);
void push_vector(struct translator *t, const uint8_t bytes[16]);

/* ---- translate_ref.c ---- */

void step_ref_null(struct translator *t, heaptype heap);
void step_ref_is_null(struct translator *t);
void step_ref_as_non_null(struct translator *t);
void step_ref_eq(struct translator *t);
void step_ref_func(struct translator *t, uint32_t func);
void step_in_c(struct translator *t, enum code_op op, uint32_t o, uint32_t p,
	uint32_t nresults, uint32_t nopds);
void step_table_get(struct translator *t, const struct instr *in, uint32_t
	nopds);
void step_table_set(struct translator *t, const struct instr *in, uint32_t
	nopds);
void step_memory_size(struct translator *t, const struct instr *in, uint32_t
	nopds);

/* ---- translate_nan.c ---- */

/* After an instruction op that is neither control nor dead: make its NaN the
 * canonical one, where the specification leaves open which it is. */
void step_one_nan(struct translator *t, enum op op);

/* ---- translate_gc.c ---- */

bool step_gc(struct translator *t, const struct instr *in, uint32_t nopds);

#endif
