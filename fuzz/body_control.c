/* Generated bodies: blocks, branches, calls and exceptions. */
#include "fuzz/body.h"

#include <string.h>

/* ---- blocks ------------------------------------------------------------ */

static void
write_blocktype(struct body *b, const struct signature *s, uint32_t type)
{
	if (type < TYPE_COUNT)
		write_s(b->out, type);
	else if (s->nresults == 1)
		type_write(b->out, s->results[0]);
	else
		write_byte(b->out, 0x40);
}

/* A block's type: its index among the types, or TYPE_COUNT for one that is
 * written without. */
static uint32_t
choose_blocktype(struct body *b, struct signature *s)
{
	unsigned how = input_byte(b->in);
	uint32_t type;

	memset(s, 0, sizeof(*s));
	if (how < 110)
		return TYPE_COUNT;
	if (how < 180) {
		s->nresults = 1;
		s->results[0] = generate_type(b->in);
		return TYPE_COUNT;
	}
	type = TYPE_FUNC_NONE + how % (TYPE_COUNT - TYPE_FUNC_NONE);
	*s = *generate_signature(b->g, type);
	return type;
}

static void
open_frame(struct body *b, enum frame_kind kind, const struct signature *s)
{
	b->frames[b->nframes++] = (struct frame){
		.kind = kind, .base = b->height, .counter = -1, .type = *s,
	};
	body_push_all(b, s->params, s->nparams);
}

static bool
step_block(struct body *b, enum op op)
{
	struct signature s;
	uint32_t type = choose_blocktype(b, &s);
	enum frame_kind kind = op == OP_BLOCK ? FRAME_BLOCK :
		op == OP_LOOP ? FRAME_LOOP : FRAME_IF;
	valtype operands[SIGNATURE_MAX + 1];

	if (b->nframes == BODY_FRAMES_MAX)
		return false;
	memcpy(operands, s.params, sizeof(s.params));
	operands[s.nparams] = VAL_I32;
	body_need(b, operands, s.nparams + (op == OP_IF));
	body_op(b, op);
	write_blocktype(b, &s, type);
	open_frame(b, kind, &s);
	return true;
}

/* A loop that runs a given number of times. */
static bool
step_counted_loop(struct body *b)
{
	static const struct signature none;
	unsigned counter = 0;

	for (unsigned i = 0; i < b->nframes; i++)
		counter += b->frames[i].counter != -1;
	if (counter == BODY_COUNTERS || b->nframes == BODY_FRAMES_MAX)
		return false;
	counter += b->first_counter;
	body_make_i32(b, (int32_t)input_below(b->in, 12));
	body_op_index(b, OP_LOCAL_SET, counter);
	body_op(b, OP_LOOP);
	write_byte(b->out, 0x40);
	open_frame(b, FRAME_LOOP, &none);
	body_frame(b)->counter = (int)counter;
	return true;
}

static void
close_counted_loop(struct body *b, uint32_t counter)
{
	body_op_index(b, OP_LOCAL_GET, counter);
	body_make_i32(b, 1);
	body_op(b, OP_I32_SUB);
	body_op_index(b, OP_LOCAL_TEE, counter);
	body_make_i32(b, 0);
	body_op(b, OP_I32_GT_S);
	body_op_index(b, OP_BR_IF, 0);
}

static bool
has_else(struct body *b, const struct signature *s)
{
	if (s->nparams != s->nresults ||
	    memcmp(s->params, s->results, s->nparams * sizeof(valtype)) != 0)
		return true;
	return input_byte(b->in) & 1;
}

void
body_close(struct body *b)
{
	struct frame *f = body_frame(b);

	body_settle(b, f->type.results, f->type.nresults);
	if (f->kind == FRAME_IF && has_else(b, &f->type)) {
		body_op(b, OP_ELSE);
		f->kind = FRAME_ELSE;
		f->unreachable = false;
		body_push_all(b, f->type.params, f->type.nparams);
		return;
	}
	if (f->counter != -1)
		close_counted_loop(b, (uint32_t)f->counter);
	body_op(b, OP_END);
	b->nframes--;
	if (b->nframes > 0)
		body_push_all(b, f->type.results, f->type.nresults);
}

static bool
step_end(struct body *b)
{
	if (b->nframes == 1)
		return false;
	body_close(b);
	return true;
}

/* ---- branches ---------------------------------------------------------- */

/* What a branch to the label brings. */
static unsigned
label_types(struct body *b, unsigned label, const valtype **out)
{
	const struct frame *f = &b->frames[b->nframes - 1 - label];

	*out = f->kind == FRAME_LOOP ? f->type.params : f->type.results;
	return f->kind == FRAME_LOOP ? f->type.nparams : f->type.nresults;
}

static bool
step_br(struct body *b, enum op op)
{
	unsigned label = input_below(b->in, b->nframes);
	const valtype *types;
	unsigned n = label_types(b, label, &types);
	valtype operands[SIGNATURE_MAX + 1];

	memcpy(operands, types, n * sizeof(*types));
	operands[n] = VAL_I32;
	body_need(b, operands, n + (op == OP_BR_IF));
	body_op_index(b, op, label);
	if (op == OP_BR)
		body_unreachable(b);
	else
		body_push_all(b, types, n);
	return true;
}

static bool
step_br_table(struct body *b)
{
	unsigned label = input_below(b->in, b->nframes), count = 0;
	const valtype *types, *other;
	unsigned n = label_types(b, label, &types);
	valtype operands[SIGNATURE_MAX + 1];
	uint8_t labels[2 * BODY_FRAMES_MAX];

	for (unsigned i = 0; i < b->nframes; i++)
		if (label_types(b, i, &other) == n &&
		    memcmp(types, other, n * sizeof(*types)) == 0)
			labels[count++] = (uint8_t)i;
	memcpy(operands, types, n * sizeof(*types));
	body_need(b, operands, n);
	body_make_small(b, 2, false);
	body_op(b, OP_BR_TABLE);
	write_u(b->out, count);
	for (unsigned i = 0; i < count; i++)
		write_u(b->out, labels[i]);
	write_u(b->out, label);
	body_unreachable(b);
	return true;
}

static bool
step_return(struct body *b)
{
	body_need(b, b->type->results, b->type->nresults);
	body_op(b, OP_RETURN);
	body_unreachable(b);
	return true;
}

/* The reference stays where it is not null, and goes nowhere where it is. */
static bool
step_br_on_null(struct body *b)
{
	unsigned label = input_below(b->in, b->nframes);
	const valtype *types;
	unsigned n = label_types(b, label, &types);
	valtype t = generate_type(b->in), operands[SIGNATURE_MAX + 1];

	if (!valtype_is_ref(t))
		t = REF_NULL(TYPE_STRUCT);
	memcpy(operands, types, n * sizeof(*types));
	operands[n] = t;
	body_need(b, operands, n + 1);
	body_op_index(b, OP_BR_ON_NULL, label);
	body_push_all(b, types, n);
	body_push(b, REF(valtype_heap(t)));
	return true;
}

/* A label whose last type is a reference that ref, if given, can become. */
static int
find_ref_label(struct body *b, valtype ref)
{
	unsigned start = input_below(b->in, b->nframes);

	for (unsigned i = 0; i < b->nframes; i++) {
		unsigned label = (start + i) % b->nframes;
		const valtype *types;
		unsigned n = label_types(b, label, &types);

		if (n > 0 && valtype_is_ref(types[n - 1]) &&
		    (ref == VAL_BOT || type_matches(ref, types[n - 1])))
			return (int)label;
	}
	return -1;
}

static bool
step_br_on_non_null(struct body *b)
{
	int label = find_ref_label(b, VAL_BOT);
	valtype operands[SIGNATURE_MAX];
	const valtype *types;
	unsigned n;

	if (label == -1)
		return false;
	n = label_types(b, (unsigned)label, &types);
	memcpy(operands, types, n * sizeof(*types));
	operands[n - 1] |= VALTYPE_NULLABLE;
	body_need(b, operands, n);
	body_op_index(b, OP_BR_ON_NON_NULL, (uint32_t)label);
	body_push_all(b, types, n - 1);
	return true;
}

static bool
step_br_on_cast(struct body *b, enum op op)
{
	static const heaptype heaps[] = {
		HEAP_EQ, HEAP_I31, HEAP_STRUCT, HEAP_ARRAY, TYPE_STRUCT,
		TYPE_SUBSTRUCT, TYPE_ARRAY_I32, TYPE_ARRAY_ANY,
	};
	bool fail = op == OP_BR_ON_CAST_FAIL;
	valtype from = REF_NULL(HEAP_ANY);
	valtype to = REF_NULL(heaps[input_below(b->in, 8)]);
	valtype taken = fail ? REF(HEAP_ANY) : to;
	int label = find_ref_label(b, taken);
	valtype operands[SIGNATURE_MAX];
	const valtype *types;
	unsigned n;

	if (label == -1)
		return false;
	n = label_types(b, (unsigned)label, &types);
	memcpy(operands, types, n * sizeof(*types));
	operands[n - 1] = from;
	body_need(b, operands, n);
	body_op(b, op);
	write_byte(b->out, 3);
	write_u(b->out, (unsigned)label);
	type_write_heap(b->out, valtype_heap(from));
	type_write_heap(b->out, valtype_heap(to));
	body_push_all(b, types, n - 1);
	body_push(b, fail ? to : REF(HEAP_ANY));
	return true;
}

/* ---- calls ------------------------------------------------------------- */

static bool
same_results(const struct body *b, const struct signature *s)
{
	return s->nresults == b->type->nresults && memcmp(s->results,
		b->type->results, s->nresults * sizeof(valtype)) == 0;
}

static void
end_call(struct body *b, const struct signature *s, bool tail)
{
	if (tail)
		body_unreachable(b);
	else
		body_push_all(b, s->results, s->nresults);
}

static bool
step_call(struct body *b, enum op op)
{
	bool tail = op == OP_RETURN_CALL;
	uint32_t func = input_below(b->in, b->g->nfuncs);
	const struct signature *s =
		generate_signature(b->g, b->g->func_types[func]);

	if (tail && !same_results(b, s))
		return false;
	body_need(b, s->params, s->nparams);
	body_op_index(b, op, func);
	end_call(b, s, tail);
	return true;
}

static bool
step_call_indirect(struct body *b, enum op op)
{
	bool tail = op == OP_RETURN_CALL_INDIRECT;
	uint32_t func = input_below(b->in, b->g->nfuncs);
	uint32_t type = b->g->func_types[func];
	const struct signature *s = generate_signature(b->g, type);

	if (tail && !same_results(b, s))
		return false;
	body_need(b, s->params, s->nparams);
	if (input_byte(b->in) < 220)
		body_make_i32(b, (int32_t)func);
	else
		body_make_small(b, 3, false);
	body_op_index(b, op, type);
	write_u(b->out, TABLE_FUNCS);
	end_call(b, s, tail);
	return true;
}

static bool
step_call_ref(struct body *b, enum op op)
{
	bool tail = op == OP_RETURN_CALL_REF;
	uint32_t func = input_below(b->in, b->g->nfuncs);
	uint32_t type = b->g->func_types[func];
	const struct signature *s = generate_signature(b->g, type);
	valtype operands[SIGNATURE_MAX + 1];

	if (tail && !same_results(b, s))
		return false;
	memcpy(operands, s->params, sizeof(s->params));
	operands[s->nparams] = REF_NULL(type);
	body_need(b, operands, s->nparams + 1);
	body_op_index(b, op, type);
	end_call(b, s, tail);
	return true;
}

/* ---- exceptions -------------------------------------------------------- */

static bool
step_throw(struct body *b)
{
	unsigned tag = input_below(b->in, TAG_COUNT);
	const struct signature *s =
		generate_signature(b->g, TYPE_FUNC_NONE + tag);

	body_need(b, s->params, s->nparams);
	body_op_index(b, OP_THROW, tag);
	body_unreachable(b);
	return true;
}

static bool
step_throw_ref(struct body *b)
{
	body_need1(b, REF_NULL(HEAP_EXN));
	body_op(b, OP_THROW_REF);
	body_unreachable(b);
	return true;
}

/* What a clause brings to its label, and how that type is written. */
static uint32_t
catch_type(struct body *b, enum catch_kind kind, unsigned tag,
	struct signature *s)
{
	bool ref = kind == CATCH_REF || kind == CATCH_ALL_REF;

	memset(s, 0, sizeof(*s));
	if (kind == CATCH_ALL || kind == CATCH_ALL_REF || tag == TAG_NONE) {
		s->nresults = ref;
		s->results[0] = REF_NULL(HEAP_EXN);
		return TYPE_COUNT;
	}
	if (tag == TAG_I32 && !ref) {
		s->nresults = 1;
		s->results[0] = VAL_I32;
		return TYPE_COUNT;
	}
	if (tag == TAG_I32) {
		*s = fixed_signatures[TYPE_FUNC_TO_I32_EXN - TYPE_FUNC_NONE];
		return TYPE_FUNC_TO_I32_EXN;
	}
	*s = fixed_signatures[(ref ? TYPE_FUNC_TO_PAIR_EXN :
		TYPE_FUNC_TO_PAIR) - TYPE_FUNC_NONE];
	return ref ? TYPE_FUNC_TO_PAIR_EXN : TYPE_FUNC_TO_PAIR;
}

/* A block that the clause brings its values to, and in it the try_table. */
static bool
step_try_table(struct body *b)
{
	enum catch_kind kind = input_below(b->in, 4);
	unsigned tag = input_below(b->in, TAG_COUNT);
	struct signature caught, s;
	uint32_t caught_type = catch_type(b, kind, tag, &caught), type;

	if (b->nframes + 2 > BODY_FRAMES_MAX)
		return false;
	body_op(b, OP_BLOCK);
	write_blocktype(b, &caught, caught_type);
	open_frame(b, FRAME_BLOCK, &caught);
	type = choose_blocktype(b, &s);
	body_need(b, s.params, s.nparams);
	body_op(b, OP_TRY_TABLE);
	write_blocktype(b, &s, type);
	write_u(b->out, 1);
	write_byte(b->out, kind);
	if (kind == CATCH || kind == CATCH_REF)
		write_u(b->out, tag);
	write_u(b->out, 0);
	open_frame(b, FRAME_BLOCK, &s);
	return true;
}

static bool
step_unreachable(struct body *b)
{
	if (input_byte(b->in) < 200)
		return false;
	body_op(b, OP_UNREACHABLE);
	body_unreachable(b);
	return true;
}

bool
body_control(struct body *b, enum op op)
{
	switch (op) {
	case OP_LOOP:
		if (input_byte(b->in) < 180)
			return step_counted_loop(b);
		return step_block(b, op);
	case OP_BLOCK:
	case OP_IF:
		return step_block(b, op);
	case OP_END:
		return step_end(b);
	case OP_BR:
	case OP_BR_IF:
		return step_br(b, op);
	case OP_BR_TABLE:
		return step_br_table(b);
	case OP_RETURN:
		return step_return(b);
	case OP_UNREACHABLE:
		return step_unreachable(b);
	case OP_BR_ON_NULL:
		return step_br_on_null(b);
	case OP_BR_ON_NON_NULL:
		return step_br_on_non_null(b);
	case OP_BR_ON_CAST:
	case OP_BR_ON_CAST_FAIL:
		return step_br_on_cast(b, op);
	case OP_CALL:
	case OP_RETURN_CALL:
		return step_call(b, op);
	case OP_CALL_INDIRECT:
	case OP_RETURN_CALL_INDIRECT:
		return step_call_indirect(b, op);
	case OP_CALL_REF:
	case OP_RETURN_CALL_REF:
		return step_call_ref(b, op);
	case OP_THROW:
		return step_throw(b);
	case OP_THROW_REF:
		return step_throw_ref(b);
	case OP_TRY_TABLE:
		return step_try_table(b);
	default:
		return false;
	}
}
