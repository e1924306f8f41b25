/*
 * Valid modules out of arbitrary bytes: every choice that a module leaves is
 * taken from the input, and what the types forbid is not among the choices.
 * The same bytes give the same module. An input that is over says 0, which
 * always is the choice that leads to the end.
 */
#ifndef FUZZ_GENERATE_H
#define FUZZ_GENERATE_H

#include "base/buf.h"
#include "fuzz/types.h"

enum generate_flags {
	/* No bit of a NaN that the specification leaves open reaches memory,
	 * integers or vectors: results are the same on every machine, but for
	 * NaNs in the values of f32 and f64 themselves. */
	GENERATE_CANONICAL_NANS = 1 << 0,
	/* Only what WebAssembly 3.0 has, and none of its relaxed instructions. */
	GENERATE_PORTABLE = 1 << 1,
};

/* Append a module. Ends the process when memory is short. */
void generate_module(struct buf *out, const uint8_t *data, size_t len,
	unsigned flags);

struct input {
	const uint8_t *p, *end;
};

/* The same with the changes made to its bodies that fuzz/perturb.h has. */
void generate_perturbed(struct buf *out, const uint8_t *data, size_t len,
	unsigned flags, struct input changes);

/* ---- between the parts of the generator -------------------------------- */

unsigned input_byte(struct input *in);
uint64_t input_number(struct input *in, size_t len);	/* little-endian */
unsigned input_below(struct input *in, unsigned n);	/* n up to 65536 */

#define GENERATE_FUNCS_MAX 5	/* with the imported one */
#define GENERATE_FUNC_HOST 0

/* What every generated module has. */
enum {
	MEMORY_MAIN,		/* 32-bit addresses */
	MEMORY_WIDE,		/* 64-bit addresses */
	MEMORY_COUNT,
};
enum {
	TABLE_FUNCS,		/* its first elements: all functions */
	TABLE_ANY,
	TABLE_WIDE,		/* of functions, 64-bit addresses */
	TABLE_COUNT,
};
enum {
	ELEM_ACTIVE,		/* all functions */
	ELEM_FUNCS,		/* passive */
	ELEM_ANY,		/* passive */
	ELEM_DECLARED,
	ELEM_COUNT,
};
enum {
	DATA_ACTIVE,
	DATA_PASSIVE,
	DATA_COUNT,
};
enum {
	TAG_NONE, TAG_I32, TAG_PAIR, TAG_COUNT,
};

#define GLOBAL_COUNT 8
extern const valtype generate_globals[GLOBAL_COUNT];	/* all mutable */
extern const valtype generate_tables[TABLE_COUNT];	/* types of elements */

struct generator {
	unsigned flags;
	struct signature types[TYPE_FUNC_COUNT];
	unsigned nfuncs;		/* with the imported one */
	uint32_t func_types[GENERATE_FUNCS_MAX];
};

const struct signature *generate_signature(const struct generator *g,
	uint32_t type);

/* A type for a local, a parameter or a block's result. */
valtype generate_type(struct input *in);

/* Append the body of a function, locals and all, without its length. */
void generate_body(struct buf *out, const struct generator *g, uint32_t func,
	struct input *in);

#endif
