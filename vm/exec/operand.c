/* Where operands are while a function is translated. Runs in the template. */
#include "vm/exec/operand.h"

#include <assert.h>
#include <stdlib.h>

#include "vm/runtime/store.h"
#include "vm/syntax/canon.h"

/* Room for all results of one instruction behind the largest frame. */
#define ENTRIES_MAX (FRAME_SLOTS_MAX + 2 * (LIMIT_RESULTS + LIMIT_PARAMS))

int
operands_init(struct operands *s, struct emitter *e)
{
	*s = (struct operands){ .e = e };
	s->refs = calloc(ENTRIES_MAX, sizeof(*s->refs));
	s->last_use = calloc(ENTRIES_MAX, sizeof(*s->last_use));
	s->entries = malloc(ENTRIES_MAX * sizeof(*s->entries));
	if (s->refs == NULL || s->last_use == NULL || s->entries == NULL) {
		operands_clear(s);
		return -1;
	}
	return 0;
}

void
operands_clear(struct operands *s)
{
	free(s->entries);
	free(s->refs);
	free(s->last_use);
	*s = (struct operands){ .e = NULL };
}

void
operands_begin(struct operands *s, uint32_t base)
{
	drop_to(s, 0);
	s->flushed = 0;
	s->base = base;
}

char
type_letter(const struct module *m, valtype t)
{
	switch (valtype_kind(t)) {
	case VAL_I32:
	case VAL_I8:
	case VAL_I16:
		return 'i';
	case VAL_F32:
		return 'f';
	case VAL_F64:
		return 'd';
	case VAL_V128:
		return 'v';
	case VAL_REF:
		return module_heaptype_top(m, valtype_heap(t)) == HEAP_FUNC ?
			'l' : 'r';
	default:
		return 'l';
	}
}

/* ---- the stack ------------------------------------------------------------ */

uint32_t
operands_top(const struct operands *s)
{
	const struct entry *e;

	if (s->n == 0)
		return s->base;
	e = &s->entries[s->n - 1];
	return e->canon + letter_slots(e->type);
}

static struct entry *
push(struct operands *s, char type)
{
	uint32_t canon = operands_top(s), below;
	struct entry *e;

	/* Room behind for what instructions with several results need. */
	if (canon > LIMIT_FRAME_SLOTS && !s->failed) {
		s->failed = true;
		err_set_at(s->e->err, VM_LIMIT, s->e->offset,
			"frame of more than %u slots", LIMIT_FRAME_SLOTS);
	}
	assert(s->n < ENTRIES_MAX);
	below = s->n > 0 ? s->entries[s->n - 1].refs : 0;
	e = &s->entries[s->n++];
	*e = (struct entry){ .type = type, .canon = canon, .slot = canon };
	e->refs = type == 'r' ? code_add_ref(s->e, canon, below) : below;
	return e;
}

void
push_temp(struct operands *s, char type)
{
	push(s, type)->kind = ENTRY_TEMP;
}

void
push_const(struct operands *s, char type, uint64_t k, uint64_t k2)
{
	struct entry *e = push(s, type);

	e->kind = ENTRY_CONST;
	e->k = k;
	e->k2 = k2;
}

void
push_local(struct operands *s, char type, uint32_t slot)
{
	struct entry *e = push(s, type);

	e->kind = ENTRY_LOCAL;
	e->slot = slot;
	e->next = s->refs[slot];
	s->refs[slot] = s->n;
}

/* The entry at the top of its local's list waits no more. */
static void
unlink_ref(struct operands *s, const struct entry *e)
{
	if (e->kind == ENTRY_LOCAL)
		s->refs[e->slot] = e->next;
}

struct entry
pop(struct operands *s)
{
	struct entry e = s->entries[--s->n];

	unlink_ref(s, &e);
	if (s->flushed > s->n)
		s->flushed = s->n;
	return e;
}

void
drop_to(struct operands *s, uint32_t height)
{
	while (s->n > height)
		pop(s);
}

/* ---- moving --------------------------------------------------------------- */

void
slot_written(struct operands *s, uint32_t slot)
{
	for (unsigned i = 0; i < BANK_COUNT; i++)
		if (s->e->acc[i] == slot)
			s->e->acc[i] = SLOT_NONE;
}

static void
use_slot(struct operands *s, uint32_t slot)
{
	s->last_use[slot] = emitter_next(s->e);
}

bool
in_acc(const struct operands *s, const struct entry *entry)
{
	enum bank b = letter_bank(entry->type);

	return !s->e->plain && entry->kind != ENTRY_CONST && b != BANK_NONE &&
		s->e->acc[b] == entry->slot;
}

static enum bank
sum_bank(char type)
{
	return type == 'f' ? BANK_SUM32 : type == 'd' ? BANK_SUM64 : BANK_NONE;
}

bool
in_sum(const struct operands *s, const struct entry *entry)
{
	enum bank b = sum_bank(entry->type);

	return !s->e->plain && entry->kind != ENTRY_CONST && b != BANK_NONE &&
		s->e->acc[b] == entry->slot;
}

/* The accumulators equal what in writes to its slot. */
static void
result_in_acc(struct operands *s, const struct ins *in)
{
	const struct code_info *info = &code_info[in->op];

	if (in->bank != BANK_NONE)
		s->e->acc[in->bank] = in->f[FIELD_D];
	if (info->is_sum)
		s->e->acc[sum_bank(info->r)] = in->f[FIELD_D];
}

static void
move_const(struct operands *s, const struct entry *entry, uint32_t slot)
{
	struct ins *in;

	if (entry->type == 'v')
		in = emit(s->e, CODE_MOV_K128);
	else if (entry->k <= UINT32_MAX)
		in = emit(s->e, CODE_MOV_K32);
	else
		in = emit(s->e, CODE_MOV_K64);
	in->f[FIELD_D] = slot;
	in->k[0] = entry->k;
	in->k[1] = entry->k2;
}

/* Two moves in a row become one instruction. */
static bool
join_moves(struct emitter *e, uint32_t from, uint32_t to)
{
	struct ins *last = e->count > 0 ? &e->window[e->count - 1] : NULL;

	if (e->plain || last == NULL || last->op != CODE_MOV ||
	    last->ca != CLASS_S)
		return false;
	last->op = CODE_MOV2;
	last->f[FIELD_B] = last->f[FIELD_D];
	last->f[FIELD_C] = from;
	last->f[FIELD_D] = to;
	return true;
}

static void
move_slot(struct operands *s, const struct entry *entry, uint32_t slot)
{
	static const enum code_op from_acc[] = {
		CODE_MOV, CODE_MOV_F32, CODE_MOV_F64, CODE_MOV_V128,
	};
	struct ins *in;

	use_slot(s, entry->slot);
	if (in_acc(s, entry)) {
		in = emit(s->e, from_acc[letter_bank(entry->type)]);
		in->ca = CLASS_R;
	} else if (entry->type != 'v' && join_moves(s->e, entry->slot, slot)) {
		return;
	} else {
		in = emit(s->e, entry->type == 'v' ? CODE_MOV128 : CODE_MOV);
		in->f[FIELD_A] = entry->slot;
	}
	in->f[FIELD_D] = slot;
}

void
move_to(struct operands *s, struct entry *entry, uint32_t slot)
{
	if (entry->kind == ENTRY_CONST)
		move_const(s, entry, slot);
	else if (entry->slot != slot)
		move_slot(s, entry, slot);
	slot_written(s, slot);
	if (entry->type == 'v')
		slot_written(s, slot + 1);
}

void
materialize(struct operands *s, struct entry *entry)
{
	if (entry->kind != ENTRY_TEMP) {
		move_to(s, entry, entry->canon);
		entry->kind = ENTRY_TEMP;
		entry->slot = entry->canon;
	}
	/* Others may count on the slot now. */
	entry->def = 0;
}

void
materialize_from(struct operands *s, uint32_t height)
{
	/* From the top down, so that each is the first of its local's list. */
	for (uint32_t i = s->n; i > height; i--) {
		unlink_ref(s, &s->entries[i - 1]);
		materialize(s, &s->entries[i - 1]);
	}
}

/* The same for one that may have others above it: parameters of a block. */
static void
unlink_below(struct operands *s, uint32_t index)
{
	const struct entry *e = &s->entries[index];
	uint32_t *at = &s->refs[e->slot];

	while (*at != index + 1)
		at = &s->entries[*at - 1].next;
	*at = e->next;
}

void
flush_below(struct operands *s, uint32_t height)
{
	for (uint32_t i = height; i > s->flushed; i--) {
		struct entry *e = &s->entries[i - 1];

		if (e->kind == ENTRY_LOCAL) {
			unlink_below(s, i - 1);
			materialize(s, e);
		}
		e->def = 0;
	}
	if (s->flushed < height)
		s->flushed = height;
}

uint32_t
safe_point(struct operands *s, uint32_t height)
{
	uint32_t refs = height > 0 ? s->entries[height - 1].refs : 0;

	if (refs != 0)
		flush_below(s, height);
	return refs;
}

/* ---- operands of instructions --------------------------------------------- */

struct ins *
last_def(struct operands *s, const struct entry *entry)
{
	struct emitter *e = s->e;
	struct ins *in;

	if (e->plain || entry->kind != ENTRY_TEMP || entry->def == 0 ||
	    entry->def + 1 != emitter_next(e))
		return NULL;
	in = emitter_at(e, entry->def);
	if (in == NULL || in->cd != CLASS_S || !in->has_result ||
	    in->f[FIELD_D] != entry->slot)
		return NULL;
	return in;
}

void
unemit(struct operands *s)
{
	struct emitter *e = s->e;

	e->count--;
	for (unsigned i = 0; i < BANK_COUNT; i++)
		e->acc[i] = e->window[e->count].acc_before[i];
}

void
hold_def(struct operands *s, const struct entry *entry, struct held *h)
{
	struct ins *def = last_def(s, entry);

	h->holds = def != NULL && def->cd == CLASS_S;
	if (h->holds) {
		h->ins = *def;
		unemit(s);
	}
}

void
release_def(struct operands *s, struct entry *entry, struct held *h)
{
	struct emitter *e = s->e;
	uint32_t acc[BANK_COUNT];
	struct ins *in;

	if (!h->holds)
		return;
	memcpy(acc, e->acc, sizeof(acc));
	in = emit(e, h->ins.op);
	/* What the moves clobbered of the accumulators' names is not read: an
	 * instruction that read one read a local or its own operand. */
	*in = h->ins;
	memcpy(in->acc_before, acc, sizeof(acc));
	slot_written(s, in->f[FIELD_D]);
	result_in_acc(s, in);
	entry->def = emitter_next(e) - 1;
	if (in->ca == CLASS_S)
		s->last_use[in->f[FIELD_A]] = entry->def;
	if (in->cb == CLASS_S)
		s->last_use[in->f[FIELD_B]] = entry->def;
}

uint32_t
as_slot(struct operands *s, struct entry *entry)
{
	if (entry->kind == ENTRY_CONST)
		materialize(s, entry);
	if (entry->kind == ENTRY_LOCAL)
		use_slot(s, entry->slot);
	return entry->slot;
}

void
use_acc(struct operands *s, const struct entry *entry)
{
	struct ins *in;

	if (entry->kind == ENTRY_LOCAL)
		use_slot(s, entry->slot);
	if (entry->kind != ENTRY_TEMP || entry->def == 0)
		return;
	in = emitter_at(s->e, entry->def);
	if (in != NULL && in->has_result && in->cd == CLASS_S &&
	    in->f[FIELD_D] == entry->slot &&
	    code_has_handler(in->op, in->ca, in->cb, CLASS_R))
		in->cd = CLASS_R;
}

bool
fits_constant(const struct entry *entry, char type)
{
	if (entry->kind != ENTRY_CONST)
		return false;
	/* Only i64 constants are cut to 32 bits, and extended with their sign. */
	return (type != 'l' && type != 'r') || (int64_t)entry->k == (int32_t)entry->k;
}

/* The classes an operand can have, as bits. */
static unsigned
classes_of(const struct operands *s, const struct entry *entry, char type)
{
	unsigned classes = 1u << CLASS_S;

	if (fits_constant(entry, type))
		classes |= 1u << CLASS_K;
	if (in_acc(s, entry))
		classes |= 1u << CLASS_R;
	return classes;
}

/* A temp in the accumulator need not be stored at all; a constant as a slot
 * has to be moved there first. */
static int
class_cost(const struct entry *entry, unsigned class)
{
	switch (class) {
	case CLASS_K:
		return 0;
	case CLASS_R:
		return entry->kind == ENTRY_TEMP ? -1 : 1;
	default:
		return entry->kind == ENTRY_CONST ? 9 : 2;
	}
}

#define COST_NONE 1000

struct choice {
	int cost;
	unsigned ca, cb;
};

static struct choice
choose(const struct operands *s, enum code_op op, const struct entry *a,
	const struct entry *b, char type)
{
	struct choice best = { COST_NONE, 0, 0 };
	unsigned as = classes_of(s, a, type);
	unsigned bs = b == NULL ? 1u << CLASS_S : classes_of(s, b, type);

	for (unsigned ca = 0; ca < 3; ca++) {
		if (!(as >> ca & 1))
			continue;
		for (unsigned cb = 0; cb < 3; cb++) {
			int cost;

			if (!(bs >> cb & 1) ||
			    !code_has_handler(op, ca, cb, CLASS_S))
				continue;
			cost = class_cost(a, ca);
			if (b != NULL)
				cost += class_cost(b, cb);
			if (cost < best.cost)
				best = (struct choice){ cost, ca, cb };
		}
	}
	return best;
}

static void
set_operand(struct operands *s, struct entry *entry, unsigned class,
	uint32_t *slot, uint64_t *k)
{
	if (class == CLASS_S)
		*slot = as_slot(s, entry);
	else if (class == CLASS_R)
		use_acc(s, entry);
	else
		*k = entry->k;
}

struct ins *
emit_operands(struct operands *s, enum code_op op, struct entry *a,
	struct entry *b)
{
	const struct code_info *info = &code_info[op];
	struct choice best = choose(s, op, a, b, info->t);
	enum code_op mirror = op;
	uint32_t slot_a = 0, slot_b = 0;
	uint64_t k = 0;
	struct ins *in;

	if (info->kind == CODE_KIND_CMP)
		mirror = info->swap;
	if (b != NULL && (info->commutes || mirror != op)) {
		struct choice other = choose(s, mirror, b, a, info->t);

		if (other.cost < best.cost) {
			struct entry *t = a;

			a = b;
			b = t;
			best = other;
			op = mirror;
		}
	}
	assert(best.cost < COST_NONE);
	/* Constants first: they emit moves of their own. */
	if (best.ca == CLASS_S && a->kind == ENTRY_CONST)
		materialize(s, a);
	if (b != NULL && best.cb == CLASS_S && b->kind == ENTRY_CONST)
		materialize(s, b);
	if (s->e->count == WINDOW)
		emitter_flush(s->e);
	set_operand(s, a, best.ca, &slot_a, &k);
	if (b != NULL)
		set_operand(s, b, best.cb, &slot_b, &k);
	in = emit(s->e, op);
	in->ca = (uint8_t)best.ca;
	in->cb = (uint8_t)best.cb;
	in->f[FIELD_A] = slot_a;
	in->f[FIELD_B] = slot_b;
	in->k[0] = k;
	return in;
}

void
push_result(struct operands *s, struct ins *in, char type, bool in_bank)
{
	enum bank bank = in_bank ? letter_bank(type) : BANK_NONE;
	uint32_t slot = operands_top(s);

	in->f[FIELD_D] = slot;
	in->cd = CLASS_S;
	in->bank = (uint8_t)bank;
	in->has_result = true;
	slot_written(s, slot);
	if (type == 'v')
		slot_written(s, slot + 1);
	result_in_acc(s, in);
	push_temp(s, type);
	s->entries[s->n - 1].def = emitter_next(s->e) - 1;
}

/* ---- locals --------------------------------------------------------------- */

/* Operands that still wait for a local's old value. */
static void
materialize_refs(struct operands *s, uint32_t slot)
{
	uint32_t number = s->refs[slot];

	while (number != ENTRY_NONE) {
		struct entry *e = &s->entries[number - 1];

		number = e->next;
		materialize(s, e);
	}
	s->refs[slot] = ENTRY_NONE;
}

/* Let the instruction that computed a temp write the local instead, if no
 * instruction behind it named the local, and none could leave for a place
 * that still sees its old value. */
static bool
retarget(struct operands *s, const struct entry *entry, uint32_t slot)
{
	struct ins *in;

	if (s->e->plain || entry->kind != ENTRY_TEMP || entry->def == 0 ||
	    entry->def < s->region || s->last_use[slot] > entry->def)
		return false;
	in = emitter_at(s->e, entry->def);
	if (in == NULL || !in->has_result || in->cd != CLASS_S ||
	    in->f[FIELD_D] != entry->slot)
		return false;
	in->f[FIELD_D] = slot;
	for (unsigned i = 0; i < BANK_COUNT; i++) {
		if (s->e->acc[i] == slot)
			s->e->acc[i] = SLOT_NONE;
		if (s->e->acc[i] == entry->slot)
			s->e->acc[i] = slot;
	}
	s->last_use[slot] = entry->def;
	return true;
}

void
local_set(struct operands *s, uint32_t slot, bool keep)
{
	struct entry e = pop(s);
	struct held held = { .holds = false };

	/* Behind the moves the instruction may still write the local. */
	if (s->refs[slot] != ENTRY_NONE)
		hold_def(s, &e, &held);
	materialize_refs(s, slot);
	release_def(s, &e, &held);
	if (e.kind == ENTRY_LOCAL && e.slot == slot) {
		if (keep)
			push_local(s, e.type, slot);
		return;
	}
	if (!retarget(s, &e, slot)) {
		move_to(s, &e, slot);
		s->last_use[slot] = emitter_next(s->e) - 1;
	}
	if (keep && e.kind == ENTRY_CONST)
		push_const(s, e.type, e.k, e.k2);
	else if (keep)
		push_local(s, e.type, slot);
}
