/*
 * Types in the binary format.
 * https://webassembly.github.io/spec/core/binary/types.html
 */
#ifndef VM_BINARY_TYPES_H
#define VM_BINARY_TYPES_H

#include "vm/binary/reader.h"
#include "vm/syntax/instr.h"

/* An index too large for a heap type word; no module has so many types. */
#define HEAP_NO_SUCH_INDEX (HEAP_FIRST_ABSTRACT - 1)

heaptype read_heaptype(struct reader *r);
valtype read_reftype(struct reader *r);
valtype read_valtype(struct reader *r);

/* The value type that begins with byte, which was read; VAL_BOT if none does. */
valtype read_valtype_rest(struct reader *r, uint8_t byte);

/* The s33 of a block type: empty, a value type or a type index. */
struct blocktype read_blocktype(struct reader *r);

void read_tabletype(struct reader *r, struct tabletype *t);
void read_memtype(struct reader *r, struct memtype *t);
void read_globaltype(struct reader *r, struct globaltype *t);
uint32_t read_tagtype(struct reader *r);	/* a type index */

/* The type section, into m->types. 0 or -1. */
int read_type_section(struct reader *r, struct module *m);

#endif
