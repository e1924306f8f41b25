/* Invariants of translated code. */
#include "fuzz/code_check.h"

#include <stdio.h>
#include <stdlib.h>

#include "vm/exec/compile.h"
#include "vm/exec/listing.h"
#include "vm/syntax/instr.h"

#define HANDLER_BYTES 8u	/* an instruction begins with its handler */
#define TEXT_MAX 256
#define POSITION_STEP 16	/* every so many-th position is looked at */

struct checker {
	const struct vm_module *module;
	const struct code *code, *plain;
	const struct code_func *func;
	const struct listing *listing;
	uint8_t *begins;	/* by words of code: an instruction does */
};

static void
require(const struct checker *c, bool truth, const char *what, uint32_t at)
{
	if (truth)
		return;
	fprintf(stderr, "function %u, code %u: %s\n", c->func == NULL ? 0 :
		(unsigned)(c->func - c->code->funcs), at, what);
	abort();
}

static bool
is_place(const struct checker *c, uint32_t at)
{
	return at >= c->func->start && at < c->func->end && at % 8 == 0 &&
		c->begins[at / 8];
}

static struct listing_ins
read_ins(const struct checker *c, const struct code *code, uint32_t at)
{
	struct listing_ins in;

	require(c, listing_read(c->listing, code, at, &in), "no handler", at);
	require(c, in.length >= HANDLER_BYTES && in.length % 8 == 0 &&
		in.length <= c->func->end - at, "runs over the end", at);
	return in;
}

/* ---- instructions ------------------------------------------------------ */

static void
find_places(struct checker *c)
{
	const struct code_func *f = c->func;

	require(c, f->start % 8 == 0 && f->start < f->end &&
		f->end <= c->code->used, "no range", f->start);
	for (uint32_t at = f->start; at < f->end;) {
		c->begins[at / 8] = 1;
		at += read_ins(c, c->code, at).length;
	}
}

/* Where execution goes on when in does not branch; of a br, where it goes. */
static uint32_t
next_place(const struct checker *c, const struct listing_ins *in)
{
	uint32_t to = in->at + in->length;

	if (strncmp(in->name, "br_SSS", 6) == 0)
		listing_target(c->code, in, 0, &to);
	return to;
}

/* The parts of a fused handler are what stands there. */
static void
check_parts(const struct checker *c, const struct listing_ins *in)
{
	uint32_t at = in->at;

	for (uint32_t i = 0; i < in->fused && in->parts != NULL; i++) {
		struct listing_ins part;

		require(c, is_place(c, at), "a part is not there", at);
		part = read_ins(c, c->plain, at);
		require(c, part.handler == in->parts[i], "another part", at);
		at = next_place(c, &part);
	}
}

/* Both are the same instruction. */
static void
compare(const struct checker *c, const struct listing_ins *in,
	const struct listing_ins *own)
{
	const uint8_t *a = c->code->region.base + in->at + HANDLER_BYTES;
	const uint8_t *b = c->plain->region.base + in->at + HANDLER_BYTES;
	char text[TEXT_MAX];

	if (own->parts == NULL && own->handler == in->handler &&
	    own->length == in->length &&
	    memcmp(a, b, in->length - HANDLER_BYTES) == 0)
		return;
	listing_print(c->code, in, text, sizeof(text));
	fprintf(stderr, "%s\n", text);
	listing_print(c->plain, own, text, sizeof(text));
	require(c, false, text, in->at);
}

static void
check_ins(const struct checker *c, uint32_t at)
{
	struct listing_ins in = read_ins(c, c->code, at);
	struct listing_ins own = read_ins(c, c->plain, at);
	uint32_t to;

	compare(c, &in, &own);
	for (uint32_t i = 0; listing_target(c->code, &in, i, &to); i++)
		require(c, is_place(c, to), "branches nowhere", at);
	check_parts(c, &in);
}

/* ---- tables ------------------------------------------------------------ */

/* Ranges of a table that belong to functions, in order. */
static uint32_t
end_of(const struct checker *c, uint32_t next_first, uint32_t count)
{
	return c->func + 1 < c->code->funcs + c->code->nfuncs ? next_first :
		count;
}

static void
check_position(const struct checker *c, uint32_t at)
{
	uint32_t n = (uint32_t)(c->func - c->code->funcs);
	const struct module *m = &c->module->syntax;
	struct range body = m->funcs[m->nimported_funcs + n].body;
	const uint8_t *pc = c->code->region.base + at;
	uint32_t offset = code_position(c->code, c->func, pc);

	require(c, code_find(c->code, pc) == c->func, "not found", at);
	/* What zeroes locals belongs to no instruction of the module. */
	if (offset == 0 && at == c->func->start)
		return;
	require(c, offset >= body.offset && offset < body.offset + body.len,
		"position outside the body", at);
}

static void
check_try(const struct checker *c, uint32_t i)
{
	const struct code_try *t = &c->code->tries[i];

	require(c, t->start >= c->func->start && t->start <= t->end &&
		t->end <= c->func->end, "try outside", t->start);
	require(c, t->parent == TRY_NONE || (t->parent >= c->func->tries &&
		t->parent < i && c->code->tries[t->parent].end >= t->end),
		"try in none", t->start);
	for (uint32_t k = 0; k < t->ncatches; k++) {
		const struct code_catch *h = &c->code->catches[t->catches + k];

		require(c, t->catches + k < c->code->ncatches &&
			h->kind <= CATCH_ALL_REF && is_place(c, h->code),
			"catch nowhere", t->start);
		require(c, h->kind >= CATCH_ALL ||
			h->tag < c->module->syntax.ntags, "no tag", t->start);
	}
}

static void
check_func(struct checker *c)
{
	const struct code_func *f = c->func;
	uint32_t end = end_of(c, f[1].tries, c->code->ntries), n = 0;

	find_places(c);
	for (uint32_t at = f->start; at < f->end; at += 8) {
		if (!c->begins[at / 8])
			continue;
		check_ins(c, at);
		if (n++ % POSITION_STEP == 0)
			check_position(c, at);
	}
	for (uint32_t i = f->tries; i < end; i++)
		check_try(c, i);
	require(c, f->spans <= end_of(c, f[1].spans, c->code->nspans),
		"spans out of order", f->start);
}

/* Safe points are ends of instructions, in order, and their chains end. */
static void
check_maps(struct checker *c)
{
	uint32_t before = 0;

	c->func = NULL;
	for (uint32_t i = 0; i < c->code->nmaps; i++) {
		const struct code_map *map = &c->code->maps[i];
		uint32_t ref = map->refs;

		require(c, map->at > before && map->at % 8 == 0 &&
			map->at <= c->code->used && (map->at == c->code->used ||
			c->begins[map->at / 8]), "no safe point", map->at);
		before = map->at;
		require(c, ref < c->code->nrefs, "no reference", map->at);
		for (; ref != 0; ref = c->code->refs[ref].below)
			require(c, c->code->refs[ref].below < ref,
				"a chain goes up", map->at);
	}
}

/* It takes longer to make than most modules take to check. */
static const struct listing *
the_listing(void)
{
	static struct listing *listing;

	if (listing == NULL)
		listing = listing_new();
	return listing;
}

#define ZERO_BYTES 16

void
code_check(const struct vm_module *fused, const struct vm_module *plain)
{
	struct checker c = { fused, &fused->code, &plain->code, NULL,
		the_listing(), calloc(fused->code.used / 8 + 1, 1) };
	uint32_t end = 0;

	if (c.listing == NULL || c.begins == NULL)
		abort();
	require(&c, c.code->used == c.plain->used &&
		c.code->nfuncs == c.plain->nfuncs, "lengths differ", 0);
	for (uint32_t i = 0; i < c.code->nfuncs; i++) {
		c.func = &c.code->funcs[i];
		/* Room was left to zero locals, and may not be needed. */
		require(&c, c.func->start - end <= ZERO_BYTES,
			"not behind the last", end);
		end = c.func->end;
		check_func(&c);
	}
	check_maps(&c);
	free(c.begins);
}
