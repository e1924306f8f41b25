/*
 * Types and instructions in the text format.
 * https://webassembly.github.io/spec/core/text/index.html
 *
 * An index is followed by its name, where it has one: "call 5 $main". As
 * the module need not be valid, indices may be out of bounds.
 */
#ifndef VM_DUMP_TEXT_H
#define VM_DUMP_TEXT_H

#include "vm/dump/state.h"
#include "vm/syntax/instr.h"

void text_valtype(struct out *o, valtype t);
void text_tabletype(struct out *o, const struct tabletype *t);
void text_memtype(struct out *o, const struct memtype *t);
void text_globaltype(struct out *o, const struct globaltype *t);

/* " (param i32) (result i64)", at most max of each; nothing for none. */
void text_functype(struct out *o, const struct functype *f, uint32_t max);

/* Type number i, complete: "(sub 0 (struct (field $x i32)))". */
void text_subtype(struct dump *d, uint32_t i);

/*
 * A function's or tag's use of a type: "(type 3) (param i32) (result i64)", of
 * many parameters and results only the first TEXT_SIGNATURE_MAX each.
 */
#define TEXT_SIGNATURE_MAX 32
void text_typeuse(struct dump *d, uint32_t type);

/* "(func (param i32) (result i64))", cut likewise. */
void text_signature(struct dump *d, uint32_t type);

/* An index and its name. */
void text_index(struct dump *d, enum name_space space, uint32_t index);

/* An instruction without a line's end. Labels are those of the dump. */
void text_instr(struct dump *d, const struct instr *in);

/* The instructions of a constant expression on one line, without its `end`. */
void text_constant(struct dump *d, struct range expr);

#endif
