/*
 * The types that generated modules declare: always the same structures, arrays
 * and function types, then some function types out of the input.
 */
#ifndef FUZZ_TYPES_H
#define FUZZ_TYPES_H

#include "base/buf.h"
#include "vm/syntax/types.h"

/* Type indices. The first ones are one recursive group. */
enum {
	TYPE_STRUCT,		/* open */
	TYPE_SUBSTRUCT,		/* its subtype, with more fields */
	TYPE_ARRAY_I8,
	TYPE_ARRAY_I16,
	TYPE_ARRAY_I32,
	TYPE_ARRAY_I64,
	TYPE_ARRAY_F32,
	TYPE_ARRAY_V128,
	TYPE_ARRAY_ANY,
	TYPE_ARRAY_FUNC,
	TYPE_FUNC_NONE,		/* [] -> [], as all below without "to" */
	TYPE_FUNC_I32,
	TYPE_FUNC_PAIR,		/* i64 f64 */
	TYPE_FUNC_TO_PAIR,
	TYPE_FUNC_TO_PAIR_EXN,
	TYPE_FUNC_TO_I32_EXN,
	TYPE_FUNC_HOST,		/* i32 i64 -> i32 */
	TYPE_FUNC_FIRST,	/* out of the input, from here on */
};

#define TYPE_FUNC_COUNT 6
#define TYPE_COUNT (TYPE_FUNC_FIRST + TYPE_FUNC_COUNT)
#define TYPE_FIXED_GROUP TYPE_FUNC_NONE	/* types in the group */
#define SIGNATURE_MAX 4
#define FIELDS_MAX 8

#define REF_NULL(heap) VALTYPE_REF(true, heap)
#define REF(heap) VALTYPE_REF(false, heap)

struct signature {
	unsigned nparams, nresults;
	valtype params[SIGNATURE_MAX], results[SIGNATURE_MAX];
};

extern const struct signature fixed_signatures[];	/* from TYPE_FUNC_NONE */

/* Fields of a structure type; the one field of an array type. */
unsigned type_fields(uint32_t type, const valtype **out);
bool type_is_array(uint32_t type);

/* What an instruction pushes for a field of the type. */
valtype type_unpacked(valtype field);

/* Whether a value of type sub can stand where super is asked for; false for
 * some that could. */
bool type_matches(valtype sub, valtype super);

void type_write(struct buf *out, valtype t);
void type_write_heap(struct buf *out, heaptype h);
void type_write_group(struct buf *out);	/* structures and arrays */
void type_write_signature(struct buf *out, const struct signature *s);

/* Numbers as the binary format has them. */
void write_byte(struct buf *out, unsigned byte);
void write_u(struct buf *out, uint64_t n);
void write_s(struct buf *out, int64_t n);

#endif
