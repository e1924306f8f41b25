/*
 * One rule for each kind of instruction, named by its rows in ops.def. A rule
 * checks the instruction against the validator's stacks and updates them. 0,
 * or -1 with the error set.
 * https://webassembly.github.io/spec/core/valid/instructions.html
 */
#ifndef VM_VALID_RULES_H
#define VM_VALID_RULES_H

#include "vm/valid/validator.h"

#define OP(id, text, prefix, code, imm, sig, log2, rule, feature) \
	int rule_##rule(struct validator *v, const struct instr *in);
#include "vm/syntax/ops.def"
#undef OP

#endif
