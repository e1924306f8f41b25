/* Generated bodies: structures, arrays, casts and conversions. */
#include "fuzz/body.h"

#define INDEX_BITS 3

static bool
is_packed(valtype field)
{
	return field == VAL_I8 || field == VAL_I16;
}

static valtype
array_field(uint32_t type)
{
	const valtype *fields;

	type_fields(type, &fields);
	return fields[0];
}

static uint32_t
choose_array(struct body *b, uint32_t first, uint32_t last)
{
	return first + input_below(b->in, last - first + 1);
}

/* ---- structures -------------------------------------------------------- */

static bool
step_struct_new(struct body *b, enum op op)
{
	uint32_t type = input_below(b->in, 2) ? TYPE_SUBSTRUCT : TYPE_STRUCT;
	const valtype *fields;
	valtype operands[FIELDS_MAX];
	unsigned n = type_fields(type, &fields);

	for (unsigned i = 0; i < n; i++)
		operands[i] = type_unpacked(fields[i]);
	if (op == OP_STRUCT_NEW)
		body_need(b, operands, n);
	body_op_index(b, op, type);
	body_push(b, REF(type));
	return true;
}

static bool
step_struct_access(struct body *b, enum op op)
{
	uint32_t type = input_below(b->in, 2) ? TYPE_SUBSTRUCT : TYPE_STRUCT;
	const valtype *fields;
	unsigned n = type_fields(type, &fields);
	unsigned field = input_below(b->in, n);
	valtype operands[] = { REF_NULL(type), type_unpacked(fields[field]) };

	if (op == OP_STRUCT_GET && is_packed(fields[field]))
		op = OP_STRUCT_GET_S;
	else if (op != OP_STRUCT_SET && !is_packed(fields[field]))
		op = OP_STRUCT_GET;
	body_need(b, operands, op == OP_STRUCT_SET ? 2 : 1);
	body_op_index(b, op, type);
	write_u(b->out, field);
	if (op != OP_STRUCT_SET)
		body_push(b, operands[1]);
	return true;
}

/* ---- arrays ------------------------------------------------------------ */

static bool
step_array_new(struct body *b, enum op op)
{
	uint32_t type = choose_array(b, TYPE_ARRAY_I8, TYPE_ARRAY_FUNC);
	valtype elem = type_unpacked(array_field(type));
	unsigned n = input_below(b->in, 6);

	if (op == OP_ARRAY_NEW) {
		body_need1(b, elem);
		body_make_small(b, 5, false);
	} else if (op == OP_ARRAY_NEW_DEFAULT) {
		body_need_small(b, 5, false);
	} else {
		for (unsigned i = 0; i < n; i++)
			body_make(b, elem);
	}
	body_op_index(b, op, type);
	if (op == OP_ARRAY_NEW_FIXED)
		write_u(b->out, n);
	body_push(b, REF(type));
	return true;
}

static uint32_t
choose_array_and_segment(struct body *b, bool data, uint32_t *segment)
{
	if (data) {
		*segment = input_below(b->in, DATA_COUNT);
		return choose_array(b, TYPE_ARRAY_I8, TYPE_ARRAY_V128);
	}
	*segment = input_below(b->in, 2) ? ELEM_ANY : ELEM_FUNCS;
	return *segment == ELEM_ANY ? TYPE_ARRAY_ANY : TYPE_ARRAY_FUNC;
}

static bool
step_array_segment(struct body *b, enum op op)
{
	bool data = op == OP_ARRAY_NEW_DATA || op == OP_ARRAY_INIT_DATA;
	bool init = op == OP_ARRAY_INIT_DATA || op == OP_ARRAY_INIT_ELEM;
	uint32_t segment;
	uint32_t type = choose_array_and_segment(b, data, &segment);

	if (init) {
		body_need1(b, REF_NULL(type));
		body_make_small(b, INDEX_BITS, false);
	}
	body_make_small(b, 1, false);
	body_make_small(b, 2, false);
	body_op_index(b, op, type);
	write_u(b->out, segment);
	if (!init)
		body_push(b, REF(type));
	return true;
}

static bool
step_array_access(struct body *b, enum op op)
{
	uint32_t type = choose_array(b, TYPE_ARRAY_I8, TYPE_ARRAY_FUNC);
	valtype field = array_field(type), elem = type_unpacked(field);

	if (op == OP_ARRAY_GET && is_packed(field))
		op = OP_ARRAY_GET_U;
	else if (op != OP_ARRAY_SET && !is_packed(field))
		op = OP_ARRAY_GET;
	body_need1(b, REF_NULL(type));
	body_make_small(b, INDEX_BITS, false);
	if (op == OP_ARRAY_SET)
		body_make(b, elem);
	body_op_index(b, op, type);
	if (op != OP_ARRAY_SET)
		body_push(b, elem);
	return true;
}

static bool
step_array_len(struct body *b)
{
	body_need1(b, REF_NULL(HEAP_ARRAY));
	body_op(b, OP_ARRAY_LEN);
	body_push(b, VAL_I32);
	return true;
}

static bool
step_array_fill(struct body *b)
{
	uint32_t type = choose_array(b, TYPE_ARRAY_I8, TYPE_ARRAY_FUNC);

	body_need1(b, REF_NULL(type));
	body_make_small(b, INDEX_BITS, false);
	body_make(b, type_unpacked(array_field(type)));
	body_make_small(b, INDEX_BITS - 1, false);
	body_op_index(b, OP_ARRAY_FILL, type);
	return true;
}

static bool
step_array_copy(struct body *b)
{
	uint32_t type = choose_array(b, TYPE_ARRAY_I8, TYPE_ARRAY_FUNC);

	body_need1(b, REF_NULL(type));
	body_make_small(b, INDEX_BITS, false);
	body_make(b, REF_NULL(type));
	body_make_small(b, INDEX_BITS, false);
	body_make_small(b, INDEX_BITS - 1, false);
	body_op_index(b, OP_ARRAY_COPY, type);
	write_u(b->out, type);
	return true;
}

/* ---- casts ------------------------------------------------------------- */

static bool
step_cast(struct body *b, enum op op)
{
	static const heaptype heaps[] = {
		HEAP_EQ, HEAP_I31, HEAP_STRUCT, HEAP_ARRAY, TYPE_STRUCT,
		TYPE_SUBSTRUCT, TYPE_ARRAY_I32, HEAP_NONE,
	};
	heaptype h = heaps[input_below(b->in, 8)];
	bool null = op == OP_REF_TEST_NULL || op == OP_REF_CAST_NULL;

	body_need1(b, REF_NULL(HEAP_ANY));
	body_op(b, op);
	type_write_heap(b->out, h);
	if (op == OP_REF_TEST || op == OP_REF_TEST_NULL)
		body_push(b, VAL_I32);
	else if (h == HEAP_NONE)
		body_op(b, OP_DROP);
	else
		body_push(b, VALTYPE_REF(null, h));
	return true;
}

static bool
step_convert(struct body *b, enum op op)
{
	bool in = op == OP_ANY_CONVERT_EXTERN;

	body_need1(b, REF_NULL(in ? HEAP_EXTERN : HEAP_ANY));
	body_op(b, op);
	body_push(b, REF_NULL(in ? HEAP_ANY : HEAP_EXTERN));
	return true;
}

static bool
step_i31(struct body *b, enum op op)
{
	bool make = op == OP_REF_I31;

	body_need1(b, make ? VAL_I32 : REF_NULL(HEAP_I31));
	body_op(b, op);
	body_push(b, make ? REF(HEAP_I31) : VAL_I32);
	return true;
}

bool
body_aggregate(struct body *b, enum op op)
{
	switch (op) {
	case OP_STRUCT_NEW:
	case OP_STRUCT_NEW_DEFAULT:
		return step_struct_new(b, op);
	case OP_STRUCT_GET:
	case OP_STRUCT_GET_S:
	case OP_STRUCT_GET_U:
	case OP_STRUCT_SET:
		return step_struct_access(b, op);
	case OP_ARRAY_NEW:
	case OP_ARRAY_NEW_DEFAULT:
	case OP_ARRAY_NEW_FIXED:
		return step_array_new(b, op);
	case OP_ARRAY_NEW_DATA:
	case OP_ARRAY_NEW_ELEM:
	case OP_ARRAY_INIT_DATA:
	case OP_ARRAY_INIT_ELEM:
		return step_array_segment(b, op);
	case OP_ARRAY_GET:
	case OP_ARRAY_GET_S:
	case OP_ARRAY_GET_U:
	case OP_ARRAY_SET:
		return step_array_access(b, op);
	case OP_ARRAY_LEN:
		return step_array_len(b);
	case OP_ARRAY_FILL:
		return step_array_fill(b);
	case OP_ARRAY_COPY:
		return step_array_copy(b);
	case OP_REF_TEST:
	case OP_REF_TEST_NULL:
	case OP_REF_CAST:
	case OP_REF_CAST_NULL:
		return step_cast(b, op);
	case OP_ANY_CONVERT_EXTERN:
	case OP_EXTERN_CONVERT_ANY:
		return step_convert(b, op);
	case OP_REF_I31:
	case OP_I31_GET_S:
	case OP_I31_GET_U:
		return step_i31(b, op);
	default:
		return false;
	}
}
