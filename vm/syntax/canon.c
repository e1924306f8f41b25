/*
 * The registry of canonical types. A group is described by words in which
 * references to its own members are relative and all others are canonical
 * ids; equal groups have equal words.
 */
#include "vm/syntax/canon.h"

#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>

/* In descriptions. A value type leaves bits 5-7 free. */
#define WORD_RELATIVE_HEAP 0x20u
#define WORD_RELATIVE_SUPER 0x80000000u
#define WORD_MUTABLE 0x40u

_Static_assert(LIMIT_CANON_TYPES == HEAP_FIRST_ABSTRACT - 1,
	"ids of types are heap types");

struct canon_group {
	uint64_t hash;
	size_t words;		/* where its description starts */
	uint32_t nwords;
	uint32_t first;		/* id of its first type */
};

/* The hash is seeded, as modules could otherwise be made to collide: by the
 * bytes that the kernel gives each process, which need no system call. */
void
canon_init(struct canon *c)
{
	const void *random = (const void *)getauxval(AT_RANDOM);

	*c = (struct canon){ .seed = 0x9e3779b97f4a7c15u };
	if (random != NULL)
		memcpy(&c->seed, random, sizeof(c->seed));
}

void
canon_clear(struct canon *c)
{
	free(c->types);
	free(c->words);
	free(c->groups);
	free(c->buckets);
	*c = (struct canon){ .seed = c->seed };
}

/* ---- describing a group ------------------------------------------------ */

struct words {
	const struct subtype *types;
	uint32_t start;		/* of the group */
	struct canon *canon;
	bool nomem;
};

/* Descriptions are built at the end of the registry's words, and stay there
 * if the group is new. */
static void
put_word(struct words *w, uint32_t word)
{
	struct canon *c = w->canon;

	if (c->nwords == c->cap_words) {
		size_t cap = c->cap_words == 0 ? 256 : c->cap_words * 2;
		uint32_t *words = realloc(c->words, cap * sizeof(*words));

		if (words == NULL) {
			w->nomem = true;
			return;
		}
		c->words = words;
		c->cap_words = cap;
	}
	c->words[c->nwords++] = word;
}

static void
put_valtype(struct words *w, valtype t, uint32_t flags)
{
	heaptype h = valtype_heap(t);

	if (!valtype_is_ref(t) || !heaptype_is_index(h)) {
		put_word(w, t | flags);
	} else if (h >= w->start) {
		put_word(w, VALTYPE_REF(valtype_is_nullable(t), h - w->start) |
			WORD_RELATIVE_HEAP | flags);
	} else {
		put_word(w, VALTYPE_REF(valtype_is_nullable(t),
			w->types[h].canon) | flags);
	}
}

static void
put_field(struct words *w, const struct fieldtype *f)
{
	put_valtype(w, f->type, f->mutable ? WORD_MUTABLE : 0);
}

static void
put_super(struct words *w, uint32_t super)
{
	if (super == TYPE_NONE)
		put_word(w, TYPE_NONE);
	else if (super >= w->start)
		put_word(w, (super - w->start) | WORD_RELATIVE_SUPER);
	else
		put_word(w, w->types[super].canon);
}

static void
put_type(struct words *w, const struct subtype *t)
{
	put_word(w, (uint32_t)t->kind << 1 | (t->final ? 1 : 0));
	put_super(w, t->super);
	switch (t->kind) {
	case COMP_FUNC:
		put_word(w, t->func.nparams);
		put_word(w, t->func.nresults);
		for (uint32_t i = 0; i < t->func.nparams; i++)
			put_valtype(w, t->func.params[i], 0);
		for (uint32_t i = 0; i < t->func.nresults; i++)
			put_valtype(w, t->func.results[i], 0);
		break;
	case COMP_STRUCT:
		put_word(w, t->struct_.nfields);
		for (uint32_t i = 0; i < t->struct_.nfields; i++)
			put_field(w, &t->struct_.fields[i]);
		break;
	case COMP_ARRAY:
		put_field(w, &t->array);
		break;
	}
}

static uint64_t
hash_words(uint64_t seed, const uint32_t *words, size_t n)
{
	uint64_t h = seed ^ n;

	for (size_t i = 0; i < n; i++) {
		h = (h ^ words[i]) * 0xff51afd7ed558ccdu;
		h ^= h >> 32;
		h += seed;
	}
	h *= 0xc4ceb9fe1a85ec53u;
	return h ^ h >> 29;
}

/* ---- the table of groups ----------------------------------------------- */

static int
grow_buckets(struct canon *c)
{
	uint32_t n = c->nbuckets == 0 ? 64 : c->nbuckets * 2;
	uint32_t *buckets = calloc(n, sizeof(*buckets));

	if (buckets == NULL)
		return -1;
	for (uint32_t g = 0; g < c->ngroups; g++) {
		uint32_t b = (uint32_t)c->groups[g].hash & (n - 1);

		while (buckets[b] != 0)
			b = (b + 1) & (n - 1);
		buckets[b] = g + 1;
	}
	free(c->buckets);
	c->buckets = buckets;
	c->nbuckets = n;
	return 0;
}

/* The bucket of the group, or the empty one where it belongs. */
static uint32_t *
find_bucket(const struct canon *c, uint64_t hash, size_t words, size_t nwords)
{
	uint32_t b = (uint32_t)hash & (c->nbuckets - 1);

	while (c->buckets[b] != 0) {
		const struct canon_group *g = &c->groups[c->buckets[b] - 1];

		if (g->hash == hash && g->nwords == nwords &&
		    memcmp(c->words + g->words, c->words + words,
		    nwords * sizeof(*c->words)) == 0)
			break;
		b = (b + 1) & (c->nbuckets - 1);
	}
	return &c->buckets[b];
}

static int
reserve(struct canon *c, uint32_t ntypes)
{
	if (c->ngroups == c->cap_groups) {
		uint32_t cap = c->cap_groups == 0 ? 64 : c->cap_groups * 2;
		struct canon_group *p = realloc(c->groups, cap * sizeof(*p));

		if (p == NULL)
			return -1;
		c->groups = p;
		c->cap_groups = cap;
	}
	if (ntypes > c->cap_types - c->ntypes) {
		uint32_t cap = c->ntypes + ntypes;
		struct canon_type *p;

		if (cap < c->cap_types * 2)
			cap = c->cap_types * 2;
		p = realloc(c->types, cap * sizeof(*p));
		if (p == NULL)
			return -1;
		c->types = p;
		c->cap_types = cap;
	}
	return 0;
}

/*
 * Ancestors are found by jumps: each type knows its supertype and one further
 * up, so that any is reached in about twice log2(depth) steps.
 * Myers, "An applicative random-access stack", 1983.
 */
static void
add_type(struct canon *c, const struct subtype *types,
	const struct subtype *t)
{
	uint32_t id = c->ntypes++;
	struct canon_type *entry = &c->types[id];
	const struct canon_type *super, *up;

	*entry = (struct canon_type){ .super = id, .jump = id,
		.depth = (uint8_t)t->depth, .kind = (uint8_t)t->kind,
		.final = t->final };
	if (t->super == TYPE_NONE)
		return;
	entry->super = types[t->super].canon;
	super = &c->types[entry->super];
	up = &c->types[super->jump];
	entry->jump = super->depth - up->depth ==
		up->depth - c->types[up->jump].depth ? up->jump : entry->super;
}

static enum canon_result
set_depths(struct subtype *types, uint32_t start)
{
	for (uint32_t i = 0; i < types[start].group_len; i++) {
		struct subtype *t = &types[start + i];

		t->depth = t->super == TYPE_NONE ? 0 :
			types[t->super].depth + 1;
		if (t->depth > LIMIT_SUBTYPE_DEPTH)
			return CANON_TOO_DEEP;
	}
	return CANON_OK;
}

/* Keep the description at words as a new group, and its types. */
static enum canon_result
add_group(struct canon *c, struct subtype *types, uint32_t start,
	struct canon_group group)
{
	uint32_t n = types[start].group_len;

	if (n > LIMIT_CANON_TYPES - c->ntypes)
		return CANON_FULL;
	if (reserve(c, n) == -1)
		return CANON_NOMEM;
	c->groups[c->ngroups++] = group;
	for (uint32_t i = 0; i < n; i++) {
		types[start + i].canon = c->ntypes;
		add_type(c, types, &types[start + i]);
	}
	return CANON_OK;
}

enum canon_result
canon_add(struct canon *c, struct subtype *types, uint32_t start)
{
	struct words w = { .types = types, .start = start, .canon = c };
	size_t words = c->nwords;
	uint32_t n = types[start].group_len;
	enum canon_result result = set_depths(types, start);
	uint32_t *bucket;
	size_t nwords;
	uint64_t hash;

	if (result != CANON_OK)
		return result;
	if (c->ngroups * 2 >= c->nbuckets && grow_buckets(c) == -1)
		return CANON_NOMEM;
	for (uint32_t i = 0; i < n && !w.nomem; i++)
		put_type(&w, &types[start + i]);
	nwords = c->nwords - words;
	hash = hash_words(c->seed, c->words + words, nwords);
	bucket = find_bucket(c, hash, words, nwords);
	if (w.nomem || nwords > UINT32_MAX) {
		result = CANON_NOMEM;
	} else if (*bucket == 0) {
		result = add_group(c, types, start, (struct canon_group){
			hash, words, (uint32_t)nwords, c->ntypes });
		if (result == CANON_OK) {
			*bucket = c->ngroups;
			return CANON_OK;
		}
	} else {
		for (uint32_t i = 0; i < n; i++)
			types[start + i].canon =
				c->groups[*bucket - 1].first + i;
	}
	c->nwords = words;
	return result;
}

/* ---- matching ---------------------------------------------------------- */

bool
canon_is_subtype_slow(const struct canon *c, uint32_t a, uint32_t b)
{
	uint8_t depth = c->types[b].depth;

	while (c->types[a].depth > depth) {
		const struct canon_type *t = &c->types[a];

		a = c->types[t->jump].depth >= depth ? t->jump : t->super;
	}
	return a == b;
}

/* The abstract heap type right above a concrete one. */
static heaptype
kind_heaptype(uint8_t kind)
{
	return kind == COMP_FUNC ? HEAP_FUNC :
		kind == COMP_STRUCT ? HEAP_STRUCT : HEAP_ARRAY;
}

static bool
abstract_match(heaptype a, heaptype b)
{
	switch (b) {
	case HEAP_FUNC:
		return a == HEAP_NOFUNC;
	case HEAP_EXTERN:
		return a == HEAP_NOEXTERN;
	case HEAP_EXN:
		return a == HEAP_NOEXN;
	case HEAP_ANY:
		return a == HEAP_EQ || a == HEAP_I31 || a == HEAP_STRUCT ||
			a == HEAP_ARRAY || a == HEAP_NONE;
	case HEAP_EQ:
		return a == HEAP_I31 || a == HEAP_STRUCT || a == HEAP_ARRAY ||
			a == HEAP_NONE;
	case HEAP_I31:
	case HEAP_STRUCT:
	case HEAP_ARRAY:
		return a == HEAP_NONE;
	default:
		return false;
	}
}

bool
canon_heaptype_match(const struct canon *c, heaptype a, heaptype b)
{
	if (a == b || a == HEAP_BOT)
		return true;
	if (heaptype_is_index(a)) {
		if (heaptype_is_index(b))
			return canon_is_subtype(c, a, b);
		a = kind_heaptype(c->types[a].kind);
		return a == b || abstract_match(a, b);
	}
	if (heaptype_is_index(b))
		return a == (c->types[b].kind == COMP_FUNC ?
			HEAP_NOFUNC : HEAP_NONE);
	return abstract_match(a, b);
}

bool
canon_valtype_match(const struct canon *c, valtype a, valtype b)
{
	if (a == b || a == VAL_BOT)
		return true;
	if (!valtype_is_ref(a) || !valtype_is_ref(b))
		return false;
	if (valtype_is_nullable(a) && !valtype_is_nullable(b))
		return false;
	return canon_heaptype_match(c, valtype_heap(a), valtype_heap(b));
}

heaptype
module_canon_heaptype(const struct module *m, heaptype h)
{
	return heaptype_is_index(h) ? m->types[h].canon : h;
}

valtype
module_canon_valtype(const struct module *m, valtype t)
{
	if (!valtype_is_ref(t))
		return t;
	return VALTYPE_REF(valtype_is_nullable(t),
		module_canon_heaptype(m, valtype_heap(t)));
}

bool
module_heaptype_match(const struct module *m, heaptype a, heaptype b)
{
	return canon_heaptype_match(m->canon, module_canon_heaptype(m, a),
		module_canon_heaptype(m, b));
}

bool
module_valtype_match(const struct module *m, valtype a, valtype b)
{
	if (a == b || a == VAL_BOT)
		return true;
	return canon_valtype_match(m->canon, module_canon_valtype(m, a),
		module_canon_valtype(m, b));
}

heaptype
module_heaptype_top(const struct module *m, heaptype h)
{
	if (heaptype_is_index(h))
		return m->types[h].kind == COMP_FUNC ? HEAP_FUNC : HEAP_ANY;
	switch (h) {
	case HEAP_FUNC:
	case HEAP_NOFUNC:
		return HEAP_FUNC;
	case HEAP_EXTERN:
	case HEAP_NOEXTERN:
		return HEAP_EXTERN;
	case HEAP_EXN:
	case HEAP_NOEXN:
		return HEAP_EXN;
	default:
		return HEAP_ANY;
	}
}
