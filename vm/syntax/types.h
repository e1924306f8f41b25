/*
 * Types of the abstract syntax.
 * https://webassembly.github.io/spec/core/syntax/types.html
 *
 * A value type is one 32-bit word, so that it is compared and copied as an
 * integer. Reference types name their heap type in the upper bits: an
 * abstract heap type, or an index into the module's type space.
 */
#ifndef VM_SYNTAX_TYPES_H
#define VM_SYNTAX_TYPES_H

#include <stdbool.h>
#include <stdint.h>

#include "vm/limits.h"

/* bits 0-3: kind; bit 4: nullable (references); bits 8-31: heap type */
typedef uint32_t valtype;
typedef uint32_t heaptype;

enum valkind {
	VAL_BOT = 0,	/* bottom: what unreachable code pops */
	VAL_I32,
	VAL_I64,
	VAL_F32,
	VAL_F64,
	VAL_V128,
	VAL_REF,
	VAL_I8,		/* packed: fields of structures and arrays only */
	VAL_I16,
};

/* Abstract heap types; a smaller value is an index into the type space. */
enum {
	HEAP_FIRST_ABSTRACT = 0xffff00,
	HEAP_FUNC = HEAP_FIRST_ABSTRACT,
	HEAP_NOFUNC,
	HEAP_EXTERN,
	HEAP_NOEXTERN,
	HEAP_ANY,
	HEAP_EQ,
	HEAP_I31,
	HEAP_STRUCT,
	HEAP_ARRAY,
	HEAP_NONE,
	HEAP_EXN,
	HEAP_NOEXN,
	HEAP_BOT,	/* bottom of every heap type: ref of unreachable code */
};

#define VALTYPE_NULLABLE 0x10u
#define VALTYPE_REF(nullable, heap) \
	((valtype)VAL_REF | ((nullable) ? VALTYPE_NULLABLE : 0) | \
	 (valtype)(heap) << 8)

#define VALTYPE_FUNCREF   VALTYPE_REF(true, HEAP_FUNC)
#define VALTYPE_EXTERNREF VALTYPE_REF(true, HEAP_EXTERN)

/* Of a letter of a signature, "ii:i"; VAL_BOT for any other. */
static inline valtype
valtype_of_letter(char c)
{
	static const uint8_t types[0x80] = { ['i'] = VAL_I32, ['l'] = VAL_I64,
		['f'] = VAL_F32, ['d'] = VAL_F64, ['v'] = VAL_V128 };

	return types[c & 0x7f];
}

static inline enum valkind
valtype_kind(valtype t)
{
	return (enum valkind)(t & 0xf);
}

static inline bool
valtype_is_ref(valtype t)
{
	return valtype_kind(t) == VAL_REF;
}

static inline bool
valtype_is_nullable(valtype t)
{
	return (t & VALTYPE_NULLABLE) != 0;
}

static inline heaptype
valtype_heap(valtype t)
{
	return t >> 8;
}

static inline bool
heaptype_is_index(heaptype h)
{
	return h < HEAP_FIRST_ABSTRACT;
}

/* Slots of 8 bytes that a value takes in a frame: v128 takes two. */
static inline uint32_t
valtype_slots(valtype t)
{
	return valtype_kind(t) == VAL_V128 ? 2 : 1;
}

/* Whether a local of the type needs no initialisation. */
static inline bool
valtype_is_defaultable(valtype t)
{
	return !valtype_is_ref(t) || valtype_is_nullable(t);
}

struct functype {
	uint32_t nparams, nresults;
	const valtype *params;		/* nparams, then the results */
	const valtype *results;
	uint32_t param_slots, result_slots;
};

struct fieldtype {
	valtype type;		/* VAL_I8 and VAL_I16 are packed */
	bool mutable;
};

struct structtype {
	uint32_t nfields;
	const struct fieldtype *fields;
};

enum comp_kind { COMP_FUNC, COMP_STRUCT, COMP_ARRAY };

#define TYPE_NONE UINT32_MAX
#define TYPE_BAD (UINT32_MAX - 1)	/* several supertypes: invalid */

/* One entry of the type space: a sub type inside its recursive group. */
struct subtype {
	enum comp_kind kind;
	bool final;
	uint32_t super;		/* type index, or TYPE_NONE */
	uint32_t depth;		/* length of the chain of supertypes */
	uint32_t group_start;	/* first type index of its recursive group */
	uint32_t group_len;
	uint32_t offset;	/* of its entry in the module, for messages */
	uint32_t canon;		/* canonical id in the registry (canon.h): equal
				 * types have equal ids */
	union {
		struct functype func;
		struct structtype struct_;
		struct fieldtype array;
	};
};

/* https://webassembly.github.io/spec/core/syntax/types.html#limits */
struct limits {
	uint64_t min;
	uint64_t max;		/* valid if has_max */
	bool has_max;
	bool is64;		/* addresses are i64 */
};

struct tabletype {
	valtype elem;
	struct limits limits;
};

struct memtype {
	struct limits limits;	/* in pages */
	uint8_t page_log2;	/* 16, or 0 with custom page sizes */
};

struct globaltype {
	valtype type;
	bool mutable;
};

enum extern_kind {	/* the binary format's numbers */
	EXTERN_FUNC = 0,
	EXTERN_TABLE = 1,
	EXTERN_MEMORY = 2,
	EXTERN_GLOBAL = 3,
	EXTERN_TAG = 4,
};

#endif
