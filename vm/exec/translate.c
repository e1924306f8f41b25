/*
 * The translator: what each instruction of WebAssembly becomes.
 *
 * Labels of the emitter: 0 is for branches around code of one instruction;
 * control frame i has 2i+1, where branches to it go, and 2i+2, its else.
 */
#include "vm/exec/translate.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "vm/exec/code_opcodes.h"
#include "vm/runtime/store.h"

#define LABEL_SKIP 0u
#define LABEL_TARGET(i) (2 * (i) + 1)
#define LABEL_ELSE(i) (2 * (i) + 2)

/* ---- begin and end ------------------------------------------------------- */

uint32_t
translate_globals(const struct module *m, uint32_t *offsets)
{
	uint32_t at = sizeof(struct vm_instance);

	for (uint32_t i = m->nimported_globals; i < m->nglobals; i++) {
		bool wide = valtype_slots(m->globals[i].type.type) == 2;

		if (wide)
			at = (at + 15) & ~15u;
		offsets[i] = at;
		at += wide ? 16 : 8;
	}
	return at - (uint32_t)sizeof(struct vm_instance);
}

int
translator_init(struct translator *t, const struct module *m,
	const struct validator *v, struct code *code, struct err *err)
{
	memset(t, 0, sizeof(*t));
	t->module = m;
	t->v = v;
	emitter_init(&t->e, code, err);
	t->global_offsets = calloc((size_t)m->nglobals + 1, sizeof(uint32_t));
	if (t->global_offsets == NULL || operands_init(&t->s, &t->e) == -1) {
		translator_clear(t);
		return err_set(err, VM_NOMEM, "out of memory");
	}
	translate_globals(m, t->global_offsets);
	return 0;
}

void
translator_clear(struct translator *t)
{
	operands_clear(&t->s);
	emitter_clear(&t->e);
	free(t->ctrls);
	free(t->global_offsets);
	t->ctrls = NULL;
	t->global_offsets = NULL;
}

static struct control *
control_push(struct translator *t, enum op op, struct blocktype type)
{
	struct control *c;

	if (t->nctrls == t->cap_ctrls) {
		uint32_t cap = t->cap_ctrls == 0 ? 32 : t->cap_ctrls * 2;

		c = realloc(t->ctrls, cap * sizeof(*c));
		if (c == NULL) {
			err_set(t->e.err, VM_NOMEM, "out of memory");
			return NULL;
		}
		t->ctrls = c;
		t->cap_ctrls = cap;
	}
	c = &t->ctrls[t->nctrls];
	*c = (struct control){ .op = op, .type = type, .height = t->s.n,
		.dead = t->dead };
	if (label_new(&t->e, LABEL_TARGET(t->nctrls)) == -1 ||
	    label_new(&t->e, LABEL_ELSE(t->nctrls)) == -1)
		return NULL;
	t->nctrls++;
	return c;
}

static void
emit_zero(struct translator *t, uint32_t from, uint32_t count)
{
	static const uint16_t small[] = {
		[1] = CODE_ZERO1, [2] = CODE_ZERO2, [3] = CODE_ZERO3,
		[4] = CODE_ZERO4, [6] = CODE_ZERO6, [8] = CODE_ZERO8,
	};
	struct ins *in;

	if (count == 0)
		return;
	if (count < sizeof(small) / sizeof(small[0]) && small[count] != 0) {
		in = emit(&t->e, small[count]);
	} else {
		in = emit(&t->e, CODE_ZERO);
		in->f[FIELD_N] = count;
	}
	in->f[FIELD_A] = from;
}

int
translator_begin(struct translator *t, uint32_t func)
{
	uint32_t index = func - t->module->nimported_funcs;
	struct code_func *f = &t->e.code->funcs[index];
	struct blocktype none = { .kind = BLOCK_EMPTY };
	/* Parameters, the return address, the declared locals. */
	uint32_t nslots = t->v->local_slots + 1;

	t->type = module_functype(t->module, func);
	t->header = t->type->param_slots;
	if (nslots + 4 >= FRAME_SLOTS_MAX)
		return err_set(t->e.err, VM_LIMIT,
			"frame of more than %u slots", FRAME_SLOTS_MAX - 4);
	f->start = t->e.code->used;
	f->lines = t->e.code->nlines;
	f->header = (uint16_t)t->header;
	t->e.offset = t->module->funcs[func].body.offset;
	emitter_begin(&t->e);
	operands_begin(&t->s, nslots);
	t->dead = false;
	t->nctrls = 0;
	if (label_new(&t->e, LABEL_SKIP) == -1 ||
	    control_push(t, OP_BLOCK, none) == NULL)
		return -1;
	emit_zero(t, t->header + 1, nslots - t->header - 1);
	return 0;
}

int
translator_finish(struct translator *t)
{
	if (t->e.failed)
		return -1;
	emitter_link(&t->e);
	return 0;
}

/* ---- types --------------------------------------------------------------- */

struct types {
	uint32_t n;
	const valtype *types;
};

static struct types
block_params(const struct translator *t, const struct blocktype *b)
{
	const struct functype *f;

	if (b->kind != BLOCK_TYPE)
		return (struct types){ 0, NULL };
	f = &t->module->types[b->type].func;
	return (struct types){ f->nparams, f->params };
}

/* Of control frame i: the function's own frame has the function's results. */
static struct types
control_results(const struct translator *t, uint32_t i)
{
	const struct control *c = &t->ctrls[i];
	const struct functype *f;

	if (i == 0)
		return (struct types){ t->type->nresults, t->type->results };
	if (c->type.kind == BLOCK_EMPTY)
		return (struct types){ 0, NULL };
	if (c->type.kind == BLOCK_VALUE)
		return (struct types){ 1, &c->type.value };
	f = &t->module->types[c->type.type].func;
	return (struct types){ f->nresults, f->results };
}

/* What a branch to control frame i carries. */
static struct types
label_types(const struct translator *t, uint32_t i)
{
	if (t->ctrls[i].op == OP_LOOP)
		return block_params(t, &t->ctrls[i].type);
	return control_results(t, i);
}

static void
push_temps(struct translator *t, struct types types)
{
	for (uint32_t i = 0; i < types.n; i++)
		push_temp(&t->s, type_letter(types.types[i]));
}

static uint32_t
types_slots(struct types types)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < types.n; i++)
		n += valtype_slots(types.types[i]);
	return n;
}

/* ---- branches ------------------------------------------------------------ */

static void
emit_br(struct translator *t, uint32_t label)
{
	emit(&t->e, CODE_BR)->f[FIELD_T] = label;
}

/* Whether the top n operands, in their canonical slots, are not yet where a
 * branch to frame c wants them. */
static bool
needs_moves(const struct translator *t, const struct control *c, uint32_t n)
{
	return n > 0 && t->s.n - n != c->height;
}

static uint32_t
height_slot(const struct translator *t, uint32_t height)
{
	return height < t->s.n ? t->s.entries[height].canon :
		operands_top(&t->s);
}

/* Copy the operands of a branch, types, to the target's height. */
static void
emit_label_moves(struct translator *t, const struct control *c,
	struct types types)
{
	uint32_t from = t->s.n - types.n;
	uint32_t to = height_slot(t, c->height);
	struct ins *in;

	if (types.n == 1) {
		struct entry copy = t->s.entries[from];

		move_to(&t->s, &copy, to);
		t->s.entries[from].def = 0;
		return;
	}
	in = emit(&t->e, CODE_MOV_N);
	in->f[FIELD_A] = t->s.entries[from].canon;
	in->f[FIELD_D] = to;
	in->f[FIELD_N] = types_slots(types);
	for (uint32_t i = 0; i < BANK_COUNT; i++)
		t->e.acc[i] = SLOT_NONE;
}

/* Ready the operands of a branch; afterwards they need at most one move. */
static void
ready_operands(struct translator *t, const struct control *c,
	struct types types)
{
	if (types.n != 1 || !needs_moves(t, c, 1))
		materialize_from(&t->s, t->s.n - types.n);
	else
		t->s.entries[t->s.n - 1].def = 0;
}

/* x += k right before a comparison of x: one instruction does all. */
static bool
fuse_inc_branch(struct translator *t, struct ins *cmp)
{
	const struct code_info *info = &code_info[cmp->op];
	struct emitter *e = &t->e;
	struct ins *add = cmp - 1;
	struct ins fused;
	uint32_t x;

	if (e->count < 2 || info->t != 'i' || add->op != CODE_I32_ADD ||
	    add->ca != CLASS_S || add->cb != CLASS_K || add->cd != CLASS_S)
		return false;
	x = add->f[FIELD_D];
	if (add->f[FIELD_A] != x || cmp->ca != CLASS_R ||
	    cmp->acc_before[BANK_INT] != x ||
	    (cmp->cb == CLASS_S && cmp->f[FIELD_B] == x))
		return false;
	fused = *cmp;
	fused.op = (uint16_t)(CODE_INC_BR_I32_EQ + (cmp->op - CODE_I32_EQ));
	fused.ca = CLASS_S;
	fused.cd = CLASS_S;
	fused.has_result = false;
	fused.f[FIELD_A] = x;
	fused.f[FIELD_O] = (uint32_t)add->k[0];
	memcpy(fused.acc_before, add->acc_before, sizeof(fused.acc_before));
	e->count--;
	*add = fused;
	t->s.last_use[x] = emitter_next(e) - 1;
	return true;
}

/* The test of a conditional branch was the last instruction: let it branch. */
static bool
fuse_branch(struct translator *t, const struct entry *cond, bool negate,
	uint32_t label)
{
	struct ins *def = last_def(&t->s, cond);
	const struct code_info *info;

	if (def == NULL)
		return false;
	info = &code_info[def->op];
	if (info->kind == CODE_KIND_CMP) {
		if (negate && info->inverse != CODE_NONE)
			def->op = info->inverse;
		else if (negate)
			goto plain;
		if (fuse_inc_branch(t, def)) {
			def--;
			goto done;
		}
		def->op = code_info[def->op].branch;
		goto done;
plain:
		def->op = info->branch_not;
	} else if (def->op == CODE_I32_EQZ) {
		def->op = negate ? CODE_BR_IF : CODE_BR_UNLESS;
	} else if (def->op == CODE_I64_EQZ) {
		def->op = negate ? CODE_BR_I64_NE : CODE_BR_I64_EQ;
		def->cb = CLASS_K;
		def->k[0] = 0;
	} else if (def->op == CODE_I32_AND) {
		def->op = negate ? CODE_BR_I32_NAND : CODE_BR_I32_AND;
	} else {
		return false;
	}
done:
	def->has_result = false;
	def->cd = CLASS_S;
	def->f[FIELD_D] = 0;
	def->f[FIELD_T] = label;
	def->pos = t->e.pos;
	for (unsigned i = 0; i < BANK_COUNT; i++)
		t->e.acc[i] = def->acc_before[i];
	if (code_info[def->op].kind == CODE_KIND_INC_BRANCH)
		t->e.acc[BANK_INT] = def->f[FIELD_A];
	return true;
}

static void
emit_cond_branch(struct translator *t, struct entry *cond, bool negate,
	uint32_t label)
{
	struct ins *in;

	if (fuse_branch(t, cond, negate, label))
		return;
	if (in_acc(&t->s, cond)) {
		use_acc(&t->s, cond);
		in = emit(&t->e, negate ? CODE_BR_UNLESS : CODE_BR_IF);
		in->ca = CLASS_R;
	} else {
		uint32_t slot = as_slot(&t->s, cond);

		in = emit(&t->e, negate ? CODE_BR_UNLESS : CODE_BR_IF);
		in->f[FIELD_A] = slot;
	}
	in->f[FIELD_T] = label;
}

/*
 * Moves that must happen before a conditional branch would stand between it
 * and its test, and keep the two from becoming one. Put them before the test:
 * they write canonical slots below its operands, and read none of its result.
 */
struct held {
	bool holds;
	struct ins ins;
};

static void
hold_test(struct translator *t, const struct entry *cond, struct held *h)
{
	struct ins *def = last_def(&t->s, cond);

	h->holds = def != NULL && def->cd == CLASS_S;
	if (h->holds) {
		h->ins = *def;
		unemit(&t->s);
	}
}

static void
release_test(struct translator *t, struct entry *cond, struct held *h)
{
	struct emitter *e = &t->e;
	uint32_t acc[BANK_COUNT];
	struct ins *in;

	if (!h->holds)
		return;
	memcpy(acc, e->acc, sizeof(acc));
	in = emit(e, h->ins.op);
	/* What the moves clobbered of the accumulators' names is not read: a
	 * test that read an accumulator read a local or its own operand. */
	*in = h->ins;
	memcpy(in->acc_before, acc, sizeof(acc));
	slot_written(&t->s, in->f[FIELD_D]);
	if (in->bank != BANK_NONE)
		e->acc[in->bank] = in->f[FIELD_D];
	cond->def = emitter_next(e) - 1;
	if (in->ca == CLASS_S)
		t->s.last_use[in->f[FIELD_A]] = cond->def;
	if (in->cb == CLASS_S)
		t->s.last_use[in->f[FIELD_B]] = cond->def;
}

/* ---- returning ------------------------------------------------------------ */

static void
emit_return_one(struct translator *t)
{
	struct entry e = pop(&t->s);
	struct ins *in;
	enum code_op op = e.type == 'f' ? CODE_RETURN_F :
		e.type == 'd' ? CODE_RETURN_D :
		e.type == 'v' ? CODE_RETURN_V : CODE_RETURN_I;

	if (in_acc(&t->s, &e)) {
		use_acc(&t->s, &e);
		in = emit(&t->e, op);
		in->ca = CLASS_R;
	} else if (e.kind == ENTRY_CONST && op == CODE_RETURN_I &&
	    e.k <= UINT32_MAX) {
		in = emit(&t->e, op);
		in->ca = CLASS_K;
		in->k[0] = e.k;
	} else {
		uint32_t slot = as_slot(&t->s, &e);

		in = emit(&t->e, op);
		in->f[FIELD_A] = slot;
	}
	in->f[FIELD_H] = t->header;
	in->f[FIELD_U] = t->e.pos;
}

static void
emit_return(struct translator *t)
{
	struct types r = { t->type->nresults, t->type->results };
	struct ins *in;

	t->dead = true;
	if (r.n == 1) {
		emit_return_one(t);
		return;
	}
	materialize_from(&t->s, t->s.n - r.n);
	in = emit(&t->e, r.n == 0 ? CODE_RETURN : CODE_RETURN_N);
	in->f[FIELD_H] = t->header;
	in->f[FIELD_U] = t->e.pos;
	in->f[FIELD_B] = height_slot(t, t->s.n - r.n);
	in->f[FIELD_N] = types_slots(r);
}

/* ---- control instructions ------------------------------------------------- */

static int
step_block(struct translator *t, const struct instr *in)
{
	struct types params = block_params(t, &in->block);
	struct entry cond = { .kind = ENTRY_TEMP };
	struct held held = { .holds = false };
	struct control *c;

	if (t->dead)
		return control_push(t, in->op, in->block) == NULL ? -1 : 0;
	if (in->op == OP_IF) {
		cond = pop(&t->s);
		hold_test(t, &cond, &held);
	}
	if (in->op == OP_LOOP || in->op == OP_IF)
		materialize_from(&t->s, t->s.n - params.n);
	flush_below(&t->s, t->s.n - params.n);
	release_test(t, &cond, &held);
	c = control_push(t, in->op, in->block);
	if (c == NULL)
		return -1;
	c->height = t->s.n - params.n;
	if (in->op == OP_LOOP) {
		label_bind(&t->e, LABEL_TARGET(t->nctrls - 1));
	} else if (in->op == OP_IF) {
		c->has_else = true;
		emit_cond_branch(t, &cond, true, LABEL_ELSE(t->nctrls - 1));
	}
	return 0;
}

static void
step_else(struct translator *t)
{
	uint32_t i = t->nctrls - 1;
	struct control *c = &t->ctrls[i];

	if (c->dead)
		return;
	if (!t->dead) {
		materialize_from(&t->s, t->s.n - control_results(t, i).n);
		emit_br(t, LABEL_TARGET(i));
		c->used = true;
	}
	label_bind(&t->e, LABEL_ELSE(i));
	c->has_else = false;
	drop_to(&t->s, c->height);
	push_temps(t, block_params(t, &c->type));
	t->dead = false;
}

static void
step_end(struct translator *t)
{
	uint32_t i = t->nctrls - 1;
	struct control *c = &t->ctrls[i];
	struct types results = control_results(t, i);
	bool merges = c->used || c->has_else;

	if (!c->dead && merges && c->op != OP_LOOP) {
		if (!t->dead)
			materialize_from(&t->s, t->s.n - results.n);
		emitter_flush(&t->e);
		if (c->has_else)
			label_bind(&t->e, LABEL_ELSE(i));
		label_bind(&t->e, LABEL_TARGET(i));
		drop_to(&t->s, c->height);
		push_temps(t, results);
		t->dead = false;
	} else if (c->used) {
		/* Its labels' numbers will be used again. */
		emitter_flush(&t->e);
	}
	if (t->dead)
		drop_to(&t->s, c->height);
	if (i == 0 && !t->dead)
		emit_return(t);
	if (i == 0) {
		emitter_end(&t->e);
		t->e.code->funcs[t->v->func - t->module->nimported_funcs].end =
			t->e.code->used;
	}
	t->nctrls--;
}

static void
step_br(struct translator *t, uint32_t depth)
{
	uint32_t i = t->nctrls - 1 - depth;
	struct control *c = &t->ctrls[i];
	struct types types = label_types(t, i);

	if (i == 0) {
		emit_return(t);
		return;
	}
	ready_operands(t, c, types);
	if (needs_moves(t, c, types.n))
		emit_label_moves(t, c, types);
	emit_br(t, LABEL_TARGET(i));
	c->used = true;
	t->dead = true;
}

/* Branch around moves and a branch, on the opposite condition. */
static void
end_skipped(struct translator *t, uint32_t i, struct types types)
{
	emit_label_moves(t, &t->ctrls[i], types);
	emit_br(t, LABEL_TARGET(i));
	label_bind(&t->e, LABEL_SKIP);
	label_new(&t->e, LABEL_SKIP);
}

static void
step_br_if(struct translator *t, uint32_t depth)
{
	uint32_t i = t->nctrls - 1 - depth;
	struct control *c = &t->ctrls[i];
	struct types types = label_types(t, i);
	struct entry cond = pop(&t->s);
	struct held held;

	c->used = true;
	hold_test(t, &cond, &held);
	ready_operands(t, c, types);
	release_test(t, &cond, &held);
	if (!needs_moves(t, c, types.n)) {
		emit_cond_branch(t, &cond, false, LABEL_TARGET(i));
		return;
	}
	emit_cond_branch(t, &cond, true, LABEL_SKIP);
	end_skipped(t, i, types);
}

/* Branch when a reference is null (it is dropped), or is not (it is passed). */
static void
step_br_on_null(struct translator *t, uint32_t depth, bool on_null)
{
	uint32_t i = t->nctrls - 1 - depth;
	struct control *c = &t->ctrls[i];
	struct types types = label_types(t, i);
	struct entry ref;
	uint32_t slot;
	bool moves;
	struct ins *in;

	c->used = true;
	materialize_from(&t->s, t->s.n - 1);
	if (on_null) {
		ref = pop(&t->s);
		ready_operands(t, c, types);
		slot = ref.slot;
	} else {
		ready_operands(t, c, types);
		slot = t->s.entries[t->s.n - 1].slot;
	}
	moves = needs_moves(t, c, types.n);
	in = emit(&t->e, on_null != moves ? CODE_BR_NULL : CODE_BR_NON_NULL);
	in->f[FIELD_A] = slot;
	in->f[FIELD_T] = moves ? LABEL_SKIP : LABEL_TARGET(i);
	if (moves)
		end_skipped(t, i, types);
	if (on_null)
		push_temp(&t->s, 'l');
	else
		pop(&t->s);
}

static void
step_br_table(struct translator *t, const struct instr_vec *labels)
{
	const uint8_t *cursor = labels->bytes;
	struct entry index = pop(&t->s);
	struct types types;
	uint32_t slot = 0;
	bool acc = in_acc(&t->s, &index);
	struct ins *in;
	uint32_t first_cell, n = labels->count + 1;

	/* The number of operands is the same for all labels. */
	types = label_types(t, t->nctrls - 1 - instr_next_label(&cursor));
	if (acc)
		use_acc(&t->s, &index);
	else
		slot = as_slot(&t->s, &index);
	materialize_from(&t->s, t->s.n - types.n);
	in = emit(&t->e, CODE_BR_TABLE);
	in->ca = acc ? CLASS_R : CLASS_S;
	in->f[FIELD_A] = slot;
	in->f[FIELD_O] = labels->count;
	emitter_flush(&t->e);
	first_cell = t->e.code->used;
	cursor = labels->bytes;
	for (uint32_t j = 0; j < n; j++) {
		uint32_t i = t->nctrls - 1 - instr_next_label(&cursor);

		t->ctrls[i].used = true;
		if (needs_moves(t, &t->ctrls[i], types.n))
			emit_cell_later(&t->e);
		else
			emit_cell(&t->e, LABEL_TARGET(i));
	}
	cursor = labels->bytes;
	for (uint32_t j = 0; j < n && types.n > 0; j++) {
		uint32_t i = t->nctrls - 1 - instr_next_label(&cursor);

		if (!needs_moves(t, &t->ctrls[i], types.n))
			continue;
		emit_cell_here(&t->e, first_cell + 8 * j);
		emit_label_moves(t, &t->ctrls[i], types);
		emit_br(t, LABEL_TARGET(i));
		emitter_flush(&t->e);
	}
	t->dead = true;
}

/* ---- calls ---------------------------------------------------------------- */

static void
acc_forget(struct translator *t)
{
	for (unsigned i = 0; i < BANK_COUNT; i++)
		t->e.acc[i] = SLOT_NONE;
}

/* The operands of a call were used: its results take their place. A single
 * one is in its accumulator as well. */
static void
push_results(struct translator *t, const struct functype *type, uint32_t base)
{
	enum bank bank;

	drop_to(&t->s, t->s.n - type->nparams);
	acc_forget(t);
	push_temps(t, (struct types){ type->nresults, type->results });
	if (type->nresults != 1)
		return;
	bank = letter_bank(type_letter(type->results[0]));
	if (bank != BANK_NONE)
		t->e.acc[bank] = base;
}

static void
emit_call_ins(struct translator *t, struct ins *in,
	const struct functype *type)
{
	uint32_t base = height_slot(t, t->s.n - type->nparams);

	in->f[FIELD_H] = type->param_slots;
	in->f[FIELD_B] = base;
	push_results(t, type, base);
}

static void
emit_return_call_ins(struct translator *t, struct ins *in,
	const struct functype *type)
{
	in->f[FIELD_A] = height_slot(t, t->s.n - type->nparams);
	in->f[FIELD_N] = type->param_slots;
	in->f[FIELD_H] = t->header;
	in->f[FIELD_U] = t->e.pos;
	t->dead = true;
}

static void
step_call(struct translator *t, uint32_t func, bool tail)
{
	const struct functype *type = module_functype(t->module, func);
	struct ins *in;

	materialize_from(&t->s, t->s.n - type->nparams);
	if (tail) {
		in = emit(&t->e, CODE_RETURN_CALL);
		in->f[FIELD_O] = func;
		emit_return_call_ins(t, in, type);
	} else if (func < t->module->nimported_funcs) {
		in = emit(&t->e, CODE_CALL_IMPORT);
		in->f[FIELD_O] = func;
		emit_call_ins(t, in, type);
	} else {
		in = emit(&t->e, CODE_CALL);
		in->f[FIELD_T] = func - t->module->nimported_funcs;
		emit_call_ins(t, in, type);
	}
}

/* A call by table index (or, table being UINT32_MAX, by reference): the callee
 * stands above the arguments. */
static void
step_call_indirect(struct translator *t, uint32_t type_index, uint32_t table,
	bool tail)
{
	const struct subtype *sub = &t->module->types[type_index];
	bool by_ref = table == UINT32_MAX;
	bool is64 = !by_ref && t->module->tables[table].type.limits.is64;
	struct entry callee = pop(&t->s);
	bool acc = !by_ref && !is64 && !tail && in_acc(&t->s, &callee);
	uint32_t slot = 0;
	enum code_op op;
	struct ins *in;

	if (tail)
		op = by_ref ? CODE_RETURN_CALL_REF : is64 ?
			CODE_RETURN_CALL_INDIRECT64 : CODE_RETURN_CALL_INDIRECT;
	else
		op = by_ref ? CODE_CALL_REF : is64 ?
			CODE_CALL_INDIRECT64 : CODE_CALL_INDIRECT;
	if (acc)
		use_acc(&t->s, &callee);
	else
		slot = as_slot(&t->s, &callee);
	materialize_from(&t->s, t->s.n - sub->func.nparams);
	in = emit(&t->e, op);
	in->ca = acc ? CLASS_R : CLASS_S;
	in->f[FIELD_C] = slot;
	in->k[0] = sub->canon;
	in->f[FIELD_O] = table;
	if (tail) {
		emit_return_call_ins(t, in, &sub->func);
	} else {
		in->f[FIELD_A] = slot;
		in->f[FIELD_C] = 0;
		emit_call_ins(t, in, &sub->func);
	}
}

/* ---- values --------------------------------------------------------------- */

static void
step_local(struct translator *t, const struct instr *in)
{
	uint32_t slot = validator_local_slot(t->v, in->index);
	char type = type_letter(validator_local(t->v, in->index));

	if (in->index >= t->type->nparams)
		slot++;
	if (in->op == OP_LOCAL_GET)
		push_local(&t->s, type, slot);
	else
		local_set(&t->s, slot, in->op == OP_LOCAL_TEE);
}

static void
step_global(struct translator *t, const struct instr *in)
{
	const struct module *m = t->module;
	bool import = in->index < m->nimported_globals;
	char type = type_letter(m->globals[in->index].type.type);
	bool wide = type == 'v';
	uint32_t place = import ? in->index : t->global_offsets[in->index];
	bool in_int = letter_bank(type) == BANK_INT;
	struct ins *ins;

	if (in->op == OP_GLOBAL_GET) {
		ins = emit(&t->e, import ?
			(wide ? CODE_GLOBAL_IMPORT_GET128 : CODE_GLOBAL_IMPORT_GET) :
			(wide ? CODE_GLOBAL_GET128 : CODE_GLOBAL_GET));
		ins->f[FIELD_O] = place;
		if (!wide)
			t->e.acc[BANK_INT] = SLOT_NONE;
		push_result(&t->s, ins, type, in_int);
		return;
	}
	struct entry e = pop(&t->s);
	uint32_t slot = 0;
	unsigned class = CLASS_S;

	if (!import && !wide && e.kind == ENTRY_CONST && e.k <= UINT32_MAX) {
		class = CLASS_K;
	} else if (!import && in_int && in_acc(&t->s, &e)) {
		class = CLASS_R;
		use_acc(&t->s, &e);
	} else {
		slot = as_slot(&t->s, &e);
	}
	ins = emit(&t->e, import ?
		(wide ? CODE_GLOBAL_IMPORT_SET128 : CODE_GLOBAL_IMPORT_SET) :
		(wide ? CODE_GLOBAL_SET128 : CODE_GLOBAL_SET));
	ins->ca = (uint8_t)class;
	ins->f[FIELD_A] = slot;
	ins->f[FIELD_O] = place;
	ins->k[0] = e.k;
}

/* select on a comparison that was the last instruction. */
static bool
fuse_select(struct translator *t, struct entry *a, struct entry *b,
	struct entry *cond)
{
	struct ins *def = last_def(&t->s, cond);
	struct held held;
	uint32_t x, y;

	if (def == NULL || a->type == 'v' ||
	    code_info[def->op].kind != CODE_KIND_CMP ||
	    code_info[def->op].t != 'i' ||
	    def->cb == CLASS_R || def->ca == CLASS_K)
		return false;
	hold_test(t, cond, &held);
	x = as_slot(&t->s, a);
	y = as_slot(&t->s, b);
	release_test(t, cond, &held);
	def = last_def(&t->s, cond);
	def->op = (uint16_t)(CODE_SELECT_I32_EQ + (def->op - CODE_I32_EQ));
	def->f[FIELD_X] = x;
	def->f[FIELD_Y] = y;
	if (a->kind == ENTRY_LOCAL)
		t->s.last_use[x] = emitter_next(&t->e) - 1;
	if (b->kind == ENTRY_LOCAL)
		t->s.last_use[y] = emitter_next(&t->e) - 1;
	t->e.acc[BANK_INT] = SLOT_NONE;
	push_result(&t->s, def, a->type, letter_bank(a->type) == BANK_INT);
	return true;
}

static void
step_select(struct translator *t)
{
	struct entry cond = pop(&t->s), b = pop(&t->s), a = pop(&t->s);
	bool wide = a.type == 'v';
	bool ka = !wide && a.kind == ENTRY_CONST && a.k <= UINT32_MAX;
	bool kb = !wide && b.kind == ENTRY_CONST && b.k <= UINT32_MAX;
	uint32_t sa = 0, sb = 0, sc = 0;
	struct ins *in;
	bool acc;

	if (!ka && !kb && fuse_select(t, &a, &b, &cond))
		return;
	acc = !wide && in_acc(&t->s, &cond);
	if (!ka)
		sa = as_slot(&t->s, &a);
	if (!kb)
		sb = as_slot(&t->s, &b);
	if (acc)
		use_acc(&t->s, &cond);
	else
		sc = as_slot(&t->s, &cond);
	in = emit(&t->e, wide ? CODE_SELECT128 :
		acc ? CODE_SELECT_ACC : CODE_SELECT);
	in->ca = ka ? CLASS_K : CLASS_S;
	in->cb = kb ? CLASS_K : CLASS_S;
	in->f[FIELD_A] = sa;
	in->f[FIELD_B] = sb;
	in->f[FIELD_C] = sc;
	in->k[0] = ka ? a.k : b.k;
	in->f[FIELD_O] = (uint32_t)b.k;
	if (!wide)
		t->e.acc[BANK_INT] = SLOT_NONE;
	push_result(&t->s, in, a.type, letter_bank(a.type) == BANK_INT);
}

/* ---- arithmetic ------------------------------------------------------------ */

static void
push_op(struct translator *t, struct ins *in)
{
	push_result(&t->s, in, code_info[in->op].r, true);
}

static void
step_unary(struct translator *t, enum code_op op)
{
	struct entry a = pop(&t->s);
	struct ins *def = last_def(&t->s, &a);

	/* An i32 in a slot is zero-extended already. */
	if (op == CODE_I64_EXTEND_I32_U) {
		struct entry *e;

		if (a.kind == ENTRY_CONST) {
			push_const(&t->s, 'l', a.k, 0);
			return;
		}
		if (a.kind == ENTRY_LOCAL) {
			push_local(&t->s, 'l', a.slot);
			return;
		}
		push_temp(&t->s, 'l');
		e = &t->s.entries[t->s.n - 1];
		e->def = a.def;
		return;
	}
	if (op == CODE_I32_EQZ && def != NULL &&
	    code_info[def->op].kind == CODE_KIND_CMP &&
	    code_info[def->op].inverse != CODE_NONE) {
		def->op = code_info[def->op].inverse;
		push_temp(&t->s, 'i');
		t->s.entries[t->s.n - 1].def = a.def;
		return;
	}
	if (a.kind == ENTRY_CONST)
		materialize(&t->s, &a);
	push_op(t, emit_operands(&t->s, op, &a, NULL));
}

/* Reuse the last instruction, whose result was an operand, as a larger one. */
static void
replace_last(struct translator *t, struct ins *in, enum code_op op)
{
	in->op = (uint16_t)op;
	for (unsigned i = 0; i < BANK_COUNT; i++)
		t->e.acc[i] = in->acc_before[i];
	push_op(t, in);
}

/* (x first y) second z, where the first was the last instruction. */
static bool
fuse_pair(struct translator *t, enum code_op op, struct entry *a,
	struct entry *b)
{
	for (unsigned i = 0; i < code_npairs; i++) {
		const struct code_pair *p = &code_pairs[i];
		struct entry *x, *z;
		struct ins *def;

		if (p->second != op)
			continue;
		x = p->on_right && last_def(&t->s, b) != NULL ? b : a;
		z = x == b ? a : b;
		if (x == a && !p->on_left)
			continue;
		def = last_def(&t->s, x);
		if (def == NULL || def->op != p->first || z == x ||
		    p->z_is_constant != (z->kind == ENTRY_CONST) ||
		    !code_has_handler(p->fused, def->ca, def->cb, CLASS_S))
			continue;
		if (p->z_is_constant) {
			def->f[FIELD_O] = (uint32_t)z->k;
		} else {
			def->f[FIELD_C] = as_slot(&t->s, z);
			if (z->kind == ENTRY_LOCAL)
				t->s.last_use[z->slot] = emitter_next(&t->e) - 1;
		}
		replace_last(t, def, p->fused);
		return true;
	}
	return false;
}

/* An operation whose second operand was just loaded. */
static bool
fuse_operand_load(struct translator *t, enum code_op op, struct entry *a,
	struct entry *b)
{
	for (unsigned i = 0; i < code_noperand_loads; i++) {
		const struct code_operand_load *p = &code_operand_loads[i];
		struct entry *x = b, *z = a;
		struct ins *def;
		enum bank bank = letter_bank(code_info[op].r);
		bool acc;

		if (p->op != op)
			continue;
		def = last_def(&t->s, b);
		if (def == NULL && code_info[op].commutes) {
			x = a;
			z = b;
			def = last_def(&t->s, a);
		}
		if (def == NULL || def->op != p->load || z->kind == ENTRY_CONST)
			return false;
		acc = def->acc_before[bank] == z->slot;
		if (!code_has_handler(p->fused, acc ? CLASS_R : CLASS_S, def->ca,
			CLASS_S))
			acc = false;
		if (!code_has_handler(p->fused, CLASS_S, def->ca, CLASS_S))
			return false;
		(void)x;
		def->cb = def->ca;
		def->f[FIELD_B] = def->f[FIELD_A];
		if (acc) {
			use_acc(&t->s, z);
			def->ca = CLASS_R;
		} else {
			def->f[FIELD_A] = as_slot(&t->s, z);
			def->ca = CLASS_S;
		}
		if (z->kind == ENTRY_LOCAL)
			t->s.last_use[z->slot] = emitter_next(&t->e) - 1;
		replace_last(t, def, p->fused);
		return true;
	}
	return false;
}

static void
step_binary(struct translator *t, enum code_op op)
{
	struct entry b = pop(&t->s), a = pop(&t->s);

	if (a.kind == ENTRY_CONST && b.kind == ENTRY_CONST)
		materialize(&t->s, &a);
	if (op == CODE_I32_SUB && b.kind == ENTRY_CONST) {
		b.k = (uint32_t)-(uint32_t)b.k;
		op = CODE_I32_ADD;
	} else if (op == CODE_I64_SUB && b.kind == ENTRY_CONST) {
		b.k = -b.k;
		op = CODE_I64_ADD;
	}
	if (fuse_pair(t, op, &a, &b) || fuse_operand_load(t, op, &a, &b))
		return;
	push_op(t, emit_operands(&t->s, op, &a, &b));
}

/* ---- memory ---------------------------------------------------------------- */

static bool
is_plain_access(const struct translator *t, const struct instr *in)
{
	return in->mem.memory == 0 && in->mem.offset <= UINT32_MAX &&
		!t->module->memories[0].type.limits.is64;
}

static void
emit_any_access(struct translator *t, const struct instr *in, enum code_op op,
	struct entry *a, struct entry *value)
{
	uint32_t slot_a = as_slot(&t->s, a);
	uint32_t slot_b = value == NULL ? 0 : as_slot(&t->s, value);
	struct ins *ins = emit(&t->e, op);

	ins->f[FIELD_A] = slot_a;
	ins->f[FIELD_B] = slot_b;
	ins->f[FIELD_O] = in->mem.memory;
	ins->k[0] = in->mem.offset;
	if (value == NULL)
		push_op(t, ins);
}

static void
step_load(struct translator *t, const struct instr *in, enum code_op op)
{
	struct entry a = pop(&t->s);
	struct ins *def = last_def(&t->s, &a);
	struct ins *ins;

	if (!is_plain_access(t, in)) {
		emit_any_access(t, in, code_info[op].any, &a, NULL);
		return;
	}
	if (def != NULL && def->op == CODE_I32_ADD &&
	    code_has_handler(code_info[op].index, def->ca, def->cb, CLASS_S)) {
		def->f[FIELD_O] = (uint32_t)in->mem.offset;
		def->offset = in->offset;
		replace_last(t, def, code_info[op].index);
		return;
	}
	ins = emit_operands(&t->s, op, &a, NULL);
	ins->f[FIELD_O] = (uint32_t)in->mem.offset;
	push_op(t, ins);
}

/* A store whose address is a sum. The value must be at hand without an
 * instruction between the two. */
static bool
fuse_store(struct translator *t, const struct instr *in, enum code_op op,
	const struct entry *a, struct entry *v)
{
	struct ins *def = last_def(&t->s, a);
	enum code_op index = code_info[op].index;
	enum bank bank = letter_bank(v->type);
	bool acc;

	if (def == NULL || def->op != CODE_I32_ADD || v->kind == ENTRY_CONST ||
	    bank == BANK_NONE)
		return false;
	acc = def->acc_before[bank] == v->slot &&
		code_has_handler(index, def->ca, def->cb, CLASS_R);
	if (!acc && !code_has_handler(index, def->ca, def->cb, CLASS_S))
		return false;
	def->has_result = false;
	if (acc)
		use_acc(&t->s, v);
	else
		def->f[FIELD_D] = as_slot(&t->s, v);
	if (v->kind == ENTRY_LOCAL)
		t->s.last_use[v->slot] = emitter_next(&t->e) - 1;
	def->cd = acc ? CLASS_R : CLASS_S;
	def->op = (uint16_t)index;
	def->bank = BANK_NONE;
	def->f[FIELD_O] = (uint32_t)in->mem.offset;
	def->pos = t->e.pos;
	def->offset = t->e.offset;
	for (unsigned i = 0; i < BANK_COUNT; i++)
		t->e.acc[i] = def->acc_before[i];
	return true;
}

static void
step_store(struct translator *t, const struct instr *in, enum code_op op)
{
	struct entry v = pop(&t->s), a = pop(&t->s);
	struct ins *ins;

	if (!is_plain_access(t, in)) {
		emit_any_access(t, in, code_info[op].any, &a, &v);
		return;
	}
	/* The bits of a float constant are stored as an integer's. */
	if (v.kind == ENTRY_CONST && op == CODE_F32_STORE) {
		op = CODE_I32_STORE;
		v.type = 'i';
	} else if (v.kind == ENTRY_CONST && op == CODE_F64_STORE) {
		op = CODE_I64_STORE;
		v.type = 'l';
	}
	if (fuse_store(t, in, op, &a, &v))
		return;
	ins = emit_operands(&t->s, op, &a, &v);
	ins->f[FIELD_O] = (uint32_t)in->mem.offset;
}

/* ---- vectors ----------------------------------------------------------------- */

static void
step_lane(struct translator *t, const struct instr *in, enum code_op op)
{
	struct entry b = { .kind = ENTRY_TEMP }, a;
	bool two = code_info[op].kind == CODE_KIND_BIN_LANE;
	struct ins *ins;

	if (two)
		b = pop(&t->s);
	a = pop(&t->s);
	ins = emit_operands(&t->s, op, &a, two ? &b : NULL);
	ins->f[FIELD_N] = in->mem.lane;
	push_op(t, ins);
}

static void
step_ternary(struct translator *t, enum code_op op)
{
	struct entry c = pop(&t->s), b = pop(&t->s), a = pop(&t->s);
	uint32_t slot_a = as_slot(&t->s, &a), slot_b = as_slot(&t->s, &b);
	uint32_t slot_c = as_slot(&t->s, &c);
	struct ins *ins = emit(&t->e, op);

	ins->f[FIELD_A] = slot_a;
	ins->f[FIELD_B] = slot_b;
	ins->f[FIELD_C] = slot_c;
	push_op(t, ins);
}

static void
step_shuffle(struct translator *t, const struct instr *in, enum code_op op)
{
	struct entry b = pop(&t->s), a = pop(&t->s);
	uint32_t slot_a = as_slot(&t->s, &a), slot_b = as_slot(&t->s, &b);
	struct ins *ins = emit(&t->e, op);

	ins->f[FIELD_A] = slot_a;
	ins->f[FIELD_B] = slot_b;
	memcpy(ins->k, in->v128, sizeof(in->v128));
	push_op(t, ins);
}

/* Loads and stores of one lane: an address and a vector. */
static void
step_lane_access(struct translator *t, const struct instr *in, enum code_op op)
{
	struct entry v = pop(&t->s), a = pop(&t->s);
	uint32_t slot_a = as_slot(&t->s, &a), slot_v = as_slot(&t->s, &v);
	struct ins *ins = emit(&t->e, op);

	ins->f[FIELD_A] = slot_a;
	ins->f[FIELD_B] = slot_v;
	ins->f[FIELD_N] = in->mem.lane;
	ins->f[FIELD_O] = in->mem.memory;
	ins->k[0] = in->mem.offset;
	if (code_info[op].kind == CODE_KIND_LOAD_LANE)
		push_op(t, ins);
}

static void
push_vector(struct translator *t, const uint8_t bytes[16])
{
	uint64_t halves[2];

	memcpy(halves, bytes, sizeof(halves));
	push_const(&t->s, 'v', halves[0], halves[1]);
}

/* ---- references and tables --------------------------------------------------- */

static void
step_ref_is_null(struct translator *t)
{
	struct entry a = pop(&t->s);
	bool acc = in_acc(&t->s, &a);
	uint32_t slot = 0;
	struct ins *in;

	if (acc)
		use_acc(&t->s, &a);
	else
		slot = as_slot(&t->s, &a);
	in = emit(&t->e, CODE_REF_IS_NULL);
	in->ca = acc ? CLASS_R : CLASS_S;
	in->f[FIELD_A] = slot;
	push_result(&t->s, in, 'i', true);
}

static void
step_ref_as_non_null(struct translator *t)
{
	struct entry *top;
	struct ins *in;
	uint32_t slot;

	top = &t->s.entries[t->s.n - 1];
	if (top->kind == ENTRY_CONST)
		materialize(&t->s, top);
	slot = as_slot(&t->s, top);
	top->def = 0;
	in = emit(&t->e, CODE_REF_AS_NON_NULL);
	in->f[FIELD_A] = slot;
}

static void
step_ref_eq(struct translator *t)
{
	struct entry b = pop(&t->s), a = pop(&t->s);
	uint32_t slot_a = as_slot(&t->s, &a), slot_b = as_slot(&t->s, &b);
	struct ins *in = emit(&t->e, CODE_REF_EQ);

	in->f[FIELD_A] = slot_a;
	in->f[FIELD_B] = slot_b;
	push_result(&t->s, in, 'i', true);
}

static void
step_ref_func(struct translator *t, uint32_t func)
{
	struct ins *in = emit(&t->e, CODE_REF_FUNC);

	in->f[FIELD_O] = func;
	push_result(&t->s, in, 'l', true);
}

/*
 * An operation in C: its operands in their canonical slots, its results in
 * the same place. The validator knows how many there are.
 */
static void
step_in_c(struct translator *t, enum code_op op, uint32_t o, uint32_t p,
	uint32_t nresults, uint32_t nopds)
{
	const struct validator *v = t->v;
	uint32_t nargs = nopds + nresults - v->nopds;
	struct ins *in;

	materialize_from(&t->s, t->s.n - nargs);
	in = emit(&t->e, op);
	in->f[FIELD_A] = height_slot(t, t->s.n - nargs);
	in->f[FIELD_O] = o;
	in->f[FIELD_P] = p;
	drop_to(&t->s, t->s.n - nargs);
	acc_forget(t);
	push_temps(t, (struct types){ nresults,
		v->opds + v->nopds - nresults });
}

static bool
table_is64(const struct translator *t, uint32_t table)
{
	return t->module->tables[table].type.limits.is64;
}

static void
step_table_get(struct translator *t, const struct instr *in, uint32_t nopds)
{
	struct entry a;
	uint32_t slot;
	struct ins *ins;

	if (table_is64(t, in->index)) {
		step_in_c(t, CODE_TABLE_GET_ANY, in->index, 0, 1, nopds);
		return;
	}
	a = pop(&t->s);
	slot = as_slot(&t->s, &a);
	ins = emit(&t->e, CODE_TABLE_GET);
	ins->f[FIELD_A] = slot;
	ins->f[FIELD_O] = in->index;
	push_result(&t->s, ins, 'l', true);
}

static void
step_table_set(struct translator *t, const struct instr *in, uint32_t nopds)
{
	struct entry a, b;
	uint32_t slot_a, slot_b;
	struct ins *ins;

	if (table_is64(t, in->index)) {
		step_in_c(t, CODE_TABLE_SET_ANY, in->index, 0, 0, nopds);
		return;
	}
	b = pop(&t->s);
	a = pop(&t->s);
	slot_a = as_slot(&t->s, &a);
	slot_b = as_slot(&t->s, &b);
	ins = emit(&t->e, CODE_TABLE_SET);
	ins->f[FIELD_A] = slot_a;
	ins->f[FIELD_B] = slot_b;
	ins->f[FIELD_O] = in->index;
}

static void
step_memory_size(struct translator *t, const struct instr *in, uint32_t nopds)
{
	struct ins *ins;

	if (in->index != 0 || t->module->memories[0].type.page_log2 != 16) {
		step_in_c(t, CODE_MEMORY_SIZE_ANY, in->index, 0, 1, nopds);
		return;
	}
	ins = emit(&t->e, CODE_MEMORY_SIZE);
	push_result(&t->s, ins, 'i', true);
	/* It is an i64 where the memory has 64-bit addresses. */
	t->s.entries[t->s.n - 1].type = type_letter(t->v->opds[t->v->nopds - 1]);
}

/* ---- one instruction ----------------------------------------------------------- */

/* Instructions that exist for themselves; whether this was one. */
static bool
step_by_table(struct translator *t, const struct instr *in, uint32_t nopds)
{
	uint16_t mapped = code_of_opcode[in->op];
	enum code_op op = mapped - 1u;

	if (mapped == 0)
		return false;
	switch (code_info[op].kind) {
	case CODE_KIND_BIN:
	case CODE_KIND_CMP:
		step_binary(t, op);
		return true;
	case CODE_KIND_UN:
		step_unary(t, op);
		return true;
	case CODE_KIND_LOAD:
		step_load(t, in, op);
		return true;
	case CODE_KIND_STORE:
		step_store(t, in, op);
		return true;
	case CODE_KIND_UN_LANE:
	case CODE_KIND_BIN_LANE:
		step_lane(t, in, op);
		return true;
	case CODE_KIND_TERN:
		step_ternary(t, op);
		return true;
	case CODE_KIND_SHUFFLE:
		step_shuffle(t, in, op);
		return true;
	case CODE_KIND_LOAD_LANE:
	case CODE_KIND_STORE_LANE:
		step_lane_access(t, in, op);
		return true;
	case CODE_KIND_CALL_C:
		step_in_c(t, op, in->index, in->index2, code_info[op].results,
			nopds);
		return true;
	default:
		return false;
	}
}

static int
step_control(struct translator *t, const struct instr *in)
{
	switch (in->op) {
	case OP_BLOCK:
	case OP_LOOP:
	case OP_IF:
		return step_block(t, in);
	case OP_ELSE:
		step_else(t);
		return 0;
	case OP_END:
		step_end(t);
		return 0;
	default:
		return 1;
	}
}

static bool
step_jump(struct translator *t, const struct instr *in)
{
	switch (in->op) {
	case OP_UNREACHABLE:
		emit(&t->e, CODE_UNREACHABLE);
		t->dead = true;
		return true;
	case OP_BR:
		step_br(t, in->index);
		return true;
	case OP_BR_IF:
		step_br_if(t, in->index);
		return true;
	case OP_BR_TABLE:
		step_br_table(t, &in->labels);
		return true;
	case OP_BR_ON_NULL:
	case OP_BR_ON_NON_NULL:
		step_br_on_null(t, in->index, in->op == OP_BR_ON_NULL);
		return true;
	case OP_RETURN:
		emit_return(t);
		return true;
	case OP_CALL:
	case OP_RETURN_CALL:
		step_call(t, in->index, in->op == OP_RETURN_CALL);
		return true;
	case OP_CALL_INDIRECT:
	case OP_RETURN_CALL_INDIRECT:
		step_call_indirect(t, in->index, in->index2,
			in->op == OP_RETURN_CALL_INDIRECT);
		return true;
	case OP_CALL_REF:
	case OP_RETURN_CALL_REF:
		step_call_indirect(t, in->index, UINT32_MAX,
			in->op == OP_RETURN_CALL_REF);
		return true;
	default:
		return false;
	}
}

static bool
step_value(struct translator *t, const struct instr *in, uint32_t nopds)
{
	switch (in->op) {
	case OP_NOP:
		return true;
	case OP_DROP:
		pop(&t->s);
		return true;
	case OP_SELECT:
	case OP_SELECT_T:
		step_select(t);
		return true;
	case OP_LOCAL_GET:
	case OP_LOCAL_SET:
	case OP_LOCAL_TEE:
		step_local(t, in);
		return true;
	case OP_GLOBAL_GET:
	case OP_GLOBAL_SET:
		step_global(t, in);
		return true;
	case OP_I32_CONST:
		push_const(&t->s, 'i', in->i32, 0);
		return true;
	case OP_I64_CONST:
		push_const(&t->s, 'l', in->i64, 0);
		return true;
	case OP_F32_CONST:
		push_const(&t->s, 'f', in->i32, 0);
		return true;
	case OP_F64_CONST:
		push_const(&t->s, 'd', in->i64, 0);
		return true;
	case OP_V128_CONST:
		push_vector(t, in->v128);
		return true;
	case OP_REF_NULL:
		push_const(&t->s, 'l', 0, 0);
		return true;
	case OP_REF_IS_NULL:
		step_ref_is_null(t);
		return true;
	case OP_REF_AS_NON_NULL:
		step_ref_as_non_null(t);
		return true;
	case OP_REF_FUNC:
		step_ref_func(t, in->index);
		return true;
	case OP_REF_EQ:
		step_ref_eq(t);
		return true;
	case OP_TABLE_GET:
		step_table_get(t, in, nopds);
		return true;
	case OP_TABLE_SET:
		step_table_set(t, in, nopds);
		return true;
	case OP_MEMORY_SIZE:
		step_memory_size(t, in, nopds);
		return true;
	default:
		return false;
	}
}

int
translator_step(struct translator *t, const struct instr *in, uint32_t nopds)
{
	int ret;

	t->e.offset = in->offset;
	if (!t->dead)
		t->e.pos++;
	ret = step_control(t, in);
	if (ret == 1 && !t->dead && !step_value(t, in, nopds) &&
	    !step_jump(t, in) && !step_by_table(t, in, nopds))
		return err_set_at(t->e.err, VM_LIMIT, in->offset,
			"%s is not supported", op_info[in->op].name);
	if (ret == -1 || t->e.failed || t->s.failed)
		return -1;
	return 0;
}
