/*
 * How objects of a type lie in memory: computed once per defined type when a
 * module is instantiated, then only read, by handlers and the collector.
 * https://webassembly.github.io/spec/core/exec/runtime.html
 *
 * Every object begins with 8 bytes of header (struct heap_object), is
 * aligned to 16 bytes and a multiple of 16 bytes long. Fields follow in the
 * order of declaration, each aligned to its size: i8 1 byte, i16 2, i32 and
 * f32 4, i64, f64 and references 8, v128 16. So the offset of a field
 * depends on the fields before it only, and a subtype's object can be read
 * by its supertype's offsets.
 */
#ifndef VM_RUNTIME_HEAP_LAYOUT_H
#define VM_RUNTIME_HEAP_LAYOUT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "vm/syntax/types.h"

enum heap_kind {
	HEAP_LAYOUT_NONE = 0,	/* no layout was made; no object has it */
	HEAP_LAYOUT_STRUCT,
	HEAP_LAYOUT_ARRAY,
	HEAP_LAYOUT_EXN,	/* tag, then the values of its parameters */
};

struct heap_layout {
	uint8_t kind;		/* enum heap_kind */
	uint8_t elem_log2;	/* array: log2 of an element's bytes */
	bool traced;		/* holds references the collector follows */
	uint32_t size;		/* array: offset of element 0; others: bytes
				 * of the whole object */
	uint32_t nfields;
	uint32_t nrefs;
	const uint32_t *offsets;	/* of each field, or parameter */
	const uint32_t *refs;	/* offsets of traced fields, not in arrays */
};

#define HEAP_HEADER_BYTES 8u
#define HEAP_EXN_TAG 8u		/* offset of the pointer to the tag */

/*
 * Make the layout of type index i of types. A function type gets the layout
 * of the exceptions that a tag of this type throws. Offsets live in arena.
 * 0, or -1 when the arena is full (*out is untouched).
 */
int heap_layout_init(struct heap_layout *out, const struct subtype *types,
	uint32_t i, struct arena *arena);

/* Bytes, as a power of two, that a value of the type takes in an object. */
uint8_t heap_storage_log2(valtype t);

#endif
