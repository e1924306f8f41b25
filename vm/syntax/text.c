/* Types in the text format. */
#include "vm/syntax/text.h"

#include <stdio.h>

static const char *const number_names[] = {
	[VAL_BOT] = "bot", [VAL_I32] = "i32", [VAL_I64] = "i64",
	[VAL_F32] = "f32", [VAL_F64] = "f64", [VAL_V128] = "v128",
	[VAL_I8] = "i8", [VAL_I16] = "i16",
};

static const char *const heap_names[] = {
	[HEAP_FUNC - HEAP_FIRST_ABSTRACT] = "func",
	[HEAP_NOFUNC - HEAP_FIRST_ABSTRACT] = "nofunc",
	[HEAP_EXTERN - HEAP_FIRST_ABSTRACT] = "extern",
	[HEAP_NOEXTERN - HEAP_FIRST_ABSTRACT] = "noextern",
	[HEAP_ANY - HEAP_FIRST_ABSTRACT] = "any",
	[HEAP_EQ - HEAP_FIRST_ABSTRACT] = "eq",
	[HEAP_I31 - HEAP_FIRST_ABSTRACT] = "i31",
	[HEAP_STRUCT - HEAP_FIRST_ABSTRACT] = "struct",
	[HEAP_ARRAY - HEAP_FIRST_ABSTRACT] = "array",
	[HEAP_NONE - HEAP_FIRST_ABSTRACT] = "none",
	[HEAP_EXN - HEAP_FIRST_ABSTRACT] = "exn",
	[HEAP_NOEXN - HEAP_FIRST_ABSTRACT] = "noexn",
	[HEAP_BOT - HEAP_FIRST_ABSTRACT] = "bot",
};

const char *
heaptype_name(heaptype h)
{
	return heap_names[h - HEAP_FIRST_ABSTRACT];
}

void
valtype_text(valtype t, char text[static VALTYPE_TEXT_MAX])
{
	heaptype h = valtype_heap(t);
	const char *null = valtype_is_nullable(t) ? "null " : "";

	if (!valtype_is_ref(t))
		snprintf(text, VALTYPE_TEXT_MAX, "%s",
			number_names[valtype_kind(t)]);
	else if (heaptype_is_index(h))
		snprintf(text, VALTYPE_TEXT_MAX, "(ref %s%u)", null,
			(unsigned)h);
	else
		snprintf(text, VALTYPE_TEXT_MAX, "(ref %s%s)", null,
			heaptype_name(h));
}
