/* How objects of a type lie in memory: offsets, and which are references. */
#include "vm/runtime/heap_layout.h"

#include <stddef.h>

#define OBJECT_ALIGN 16u

uint8_t
heap_storage_log2(valtype t)
{
	switch (valtype_kind(t)) {
	case VAL_I8:
		return 0;
	case VAL_I16:
		return 1;
	case VAL_I32:
	case VAL_F32:
		return 2;
	case VAL_V128:
		return 4;
	default:
		return 3;
	}
}

/* Whether a field of the type can hold a pointer into the heap. */
static bool
is_traced(const struct subtype *types, valtype t)
{
	heaptype h = valtype_heap(t);

	if (!valtype_is_ref(t))
		return false;
	if (heaptype_is_index(h))
		return types[h].kind != COMP_FUNC;
	return h != HEAP_FUNC && h != HEAP_NOFUNC && h != HEAP_NOEXTERN &&
	    h != HEAP_I31 && h != HEAP_NONE && h != HEAP_NOEXN;
}

/*
 * Put a field behind those placed so far; l->size is where they end. The
 * sum cannot overflow: LIMIT_STRUCT_FIELDS fields of 16 bytes.
 */
static void
place(struct heap_layout *l, const struct subtype *types, valtype t,
	uint32_t *offsets, uint32_t *refs)
{
	uint32_t size = 1u << heap_storage_log2(t);
	uint32_t offset = (l->size + size - 1) & ~(size - 1);

	offsets[l->nfields++] = offset;
	if (is_traced(types, t))
		refs[l->nrefs++] = offset;
	l->size = offset + size;
}

static uint32_t
field_count(const struct subtype *s)
{
	switch (s->kind) {
	case COMP_STRUCT:
		return s->struct_.nfields;
	case COMP_FUNC:
		return s->func.nparams;
	default:
		return 0;
	}
}

static void
init_fields(struct heap_layout *l, const struct subtype *types, uint32_t i,
	uint32_t *offsets)
{
	const struct subtype *s = &types[i];
	uint32_t n = field_count(s);

	l->kind = s->kind == COMP_FUNC ? HEAP_LAYOUT_EXN : HEAP_LAYOUT_STRUCT;
	l->size = HEAP_HEADER_BYTES;
	if (s->kind == COMP_FUNC)
		l->size = HEAP_EXN_TAG + sizeof(void *);
	l->offsets = offsets;
	l->refs = offsets + n;
	for (uint32_t f = 0; f < n; f++)
		place(l, types, s->kind == COMP_FUNC ? s->func.params[f] :
		    s->struct_.fields[f].type, offsets, offsets + n);
	l->size = (l->size + OBJECT_ALIGN - 1) & ~(OBJECT_ALIGN - 1);
	l->traced = l->nrefs > 0;
}

static void
init_array(struct heap_layout *l, const struct subtype *types, valtype elem)
{
	l->kind = HEAP_LAYOUT_ARRAY;
	l->elem_log2 = heap_storage_log2(elem);
	l->size = l->elem_log2 == 4 ? 16 : HEAP_HEADER_BYTES;
	l->traced = is_traced(types, elem);
}

int
heap_layout_init(struct heap_layout *out, const struct subtype *types,
	uint32_t i, struct arena *arena)
{
	struct heap_layout l = { 0 };
	uint32_t *offsets;

	if (types[i].kind == COMP_ARRAY) {
		init_array(&l, types, types[i].array.type);
	} else {
		/* Room for every field's offset, and for all again as
		 * references. */
		offsets = arena_alloc(arena, (size_t)field_count(&types[i]) * 2,
		    sizeof(*offsets));
		if (offsets == NULL)
			return -1;
		init_fields(&l, types, i, offsets);
	}
	*out = l;
	return 0;
}
