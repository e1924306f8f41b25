/* What a module declares, for people. */
#include "vm/dump/dump.h"

#include "vm/dump/inspect.h"
#include "vm/dump/sections.h"
#include "vm/dump/text.h"

static void
heading(struct dump *d, const char *text, uint32_t count)
{
	struct out *o = &d->out;

	out_text(o, "\n");
	out_text(o, text);
	out_text(o, " (");
	out_u64(o, count);
	out_text(o, ")\n");
}

/* The beginning of an entry of an index space: "  3 $name  ". */
static void
entry(struct dump *d, enum name_space space, uint32_t index)
{
	out_text(&d->out, "  ");
	text_index(d, space, index);
	out_text(&d->out, "  ");
}

static void
bytes(struct out *o, uint64_t n)
{
	out_u64(o, n);
	out_text(o, n == 1 ? " byte" : " bytes");
}

/* ---- the module -------------------------------------------------------- */

static void
show_head(struct dump *d, uint64_t features)
{
	struct out *o = &d->out;
	const char *separator = " ";

	out_text(o, "module");
	if (d->names.own.data != NULL) {
		out_text(o, " ");
		out_id(o, d->names.own);
	}
	out_text(o, ", ");
	bytes(o, d->module->len);
	out_text(o, "\nfeatures:");
	for (int f = 0; f < FEATURE_COUNT; f++) {
		if (!(features & UINT64_C(1) << f))
			continue;
		out_text(o, separator);
		out_text(o, feature_name((enum feature)f));
		separator = ", ";
	}
	out_text(o, features == 0 ? " none beyond WebAssembly 1.0\n" : "\n");
}

static void
show_types(struct dump *d)
{
	const struct module *m = d->module;

	heading(d, "types", m->ntypes);
	for (uint32_t i = 0; i < m->ntypes; i++) {
		const struct subtype *t = &m->types[i];

		entry(d, NAMES_TYPE, i);
		text_subtype(d, i);
		if (t->group_len > 1 && i == t->group_start) {
			out_text(&d->out, "  (; rec ");
			out_u64(&d->out, i);
			out_text(&d->out, "..");
			out_u64(&d->out, i + t->group_len - 1);
			out_text(&d->out, " ;)");
		}
		out_text(&d->out, "\n");
	}
}

/* ---- imports and exports ----------------------------------------------- */

static const enum name_space spaces[] = {
	[EXTERN_FUNC] = NAMES_FUNC, [EXTERN_TABLE] = NAMES_TABLE,
	[EXTERN_MEMORY] = NAMES_MEMORY, [EXTERN_GLOBAL] = NAMES_GLOBAL,
	[EXTERN_TAG] = NAMES_TAG,
};

/* "(func 3 $fib (type 0) (param i32))"; out of bounds: the index alone. */
static void
show_extern(struct dump *d, enum extern_kind kind, uint32_t index)
{
	const struct module *m = d->module;
	struct out *o = &d->out;

	out_text(o, "(");
	out_text(o, extern_kind_name(kind));
	out_text(o, " ");
	text_index(d, spaces[kind], index);
	out_text(o, " ");
	if (extern_type(m, kind, index) != TYPE_NONE)
		text_typeuse(d, extern_type(m, kind, index));
	else if (kind == EXTERN_TABLE && index < m->ntables)
		text_tabletype(o, &m->tables[index].type);
	else if (kind == EXTERN_MEMORY && index < m->nmemories)
		text_memtype(o, &m->memories[index].type);
	else if (kind == EXTERN_GLOBAL && index < m->nglobals)
		text_globaltype(o, &m->globals[index].type);
	out_text(o, ")\n");
}

static void
show_imports(struct dump *d)
{
	const struct module *m = d->module;
	uint32_t next[EXTERN_TAG + 1] = { 0 };

	heading(d, "imports", m->nimports);
	for (uint32_t i = 0; i < m->nimports; i++) {
		const struct import *im = &m->imports[i];

		out_text(&d->out, "  ");
		out_quoted(&d->out, im->module);
		out_text(&d->out, " ");
		out_quoted(&d->out, im->name);
		out_text(&d->out, "  ");
		show_extern(d, im->kind, next[im->kind]++);
	}
}

static void
show_exports(struct dump *d)
{
	const struct module *m = d->module;

	heading(d, "exports", m->nexports);
	for (uint32_t i = 0; i < m->nexports; i++) {
		out_text(&d->out, "  ");
		out_quoted(&d->out, m->exports[i].name);
		out_text(&d->out, "  ");
		show_extern(d, m->exports[i].kind, m->exports[i].index);
	}
}

/* ---- definitions ------------------------------------------------------- */

static void
show_constant(struct dump *d, struct range expr)
{
	if (expr.len == 0)
		return;
	out_text(&d->out, " (");
	text_constant(d, expr);
	out_text(&d->out, ")");
}

static void
end_definition(struct dump *d, bool imported, struct range init)
{
	show_constant(d, init);
	out_text(&d->out, imported ? "  (; imported ;)\n" : "\n");
}

static void
show_tables(struct dump *d)
{
	const struct module *m = d->module;

	heading(d, "tables", m->ntables);
	for (uint32_t i = 0; i < m->ntables; i++) {
		entry(d, NAMES_TABLE, i);
		text_tabletype(&d->out, &m->tables[i].type);
		end_definition(d, i < m->nimported_tables, m->tables[i].init);
	}
}

static void
show_memories(struct dump *d)
{
	const struct module *m = d->module;

	heading(d, "memories", m->nmemories);
	for (uint32_t i = 0; i < m->nmemories; i++) {
		entry(d, NAMES_MEMORY, i);
		text_memtype(&d->out, &m->memories[i].type);
		end_definition(d, i < m->nimported_memories,
			(struct range){ 0, 0 });
	}
}

static void
show_globals(struct dump *d)
{
	const struct module *m = d->module;

	heading(d, "globals", m->nglobals);
	for (uint32_t i = 0; i < m->nglobals; i++) {
		entry(d, NAMES_GLOBAL, i);
		text_globaltype(&d->out, &m->globals[i].type);
		end_definition(d, i < m->nimported_globals,
			m->globals[i].init);
	}
}

static void
show_tags(struct dump *d)
{
	const struct module *m = d->module;

	heading(d, "tags", m->ntags);
	for (uint32_t i = 0; i < m->ntags; i++) {
		entry(d, NAMES_TAG, i);
		text_typeuse(d, m->tags[i].type);
		end_definition(d, i < m->nimported_tags,
			(struct range){ 0, 0 });
	}
}

static void
show_funcs(struct dump *d)
{
	const struct module *m = d->module;

	heading(d, "functions", m->nfuncs);
	out_text(&d->out, "  ");
	out_u64(&d->out, m->nimported_funcs);
	out_text(&d->out, " imported, ");
	out_u64(&d->out, m->nfuncs - m->nimported_funcs);
	out_text(&d->out, " defined\n");
	if (m->has_start) {
		out_text(&d->out, "  start: ");
		show_extern(d, EXTERN_FUNC, m->start);
	}
}

/* ---- segments ---------------------------------------------------------- */

static void
show_place(struct dump *d, enum segment_mode mode, const char *what,
	uint32_t index, struct range offset)
{
	out_text(&d->out, segment_mode_name(mode));
	if (mode == SEGMENT_ACTIVE) {
		out_text(&d->out, " (");
		out_text(&d->out, what);
		out_text(&d->out, " ");
		out_u64(&d->out, index);
		out_text(&d->out, ")");
		show_constant(d, offset);
	}
	out_text(&d->out, "  ");
}

static void
show_elems(struct dump *d)
{
	const struct module *m = d->module;

	heading(d, "element segments", m->nelems);
	for (uint32_t i = 0; i < m->nelems; i++) {
		const struct elem_segment *s = &m->elems[i];

		entry(d, NAMES_ELEM, i);
		show_place(d, s->mode, "table", s->table, s->offset);
		out_u64(&d->out, s->count);
		out_text(&d->out, " ");
		text_valtype(&d->out, s->type);
		out_text(&d->out, "\n");
	}
}

static void
show_datas(struct dump *d)
{
	const struct module *m = d->module;

	heading(d, "data segments", m->ndatas);
	for (uint32_t i = 0; i < m->ndatas; i++) {
		const struct data_segment *s = &m->datas[i];

		entry(d, NAMES_DATA, i);
		show_place(d, s->mode, "memory", s->memory, s->offset);
		bytes(&d->out, s->bytes.len);
		out_text(&d->out, "\n");
	}
}

/* ---- sections ---------------------------------------------------------- */

static uint32_t
count_sections(const struct module *m)
{
	struct section s;
	struct reader r;
	uint32_t n = 0;

	sections_init(&r, m);
	while (sections_next(&r, &s))
		n++;
	return n;
}

static void
show_sections(struct dump *d)
{
	struct out *o = &d->out;
	struct section s;
	struct reader r;

	heading(d, "sections", count_sections(d->module));
	sections_init(&r, d->module);
	while (sections_next(&r, &s)) {
		out_text(o, "  ");
		out_hex(o, s.contents.offset, 6);
		out_text(o, "  ");
		out_text(o, section_name(s.id));
		if (s.id == 0) {
			out_text(o, " ");
			out_quoted(o, s.custom);
		}
		out_text(o, ", ");
		bytes(o, s.contents.len);
		out_text(o, "\n");
	}
}

static void
show_producers(struct dump *d)
{
	struct out *o = &d->out;
	struct producers producers;
	struct producer p;
	bool any = false;

	producers_init(&producers, d->module);
	while (producers_next(&producers, &p)) {
		out_text(o, any ? "" : "\nproducers\n");
		any = true;
		out_text(o, "  ");
		out_quoted_cut(o, p.field);
		out_text(o, "  ");
		out_quoted(o, p.name);
		if (p.version.len > 0) {
			out_text(o, " ");
			out_quoted(o, p.version);
		}
		out_text(o, "\n");
	}
}

/* Everything that a module can have, in the order of its sections. What it
 * has none of is left out. */
static void
show_module(struct dump *d, uint64_t features)
{
	const struct module *m = d->module;

	show_head(d, features);
	if (m->ntypes > 0)
		show_types(d);
	if (m->nimports > 0)
		show_imports(d);
	if (m->nfuncs > 0)
		show_funcs(d);
	if (m->ntables > 0)
		show_tables(d);
	if (m->nmemories > 0)
		show_memories(d);
	if (m->ntags > 0)
		show_tags(d);
	if (m->nglobals > 0)
		show_globals(d);
	if (m->nexports > 0)
		show_exports(d);
	if (m->nelems > 0)
		show_elems(d);
	if (m->ndatas > 0)
		show_datas(d);
	show_sections(d);
	show_producers(d);
}

int
dump_inspect(struct dump *d, const struct dump_sink *sink, struct err *err)
{
	uint64_t features;

	if (inspect_features(d, &features, err) == -1)
		return -1;
	out_init(&d->out, sink);
	show_module(d, features);
	return out_finish(&d->out);
}
