/* Blocks and branches. Part of the translator; runs in the template. */
#include "vm/exec/translate_steps.h"

#include <string.h>

/* ---- types --------------------------------------------------------------- */

struct types
block_params(const struct translator *t, const struct blocktype *b)
{
	const struct functype *f;

	if (b->kind != BLOCK_TYPE)
		return (struct types){ 0, NULL };
	f = &t->module->types[b->type].func;
	return (struct types){ f->nparams, f->params };
}

/* Of control frame i: the function's own frame has the function's results. */
struct types
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
struct types
label_types(const struct translator *t, uint32_t i)
{
	if (t->ctrls[i].op == OP_LOOP)
		return block_params(t, &t->ctrls[i].type);
	return control_results(t, i);
}

void
push_temps(struct translator *t, struct types types)
{
	for (uint32_t i = 0; i < types.n; i++)
		push_temp(&t->s, type_letter(t->module, types.types[i]));
}

uint32_t
types_slots(struct types types)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < types.n; i++)
		n += valtype_slots(types.types[i]);
	return n;
}

/* ---- branches ------------------------------------------------------------ */

void
emit_br(struct translator *t, uint32_t label)
{
	emit(&t->e, CODE_BR)->f[FIELD_T] = label;
}

/* Whether the top n operands, in their canonical slots, are not yet where a
 * branch to frame c wants them. */
bool
needs_moves(const struct translator *t, const struct control *c, uint32_t n)
{
	return n > 0 && t->s.n - n != c->height;
}

uint32_t
height_slot(const struct translator *t, uint32_t height)
{
	return height < t->s.n ? t->s.entries[height].canon :
		operands_top(&t->s);
}

/* Copy the operands of a branch, types, to the target's height. */
void
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
void
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

/* The test is eqz of an and that nobody else reads: leave the and alone. */
static struct ins *
skip_eqz(struct translator *t, struct ins *def)
{
	struct ins *and = def - 1;

	if (def->op != CODE_I32_EQZ || def->ca != CLASS_R || t->e.count < 2 ||
	    and->op != CODE_I32_AND || and->cd != CLASS_R)
		return def;
	unemit(&t->s);
	return and;
}

/* Branch if a local, to which the last instruction added a constant, is not
 * zero (or, negated, is): the end of loops that count down. */
static bool
fuse_count_down(struct translator *t, const struct entry *cond, bool negate,
	uint32_t label)
{
	struct emitter *e = &t->e;
	struct ins *add = e->count > 0 ? &e->window[e->count - 1] : NULL;
	uint32_t x = cond->slot;

	if (e->plain || add == NULL || cond->kind != ENTRY_LOCAL ||
	    add->op != CODE_I32_ADD || add->ca != CLASS_S ||
	    add->cb != CLASS_K || add->cd != CLASS_S ||
	    add->f[FIELD_A] != x || add->f[FIELD_D] != x)
		return false;
	add->op = negate ? CODE_INC_BR_I32_EQ : CODE_INC_BR_I32_NE;
	add->has_result = false;
	add->f[FIELD_O] = (uint32_t)add->k[0];
	add->k[0] = 0;
	add->f[FIELD_D] = 0;
	add->f[FIELD_T] = label;
	add->pos = e->pos;
	add->offset = e->offset;
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
		return fuse_count_down(t, cond, negate, label);
	if (skip_eqz(t, def) != def) {
		def--;
		negate = !negate;
	}
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
	def->offset = t->e.offset;
	for (unsigned i = 0; i < BANK_COUNT; i++)
		t->e.acc[i] = def->acc_before[i];
	if (code_info[def->op].kind == CODE_KIND_INC_BRANCH)
		t->e.acc[BANK_INT] = def->f[FIELD_A];
	return true;
}

void
emit_cond_branch(struct translator *t, struct entry *cond, bool negate,
	uint32_t label)
{
	struct ins *in;

	if (fuse_branch(t, cond, negate, label)) {
		t->s.region = emitter_next(&t->e);
		return;
	}
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
	t->s.region = emitter_next(&t->e);
}

/* ---- control instructions ------------------------------------------------- */

int
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
		hold_def(&t->s, &cond, &held);
	}
	if (in->op == OP_LOOP || in->op == OP_IF)
		materialize_from(&t->s, t->s.n - params.n);
	flush_below(&t->s, t->s.n - params.n);
	release_def(&t->s, &cond, &held);
	c = control_push(t, in->op, in->block);
	if (c == NULL)
		return -1;
	c->height = t->s.n - params.n;
	if (in->op == OP_LOOP) {
		label_bind(&t->e, LABEL_TARGET(t->nctrls - 1));
		emit_meter(t, CODE_METER_LOOP);
	} else if (in->op == OP_IF) {
		c->has_else = true;
		emit_cond_branch(t, &cond, true, LABEL_ELSE(t->nctrls - 1));
	}
	return 0;
}

/* The frame of a try_table is pushed: its clauses name frames outside. */
static void
add_catches(struct translator *t, uint32_t index, const struct instr *in)
{
	const uint8_t *cursor = in->catches.bytes;

	for (uint32_t k = 0; k < in->catches.count; k++) {
		struct catch c = instr_next_catch(&cursor);
		uint32_t i = t->nctrls - 2 - c.label;
		struct code_catch out = { .kind = c.kind, .tag = c.tag };

		t->ctrls[i].used = true;
		out.slot = height_slot(t, t->ctrls[i].height);
		emit_catch(&t->e, index, out, LABEL_TARGET(i));
	}
}

int
step_try_table(struct translator *t, const struct instr *in)
{
	struct types params = block_params(t, &in->block);
	struct control *c;

	if (t->dead)
		return control_push(t, in->op, in->block) == NULL ? -1 : 0;
	flush_below(&t->s, t->s.n - params.n);
	c = control_push(t, in->op, in->block);
	if (c == NULL)
		return -1;
	c->height = t->s.n - params.n;
	c->outer_try = t->try;
	t->try = emit_try(&t->e, t->try);
	add_catches(t, t->try, in);
	return 0;
}

void
step_else(struct translator *t)
{
	uint32_t i = t->nctrls - 1;
	struct control *c = &t->ctrls[i];

	zero_leave(&t->zero, c->nset);
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

void
step_end(struct translator *t)
{
	uint32_t i = t->nctrls - 1;
	struct control *c = &t->ctrls[i];
	struct types results = control_results(t, i);
	bool merges = c->used || c->has_else;

	if (c->op == OP_TRY_TABLE && !c->dead) {
		/* Results may still move, but nothing throws from here on. */
		emit_try_end(&t->e, t->try);
		t->try = c->outer_try;
	}
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
		emitter_flush(&t->e);
		zero_end(t);
		emitter_end(&t->e);
	}
	zero_leave(&t->zero, c->nset);
	t->nctrls--;
}

void
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

/* Pop a condition and branch to frame i if it holds (or does not). */
void
emit_label_cond(struct translator *t, uint32_t i, bool negate)
{
	struct control *c = &t->ctrls[i];
	struct types types = label_types(t, i);
	struct entry cond = pop(&t->s);
	struct held held;

	c->used = true;
	hold_def(&t->s, &cond, &held);
	ready_operands(t, c, types);
	release_def(&t->s, &cond, &held);
	if (!needs_moves(t, c, types.n)) {
		emit_cond_branch(t, &cond, negate, LABEL_TARGET(i));
		return;
	}
	emit_cond_branch(t, &cond, !negate, LABEL_SKIP);
	end_skipped(t, i, types);
}

void
step_br_if(struct translator *t, uint32_t depth)
{
	emit_label_cond(t, t->nctrls - 1 - depth, false);
}

/* Branch when a reference is null (it is dropped), or is not (it is passed). */
void
step_br_on_null(struct translator *t, uint32_t depth, bool on_null)
{
	uint32_t i = t->nctrls - 1 - depth;
	struct control *c = &t->ctrls[i];
	struct types types = label_types(t, i);
	char letter = t->s.entries[t->s.n - 1].type;
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
	t->s.region = emitter_next(&t->e);
	if (moves)
		end_skipped(t, i, types);
	if (on_null)
		push_temp(&t->s, letter);
	else
		pop(&t->s);
}

void
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

