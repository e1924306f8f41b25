/* Constant expressions, evaluated at instantiation. Run in the template. */
#include "vm/exec/const.h"

#include <string.h>

#include "vm/binary/instr.h"
#include "vm/exec/object.h"
#include "vm/exec/ops.h"

/*
 * Values are kept on the guests' stack, which nobody uses now; and in the space
 * for bridges, a byte each, whether they are references to the heap, for the
 * collector.
 */
struct const_stack {
	struct vm_instance *in;
	uint64_t *slots;
	uint8_t *is_ref;
	uint64_t n, max;
	enum trap_code trap;
};

static bool
push(struct const_stack *s, uint64_t value, bool is_ref)
{
	if (s->n == s->max)
		return false;
	s->is_ref[s->n] = is_ref;
	s->slots[s->n++] = value;
	s->in->store->nconsts = s->n;
	return true;
}

static bool
in_heap(const struct module *m, valtype type)
{
	return ref_type_in_heap(m->canon, module_canon_valtype(m, type));
}

static bool
push_global(struct const_stack *s, const struct vm_instance *in, uint32_t i)
{
	const uint64_t *value = in->globals[i];
	valtype type = in->module->globals[i].type.type;

	if (!push(s, value[0], in_heap(in->module, type)))
		return false;
	return valtype_slots(type) == 1 || push(s, value[1], false);
}

static bool
push_v128(struct const_stack *s, const uint8_t *bytes)
{
	uint64_t halves[2];

	memcpy(halves, bytes, sizeof(halves));
	return push(s, halves[0], false) && push(s, halves[1], false);
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

typedef enum trap_code (*const_op)(struct vm_instance *in, uint64_t *v,
	uint32_t o, uint32_t p);

/* An allocation: nargs slots become one reference. */
static bool
allocate(struct const_stack *s, const_op op, uint32_t nargs, uint32_t o,
	uint32_t p)
{
	/* Without operands the result needs a slot of its own. */
	if (s->n + 1 >= s->max)
		return false;
	s->trap = op(s->in, &s->slots[s->n - nargs], o, p);
	s->n -= nargs;
	return s->trap == TRAP_NONE && push(s, s->slots[s->n], true);
}

static uint32_t
field_slots(const struct subtype *type)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < type->struct_.nfields; i++)
		n += valtype_slots(type->struct_.fields[i].type);
	return n;
}

/* Aggregates and what else refers to the heap. */
static bool
step_gc(struct const_stack *s, const struct instr *i)
{
	const struct subtype *types = s->in->module->types;

	switch (i->op) {
	case OP_REF_I31:
		s->slots[s->n - 1] = ref_i31((uint32_t)s->slots[s->n - 1]);
		return true;
	case OP_ANY_CONVERT_EXTERN:
	case OP_EXTERN_CONVERT_ANY:
		return true;
	case OP_STRUCT_NEW:
		return allocate(s, op_struct_new, field_slots(&types[i->index]),
			i->index, 0);
	case OP_STRUCT_NEW_DEFAULT:
		return allocate(s, op_struct_new_default, 0, i->index, 0);
	case OP_ARRAY_NEW:
		return allocate(s, op_array_new,
			1 + valtype_slots(types[i->index].array.type), i->index, 0);
	case OP_ARRAY_NEW_DEFAULT:
		return allocate(s, op_array_new_default, 1, i->index, 0);
	case OP_ARRAY_NEW_FIXED:
		return allocate(s, op_array_new_fixed, i->index2 *
			valtype_slots(types[i->index].array.type), i->index,
			i->index2);
	default:
		return false;
	}
}

/* One instruction; false when the values do not fit. */
static bool
step(struct const_stack *s, struct vm_instance *in, const struct instr *i)
{
	switch (i->op) {
	case OP_I32_CONST:
	case OP_F32_CONST:
		return push(s, i->i32, false);
	case OP_I64_CONST:
	case OP_F64_CONST:
		return push(s, i->i64, false);
	case OP_V128_CONST:
		return push_v128(s, i->v128);
	case OP_REF_NULL:
		return push(s, 0, false);
	case OP_REF_FUNC:
		return push(s, (uint64_t)(uintptr_t)in->funcs[i->index],
			false);
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
		return step_gc(s, i);
	}
}

enum trap_code
const_eval(struct vm_instance *in, struct reader *r, uint64_t *out)
{
	struct vm_store *store = in->store;
	struct const_stack s = {
		.in = in,
		.slots = (uint64_t *)(void *)store->stack.base,
		.is_ref = store->bridge_region.base,
		.max = store->bridge_region.usable / sizeof(struct bridge),
		.trap = TRAP_STACK_EXHAUSTED,
	};
	struct instr i;

	store->consts = s.slots;
	store->const_is_ref = s.is_ref;
	store->gc_fp = NULL;
	do {
		/* It was read before, when the module was validated. */
		if (instr_read(r, &i) == -1)
			__builtin_trap();
	} while (i.op != OP_END && step(&s, in, &i));
	store->nconsts = 0;
	if (i.op != OP_END)
		return s.trap;
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
