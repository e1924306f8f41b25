/*
 * The validator's operand and control stacks: what its rules are made of.
 * Private to vm/valid. The functions that can fail return 0, or -1 with the
 * error set at the instruction in hand.
 */
#ifndef VM_VALID_STACK_H
#define VM_VALID_STACK_H

#include "vm/syntax/canon.h"
#include "vm/valid/validator.h"
#include "vm/vm.h"

int fail_invalid(struct validator *v, const char *fmt, ...)
	__attribute__((format(printf, 2, 3), cold));
int fail_unknown(struct validator *v, const char *what, uint32_t index)
	__attribute__((cold));
int fail_mismatch(struct validator *v, valtype want, valtype have)
	__attribute__((cold));
int fail_nomem(struct validator *v) __attribute__((cold));

int grow_opds(struct validator *v) __attribute__((cold));

static inline struct ctrl *
top_ctrl(struct validator *v)
{
	return &v->ctrls[v->nctrls - 1];
}

static inline bool
type_matches(const struct validator *v, valtype a, valtype b)
{
	return a == b || module_valtype_match(v->module, a, b);
}

static inline int
push_opd(struct validator *v, valtype t)
{
	if (v->nopds == v->cap_opds && grow_opds(v) == -1)
		return -1;
	v->opds[v->nopds++] = t;
	return 0;
}

int push_opds(struct validator *v, const valtype *types, uint32_t n);

/* Pop whatever there is; VAL_BOT from below unreachable code. */
int pop_any(struct validator *v, valtype *out);
int pop_opd(struct validator *v, valtype want);
int pop_opds(struct validator *v, const valtype *types, uint32_t n);

/* Pop a reference; the bottom reference where it could be any. */
int pop_ref(struct validator *v, valtype *out);

/* A fixed type, as in struct op_info; addr is what its `a` stands for. */
int apply_sig(struct validator *v, const char *sig, valtype addr);

/* Whether the top operands, from the top down to the frame's height, match
 * types, without changing the stack. */
int check_opds(struct validator *v, const valtype *types, uint32_t n);

void set_unreachable(struct validator *v);

/* Push a frame for a block type whose parameters were popped; they come back
 * as its first operands. */
int push_ctrl(struct validator *v, enum op op, const struct blocktype *block);

/* Pop the top frame, its results from the stack. */
int pop_ctrl(struct validator *v, struct ctrl *out);

/* The frame of a label, or NULL with the error set. */
struct ctrl *find_label(struct validator *v, uint32_t label);

/* Types in a module that instructions and definitions name. */
int check_valtype(struct validator *v, valtype t);
int check_heaptype(struct validator *v, heaptype h);
const struct functype *find_functype(struct validator *v, uint32_t type);

static inline valtype
addr_type(const struct limits *l)
{
	return l->is64 ? VAL_I64 : VAL_I32;
}

static inline valtype
unpacked(valtype t)
{
	return t == VAL_I8 || t == VAL_I16 ? (valtype)VAL_I32 : t;
}

static inline bool
is_packed(valtype t)
{
	return t == VAL_I8 || t == VAL_I16;
}

#endif
