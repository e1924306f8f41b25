/* Operands of a generated body: where they come from and where they go. */
#include "fuzz/body.h"

#include <stdlib.h>
#include <string.h>

struct frame *
body_frame(struct body *b)
{
	return &b->frames[b->nframes - 1];
}

void
body_op(struct body *b, enum op op)
{
	const struct op_info *info = &op_info[op];

	if (info->prefix != OP_PREFIX_NONE) {
		write_byte(b->out, info->prefix);
		write_u(b->out, info->code);
	} else {
		write_byte(b->out, info->code);
	}
	b->ninstrs++;
}

void
body_op_index(struct body *b, enum op op, uint32_t index)
{
	body_op(b, op);
	write_u(b->out, index);
}

void
body_push(struct body *b, valtype t)
{
	if (b->height == BODY_STACK_MAX)
		abort();
	b->stack[b->height++] = t;
}

void
body_push_all(struct body *b, const valtype *types, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		body_push(b, types[i]);
}

void
body_unreachable(struct body *b)
{
	b->height = body_frame(b)->base;
	body_frame(b)->unreachable = true;
}

/* ---- making values ----------------------------------------------------- */

void
body_make_i32(struct body *b, int32_t value)
{
	body_op(b, OP_I32_CONST);
	write_s(b->out, value);
}

static int64_t
choose_integer(struct input *in)
{
	static const int64_t edges[] = {
		0, 1, -1, 2, 7, 8, 31, 32, 63, 64, 127, 128, 255, 256, 65535,
		65536, INT32_MAX, INT32_MIN, INT64_MAX, INT64_MIN, UINT32_MAX,
	};
	unsigned how = input_byte(in);

	if (how < 120)
		return edges[how % (sizeof(edges) / sizeof(edges[0]))];
	if (how < 220)
		return (int8_t)input_byte(in);
	return (int64_t)input_number(in, 8);
}

/* Bits of a float of the size: edges, small numbers, or anything but a NaN
 * that is not canonical. */
static uint64_t
choose_float(struct input *in, size_t size)
{
	static const double edges[] = {
		0, 1, -0.0, -1, 0.5, 2, 3.7, -2.5, 1e10, -1e10, 4294967296.0,
		-2147483649.0, 1e-310, 1e300, -1e-40, 1e39,
	};
	unsigned how = input_byte(in);
	double d = how < 160 ? edges[how % 16] : (int8_t)input_byte(in) / 4.0;
	float f = (float)d;
	uint64_t bits = 0;

	if (how >= 250)
		bits = size == 4 ? 0x7fc00000 : 0x7ff8000000000000;
	else if (how >= 245)
		bits = size == 4 ? 0x7f800000 : 0x7ff0000000000000;
	else if (size == 4)
		memcpy(&bits, &f, 4);
	else
		memcpy(&bits, &d, 8);
	return bits;
}

static void
write_bits(struct body *b, uint64_t bits, size_t size)
{
	for (size_t i = 0; i < size; i++)
		write_byte(b->out, (bits >> 8 * i) & 0xff);
}

static void
make_const(struct body *b, valtype t)
{
	switch (valtype_kind(t)) {
	case VAL_I32:
		body_make_i32(b, (int32_t)choose_integer(b->in));
		break;
	case VAL_I64:
		body_op(b, OP_I64_CONST);
		write_s(b->out, choose_integer(b->in));
		break;
	case VAL_F32:
		body_op(b, OP_F32_CONST);
		write_bits(b, choose_float(b->in, 4), 4);
		break;
	case VAL_F64:
		body_op(b, OP_F64_CONST);
		write_bits(b, choose_float(b->in, 8), 8);
		break;
	default:
		body_op(b, OP_V128_CONST);
		write_bits(b, (uint64_t)choose_integer(b->in), 8);
		write_bits(b, (uint64_t)choose_integer(b->in) << 16, 8);
	}
}

static void
make_array(struct body *b, uint32_t type)
{
	body_make_i32(b, (int32_t)input_below(b->in, 24));
	body_op_index(b, OP_ARRAY_NEW_DEFAULT, type);
}

/* A function of the type, or -1. */
static int
find_func(struct body *b, uint32_t type)
{
	unsigned start = input_below(b->in, b->g->nfuncs);

	for (unsigned i = 0; i < b->g->nfuncs; i++) {
		unsigned f = (start + i) % b->g->nfuncs;

		if (b->g->func_types[f] == type)
			return (int)f;
	}
	return -1;
}

/* A reference that is not null, if there can be one: else false. */
static bool
make_object(struct body *b, heaptype h)
{
	int func;

	switch (h) {
	case TYPE_STRUCT:
	case HEAP_STRUCT:
		body_op_index(b, OP_STRUCT_NEW_DEFAULT,
			input_byte(b->in) & 1 ? TYPE_SUBSTRUCT : TYPE_STRUCT);
		return true;
	case TYPE_SUBSTRUCT:
		body_op_index(b, OP_STRUCT_NEW_DEFAULT, TYPE_SUBSTRUCT);
		return true;
	case HEAP_ARRAY:
		make_array(b, TYPE_ARRAY_I8 + input_below(b->in, 8));
		return true;
	case HEAP_ANY:
	case HEAP_EQ:
	case HEAP_I31:
		make_const(b, VAL_I32);
		body_op(b, OP_REF_I31);
		return true;
	case HEAP_EXTERN:
		make_const(b, VAL_I32);
		body_op(b, OP_REF_I31);
		body_op(b, OP_EXTERN_CONVERT_ANY);
		return true;
	case HEAP_FUNC:
		body_op_index(b, OP_REF_FUNC, input_below(b->in, b->g->nfuncs));
		return true;
	default:
		break;
	}
	if (heaptype_is_index(h) && type_is_array(h)) {
		make_array(b, h);
		return true;
	}
	func = heaptype_is_index(h) ? find_func(b, h) : -1;
	if (func != -1)
		body_op_index(b, OP_REF_FUNC, (uint32_t)func);
	return func != -1;
}

static void
make_reference(struct body *b, valtype t)
{
	bool null = valtype_is_nullable(t) && input_byte(b->in) < 48;

	if (!null && make_object(b, valtype_heap(t)))
		return;
	body_op(b, OP_REF_NULL);
	type_write_heap(b->out, valtype_heap(t));
	if (!valtype_is_nullable(t))
		body_op(b, OP_REF_AS_NON_NULL);
}

static bool
make_from_local(struct body *b, valtype t)
{
	unsigned start = b->nlocals > 0 ? input_below(b->in, b->nlocals) : 0;

	for (unsigned i = 0; i < b->nlocals; i++) {
		unsigned local = (start + i) % b->nlocals;

		if (type_matches(b->locals[local], t)) {
			body_op_index(b, OP_LOCAL_GET, local);
			return true;
		}
	}
	return false;
}

static bool
make_from_global(struct body *b, valtype t)
{
	for (uint32_t i = 0; i < GLOBAL_COUNT; i++)
		if (type_matches(generate_globals[i], t)) {
			body_op_index(b, OP_GLOBAL_GET, i);
			return true;
		}
	return false;
}

void
body_make(struct body *b, valtype t)
{
	unsigned how = input_byte(b->in);

	if (how >= 90 && how < 230 && make_from_local(b, t))
		return;
	if (how >= 230 && make_from_global(b, t))
		return;
	if (valtype_is_ref(t))
		make_reference(b, t);
	else
		make_const(b, t);
}

static void
mask_small(struct body *b, unsigned bits, bool is64)
{
	if (is64) {
		body_op(b, OP_I64_CONST);
		write_s(b->out, ((int64_t)1 << bits) - 1);
		body_op(b, OP_I64_AND);
	} else {
		body_make_i32(b, (int32_t)((1u << bits) - 1));
		body_op(b, OP_I32_AND);
	}
}

void
body_make_small(struct body *b, unsigned bits, bool is64)
{
	unsigned how = input_byte(b->in);

	if (how < 128 && !is64) {
		body_make_i32(b, (int32_t)input_below(b->in, 1u << bits));
		return;
	}
	body_make(b, is64 ? VAL_I64 : VAL_I32);
	if (how < 250)
		mask_small(b, bits, is64);
}

void
body_need_small(struct body *b, unsigned bits, bool is64)
{
	valtype t = is64 ? VAL_I64 : VAL_I32;

	if (b->height > body_frame(b)->base && b->stack[b->height - 1] == t) {
		b->height--;
		if (input_byte(b->in) < 250)
			mask_small(b, bits, is64);
	} else {
		body_make_small(b, bits, is64);
	}
}

/* ---- operands ---------------------------------------------------------- */

static bool
on_top(const struct body *b, const valtype *types, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (!type_matches(b->stack[b->height - n + i], types[i]))
			return false;
	return true;
}

void
body_need(struct body *b, const valtype *types, unsigned n)
{
	struct frame *f = body_frame(b);
	unsigned there = b->height - f->base;

	/* Nothing lies on an unreachable stack, and it has anything. */
	if (f->unreachable && there == 0 && input_byte(b->in) & 1)
		return;
	there = there < n ? there : n;
	while (!on_top(b, types, there))
		there--;
	b->height -= there;
	for (unsigned i = there; i < n; i++)
		body_make(b, types[i]);
}

void
body_need1(struct body *b, valtype t)
{
	body_need(b, &t, 1);
}

static int
find_sink(struct body *b, valtype t)
{
	unsigned start = b->nlocals > 0 ? input_below(b->in, b->nlocals) : 0;

	for (unsigned i = 0; i < b->nlocals; i++) {
		unsigned local = (start + i) % b->nlocals;

		if (type_matches(t, b->locals[local]))
			return (int)local;
	}
	return -1;
}

void
body_sink(struct body *b)
{
	valtype t = b->stack[--b->height];
	int local = input_byte(b->in) < 200 ? find_sink(b, t) : -1;

	if (local != -1) {
		body_op_index(b, OP_LOCAL_SET, (uint32_t)local);
		return;
	}
	for (uint32_t i = 0; i < GLOBAL_COUNT; i++)
		if (type_matches(t, generate_globals[i])) {
			body_op_index(b, OP_GLOBAL_SET, i);
			return;
		}
	body_op(b, OP_DROP);
}

void
body_settle(struct body *b, const valtype *types, unsigned n)
{
	struct frame *f = body_frame(b);
	unsigned there;

	if (f->unreachable && b->height == f->base && input_byte(b->in) & 1)
		return;
	while (b->height - f->base > n ||
	    !on_top(b, types, b->height - f->base))
		body_sink(b);
	there = b->height - f->base;
	for (unsigned i = there; i < n; i++)
		body_make(b, types[i]);
	b->height = f->base;
}

/* ---- NaNs -------------------------------------------------------------- */

static void
canonical_scalar(struct body *b, bool is64)
{
	uint32_t local = b->first_scratch + (is64 ? SCRATCH_F64 : SCRATCH_F32);

	body_op_index(b, OP_LOCAL_TEE, local);
	body_op(b, is64 ? OP_F64_CONST : OP_F32_CONST);
	if (is64)
		write_bits(b, 0x7ff8000000000000, 8);
	else
		write_bits(b, 0x7fc00000, 4);
	body_op_index(b, OP_LOCAL_GET, local);
	body_op_index(b, OP_LOCAL_GET, local);
	body_op(b, is64 ? OP_F64_EQ : OP_F32_EQ);
	body_op(b, OP_SELECT);
}

static void
canonical_vector(struct body *b, bool is64)
{
	uint32_t local = b->first_scratch + SCRATCH_V128;

	body_op_index(b, OP_LOCAL_TEE, local);
	body_op(b, OP_V128_CONST);
	for (int i = 0; i < 2; i++)
		write_bits(b, is64 ? 0x7ff8000000000000 : 0x7fc000007fc00000,
			8);
	body_op_index(b, OP_LOCAL_GET, local);
	body_op_index(b, OP_LOCAL_GET, local);
	body_op(b, is64 ? OP_F64X2_EQ : OP_F32X4_EQ);
	body_op(b, OP_V128_BITSELECT);
}

void
body_canonical(struct body *b, valtype t, enum op op)
{
	if (!(b->g->flags & GENERATE_CANONICAL_NANS))
		return;
	if (t == VAL_F32 || t == VAL_F64)
		canonical_scalar(b, t == VAL_F64);
	else if (t == VAL_V128)
		canonical_vector(b, strncmp(op_info[op].name, "f64x2", 5) == 0);
}
