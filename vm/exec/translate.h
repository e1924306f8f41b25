/*
 * The translator: WebAssembly instructions in, internal instructions out. It
 * rides on the validator, one instruction behind, so that what it sees is
 * known to be valid. Runs in the template.
 */
#ifndef VM_EXEC_TRANSLATE_H
#define VM_EXEC_TRANSLATE_H

#include "vm/exec/operand.h"
#include "vm/runtime/heap_layout.h"
#include "vm/syntax/instr.h"
#include "vm/valid/validator.h"

/* A control frame, beside the validator's. */
struct control {
	enum op op;
	uint32_t height;	/* operands below it, without its parameters */
	struct blocktype type;
	bool dead;		/* it cannot be reached at all */
	bool used;		/* something branches to its end */
	bool has_else;		/* its else label is still to be bound */
	uint32_t outer_try;	/* of a try_table: the one around it */
	uint32_t nset;		/* locals that were set before it: struct zero */
};

/* See translate_zero.c. */
struct zero {
	bool *set;		/* by slot: set already in the open blocks */
	uint32_t *order;	/* slots, in the order in which they were set */
	uint32_t n;
	uint32_t first;		/* slot of the first declared local */
	uint32_t low, high;	/* slots that must be zero, if low < high */
	bool emitted;
};

struct translator {
	const struct module *module;
	const struct validator *v;
	struct emitter e;
	struct operands s;
	struct control *ctrls;
	uint32_t nctrls, cap_ctrls;
	bool dead;		/* what follows cannot be reached */
	bool one_nan;		/* see vm_set_one_nan */
	bool profile;		/* see vm_store_set_profile */
	uint32_t try;		/* the innermost try_table, or TRY_NONE */
	const struct heap_layout *layouts;	/* by type, if there are any */
	struct code_func *func;		/* the function */
	const struct functype *type;	/* its type */
	uint32_t header;	/* its slot for the return address */
	struct zero zero;
	uint32_t *global_offsets;	/* of own globals, from the instance */
};

int translator_init(struct translator *t, const struct module *m,
	const struct validator *v, struct code *code, struct err *err);
void translator_clear(struct translator *t);

/* Begin defined function func, on which the validator has started. 0 or -1. */
int translator_begin(struct translator *t, uint32_t func);

/*
 * Translate an instruction that the validator has just accepted; nopds is the
 * height of its operand stack before. 0, or -1 with the error set.
 */
int translator_step(struct translator *t, const struct instr *in,
	uint32_t nopds);

/* Its last instruction was translated. */
void translator_end(struct translator *t);

/* After a failure: others may still be translated. */
void translator_abort(struct translator *t);

/* Everything is translated: link it. */
int translator_finish(struct translator *t);

/* Bytes behind struct vm_instance for the module's own globals, and where
 * each of them is, from the instance's start: array of nglobals. */
uint32_t translate_globals(const struct module *m, uint32_t *offsets);

#endif
