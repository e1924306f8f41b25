/*
 * Structures, arrays, casts and exceptions, done in C. Run in the confined
 * child.
 * https://webassembly.github.io/spec/core/exec/instructions.html#aggregate-reference-instructions
 *
 * o is the type's index, p what else is named. While an operation allocates,
 * its operands stay in their slots, where the collector finds them.
 */
#include "vm/exec/ops.h"

#include <string.h>

#include "vm/exec/compile.h"
#include "vm/exec/object.h"

static const struct heap_layout *
layout_of(const struct vm_instance *in, uint32_t type)
{
	return &in->vm_module->layouts[type];
}

static struct heap_object *
new_object(struct vm_instance *in, uint32_t type)
{
	return heap_alloc_struct(&in->store->heap, in->module->types[type].canon);
}

static bool
in_range(uint64_t start, uint64_t len, uint64_t size)
{
	return start <= size && len <= size - start;
}

OP_IN_C(struct_new)
{
	const struct structtype *type = &in->module->types[o].struct_;
	const struct heap_layout *l = layout_of(in, o);
	struct heap_object *new = new_object(in, o);
	const uint64_t *from = v;

	if (new == NULL)
		return TRAP_OUT_OF_MEMORY;
	for (uint32_t i = 0; i < type->nfields; i++)
		from += object_store(heap_field(new, l->offsets[i]),
			type->fields[i].type, from);
	v[0] = heap_ref(new);
	return TRAP_NONE;
}

/* Few instructions may make many large structures. */
#define STRUCT_BYTES_PER_FUEL 512

OP_IN_C(struct_new_default)
{
	const struct heap_layout *l = layout_of(in, o);
	struct heap_object *new;

	if (!op_charge(in, l->size / STRUCT_BYTES_PER_FUEL))
		return TRAP_FUEL;
	new = new_object(in, o);
	if (new == NULL)
		return TRAP_OUT_OF_MEMORY;
	memset(heap_field(new, HEAP_HEADER_BYTES), 0,
		l->size - HEAP_HEADER_BYTES);
	v[0] = heap_ref(new);
	return TRAP_NONE;
}

uint64_t
op_exception_new(struct vm_instance *in, const uint64_t *v, uint32_t tag)
{
	const struct tag_inst *t = in->tags[tag];
	struct heap_object *new = heap_alloc_struct(&in->store->heap, t->canon);
	const struct heap_layout *l;

	if (new == NULL)
		return 0;
	l = &in->store->layouts[t->canon];
	memcpy(heap_field(new, HEAP_EXN_TAG), &t, sizeof(t));
	for (uint32_t i = 0; i < t->type->nparams; i++)
		v += object_store(heap_field(new, l->offsets[i]),
			t->type->params[i], v);
	return heap_ref(new);
}

/* ---- arrays ----------------------------------------------------------------- */

static uint8_t *
element(const struct heap_layout *l, struct heap_object *array, uint64_t i)
{
	return (uint8_t *)heap_field(array, l->size) + (i << l->elem_log2);
}

/* Work by size: a unit for 8 bytes. */
static bool
charge(struct vm_instance *in, const struct heap_layout *l, uint64_t n)
{
	return op_charge(in, (n << l->elem_log2) / 8);
}

static struct heap_object *
new_array(struct vm_instance *in, uint32_t type, uint64_t n)
{
	return heap_alloc_array(&in->store->heap, in->module->types[type].canon,
		(uint32_t)n);
}

/* n elements from index i on become the value at v. */
static void
fill(const struct heap_layout *l, struct heap_object *array, uint64_t i,
	uint64_t n, valtype type, const uint64_t *v)
{
	for (; n > 0; n--, i++)
		object_store(element(l, array, i), type, v);
}

OP_IN_C(array_new)
{
	const struct heap_layout *l = layout_of(in, o);
	valtype type = in->module->types[o].array.type;
	uint64_t n = v[valtype_slots(type)];
	struct heap_object *new;

	if (!charge(in, l, n))
		return TRAP_FUEL;
	new = new_array(in, o, n);
	if (new == NULL)
		return TRAP_OUT_OF_MEMORY;
	fill(l, new, 0, n, type, v);
	v[0] = heap_ref(new);
	return TRAP_NONE;
}

OP_IN_C(array_new_default)
{
	const struct heap_layout *l = layout_of(in, o);
	struct heap_object *new;

	if (!charge(in, l, v[0]))
		return TRAP_FUEL;
	new = new_array(in, o, v[0]);
	if (new == NULL)
		return TRAP_OUT_OF_MEMORY;
	memset(element(l, new, 0), 0, v[0] << l->elem_log2);
	v[0] = heap_ref(new);
	return TRAP_NONE;
}

OP_IN_C(array_new_fixed)
{
	const struct heap_layout *l = layout_of(in, o);
	valtype type = in->module->types[o].array.type;
	struct heap_object *new = new_array(in, o, p);
	const uint64_t *from = v;

	if (new == NULL)
		return TRAP_OUT_OF_MEMORY;
	for (uint32_t i = 0; i < p; i++)
		from += object_store(element(l, new, i), type, from);
	v[0] = heap_ref(new);
	return TRAP_NONE;
}

OP_IN_C(array_new_data)
{
	const struct heap_layout *l = layout_of(in, o);
	const struct data_inst *d = &in->datas[p];
	struct heap_object *new;

	if (!in_range(v[0], v[1] << l->elem_log2, d->len))
		return TRAP_MEMORY_BOUNDS;
	if (!charge(in, l, v[1]))
		return TRAP_FUEL;
	new = new_array(in, o, v[1]);
	if (new == NULL)
		return TRAP_OUT_OF_MEMORY;
	if (v[1] > 0)
		memcpy(element(l, new, 0), d->bytes + v[0],
			v[1] << l->elem_log2);
	v[0] = heap_ref(new);
	return TRAP_NONE;
}

OP_IN_C(array_new_elem)
{
	const struct heap_layout *l = layout_of(in, o);
	const struct elem_inst *e = &in->elems[p];
	struct heap_object *new;

	if (!in_range(v[0], v[1], e->len))
		return TRAP_TABLE_BOUNDS;
	if (!charge(in, l, v[1]))
		return TRAP_FUEL;
	new = new_array(in, o, v[1]);
	if (new == NULL)
		return TRAP_OUT_OF_MEMORY;
	if (v[1] > 0)
		memcpy(element(l, new, 0), e->refs + v[0],
			v[1] * sizeof(*e->refs));
	v[0] = heap_ref(new);
	return TRAP_NONE;
}

OP_IN_C(array_fill)
{
	const struct heap_layout *l = layout_of(in, o);
	valtype type = in->module->types[o].array.type;
	uint64_t n = v[2 + valtype_slots(type)];

	if (v[0] == REF_NULL)
		return TRAP_NULL_ARRAY;
	if (!in_range(v[1], n, heap_object(v[0])->length))
		return TRAP_ARRAY_BOUNDS;
	if (!charge(in, l, n))
		return TRAP_FUEL;
	fill(l, heap_object(v[0]), v[1], n, type, v + 2);
	return TRAP_NONE;
}

OP_IN_C(array_copy)
{
	const struct heap_layout *l = layout_of(in, o);

	if (v[0] == REF_NULL || v[2] == REF_NULL)
		return TRAP_NULL_ARRAY;
	if (!in_range(v[1], v[4], heap_object(v[0])->length) ||
	    !in_range(v[3], v[4], heap_object(v[2])->length))
		return TRAP_ARRAY_BOUNDS;
	if (!charge(in, l, v[4]))
		return TRAP_FUEL;
	memmove(element(l, heap_object(v[0]), v[1]),
		element(l, heap_object(v[2]), v[3]), v[4] << l->elem_log2);
	return TRAP_NONE;
}

OP_IN_C(array_init_data)
{
	const struct heap_layout *l = layout_of(in, o);
	const struct data_inst *d = &in->datas[p];

	if (v[0] == REF_NULL)
		return TRAP_NULL_ARRAY;
	if (!in_range(v[1], v[3], heap_object(v[0])->length))
		return TRAP_ARRAY_BOUNDS;
	if (!in_range(v[2], v[3] << l->elem_log2, d->len))
		return TRAP_MEMORY_BOUNDS;
	if (!charge(in, l, v[3]))
		return TRAP_FUEL;
	if (v[3] > 0)
		memcpy(element(l, heap_object(v[0]), v[1]), d->bytes + v[2],
			v[3] << l->elem_log2);
	return TRAP_NONE;
}

OP_IN_C(array_init_elem)
{
	const struct heap_layout *l = layout_of(in, o);
	const struct elem_inst *e = &in->elems[p];

	if (v[0] == REF_NULL)
		return TRAP_NULL_ARRAY;
	if (!in_range(v[1], v[3], heap_object(v[0])->length))
		return TRAP_ARRAY_BOUNDS;
	if (!in_range(v[2], v[3], e->len))
		return TRAP_TABLE_BOUNDS;
	if (!charge(in, l, v[3]))
		return TRAP_FUEL;
	if (v[3] > 0)
		memcpy(element(l, heap_object(v[0]), v[1]), e->refs + v[2],
			v[3] * sizeof(*e->refs));
	return TRAP_NONE;
}

/* ---- casts -------------------------------------------------------------------- */

OP_IN_C(ref_test_any)
{
	v[0] = ref_matches(in->module->canon, v[0], o, p != 0);
	return TRAP_NONE;
}

OP_IN_C(ref_cast_any)
{
	return ref_matches(in->module->canon, v[0], o, p != 0) ?
		TRAP_NONE : TRAP_CAST;
}
