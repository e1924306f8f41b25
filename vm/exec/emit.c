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
	struct pool *p = e->code->pool;

	pool_free(p, e->labels);
	pool_free(p, e->fixups);
	pool_free(p, e->written);
	pool_free(p, e->costs);
	e->labels = NULL;
	e->fixups = NULL;
	e->written = NULL;
	e->costs = NULL;
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
	e->nwritten = 0;
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
	uint64_t more = *cap == 0 ? 64 : *cap;
	void *p;

	if (n < *cap)
		return table;
	while (more <= n)
		more *= 2;
	p = more > UINT32_MAX ? NULL :
		pool_realloc(e->code->pool, table, *cap * size, more * size);
	if (p == NULL) {
		emitter_fail(e, VM_NOMEM, "out of memory");
		return NULL;
	}
	*cap = (uint32_t)more;
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
	uint32_t high = f->tries + f->ntries;
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

#define LINE_BYTES 10	/* of two numbers, at most */

/* Note that the next words of code come from a module offset: two numbers,
 * mostly a byte each. */
static void
put_line(struct emitter *e, uint32_t words, uint32_t offset)
{
	struct code *c = e->code;
	int32_t delta = (int32_t)(offset - e->line_offset);
	uint8_t *lines = code_grow(e, c->lines, c->nlines + LINE_BYTES,
		&c->cap_lines, 1);

	if (lines == NULL)
		return;
	c->lines = lines;
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
	uint32_t low = 0, high = c->norder;
	uint32_t at = (uint32_t)(pc - c->region.base);

	if (pc < c->region.base || pc >= c->region.base + c->used)
		return NULL;
	if (at < c->stubs)
		return &c->funcs[at / CODE_STUB];
	while (high - low > 1) {
		uint32_t mid = low + (high - low) / 2;

		if (c->funcs[c->order[mid]].start <= at)
			low = mid;
		else
			high = mid;
	}
	return low < c->norder ? &c->funcs[c->order[low]] : NULL;
}

void
code_lines_begin(struct code_lines *l, const struct code *c,
	const struct code_func *f)
{
	*l = (struct code_lines){ .next = c->lines + f->lines, .end = f->start };
}

uint32_t
code_lines_at(struct code_lines *l, uint32_t at)
{
	while (l->end <= at) {
		uint32_t delta;

		l->end += 8 * get_varint(&l->next);
		delta = get_varint(&l->next);
		l->offset += delta >> 1 ^ (uint32_t)-(int32_t)(delta & 1);
	}
	return l->offset;
}

uint32_t
code_position(const struct code *c, const struct code_func *f,
	const uint8_t *pc)
{
	uint32_t at = (uint32_t)(pc - c->region.base);
	struct code_lines l;

	code_lines_begin(&l, c, f);
	return code_lines_at(&l, at < f->end ? at : f->end - 1);
}

/* ---- the window ---------------------------------------------------------- */

/* Remember an instruction until the function ends. */
static void
put_written(struct emitter *e, uint16_t handler)
{
	struct written w = { .at = e->code->used, .handler = handler };

	APPEND(e, e, written, w);
}

static void
put_handler(struct emitter *e, uint32_t at, uint32_t handler)
{
	uint64_t address = code_handler_address(handler);

	memcpy(e->code->region.base + at, &address, sizeof(address));
}

static uint16_t
handler_of(const struct ins *in)
{
	uint16_t h = code_handler_of[in->op][in->ca][in->cb][in->cd];

	assert(h != 0);
	return h - 1;
}

static void
put_ins_at(struct emitter *e, const struct ins *in, uint32_t at)
{
	uint16_t h = handler_of(in);
	const struct code_format *format = &code_formats[h];
	uint8_t *bytes = e->code->region.base + at;

	memset(bytes, 0, format->length);
	put_handler(e, at, h);
	for (unsigned i = 0; i < format->nfields; i++)
		put_field(e, in, bytes + format->fields[i].offset,
			format->fields[i].field, format->fields[i].type);
}

void
emitter_replace_first(struct emitter *e, const struct ins *in)
{
	struct written *first = &e->written[0];

	assert(code_formats[first->handler].length ==
		code_formats[handler_of(in)].length);
	first->handler = handler_of(in);
	put_ins_at(e, in, first->at);
}

static void
put_ins(struct emitter *e, const struct ins *in)
{
	uint16_t h = handler_of(in);
	const struct code_format *format = &code_formats[h];

	if (code_reserve(e, format->length) == NULL)
		return;
	put_ins_at(e, in, e->code->used);
	if (in->op == CODE_CALL)
		put_fixup(e, e->code->used + format->fields[0].offset,
			in->f[FIELD_T]);
	put_line(e, format->length / 8, in->offset);
	put_written(e, h);
	e->code->used += format->length;
	if (in->refs != 0) {
		struct code_map map = { e->code->used, in->refs };

		APPEND(e, e->code, maps, map);
	}
}

void
emitter_flush(struct emitter *e)
{
	for (uint32_t i = 0; i < e->count; i++)
		put_ins(e, &e->window[i]);
	e->serial += e->count;
	e->count = 0;
}

/* ---- fusing ---------------------------------------------------------------- */

/*
 * Every instruction keeps its fields and could run by itself; what fusing
 * changes is only its handler, which may do the work of those that follow as
 * well. So each instruction gets the handler that reaches the end in the
 * fewest steps, wherever somebody may jump in: costs[i] is their number from
 * i on, and is computed from the end backwards.
 *
 * What follows a br is where it goes, so sequences go on there. Of a loop's
 * beginning the cost is not known yet: the first pass takes every br as the
 * end, and the second counts on the first one's costs.
 */
static uint32_t
written_at(const struct emitter *e, uint32_t at)
{
	uint32_t low = 0, high = e->nwritten;

	while (low < high) {
		uint32_t mid = low + (high - low) / 2;

		if (e->written[mid].at < at)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static void
find_next(struct emitter *e)
{
	const uint8_t *base = e->code->region.base;

	for (uint32_t i = 0; i < e->nwritten; i++) {
		struct written *w = &e->written[i];
		uint32_t branch = code_formats[w->handler].branch, to;

		w->next = i + 1;
		if (branch == 0)
			continue;
		to = w->at + branch;
		to += get32(base + to);
		if (w->handler == HANDLER_BR)
			w->next = written_at(e, to);
		else if (to <= w->at && e->written[written_at(e, to)].back == 0)
			e->written[written_at(e, to)].back = i + 1;
	}
}

static const struct code_fused *
fused_step(uint32_t state, uint32_t handler)
{
	uint32_t slot = FUSED_HASH(state, handler);

	while (code_fused[slot].state != 0 &&
	    (code_fused[slot].state != state || code_fused[slot].next != handler))
		slot = (slot + 1) & (FUSED_SLOTS - 1);
	return code_fused[slot].state != 0 ? &code_fused[slot] : NULL;
}

/* The handler of a sequence that the matcher is in, as a whole loop; or 0. */
static uint32_t
fused_loop(uint32_t state)
{
	const struct code_fused *step = fused_step(state, HANDLER_LOOP);

	return step == NULL ? 0 : step->handler;
}

static void
fuse_at(struct emitter *e, uint32_t i, bool first_pass)
{
	const struct written *w = &e->written[i];
	bool ends = first_pass && w->handler == HANDLER_BR;
	uint32_t best = w->handler;
	uint32_t cost = ends ? 1 : 1 + e->costs[w->next];
	uint32_t state = w->handler + 1u;

	for (uint32_t j = w->next; !ends && j < e->nwritten;) {
		const struct written *next = &e->written[j];
		const struct code_fused *step = fused_step(state, next->handler);
		bool loops = w->back == j + 1;

		if (step == NULL)
			break;
		ends = first_pass && next->handler == HANDLER_BR;
		state = step->to;
		j = next->next;
		if (step->handler != 0 && 1 + (ends ? 0 : e->costs[j]) < cost) {
			best = step->handler;
			cost = 1 + (ends ? 0 : e->costs[j]);
		}
		if (loops && fused_loop(state) != 0) {
			best = fused_loop(state);
			cost = 1 + e->costs[j];
			break;
		}
	}
	e->costs[i] = cost;
	if (!first_pass && best != w->handler)
		put_handler(e, w->at, best);
}

void
emitter_end(struct emitter *e)
{
	uint32_t *costs;

	emitter_flush(e);
	if (e->failed || e->plain || e->unjoined || CODE_FUSED == 0)
		return;
	costs = code_grow(e, e->costs, e->nwritten, &e->cap_costs,
		sizeof(*costs));
	if (costs == NULL)
		return;
	e->costs = costs;
	find_next(e);
	e->costs[e->nwritten] = 0;
	for (unsigned pass = 0; pass < 2; pass++)
		for (uint32_t i = e->nwritten; i-- > 0;)
			fuse_at(e, i, pass == 0);
}

/* ---- labels -------------------------------------------------------------- */

int
label_new(struct emitter *e, uint32_t label)
{
	struct label *labels = code_grow(e, e->labels, label, &e->cap_labels,
		sizeof(*labels));

	if (labels == NULL)
		return -1;
	e->labels = labels;
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
	e->nlinked = 0;
}

void
emitter_link_new(struct emitter *e)
{
	const struct code *c = e->code;
	uint32_t kept = e->nlinked;

	for (uint32_t i = e->nlinked; i < e->nfixups; i++) {
		const struct call_fixup f = e->fixups[i];
		uint32_t start = c->funcs[f.func].start;

		put32(c->region.base + f.field, start - f.field);
		if (start < c->stubs)
			e->fixups[kept++] = f;
	}
	e->nfixups = kept;
	e->nlinked = kept;
}

void
emitter_abort(struct emitter *e)
{
	e->count = 0;
	e->nfixups = e->nlinked;
	e->failed = false;
}

/* ---- stubs ---------------------------------------------------------------- */

int
emit_stubs(struct emitter *e)
{
	struct code *c = e->code;
	const uint64_t len = (uint64_t)CODE_STUB * c->nfuncs;
	const uint64_t address = code_stub_address();
	uint8_t *at = len > UINT32_MAX ? NULL : code_reserve(e, (uint32_t)len);

	if (at == NULL)
		return emitter_fail(e, VM_NOMEM, "out of memory");
	for (uint32_t i = 0; i < c->nfuncs; i++) {
		memcpy(at + CODE_STUB * i, &address, sizeof(address));
		put32(at + CODE_STUB * i + 8, i);
		c->funcs[i].start = CODE_STUB * i;
		c->funcs[i].end = CODE_STUB * i;
	}
	c->stubs = (uint32_t)len;
	c->used = c->stubs;
	return 0;
}

void
emit_stub_done(struct emitter *e, uint32_t func)
{
	const uint32_t stub = CODE_STUB * func;
	const uint32_t field = stub + code_formats[HANDLER_BR].fields[0].offset;
	uint8_t *base = e->code->region.base;

	put_handler(e, stub, HANDLER_BR);
	put32(base + field, e->code->funcs[func].start - field);
	put32(base + field + 4, 0);	/* costs no fuel */
}
