/* Types in the text format. */
#include "vm/dump/text.h"

#include "vm/syntax/text.h"

/* Nullable references to abstract types have names of their own. */
static const char *const abbreviations[] = {
	[HEAP_FUNC - HEAP_FIRST_ABSTRACT] = "funcref",
	[HEAP_NOFUNC - HEAP_FIRST_ABSTRACT] = "nullfuncref",
	[HEAP_EXTERN - HEAP_FIRST_ABSTRACT] = "externref",
	[HEAP_NOEXTERN - HEAP_FIRST_ABSTRACT] = "nullexternref",
	[HEAP_ANY - HEAP_FIRST_ABSTRACT] = "anyref",
	[HEAP_EQ - HEAP_FIRST_ABSTRACT] = "eqref",
	[HEAP_I31 - HEAP_FIRST_ABSTRACT] = "i31ref",
	[HEAP_STRUCT - HEAP_FIRST_ABSTRACT] = "structref",
	[HEAP_ARRAY - HEAP_FIRST_ABSTRACT] = "arrayref",
	[HEAP_NONE - HEAP_FIRST_ABSTRACT] = "nullref",
	[HEAP_EXN - HEAP_FIRST_ABSTRACT] = "exnref",
	[HEAP_NOEXN - HEAP_FIRST_ABSTRACT] = "nullexnref",
};
#define NABBREVIATIONS (sizeof(abbreviations) / sizeof(abbreviations[0]))

void
text_valtype(struct out *o, valtype t)
{
	heaptype h = valtype_heap(t);
	char text[VALTYPE_TEXT_MAX];

	if (valtype_is_ref(t) && valtype_is_nullable(t) &&
	    h >= HEAP_FIRST_ABSTRACT &&
	    h - HEAP_FIRST_ABSTRACT < NABBREVIATIONS) {
		out_text(o, abbreviations[h - HEAP_FIRST_ABSTRACT]);
		return;
	}
	valtype_text(t, text);
	out_text(o, text);
}

static void
text_limits(struct out *o, const struct limits *l)
{
	if (l->is64)
		out_text(o, "i64 ");
	out_u64(o, l->min);
	if (l->has_max) {
		out_text(o, " ");
		out_u64(o, l->max);
	}
}

void
text_tabletype(struct out *o, const struct tabletype *t)
{
	text_limits(o, &t->limits);
	out_text(o, " ");
	text_valtype(o, t->elem);
}

void
text_memtype(struct out *o, const struct memtype *t)
{
	text_limits(o, &t->limits);
	if (t->page_log2 != 16) {
		out_text(o, " (pagesize ");
		if (t->page_log2 < 64) {
			out_u64(o, UINT64_C(1) << t->page_log2);
		} else {	/* not valid */
			out_text(o, "2^");
			out_u64(o, t->page_log2);
		}
		out_text(o, ")");
	}
}

void
text_globaltype(struct out *o, const struct globaltype *t)
{
	out_text(o, t->mutable ? "(mut " : "");
	text_valtype(o, t->type);
	out_text(o, t->mutable ? ")" : "");
}

/* " (param i32 i32)", at most max of n, nothing for none. */
static void
text_valtypes(struct out *o, const char *what, const valtype *types, uint32_t n,
	uint32_t max)
{
	if (n == 0)
		return;
	out_text(o, " (");
	out_text(o, what);
	for (uint32_t i = 0; i < n && i < max; i++) {
		out_text(o, " ");
		text_valtype(o, types[i]);
	}
	out_text(o, n > max ? " ...)" : ")");
}

void
text_functype(struct out *o, const struct functype *f, uint32_t max)
{
	text_valtypes(o, "param", f->params, f->nparams, max);
	text_valtypes(o, "result", f->results, f->nresults, max);
}

static const struct functype *
find_functype(const struct dump *d, uint32_t type)
{
	const struct module *m = d->module;

	if (type >= m->ntypes || m->types[type].kind != COMP_FUNC)
		return NULL;
	return &m->types[type].func;
}

void
text_typeuse(struct dump *d, uint32_t type)
{
	const struct functype *f = find_functype(d, type);

	out_text(&d->out, "(type ");
	text_index(d, NAMES_TYPE, type);
	out_text(&d->out, ")");
	if (f != NULL)
		text_functype(&d->out, f, TEXT_SIGNATURE_MAX);
}

void
text_signature(struct dump *d, uint32_t type)
{
	const struct functype *f = find_functype(d, type);

	out_text(&d->out, "(func");
	if (f != NULL)
		text_functype(&d->out, f, TEXT_SIGNATURE_MAX);
	out_text(&d->out, ")");
}

/* ---- definitions ------------------------------------------------------- */

static void
text_fieldtype(struct out *o, const struct fieldtype *f)
{
	text_globaltype(o, &(struct globaltype){ f->type, f->mutable });
}

static void
text_structtype(struct dump *d, uint32_t type, const struct structtype *s)
{
	out_text(&d->out, "(struct");
	for (uint32_t i = 0; i < s->nfields; i++) {
		struct name name = names_field(&d->names, type, i);

		out_text(&d->out, " (field ");
		if (name.data != NULL) {
			out_id(&d->out, name);
			out_text(&d->out, " ");
		}
		text_fieldtype(&d->out, &s->fields[i]);
		out_text(&d->out, ")");
	}
	out_text(&d->out, ")");
}

static void
text_comptype(struct dump *d, uint32_t i)
{
	const struct subtype *t = &d->module->types[i];

	switch (t->kind) {
	case COMP_FUNC:
		out_text(&d->out, "(func");
		text_functype(&d->out, &t->func, UINT32_MAX);
		out_text(&d->out, ")");
		break;
	case COMP_STRUCT:
		text_structtype(d, i, &t->struct_);
		break;
	case COMP_ARRAY:
		out_text(&d->out, "(array ");
		text_fieldtype(&d->out, &t->array);
		out_text(&d->out, ")");
		break;
	}
}

void
text_subtype(struct dump *d, uint32_t i)
{
	const struct subtype *t = &d->module->types[i];
	bool is_sub = !t->final || t->super != TYPE_NONE;

	if (is_sub)
		out_text(&d->out, t->final ? "(sub final " : "(sub ");
	if (t->super < d->module->ntypes) {
		text_index(d, NAMES_TYPE, t->super);
		out_text(&d->out, " ");
	}
	text_comptype(d, i);
	if (is_sub)
		out_text(&d->out, ")");
}
