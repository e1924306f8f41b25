/* Constant expressions, evaluated at instantiation. Run in the template. */
#include "vm/exec/const.h"

#include <string.h>

#include "vm/binary/instr.h"

/* Values are kept on the guests' stack, which nobody uses now. */
struct const_stack {
	uint64_t *slots;
	uint64_t n, max;
};

static bool
push(struct const_stack *s, uint64_t value)
{
	if (s->n == s->max)
		return false;
	s->slots[s->n++] = value;
	return true;
}

static bool
push_global(struct const_stack *s, const struct vm_instance *in, uint32_t i)
{
	const uint64_t *value = in->globals[i];

	if (!push(s, value[0]))
		return false;
	if (valtype_slots(in->module->globals[i].type.type) == 2)
		return push(s, value[1]);
	return true;
}

static bool
push_v128(struct const_stack *s, const uint8_t *bytes)
{
	uint64_t halves[2];

	memcpy(halves, bytes, sizeof(halves));
	return push(s, halves[0]) && push(s, halves[1]);
}

/* The operators: a op b, in the place of a. */
static void
binary(struct const_stack *s, enum op op)
{
	uint64_t b = s->slots[--s->n];
	uint64_t *a = &s->slots[s->n - 1];

	switch (op) {
	case OP_I32_ADD:
		*a = (uint32_t)(*a + b);
		break;
	case OP_I32_SUB:
		*a = (uint32_t)(*a - b);
		break;
	case OP_I32_MUL:
		*a = (uint32_t)(*a * b);
		break;
	case OP_I64_ADD:
		*a += b;
		break;
	case OP_I64_SUB:
		*a -= b;
		break;
	default:
		*a *= b;
		break;
	}
}

/* One instruction; false when the values do not fit. */
static bool
step(struct const_stack *s, struct vm_instance *in, const struct instr *i)
{
	switch (i->op) {
	case OP_I32_CONST:
	case OP_F32_CONST:
		return push(s, i->i32);
	case OP_I64_CONST:
	case OP_F64_CONST:
		return push(s, i->i64);
	case OP_V128_CONST:
		return push_v128(s, i->v128);
	case OP_REF_NULL:
		return push(s, 0);
	case OP_REF_FUNC:
		return push(s, (uint64_t)(uintptr_t)in->funcs[i->index]);
	case OP_GLOBAL_GET:
		return push_global(s, in, i->index);
	case OP_I32_ADD:
	case OP_I32_SUB:
	case OP_I32_MUL:
	case OP_I64_ADD:
	case OP_I64_SUB:
	case OP_I64_MUL:
		binary(s, i->op);
		return true;
	default:
		return false;
	}
}

enum trap_code
const_eval(struct vm_instance *in, struct reader *r, uint64_t *out)
{
	struct const_stack s = {
		.slots = (uint64_t *)(void *)in->store->stack.base,
		.max = in->store->stack.usable / sizeof(uint64_t),
	};
	struct instr i;

	for (;;) {
		if (instr_read(r, &i) == -1)
			return TRAP_HOST;
		if (i.op == OP_END)
			break;
		if (!step(&s, in, &i))
			return TRAP_STACK_EXHAUSTED;
	}
	memcpy(out, s.slots, s.n * sizeof(*out));
	return TRAP_NONE;
}

enum trap_code
const_eval_range(struct vm_instance *in, struct range range, uint64_t *out)
{
	struct reader r;

	reader_init(&r, in->module->bytes, range, NULL);
	return const_eval(in, &r, out);
}
