/* The back half of translation. Runs in the template. */
#include "vm/exec/emit.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "vm/vm.h"

#include "vm/exec/code_info.h"

const unsigned code_noperand_loads =
	sizeof(code_operand_loads) / sizeof(code_operand_loads[0]);
const unsigned code_npairs = sizeof(code_pairs) / sizeof(code_pairs[0]);

#define CODE_CHUNK ((uint64_t)64 * 1024)

void
emitter_init(struct emitter *e, struct code *code, struct err *err)
{
	memset(e, 0, sizeof(*e));
	e->code = code;
	e->err = err;
	e->serial = 1;
}

void
emitter_clear(struct emitter *e)
{
	free(e->labels);
	free(e->fixups);
	e->labels = NULL;
	e->fixups = NULL;
}

static void
acc_reset(struct emitter *e)
{
	for (unsigned i = 0; i < BANK_COUNT; i++)
		e->acc[i] = SLOT_NONE;
}

void
emitter_begin(struct emitter *e)
{
	assert(e->count == 0);
	e->pos = 0;
	e->line_offset = 0;
	acc_reset(e);
}

struct ins *
emit(struct emitter *e, enum code_op op)
{
	struct ins *in;

	if (e->count == WINDOW)
		emitter_flush(e);
	in = &e->window[e->count++];
	memset(in, 0, sizeof(*in));
	in->op = (uint16_t)op;
	in->bank = BANK_NONE;
	in->pos = e->pos;
	in->offset = e->offset;
	memcpy(in->acc_before, e->acc, sizeof(e->acc));
	return in;
}

/* ---- writing ------------------------------------------------------------ */

static int
emitter_fail(struct emitter *e, int code, const char *text)
{
	e->failed = true;
	return err_set_at(e->err, code, e->offset, "%s", text);
}

/* Where len more bytes of code go; NULL after a failure. */
static uint8_t *
code_reserve(struct emitter *e, uint32_t len)
{
	struct code *c = e->code;
	uint64_t need = (uint64_t)c->used + len;

	if (e->failed)
		return NULL;
	if (need > c->region.usable) {
		uint64_t size = (need + CODE_CHUNK - 1) / CODE_CHUNK * CODE_CHUNK;

		/* Double while it is small, so that few calls are needed. */
		if (size < c->region.usable + c->region.usable / 2)
			size = c->region.usable + c->region.usable / 2;
		if (size > c->region.reserved)
			size = c->region.reserved;
		if (need > size) {
			emitter_fail(e, VM_LIMIT, "too much code");
			return NULL;
		}
		if (region_grow(&c->region, size) == -1) {
			emitter_fail(e, VM_NOMEM, "out of memory");
			return NULL;
		}
	}
	return c->region.base + c->used;
}

static void
put32(uint8_t *at, uint32_t value)
{
	memcpy(at, &value, sizeof(value));
}

static uint32_t
get32(const uint8_t *at)
{
	uint32_t value;

	memcpy(&value, at, sizeof(value));
	return value;
}

/* Write a branch's two words: offset and charge, or, while the label is not
 * bound, the branch before in its chain and the position to charge from. */
static void
put_branch(struct emitter *e, uint32_t field, uint32_t label, uint32_t pos)
{
	uint8_t *at = e->code->region.base + field;
	struct label *l = &e->labels[label];

	if (l->bound) {
		put32(at, l->code - field);
		put32(at + 4, pos - l->pos);
	} else {
		put32(at, l->chain);
		put32(at + 4, pos);
		l->chain = field;
	}
}

static void
put_field(struct emitter *e, const struct ins *in, uint8_t *at, unsigned field,
	unsigned type)
{
	uint64_t value = field < FIELD_32 ? in->f[field] : in->k[field - FIELD_32];
	uint16_t slot;

	switch (type) {
	case TYPE_U16:
		assert(value <= UINT16_MAX);
		slot = (uint16_t)value;
		memcpy(at, &slot, sizeof(slot));
		break;
	case TYPE_K64:
		memcpy(at, &value, sizeof(value));
		break;
	case TYPE_BRANCH:
		put_branch(e, (uint32_t)(at - e->code->region.base), in->f[FIELD_T],
			in->pos);
		break;
	default:
		put32(at, (uint32_t)value);
		break;
	}
}

void *
code_grow(struct emitter *e, void *table, uint32_t n, uint32_t *cap,
	size_t size)
{
	uint32_t more = *cap < 32 ? 64 : *cap > UINT32_MAX / 2 ? 0 : *cap * 2;
	void *p;

	if (n < *cap)
		return table;
	p = more == 0 ? NULL : realloc(table, more * size);
	if (p == NULL) {
		emitter_fail(e, VM_NOMEM, "out of memory");
		return NULL;
	}
	*cap = more;
	return p;
}

/* Append to a table of the code, or fail and leave it. */
#define APPEND(e, owner, name, value) do { \
	void *p_ = code_grow(e, (owner)->name, (owner)->n##name, \
		&(owner)->cap_##name, sizeof(*(owner)->name)); \
	if (p_ != NULL) { \
		(owner)->name = p_; \
		(owner)->name[(owner)->n##name++] = value; \
	} \
} while (0)

static void
put_fixup(struct emitter *e, uint32_t field, uint32_t func)
{
	struct call_fixup fixup = { field, func };

	APPEND(e, e, fixups, fixup);
}

/* ---- references and exceptions -------------------------------------------- */

uint32_t
code_add_ref(struct emitter *e, uint32_t slot, uint32_t below)
{
	struct code_ref ref = { slot, below };

	if (e->code->nrefs == 0)	/* 0 is the end of chains */
		APPEND(e, e->code, refs, (struct code_ref){ 0 });
	APPEND(e, e->code, refs, ref);
	return e->failed ? 0 : e->code->nrefs - 1;
}

void
code_add_span(struct emitter *e, uint32_t slot, uint32_t count)
{
	struct code_span span = { slot, count };

	APPEND(e, e->code, spans, span);
}

uint32_t
code_map_at(const struct code *c, const uint8_t *ret)
{
	uint32_t at = (uint32_t)(ret - c->region.base);
	uint32_t low = 0, high = c->nmaps;

	while (low < high) {
		uint32_t mid = low + (high - low) / 2;

		if (c->maps[mid].at < at)
			low = mid + 1;
		else
			high = mid;
	}
	return low < c->nmaps && c->maps[low].at == at ? c->maps[low].refs : 0;
}

uint32_t
emit_try(struct emitter *e, uint32_t parent)
{
	struct code_try try = { .parent = parent };

	emitter_flush(e);
	try.start = e->code->used;
	try.catches = e->code->ncatches;
	APPEND(e, e->code, tries, try);
	return e->failed ? 0 : e->code->ntries - 1;
}

void
emit_try_end(struct emitter *e, uint32_t index)
{
	emitter_flush(e);
	if (!e->failed)
		e->code->tries[index].end = e->code->used;
}

void
emit_catch(struct emitter *e, uint32_t index, struct code_catch c,
	uint32_t label)
{
	struct label *l = &e->labels[label];

	c.code = l->bound ? l->code : l->catches;
	APPEND(e, e->code, catches, c);
	if (e->failed)
		return;
	if (!l->bound)
		l->catches = e->code->ncatches;
	e->code->tries[index].ncatches++;
}

uint32_t
code_try_at(const struct code *c, const struct code_func *f,
	const uint8_t *pc)
{
	uint32_t at = (uint32_t)(pc - c->region.base);
	uint32_t low = f->tries;
	uint32_t high = f + 1 < c->funcs + c->nfuncs ? f[1].tries : c->ntries;
	uint32_t i;

	while (low < high) {
		uint32_t mid = low + (high - low) / 2;

		if (c->tries[mid].start <= at)
			low = mid + 1;
		else
			high = mid;
	}
	if (low == f->tries)
		return TRY_NONE;
	i = low - 1;
	while (i != TRY_NONE && c->tries[i].end <= at)
		i = c->tries[i].parent;
	return i;
}

/* ---- positions ----------------------------------------------------------- */

static void
put_varint(struct code *c, uint32_t value)
{
	while (value >= 0x80) {
		c->lines[c->nlines++] = (uint8_t)(value | 0x80);
		value >>= 7;
	}
	c->lines[c->nlines++] = (uint8_t)value;
}

/* Note that the next words of code come from a module offset: two numbers,
 * mostly a byte each. */
static void
put_line(struct emitter *e, uint32_t words, uint32_t offset)
{
	struct code *c = e->code;
	int32_t delta = (int32_t)(offset - e->line_offset);

	if (c->cap_lines - c->nlines < 10) {
		uint32_t cap = c->cap_lines == 0 ? 4096 : c->cap_lines * 2;
		uint8_t *lines = cap > c->cap_lines ? realloc(c->lines, cap) : NULL;

		if (lines == NULL) {
			emitter_fail(e, VM_NOMEM, "out of memory");
			return;
		}
		c->lines = lines;
		c->cap_lines = cap;
	}
	put_varint(c, words);
	put_varint(c, (uint32_t)delta << 1 ^ (uint32_t)(delta >> 31));
	e->line_offset = offset;
}

static uint32_t
get_varint(const uint8_t **p)
{
	uint32_t value = 0;
	unsigned shift = 0;

	do {
		value |= (uint32_t)(**p & 0x7f) << shift;
		shift += 7;
	} while (*(*p)++ & 0x80);
	return value;
}

const struct code_func *
code_find(const struct code *c, const uint8_t *pc)
{
	uint32_t low = 0, high = c->nfuncs;
	uint32_t at = (uint32_t)(pc - c->region.base);

	if (pc < c->region.base || pc >= c->region.base + c->used)
		return NULL;
	while (high - low > 1) {
		uint32_t mid = low + (high - low) / 2;

		if (c->funcs[mid].start <= at)
			low = mid;
		else
			high = mid;
	}
	return &c->funcs[low];
}

uint32_t
code_position(const struct code *c, const struct code_func *f,
	const uint8_t *pc)
{
	const uint8_t *p = c->lines + f->lines;
	uint32_t at = (uint32_t)(pc - c->region.base);
	uint32_t code = f->start, offset = 0;

	while (code <= at && code < f->end) {
		uint32_t delta;

		code += 8 * get_varint(&p);
		delta = get_varint(&p);
		offset += delta >> 1 ^ (uint32_t)-(int32_t)(delta & 1);
	}
	return offset;
}

/* ---- the window ---------------------------------------------------------- */

static void
put_ins(struct emitter *e, const struct ins *in, uint32_t handler,
	uint32_t plain)
{
	const struct code_format *format = &code_formats[plain];
	uint8_t *at = code_reserve(e, format->length);
	uint64_t address;

	if (at == NULL)
		return;
	memset(at, 0, format->length);
	address = code_handler_address(handler);
	memcpy(at, &address, sizeof(address));
	for (unsigned i = 0; i < format->nfields; i++)
		put_field(e, in, at + format->fields[i].offset,
			format->fields[i].field, format->fields[i].type);
	if (in->op == CODE_CALL)
		put_fixup(e, e->code->used + format->fields[0].offset,
			in->f[FIELD_T]);
	put_line(e, format->length / 8, in->offset);
	e->code->used += format->length;
	if (in->refs != 0) {
		struct code_map map = { e->code->used, in->refs };

		APPEND(e, e->code, maps, map);
	}
}

/* The longest sequence that begins with handlers[0] and was fused: its
 * handler, and how many it covers; without one, handlers[0] itself. */
static uint32_t
match_fused(const uint16_t *handlers, uint32_t count, uint32_t *covered)
{
	uint32_t found = handlers[0];
	uint32_t state = handlers[0] + 1u;

	*covered = 1;
	for (uint32_t i = 1; i < count; i++) {
		uint32_t slot = FUSED_HASH(state, handlers[i]);

		while (code_fused[slot].state != 0 &&
		    (code_fused[slot].state != state ||
		     code_fused[slot].next != handlers[i]))
			slot = (slot + 1) & (FUSED_SLOTS - 1);
		if (code_fused[slot].state == 0)
			break;
		state = code_fused[slot].to;
		if (code_fused[slot].handler != 0) {
			found = code_fused[slot].handler;
			*covered = i + 1;
		}
	}
	return found;
}

void
emitter_flush(struct emitter *e)
{
	uint16_t plain[WINDOW];
	uint32_t covered;

	for (uint32_t i = 0; i < e->count; i++) {
		const struct ins *in = &e->window[i];
		uint16_t h = code_handler_of[in->op][in->ca][in->cb][in->cd];

		assert(h != 0);
		plain[i] = h - 1;
	}
	/* Only the first handler of a sequence changes: those behind it stay
	 * whole, in case somebody jumps there. */
	for (uint32_t i = 0; i < e->count; i += covered) {
		uint32_t left = e->plain ? 1 : e->count - i;
		uint32_t h = match_fused(plain + i, left, &covered);

		put_ins(e, &e->window[i], h, plain[i]);
		for (uint32_t j = i + 1; j < i + covered; j++)
			put_ins(e, &e->window[j], plain[j], plain[j]);
	}
	e->serial += e->count;
	e->count = 0;
}

/* ---- labels -------------------------------------------------------------- */

int
label_new(struct emitter *e, uint32_t label)
{
	if (label >= e->nlabels) {
		uint32_t n = label < 32 ? 64 : label * 2;
		struct label *l = realloc(e->labels, n * sizeof(*l));

		if (l == NULL)
			return emitter_fail(e, VM_NOMEM, "out of memory");
		e->labels = l;
		e->nlabels = n;
	}
	e->labels[label] = (struct label){ .bound = false };
	return 0;
}

void
label_bind(struct emitter *e, uint32_t label)
{
	struct label *l = &e->labels[label];
	uint8_t *base = e->code->region.base;
	uint32_t field, next;

	emitter_flush(e);
	l->code = e->code->used;
	l->pos = e->pos;
	l->bound = true;
	for (field = l->chain; field != 0; field = next) {
		next = get32(base + field);
		put32(base + field, l->code - field);
		put32(base + field + 4, get32(base + field + 4) - l->pos);
	}
	l->chain = 0;
	while (l->catches != 0) {
		struct code_catch *c = &e->code->catches[l->catches - 1];

		l->catches = c->code;
		c->code = l->code;
	}
	acc_reset(e);
}

static uint32_t
put_cell(struct emitter *e)
{
	uint32_t cell = e->code->used;

	assert(e->count == 0);
	if (code_reserve(e, 8) == NULL)
		return 0;
	memset(e->code->region.base + cell, 0, 8);
	put_line(e, 1, e->offset);
	e->code->used += 8;
	return cell;
}

void
emit_cell(struct emitter *e, uint32_t label)
{
	uint32_t cell = put_cell(e);

	if (cell != 0)
		put_branch(e, cell, label, e->pos);
}

uint32_t
emit_cell_later(struct emitter *e)
{
	return put_cell(e);
}

void
emit_cell_here(struct emitter *e, uint32_t cell)
{
	assert(e->count == 0);
	if (cell != 0 && !e->failed)
		put32(e->code->region.base + cell, e->code->used - cell);
}

void
emitter_link(struct emitter *e)
{
	uint8_t *base = e->code->region.base;

	for (uint32_t i = 0; i < e->nfixups; i++) {
		const struct call_fixup *f = &e->fixups[i];

		put32(base + f->field, e->code->funcs[f->func].start - f->field);
	}
	e->nfixups = 0;
}
