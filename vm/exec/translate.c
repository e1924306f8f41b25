/*
 * The translator: what each instruction of WebAssembly becomes.
 */
#include "vm/exec/translate_steps.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "vm/exec/code_opcodes.h"
#include "vm/runtime/store.h"


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
	if (t->global_offsets == NULL || operands_init(&t->s, &t->e) == -1 ||
	    zero_init(&t->zero) == -1) {
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
	zero_clear(&t->zero);
	pool_free(t->e.code->pool, t->ctrls);
	free(t->global_offsets);
	t->ctrls = NULL;
	t->global_offsets = NULL;
}

struct control *
control_push(struct translator *t, enum op op, struct blocktype type)
{
	struct control *c = code_grow(&t->e, t->ctrls, t->nctrls,
		&t->cap_ctrls, sizeof(*c));

	if (c == NULL)
		return NULL;
	t->ctrls = c;
	c = &t->ctrls[t->nctrls];
	*c = (struct control){ .op = op, .type = type, .height = t->s.n,
		.dead = t->dead, .nset = t->zero.n };
	if (label_new(&t->e, LABEL_TARGET(t->nctrls)) == -1 ||
	    label_new(&t->e, LABEL_ELSE(t->nctrls)) == -1)
		return NULL;
	t->nctrls++;
	return c;
}

static void
add_reference_locals(struct translator *t, uint32_t slot, uint32_t count)
{
	code_add_span(&t->e, slot, count);
	zero_reference(&t->zero, slot, count);
}

/* Tell the collector which locals are references to the heap. */
static void
add_spans(struct translator *t)
{
	const struct validator *v = t->v;
	uint32_t slot = 0, first = t->type->nparams;

	for (uint32_t i = 0; i < t->type->nparams; i++) {
		if (type_letter(t->module, t->type->params[i]) == 'r')
			code_add_span(&t->e, slot, 1);
		slot += valtype_slots(t->type->params[i]);
	}
	for (uint32_t i = 0; i < v->nspans; i++) {
		const struct local_span *s = &v->spans[i];

		if (type_letter(t->module, s->type) == 'r')
			add_reference_locals(t, s->slot + 1, s->end - first);
		first = s->end;
	}
}

#define SLOTS_PER_FUEL 64

int
translator_begin(struct translator *t, uint32_t func)
{
	uint32_t index = func - t->module->nimported_funcs;
	struct code_func *f = &t->e.code->funcs[index];
	struct blocktype none = { .kind = BLOCK_EMPTY };
	/* Parameters, the return address, the declared locals. */
	uint32_t nslots = t->v->local_slots + 1;

	t->func = f;
	t->type = module_functype(t->module, func);
	t->header = t->type->param_slots;
	if (nslots > LIMIT_FRAME_SLOTS)
		return err_set(t->e.err, VM_LIMIT,
			"frame of more than %u slots", LIMIT_FRAME_SLOTS);
	f->start = t->e.code->used;
	f->lines = t->e.code->nlines;
	f->header = (uint16_t)t->header;
	f->spans = t->e.code->nspans;
	f->nspans = 0;
	f->tries = t->e.code->ntries;
	f->ntries = 0;
	t->e.offset = t->module->funcs[func].body.offset;
	emitter_begin(&t->e);
	zero_begin(t, t->header + 1, nslots - t->header - 1);
	/* A call of a function of few bytes may zero 50,000 locals. */
	t->e.pos = nslots / SLOTS_PER_FUEL;
	add_spans(t);
	f->nspans = t->e.code->nspans - f->spans;
	operands_begin(&t->s, nslots);
	t->dead = false;
	t->try = TRY_NONE;
	t->nctrls = 0;
	if (label_new(&t->e, LABEL_SKIP) == -1 ||
	    control_push(t, OP_BLOCK, none) == NULL)
		return -1;
	emit_meter(t, CODE_METER_ENTER);
	return 0;
}

void
translator_end(struct translator *t)
{
	struct code *c = t->e.code;

	t->func->end = c->used;
	t->func->ntries = c->ntries - t->func->tries;
	c->order[c->norder++] = (uint32_t)(t->func - c->funcs);
}

void
translator_abort(struct translator *t)
{
	emitter_abort(&t->e);
	t->s.failed = false;
}

int
translator_finish(struct translator *t)
{
	if (t->e.failed)
		return -1;
	emitter_link(&t->e);
	return 0;
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
		break;
	case CODE_KIND_UN:
		step_unary(t, op);
		break;
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
		break;
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
	if (t->one_nan)
		step_one_nan(t, in->op);
	return true;
}

static int
step_control(struct translator *t, const struct instr *in)
{
	switch (in->op) {
	case OP_BLOCK:
	case OP_LOOP:
	case OP_IF:
		return step_block(t, in);
	case OP_TRY_TABLE:
		return step_try_table(t, in);
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
		step_ref_null(t, in->heap);
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
	/* Every opcode is one of these: a new one fails here at once. */
	if (ret == 1 && !t->dead && !step_value(t, in, nopds) &&
	    !step_jump(t, in) && !step_by_table(t, in, nopds) &&
	    !step_gc(t, in, nopds))
		return err_set_at(t->e.err, VM_LIMIT, in->offset,
			"%s is not supported", op_info[in->op].name);
	if (ret == -1 || t->e.failed || t->s.failed)
		return -1;
	return 0;
}

