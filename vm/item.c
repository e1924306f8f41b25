/* What imports want and what they are offered, in the text format. */
#include <string.h>

#include "vm/dump/text.h"
#include "vm/load.h"
#include "vm/runtime/instance.h"
#include "vm/runtime/memory.h"

#define ITEM_SIGNATURE_MAX 16	/* parameters and results shown */

/* A sink of a bounded string. */
struct item_text {
	char *at;
	size_t left;	/* with room for the NUL */
};

static int
item_write(void *arg, const char *data, size_t len)
{
	struct item_text *t = arg;

	if (len >= t->left)
		len = t->left - 1;
	memcpy(t->at, data, len);
	t->at += len;
	t->left -= len;
	return 0;
}

/* The type of anything that can be imported. */
struct item_type {
	enum extern_kind kind;
	const struct functype *func;	/* of a function or tag */
	struct tabletype table;
	struct memtype memory;
	struct globaltype global;
};

static void
item_text(const struct item_type *t, char *text, size_t size)
{
	struct item_text to = { .at = text, .left = size };
	const struct dump_sink sink = { item_write, &to };
	static const char *const heads[] = {
		[EXTERN_FUNC] = "(func", [EXTERN_TABLE] = "(table ",
		[EXTERN_MEMORY] = "(memory ", [EXTERN_GLOBAL] = "(global ",
		[EXTERN_TAG] = "(tag",
	};
	struct out out;

	out_init(&out, &sink);
	out_text(&out, heads[t->kind]);
	switch (t->kind) {
	case EXTERN_FUNC:
	case EXTERN_TAG:
		text_functype(&out, t->func, ITEM_SIGNATURE_MAX);
		break;
	case EXTERN_TABLE:
		text_tabletype(&out, &t->table);
		break;
	case EXTERN_MEMORY:
		text_memtype(&out, &t->memory);
		break;
	case EXTERN_GLOBAL:
		text_globaltype(&out, &t->global);
		break;
	}
	out_text(&out, ")");
	out_finish(&out);
	*to.at = '\0';
}

void
vm_import_text(const struct vm_module *m, uint32_t import, char *text,
	size_t size)
{
	const struct module *syntax = vm_module_syntax(m);
	const struct import *i = &syntax->imports[import];
	struct item_type t = { .kind = i->kind };

	switch (i->kind) {
	case EXTERN_FUNC:
	case EXTERN_TAG:
		t.func = &syntax->types[i->type].func;
		break;
	case EXTERN_TABLE:
		t.table = i->table;
		break;
	case EXTERN_MEMORY:
		t.memory = i->memory;
		break;
	case EXTERN_GLOBAL:
		t.global = i->global;
		break;
	}
	item_text(&t, text, size);
}

/* Of a table and a memory the size is what it is now: so it is matched. */
void
vm_item_text(struct vm_extern_item item, char *text, size_t size)
{
	const struct table_inst *table = item.object;
	const struct mem_inst *memory = item.object;
	struct item_type t = { .kind = item.kind };

	switch (item.kind) {
	case EXTERN_FUNC:
		t.func = vm_func_type(item);
		break;
	case EXTERN_TAG:
		t.func = ((const struct tag_inst *)item.object)->type;
		break;
	case EXTERN_TABLE:
		t.table = table->type;
		t.table.limits.min = table->size;
		break;
	case EXTERN_MEMORY:
		t.memory = memory->type;
		t.memory.limits.min = mem_pages(memory);
		break;
	case EXTERN_GLOBAL:
		t.global = ((const struct global_inst *)item.object)->type;
		break;
	}
	item_text(&t, text, size);
}
