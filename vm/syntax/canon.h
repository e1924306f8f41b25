/*
 * The registry of canonical types, shared by all modules of a struct vm.
 * https://webassembly.github.io/spec/core/valid/conventions.html#rolling-and-unrolling
 *
 * Types are equal when their whole recursive groups are. Each distinct group
 * is kept once; its types get consecutive ids, so that equality is one compare
 * of ids and a subtype test needs no look at the types. Ids stay valid as long
 * as the registry, whatever becomes of the modules that brought them.
 */
#ifndef VM_SYNTAX_CANON_H
#define VM_SYNTAX_CANON_H

#include <stddef.h>

#include "vm/syntax/module.h"

struct canon_type {
	uint32_t super;		/* id, or its own where it has none */
	uint32_t jump;		/* id of an ancestor further up, likewise */
	uint8_t depth;		/* length of the chain of supertypes */
	uint8_t kind;		/* enum comp_kind */
	bool final;
};

struct canon {
	uint32_t ntypes, cap_types;
	struct canon_type *types;	/* by id */

	/* private to canon.c */
	size_t nwords, cap_words;
	uint32_t *words;		/* the groups' descriptions */
	uint32_t ngroups, cap_groups;
	struct canon_group *groups;
	uint32_t nbuckets;
	uint32_t *buckets;
	uint64_t seed;
};

void canon_init(struct canon *c);
void canon_clear(struct canon *c);

/*
 * Find or add the group types[start] belongs to, and set canon and depth of
 * its members. Supertypes must come before their subtypes and other references
 * be inside the group or before it; groups before it must have been added.
 * Fails when memory or ids run out, or depth passes LIMIT_SUBTYPE_DEPTH.
 */
enum canon_result { CANON_OK, CANON_NOMEM, CANON_FULL, CANON_TOO_DEEP };
enum canon_result canon_add(struct canon *c, struct subtype *types,
	uint32_t start);

/* Whether id a is b or one of b's subtypes. A handful of steps at most. */
bool canon_is_subtype_slow(const struct canon *c, uint32_t a, uint32_t b);

static inline bool
canon_is_subtype(const struct canon *c, uint32_t a, uint32_t b)
{
	return a == b || (!c->types[b].final && canon_is_subtype_slow(c, a, b));
}

/*
 * Subtyping where heap types that are indices hold canonical ids: across
 * modules, and at run time.
 * https://webassembly.github.io/spec/core/valid/matching.html
 */
bool canon_heaptype_match(const struct canon *c, heaptype a, heaptype b);
bool canon_valtype_match(const struct canon *c, valtype a, valtype b);

/* A module's heap or value type with its index replaced by the canonical id. */
heaptype module_canon_heaptype(const struct module *m, heaptype h);
valtype module_canon_valtype(const struct module *m, valtype t);

/* Subtyping inside one module, whose types were added to m->canon. */
bool module_valtype_match(const struct module *m, valtype a, valtype b);
bool module_heaptype_match(const struct module *m, heaptype a, heaptype b);

/* The top of a heap type's hierarchy: any, func, extern or exn. */
heaptype module_heaptype_top(const struct module *m, heaptype h);

#endif
