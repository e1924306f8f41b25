/*
 * Instructions in the binary format, driven by the opcode table.
 * https://webassembly.github.io/spec/core/binary/instructions.html
 */
#ifndef VM_BINARY_INSTR_H
#define VM_BINARY_INSTR_H

#include "vm/binary/reader.h"
#include "vm/syntax/instr.h"

/*
 * Read the next instruction. 0, or -1 with the reader's error set
 * (VM_MALFORMED). Vectors stay in the module's bytes, checked.
 */
int instr_read(struct reader *r, struct instr *in);

/*
 * Read instructions up to and with the `end` that closes the expression
 * there. 0 or -1. Memory: a byte for each open block. Function indices
 * of ref.func are marked as declared in m, if m is not NULL.
 */
int expr_skip(struct reader *r, struct module *m);

#endif
