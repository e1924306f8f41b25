/* Generated bodies: variables, tables, copies of memory and references. */
#include "fuzz/body.h"

static bool
step_drop(struct body *b)
{
	if (b->height == body_frame(b)->base)
		return false;
	b->height--;
	body_op(b, OP_DROP);
	return true;
}

static bool
step_select(struct body *b, enum op op)
{
	valtype t = generate_type(b->in);
	valtype operands[] = { t, t, VAL_I32 };

	if (op == OP_SELECT && valtype_is_ref(t))
		op = OP_SELECT_T;
	body_need(b, operands, 3);
	body_op(b, op);
	if (op == OP_SELECT_T) {
		write_u(b->out, 1);
		type_write(b->out, t);
	}
	body_push(b, t);
	return true;
}

static bool
step_local(struct body *b, enum op op)
{
	uint32_t local;

	if (b->nlocals == 0)
		return false;
	local = input_below(b->in, b->nlocals);
	if (op != OP_LOCAL_GET)
		body_need1(b, b->locals[local]);
	body_op_index(b, op, local);
	if (op != OP_LOCAL_SET)
		body_push(b, b->locals[local]);
	return true;
}

static bool
step_global(struct body *b, enum op op)
{
	uint32_t global = input_below(b->in, GLOBAL_COUNT);

	if (op == OP_GLOBAL_SET)
		body_need1(b, generate_globals[global]);
	body_op_index(b, op, global);
	if (op == OP_GLOBAL_GET)
		body_push(b, generate_globals[global]);
	return true;
}

/* ---- tables ------------------------------------------------------------ */

static valtype
address_type(unsigned table)
{
	return table == TABLE_WIDE ? VAL_I64 : VAL_I32;
}

static bool
step_table(struct body *b, enum op op)
{
	unsigned table = input_below(b->in, TABLE_COUNT);
	bool is64 = table == TABLE_WIDE;
	valtype elem = generate_tables[table];

	if (op == OP_TABLE_GET) {
		body_need_small(b, 3, is64);
	} else if (op == OP_TABLE_SET || op == OP_TABLE_FILL) {
		body_make_small(b, 3, is64);
		body_make(b, elem);
		if (op == OP_TABLE_FILL)
			body_make_small(b, 2, is64);
	} else if (op == OP_TABLE_GROW) {
		body_need1(b, elem);
		body_make_small(b, 2, is64);
	}
	body_op_index(b, op, table);
	if (op == OP_TABLE_GET)
		body_push(b, elem);
	else if (op == OP_TABLE_GROW || op == OP_TABLE_SIZE)
		body_push(b, address_type(table));
	return true;
}

static bool
step_table_copy(struct body *b)
{
	static const unsigned to_tables[] = { 0, 0, 1, 2, 2 };
	static const unsigned from_tables[] = { 0, 2, 1, 0, 2 };
	unsigned pair = input_below(b->in, 5);
	unsigned to = to_tables[pair], from = from_tables[pair];

	body_make_small(b, 3, to == TABLE_WIDE);
	body_make_small(b, 3, from == TABLE_WIDE);
	body_make_small(b, 2, to == TABLE_WIDE && from == TABLE_WIDE);
	body_op_index(b, OP_TABLE_COPY, to);
	write_u(b->out, from);
	return true;
}

static bool
step_table_init(struct body *b)
{
	unsigned table = input_below(b->in, TABLE_COUNT);

	body_make_small(b, 3, table == TABLE_WIDE);
	body_make_small(b, 1, false);
	body_make_small(b, 2, false);
	body_op_index(b, OP_TABLE_INIT,
		table == TABLE_ANY ? ELEM_ANY : ELEM_FUNCS);
	write_u(b->out, table);
	return true;
}

static bool
step_memory_copy(struct body *b)
{
	unsigned to = input_below(b->in, MEMORY_COUNT);
	unsigned from = input_below(b->in, MEMORY_COUNT);

	body_make_small(b, 14, to == MEMORY_WIDE);
	body_make_small(b, 14, from == MEMORY_WIDE);
	body_make_small(b, 8, to == MEMORY_WIDE && from == MEMORY_WIDE);
	body_op_index(b, OP_MEMORY_COPY, to);
	write_u(b->out, from);
	return true;
}

/* ---- references -------------------------------------------------------- */

static valtype
choose_reference(struct body *b)
{
	valtype t = generate_type(b->in);

	return valtype_is_ref(t) ? t : REF_NULL(HEAP_ANY);
}

static bool
step_ref_null(struct body *b)
{
	valtype t = choose_reference(b);

	body_op(b, OP_REF_NULL);
	type_write_heap(b->out, valtype_heap(t));
	body_push(b, t);
	return true;
}

static bool
step_ref_func(struct body *b)
{
	uint32_t func = input_below(b->in, b->g->nfuncs);

	body_op_index(b, OP_REF_FUNC, func);
	body_push(b, REF(b->g->func_types[func]));
	return true;
}

static bool
step_ref_eq(struct body *b)
{
	valtype operands[] = { REF_NULL(HEAP_EQ), REF_NULL(HEAP_EQ) };

	body_need(b, operands, 2);
	body_op(b, OP_REF_EQ);
	body_push(b, VAL_I32);
	return true;
}

static bool
step_ref_query(struct body *b, enum op op)
{
	valtype t = choose_reference(b);

	body_need1(b, t);
	body_op(b, op);
	body_push(b, op == OP_REF_IS_NULL ? VAL_I32 : REF(valtype_heap(t)));
	return true;
}

bool
body_reference(struct body *b, enum op op)
{
	switch (op) {
	case OP_DROP:
		return step_drop(b);
	case OP_SELECT:
	case OP_SELECT_T:
		return step_select(b, op);
	case OP_LOCAL_GET:
	case OP_LOCAL_SET:
	case OP_LOCAL_TEE:
		return step_local(b, op);
	case OP_GLOBAL_GET:
	case OP_GLOBAL_SET:
		return step_global(b, op);
	case OP_TABLE_GET:
	case OP_TABLE_SET:
	case OP_TABLE_GROW:
	case OP_TABLE_SIZE:
	case OP_TABLE_FILL:
		return step_table(b, op);
	case OP_TABLE_COPY:
		return step_table_copy(b);
	case OP_TABLE_INIT:
		return step_table_init(b);
	case OP_ELEM_DROP:
		body_op_index(b, op, input_below(b->in, ELEM_COUNT));
		return true;
	case OP_MEMORY_COPY:
		return step_memory_copy(b);
	case OP_REF_NULL:
		return step_ref_null(b);
	case OP_REF_FUNC:
		return step_ref_func(b);
	case OP_REF_EQ:
		return step_ref_eq(b);
	case OP_REF_IS_NULL:
	case OP_REF_AS_NON_NULL:
		return step_ref_query(b, op);
	default:
		return false;
	}
}
