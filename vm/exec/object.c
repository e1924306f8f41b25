/* Values between slots and the fields of heap objects. */
#include "vm/exec/object.h"

#include <string.h>

uint32_t
object_load(const void *from, valtype type, bool is_signed, uint64_t *slots)
{
	uint8_t byte;
	uint16_t half;
	uint32_t word;

	switch (valtype_kind(type)) {
	case VAL_I8:
		memcpy(&byte, from, sizeof(byte));
		slots[0] = is_signed ? (uint32_t)(int8_t)byte : byte;
		return 1;
	case VAL_I16:
		memcpy(&half, from, sizeof(half));
		slots[0] = is_signed ? (uint32_t)(int16_t)half : half;
		return 1;
	case VAL_I32:
	case VAL_F32:
		memcpy(&word, from, sizeof(word));
		slots[0] = word;
		return 1;
	case VAL_V128:
		memcpy(slots, from, 16);
		return 2;
	default:
		memcpy(slots, from, 8);
		return 1;
	}
}

uint32_t
object_store(void *to, valtype type, const uint64_t *slots)
{
	/* Little-endian: the low bytes come first. */
	switch (valtype_kind(type)) {
	case VAL_I8:
		memcpy(to, slots, 1);
		return 1;
	case VAL_I16:
		memcpy(to, slots, 2);
		return 1;
	case VAL_I32:
	case VAL_F32:
		memcpy(to, slots, 4);
		return 1;
	case VAL_V128:
		memcpy(to, slots, 16);
		return 2;
	default:
		memcpy(to, slots, 8);
		return 1;
	}
}

static bool
object_matches(const struct canon *c, uint64_t ref, heaptype type)
{
	const struct heap_object *o;

	if (!ref_is_object(ref))
		return false;
	o = heap_object(ref);
	switch (type) {
	case HEAP_EQ:
		return true;
	case HEAP_STRUCT:
		return c->types[o->type].kind == COMP_STRUCT;
	case HEAP_ARRAY:
		return c->types[o->type].kind == COMP_ARRAY;
	default:
		return canon_is_subtype(c, o->type, type);
	}
}

bool
ref_matches(const struct canon *c, uint64_t ref, heaptype type,
	bool null_passes)
{
	if (ref == REF_NULL)
		return null_passes;
	switch (type) {
	case HEAP_NOFUNC:
	case HEAP_NOEXTERN:
	case HEAP_NONE:
	case HEAP_NOEXN:
		return false;
	case HEAP_FUNC:
	case HEAP_EXTERN:
	case HEAP_ANY:
	case HEAP_EXN:
		return true;
	case HEAP_I31:
		return ref_is_i31(ref);
	case HEAP_EQ:
		return ref_is_i31(ref) || object_matches(c, ref, type);
	default:
		break;
	}
	if (heaptype_is_index(type) && c->types[type].kind == COMP_FUNC)
		return canon_is_subtype(c,
			((const struct func_inst *)(uintptr_t)ref)->canon, type);
	return object_matches(c, ref, type);
}

bool
ref_type_in_heap(const struct canon *c, valtype type)
{
	heaptype heap = valtype_heap(type);

	if (!valtype_is_ref(type))
		return false;
	if (heaptype_is_index(heap))
		return c->types[heap].kind != COMP_FUNC;
	return heap != HEAP_FUNC && heap != HEAP_NOFUNC;
}
