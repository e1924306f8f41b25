/* Values between the host's form and slots. */
#include "vm/value.h"

#include <string.h>

void
value_to_slots(const struct vm_value *v, uint64_t *slots)
{
	switch (valtype_kind(v->type)) {
	case VAL_I32:
	case VAL_F32:
		slots[0] = v->i32;
		break;
	case VAL_V128:
		memcpy(slots, v->v128, sizeof(v->v128));
		break;
	default:
		slots[0] = v->i64;
		break;
	}
}

void
value_from_slots(struct vm_value *v, valtype type, const uint64_t *slots)
{
	v->type = type;
	switch (valtype_kind(type)) {
	case VAL_I32:
	case VAL_F32:
		v->i64 = 0;
		v->i32 = (uint32_t)slots[0];
		break;
	case VAL_V128:
		memcpy(v->v128, slots, sizeof(v->v128));
		break;
	default:
		v->i64 = slots[0];
		break;
	}
}

valtype
value_host_type(const struct module *m, valtype type)
{
	heaptype heap = valtype_heap(type);
	bool nullable = valtype_is_nullable(type);

	if (!valtype_is_ref(type) || !heaptype_is_index(heap))
		return type;
	if (m == NULL || m->types[heap].kind == COMP_FUNC)
		return VALTYPE_REF(nullable, HEAP_FUNC);
	return VALTYPE_REF(nullable, m->types[heap].kind == COMP_STRUCT ?
		HEAP_STRUCT : HEAP_ARRAY);
}
