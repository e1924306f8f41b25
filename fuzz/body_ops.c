/*
 * Generated bodies: the choice of the next instruction, and those that have a
 * fixed type in the table of instructions.
 */
#include "fuzz/body.h"

#include <stdlib.h>
#include <string.h>

#define LOCALS_DECLARED_MAX 12
#define MEMORY_BITS 14		/* addresses that are surely inside: 16 KiB */
#define END_MEMORY 0x8000	/* where a function leaves its locals */
#define CHOICE_STRIDE 211	/* a prime that does not divide OP_COUNT */

_Static_assert(OP_COUNT % CHOICE_STRIDE != 0, "strides miss instructions");

static valtype
sig_type(char c, bool is64)
{
	valtype t = valtype_of_letter(c);

	return t != VAL_BOT ? t : is64 ? VAL_I64 : VAL_I32;
}

static bool
is_relaxed(enum op op)
{
	return strstr(op_info[op].name, "relaxed") != NULL;
}

/* ---- NaN bits that would be seen --------------------------------------- */

/* Whether the operand on top, a float, is looked at bit by bit. */
static bool
shows_bits(enum op op)
{
	switch (op) {
	case OP_I32_REINTERPRET_F32:
	case OP_I64_REINTERPRET_F64:
	case OP_F32_STORE:
	case OP_F64_STORE:
	case OP_F32_COPYSIGN:
	case OP_F64_COPYSIGN:
	case OP_F32X4_SPLAT:
	case OP_F64X2_SPLAT:
	case OP_F32X4_REPLACE_LANE:
	case OP_F64X2_REPLACE_LANE:
		return true;
	default:
		return false;
	}
}

/* Whether it computes floats in a vector, whose bits all can be seen. */
static bool
makes_vector_floats(enum op op)
{
	const struct op_info *info = &op_info[op];

	return info->prefix == OP_PREFIX_VECTOR && info->imm == IMM_NONE &&
		info->name[0] == 'f' && strcmp(info->sig, "f:v") != 0 &&
		strcmp(info->sig, "d:v") != 0;
}

/* ---- immediates -------------------------------------------------------- */

static void
write_memarg(struct body *b, enum op op, unsigned memory)
{
	unsigned align = input_below(b->in, op_info[op].access_log2 + 1u);
	unsigned how = input_byte(b->in);

	write_u(b->out, align | (memory != 0 ? 0x40 : 0));
	if (memory != 0)
		write_u(b->out, memory);
	if (how < 200)
		write_u(b->out, how % 32);
	else if (how < 250)
		write_u(b->out, input_number(b->in, 2) & 0x3fff);
	else
		write_u(b->out, input_number(b->in, 4));
}

static void
write_bytes(struct body *b, size_t n, unsigned below)
{
	for (size_t i = 0; i < n; i++)
		write_byte(b->out, input_below(b->in, below));
}

static void
write_immediate(struct body *b, enum op op, unsigned memory)
{
	const struct op_info *info = &op_info[op];

	switch (info->imm) {
	case IMM_MEMARG:
		write_memarg(b, op, memory);
		break;
	case IMM_MEMARG_LANE:
		write_memarg(b, op, memory);
		write_bytes(b, 1, 16u >> info->access_log2);
		break;
	case IMM_LANE:
		write_bytes(b, 1, 16u >> info->access_log2);
		break;
	case IMM_SHUFFLE:
		write_bytes(b, 16, 32);
		break;
	case IMM_MEMORY:
		write_u(b->out, memory);
		break;
	case IMM_DATA_MEMORY:
		write_u(b->out, input_below(b->in, DATA_COUNT));
		write_u(b->out, memory);
		break;
	case IMM_DATA:
		write_u(b->out, input_below(b->in, DATA_COUNT));
		break;
	default:
		break;
	}
}

/* ---- instructions of a fixed type -------------------------------------- */

static bool
is_constant(enum imm_kind imm)
{
	return imm == IMM_I32 || imm == IMM_I64 || imm == IMM_F32 ||
		imm == IMM_F64 || imm == IMM_V128;
}

/* Operands of which the first is an address, the others are small counts where
 * there are three. */
static void
need_at_address(struct body *b, const char *sig, bool is64)
{
	size_t n = strcspn(sig, ":");

	if (n == 1) {
		body_need_small(b, MEMORY_BITS, is64);
		return;
	}
	body_make_small(b, MEMORY_BITS, is64);
	for (size_t i = 1; i < n; i++) {
		if (n == 3 && i + 1 < n && sig[1] == 'i')
			body_make_small(b, 5, false);
		else if (n == 3)
			body_make_small(b, 5, sig[i] == 'a' && is64);
		else
			body_make(b, sig_type(sig[i], is64));
	}
}

static void
need_fixed(struct body *b, const char *sig)
{
	valtype types[8];
	unsigned n = 0;

	for (; sig[n] != ':'; n++)
		types[n] = sig_type(sig[n], false);
	body_need(b, types, n);
}

/* Division by zero ends a function: mostly avoid it. */
static void
avoid_zero(struct body *b, enum op op)
{
	bool is64 = op >= OP_I64_DIV_S && op <= OP_I64_REM_U;

	if (!(op >= OP_I32_DIV_S && op <= OP_I32_REM_U) && !is64)
		return;
	if (input_byte(b->in) < 16)
		return;
	if (is64) {
		body_op(b, OP_I64_CONST);
		write_s(b->out, 1);
		body_op(b, OP_I64_OR);
	} else {
		body_make_i32(b, 1);
		body_op(b, OP_I32_OR);
	}
}

static bool
step_fixed(struct body *b, enum op op)
{
	const struct op_info *info = &op_info[op];
	unsigned memory = input_byte(b->in) < 200 ? MEMORY_MAIN : MEMORY_WIDE;
	bool is64 = memory == MEMORY_WIDE;
	const char *results = strchr(info->sig, ':') + 1;

	if (op == OP_MEMORY_GROW)
		body_make_small(b, 1, is64);
	else if (info->sig[0] == 'a')
		need_at_address(b, info->sig, is64);
	else
		need_fixed(b, info->sig);
	if (is_constant(info->imm)) {
		body_make(b, sig_type(results[0], false));
	} else {
		avoid_zero(b, op);
		if (shows_bits(op))
			body_canonical(b, info->name[1] == '3' ? VAL_F32 :
				VAL_F64, op);
		body_op(b, op);
		write_immediate(b, op, memory);
		if (makes_vector_floats(op))
			body_canonical(b, VAL_V128, op);
	}
	for (; *results != '\0'; results++)
		body_push(b, sig_type(*results, is64));
	return true;
}

/* ---- the next instruction ---------------------------------------------- */

enum op_class {
	CLASS_INTEGER, CLASS_FLOAT, CLASS_VECTOR, CLASS_MEMORY, CLASS_OTHER,
};

static enum op_class
op_class(enum op op)
{
	const struct op_info *info = &op_info[op];

	if (info->sig == NULL)
		return CLASS_OTHER;
	if (info->sig[0] == 'a' || info->imm == IMM_MEMORY)
		return CLASS_MEMORY;
	if (info->prefix == OP_PREFIX_VECTOR)
		return CLASS_VECTOR;
	return strpbrk(info->sig, "fd") != NULL ? CLASS_FLOAT : CLASS_INTEGER;
}

/* Seldom: what traps on most numbers. */
static bool
is_seldom(enum op op)
{
	return op >= OP_I32_TRUNC_F32_S && op <= OP_I64_TRUNC_F64_U &&
		strstr(op_info[op].name, ".trunc_f") != NULL;
}

static enum op
choose_of_class(struct input *in, enum op_class class)
{
	unsigned op = input_below(in, OP_COUNT);

	/* In strides, lest what stands behind a long row of another class is
	 * chosen most. */
	while (op_class(op) != class)
		op = (op + CHOICE_STRIDE) % OP_COUNT;
	if (is_seldom(op) && input_byte(in) < 200)
		op = OP_F64_ADD;
	return (enum op)op;
}

static enum op
choose_op(struct input *in)
{
	static const enum op common[] = {
		OP_LOCAL_GET, OP_LOCAL_SET, OP_LOCAL_TEE, OP_BR_IF, OP_BLOCK,
		OP_LOOP, OP_IF, OP_LOCAL_GET, OP_CALL, OP_SELECT, OP_LOOP,
		OP_LOCAL_SET, OP_GLOBAL_SET, OP_TRY_TABLE, OP_END, OP_END,
	};
	unsigned how = input_byte(in);

	if (how < 80)
		return choose_of_class(in, CLASS_INTEGER);
	if (how < 110)
		return choose_of_class(in, CLASS_FLOAT);
	if (how < 135)
		return choose_of_class(in, CLASS_VECTOR);
	if (how < 160)
		return choose_of_class(in, CLASS_MEMORY);
	if (how < 220)
		return common[how % 16];
	return choose_of_class(in, CLASS_OTHER);
}

static bool
is_left_out(const struct body *b, enum op op)
{
	return (b->g->flags & GENERATE_PORTABLE) && (is_relaxed(op) ||
		(op >= OP_I64_ADD128 && op <= OP_I64_MUL_WIDE_U));
}

static void
step(struct body *b)
{
	enum op op = choose_op(b->in);

	while (b->height - body_frame(b)->base > BODY_STACK_HIGH ||
	    b->height > BODY_STACK_MAX - BODY_STACK_HIGH)
		body_sink(b);
	if (is_left_out(b, op))
		return;
	if (op_info[op].sig != NULL)
		step_fixed(b, op);
	else if (!body_control(b, op) && !body_reference(b, op))
		body_aggregate(b, op);
}

/* ---- a body ------------------------------------------------------------ */

static void
declare_locals(struct body *b)
{
	unsigned n = input_below(b->in, LOCALS_DECLARED_MAX);

	b->nlocals = b->type->nparams;
	memcpy(b->locals, b->type->params, b->nlocals * sizeof(valtype));
	write_u(b->out, n + 1 + SCRATCH_COUNT);
	for (unsigned i = 0; i < n; i++) {
		valtype t = generate_type(b->in);

		b->locals[b->nlocals++] = t;
		write_u(b->out, 1);
		type_write(b->out, t);
	}
	b->first_counter = b->nlocals;
	write_u(b->out, BODY_COUNTERS);
	type_write(b->out, VAL_I32);
	b->first_scratch = b->first_counter + BODY_COUNTERS;
	for (unsigned i = 0; i < SCRATCH_COUNT; i++) {
		write_u(b->out, 1);
		type_write(b->out, VAL_F32 + i);
	}
}

/* Store the locals where whoever compares two runs will look. */
static void
leave_locals(struct body *b, uint32_t func)
{
	static const enum op stores[] = {
		[VAL_I32] = OP_I32_STORE, [VAL_I64] = OP_I64_STORE,
		[VAL_F32] = OP_F32_STORE, [VAL_F64] = OP_F64_STORE,
		[VAL_V128] = OP_V128_STORE,
	};

	for (unsigned i = 0; i < b->nlocals; i++) {
		valtype t = b->locals[i];

		if (valtype_is_ref(t))
			continue;
		body_make_i32(b, END_MEMORY);
		body_op_index(b, OP_LOCAL_GET, i);
		if (t != VAL_V128)
			body_canonical(b, t, OP_NOP);
		body_op(b, stores[t]);
		write_u(b->out, 0);
		write_u(b->out, (func * BODY_LOCALS_MAX + i) * 16);
	}
}

void
generate_body(struct buf *out, const struct generator *g, uint32_t func,
	struct input *in)
{
	struct body b = { .g = g, .in = in, .out = out, .nframes = 1 };

	b.type = generate_signature(g, g->func_types[func]);
	b.frames[0] = (struct frame){ .kind = FRAME_BODY, .counter = -1 };
	b.frames[0].type.nresults = b.type->nresults;
	memcpy(b.frames[0].type.results, b.type->results,
		sizeof(b.type->results));
	declare_locals(&b);
	while (in->p < in->end && b.ninstrs < BODY_INSTRS_MAX)
		step(&b);
	while (b.nframes > 1)
		body_close(&b);
	leave_locals(&b, func);
	body_close(&b);
}
