/*
 * A module: what was decoded from one binary.
 * https://webassembly.github.io/spec/core/syntax/modules.html
 *
 * Everything here lives in the module's arena, but the binary itself is
 * borrowed: bytes must stay in place and unchanged as long as the module.
 * Constant expressions, bodies and segments stay in the bytes as ranges.
 */
#ifndef VM_SYNTAX_MODULE_H
#define VM_SYNTAX_MODULE_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "vm/syntax/types.h"

struct canon;

/* A UTF-8 name that may hold U+0000. Borrowed from the module's bytes. */
struct name {
	const char *data;
	uint32_t len;
};

/* A range of the module's bytes. */
struct range {
	uint32_t offset;
	uint32_t len;
};

struct import {
	struct name module, name;
	enum extern_kind kind;
	uint32_t offset;	/* of the entry, for messages */
	union {
		uint32_t type;	/* function or tag: type index */
		struct tabletype table;
		struct memtype memory;
		struct globaltype global;
	};
};

/* A function, imported ones first: the index space. */
struct func {
	uint32_t type;		/* type index */
	bool declared;		/* may be the operand of ref.func */
	struct range body;	/* locals and code; {0, 0} if imported */
};

/* One run of equal locals, as the binary format declares them. */
struct local_run {
	uint32_t count;		/* not 0 */
	valtype type;
};

struct table {
	struct tabletype type;
	struct range init;	/* constant expression; len 0: null */
	uint32_t offset;	/* of the entry, for messages, as below */
};

struct memory {
	struct memtype type;
	uint32_t offset;
};

struct global {
	struct globaltype type;
	struct range init;	/* constant expression; {0, 0} if imported */
	uint32_t offset;
};

struct tag {
	uint32_t type;
	uint32_t offset;
};

struct export {
	struct name name;
	enum extern_kind kind;
	uint32_t index;
	uint32_t entry;		/* offset of the entry, for messages */
};

enum segment_mode { SEGMENT_PASSIVE, SEGMENT_ACTIVE, SEGMENT_DECLARATIVE };

struct elem_segment {
	uint32_t entry;		/* offset of the entry, for messages */
	enum segment_mode mode;
	valtype type;
	uint32_t table;		/* active */
	struct range offset;	/* active: constant expression */
	uint32_t count;
	bool is_funcs;		/* items are function indices, else expressions */
	struct range items;
};

struct data_segment {
	uint32_t entry;
	enum segment_mode mode;
	uint32_t memory;
	struct range offset;
	struct range bytes;
};

/* What post-1.0 features the binary uses, for messages and `inspect`. */
enum feature {
#define FEATURE(id, text) FEATURE_##id,
#include "vm/syntax/features.def"
#undef FEATURE
	FEATURE_COUNT
};

struct custom_section {
	struct name name;
	struct range bytes;
};

/* A place among the names of functions. */
struct name_mark {
	uint32_t func;		/* the function named there */
	uint32_t offset;
};

struct module {
	struct arena arena;
	const struct canon *canon;	/* the registry that the types' ids
					 * belong to; set by validation */
	const uint8_t *bytes;
	size_t len;
	uint64_t features_used;		/* bit (1 << enum feature) */

	uint32_t ntypes;
	struct subtype *types;
	uint32_t nimports;
	struct import *imports;
	uint32_t nfuncs, nimported_funcs;
	struct func *funcs;
	uint32_t ntables, nimported_tables;
	struct table *tables;
	uint32_t nmemories, nimported_memories;
	struct memory *memories;
	uint32_t nglobals, nimported_globals;
	struct global *globals;
	uint32_t ntags, nimported_tags;
	struct tag *tags;
	uint32_t nexports;
	struct export *exports;
	bool has_start;
	uint32_t start;
	uint32_t start_entry;	/* offset of the start section's contents */
	uint32_t nelems;
	struct elem_segment *elems;
	bool has_data_count;
	uint32_t data_count;
	uint32_t ndatas;
	struct data_segment *datas;
	uint32_t ncustoms;
	struct custom_section *customs;
	uint32_t nfunc_names;		/* in the name section, as far as it
					 * can be read */
	uint32_t nfunc_marks;
	struct name_mark *func_marks;	/* see vm/binary/names.h */
	struct range code_section;
};

/* With what each feature builds upon. */
uint64_t features_closure(uint64_t features);

void module_clear(struct module *m);	/* frees all but the bytes */

/* The functype of function or type index i, which must be valid. */
static inline const struct functype *
module_functype(const struct module *m, uint32_t func)
{
	return &m->types[m->funcs[func].type].func;
}

#endif
