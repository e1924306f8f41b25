/*
 * What a module declares, as one JSON object: one line for each member of the
 * arrays in it. wasmctl(1) describes the fields.
 */
#include "vm/dump/dump.h"

#include "vm/dump/inspect.h"
#include "vm/dump/sections.h"
#include "vm/dump/text.h"

/* ---- the form ---------------------------------------------------------- */

/* Keys are ours and need no escaping. */
static void
key(struct dump *d, const char *name)
{
	out_text(&d->out, "\"");
	out_text(&d->out, name);
	out_text(&d->out, "\": ");
}

static void
next_key(struct dump *d, const char *name)
{
	out_text(&d->out, ", ");
	key(d, name);
}

static void
number(struct dump *d, const char *name, uint64_t n)
{
	next_key(d, name);
	out_json_u64(&d->out, n);
}

/* A text of ours. */
static void
string(struct dump *d, const char *name, const char *value)
{
	next_key(d, name);
	out_json_open(&d->out);
	out_text(&d->out, value);
	out_json_close(&d->out);
}

static void
boolean(struct dump *d, const char *name, bool value)
{
	next_key(d, name);
	out_text(&d->out, value ? "true" : "false");
}

/* A member of the module's object: an array whose items begin with item. */
static void
array_open(struct dump *d, const char *name)
{
	out_text(&d->out, ",\n");
	key(d, name);
	out_text(&d->out, "[");
}

static void
array_item(struct dump *d, uint32_t i)
{
	out_text(&d->out, i == 0 ? "\n " : ",\n ");
}

static void
array_close(struct dump *d)
{
	out_text(&d->out, "]");
}

/* An item that is an object begins with its index and its name. */
static void
object_open(struct dump *d, uint32_t i)
{
	array_item(d, i);
	out_text(&d->out, "{");
	key(d, "index");
	out_u64(&d->out, i);
}

static void
object_close(struct dump *d)
{
	out_text(&d->out, "}");
}

static void
named_open(struct dump *d, enum name_space space, uint32_t i)
{
	struct name name = names_get(&d->names, space, i);

	object_open(d, i);
	if (name.data != NULL) {
		next_key(d, "symbol");
		out_json_name(&d->out, name);
	}
}

/* ---- types ------------------------------------------------------------- */

static void
value_type(struct dump *d, const char *name, valtype t)
{
	next_key(d, name);
	out_json_open(&d->out);
	text_valtype(&d->out, t);
	out_json_close(&d->out);
}

static void
value_types(struct dump *d, const char *name, const valtype *types, uint32_t n)
{
	next_key(d, name);
	out_text(&d->out, "[");
	for (uint32_t i = 0; i < n; i++) {
		out_text(&d->out, i == 0 ? "" : ", ");
		out_json_open(&d->out);
		text_valtype(&d->out, types[i]);
		out_json_close(&d->out);
	}
	out_text(&d->out, "]");
}

static void
field(struct dump *d, const struct fieldtype *f, struct name name)
{
	out_text(&d->out, "{");
	key(d, "mutable");
	out_text(&d->out, f->mutable ? "true" : "false");
	value_type(d, "type", f->type);
	if (name.data != NULL) {
		next_key(d, "symbol");
		out_json_name(&d->out, name);
	}
	out_text(&d->out, "}");
}

static void
fields(struct dump *d, uint32_t type, const struct structtype *s)
{
	next_key(d, "fields");
	out_text(&d->out, "[");
	for (uint32_t i = 0; i < s->nfields; i++) {
		out_text(&d->out, i == 0 ? "" : ", ");
		field(d, &s->fields[i], names_field(&d->names, type, i));
	}
	out_text(&d->out, "]");
}

static void
composite(struct dump *d, uint32_t i, const struct subtype *t)
{
	switch (t->kind) {
	case COMP_FUNC:
		string(d, "kind", "func");
		value_types(d, "params", t->func.params, t->func.nparams);
		value_types(d, "results", t->func.results, t->func.nresults);
		break;
	case COMP_STRUCT:
		string(d, "kind", "struct");
		fields(d, i, &t->struct_);
		break;
	case COMP_ARRAY:
		string(d, "kind", "array");
		next_key(d, "element");
		field(d, &t->array, (struct name){ NULL, 0 });
		break;
	}
}

static void
json_types(struct dump *d)
{
	const struct module *m = d->module;

	array_open(d, "types");
	for (uint32_t i = 0; i < m->ntypes; i++) {
		const struct subtype *t = &m->types[i];

		named_open(d, NAMES_TYPE, i);
		composite(d, i, t);
		boolean(d, "final", t->final);
		if (t->super != TYPE_NONE && t->super != TYPE_BAD)
			number(d, "super", t->super);
		if (t->group_len > 1)
			number(d, "group", t->group_start);
		object_close(d);
	}
	array_close(d);
}

/* "type" is exact, "signature" is to read. */
static void
type_use(struct dump *d, uint32_t type)
{
	number(d, "type", type);
	next_key(d, "signature");
	out_json_open(&d->out);
	text_signature(d, type);
	out_json_close(&d->out);
}

static void
limits(struct dump *d, const struct limits *l)
{
	string(d, "address", l->is64 ? "i64" : "i32");
	number(d, "min", l->min);
	if (l->has_max)
		number(d, "max", l->max);
}

static void
table_type(struct dump *d, const struct tabletype *t)
{
	value_type(d, "element", t->elem);
	limits(d, &t->limits);
}

static void
memory_type(struct dump *d, const struct memtype *t)
{
	limits(d, &t->limits);
	if (t->page_log2 < 64)	/* all valid ones are */
		number(d, "page_bytes", UINT64_C(1) << t->page_log2);
}

static void
global_type(struct dump *d, const struct globaltype *t)
{
	value_type(d, "value", t->type);
	boolean(d, "mutable", t->mutable);
}

/* ---- index spaces ------------------------------------------------------ */

/* The type of what is imported or exported, unless it is out of bounds. */
static void
extern_fields(struct dump *d, enum extern_kind kind, uint32_t index)
{
	const struct module *m = d->module;

	string(d, "kind", extern_kind_name(kind));
	number(d, extern_kind_name(kind), index);
	if (extern_type(m, kind, index) != TYPE_NONE)
		type_use(d, extern_type(m, kind, index));
	else if (kind == EXTERN_TABLE && index < m->ntables)
		table_type(d, &m->tables[index].type);
	else if (kind == EXTERN_MEMORY && index < m->nmemories)
		memory_type(d, &m->memories[index].type);
	else if (kind == EXTERN_GLOBAL && index < m->nglobals)
		global_type(d, &m->globals[index].type);
}

static void
json_imports(struct dump *d)
{
	const struct module *m = d->module;
	uint32_t next[EXTERN_TAG + 1] = { 0 };

	array_open(d, "imports");
	for (uint32_t i = 0; i < m->nimports; i++) {
		const struct import *im = &m->imports[i];

		object_open(d, i);
		next_key(d, "module");
		out_json_name(&d->out, im->module);
		next_key(d, "name");
		out_json_name(&d->out, im->name);
		extern_fields(d, im->kind, next[im->kind]++);
		object_close(d);
	}
	array_close(d);
}

static void
json_exports(struct dump *d)
{
	const struct module *m = d->module;

	array_open(d, "exports");
	for (uint32_t i = 0; i < m->nexports; i++) {
		object_open(d, i);
		next_key(d, "name");
		out_json_name(&d->out, m->exports[i].name);
		extern_fields(d, m->exports[i].kind, m->exports[i].index);
		object_close(d);
	}
	array_close(d);
}

static void
constant(struct dump *d, const char *name, struct range expr)
{
	if (expr.len == 0)
		return;
	next_key(d, name);
	out_json_open(&d->out);
	text_constant(d, expr);
	out_json_close(&d->out);
}

static void
json_functions(struct dump *d)
{
	const struct module *m = d->module;

	out_text(&d->out, ",\n");
	key(d, "functions");
	out_text(&d->out, "{");
	key(d, "imported");
	out_u64(&d->out, m->nimported_funcs);
	number(d, "defined", m->nfuncs - m->nimported_funcs);
	if (m->has_start)
		number(d, "start", m->start);
	object_close(d);
}

static void
json_tables(struct dump *d)
{
	const struct module *m = d->module;

	array_open(d, "tables");
	for (uint32_t i = 0; i < m->ntables; i++) {
		named_open(d, NAMES_TABLE, i);
		boolean(d, "imported", i < m->nimported_tables);
		table_type(d, &m->tables[i].type);
		constant(d, "init", m->tables[i].init);
		object_close(d);
	}
	array_close(d);
}

static void
json_memories(struct dump *d)
{
	const struct module *m = d->module;

	array_open(d, "memories");
	for (uint32_t i = 0; i < m->nmemories; i++) {
		named_open(d, NAMES_MEMORY, i);
		boolean(d, "imported", i < m->nimported_memories);
		memory_type(d, &m->memories[i].type);
		object_close(d);
	}
	array_close(d);
}

static void
json_tags(struct dump *d)
{
	const struct module *m = d->module;

	array_open(d, "tags");
	for (uint32_t i = 0; i < m->ntags; i++) {
		named_open(d, NAMES_TAG, i);
		boolean(d, "imported", i < m->nimported_tags);
		type_use(d, m->tags[i].type);
		object_close(d);
	}
	array_close(d);
}

static void
json_globals(struct dump *d)
{
	const struct module *m = d->module;

	array_open(d, "globals");
	for (uint32_t i = 0; i < m->nglobals; i++) {
		named_open(d, NAMES_GLOBAL, i);
		boolean(d, "imported", i < m->nimported_globals);
		global_type(d, &m->globals[i].type);
		constant(d, "init", m->globals[i].init);
		object_close(d);
	}
	array_close(d);
}

/* ---- segments and sections --------------------------------------------- */

static void
json_elems(struct dump *d)
{
	const struct module *m = d->module;

	array_open(d, "elements");
	for (uint32_t i = 0; i < m->nelems; i++) {
		const struct elem_segment *s = &m->elems[i];

		named_open(d, NAMES_ELEM, i);
		string(d, "mode", segment_mode_name(s->mode));
		if (s->mode == SEGMENT_ACTIVE)
			number(d, "table", s->table);
		constant(d, "offset", s->offset);
		value_type(d, "element", s->type);
		number(d, "count", s->count);
		object_close(d);
	}
	array_close(d);
}

static void
json_datas(struct dump *d)
{
	const struct module *m = d->module;

	array_open(d, "data");
	for (uint32_t i = 0; i < m->ndatas; i++) {
		const struct data_segment *s = &m->datas[i];

		named_open(d, NAMES_DATA, i);
		string(d, "mode", segment_mode_name(s->mode));
		if (s->mode == SEGMENT_ACTIVE)
			number(d, "memory", s->memory);
		constant(d, "offset", s->offset);
		number(d, "bytes", s->bytes.len);
		object_close(d);
	}
	array_close(d);
}

static void
json_sections(struct dump *d)
{
	struct section s;
	struct reader r;
	uint32_t i = 0;

	array_open(d, "sections");
	sections_init(&r, d->module);
	while (sections_next(&r, &s)) {
		object_open(d, i++);
		number(d, "id", s.id);
		string(d, "name", section_name(s.id));
		if (s.id == 0) {
			next_key(d, "custom");
			out_json_name(&d->out, s.custom);
		}
		number(d, "offset", s.contents.offset);
		number(d, "bytes", s.contents.len);
		object_close(d);
	}
	array_close(d);
}

/* By field: each is written once, whatever the number of its values. */
static void
json_producers(struct dump *d)
{
	struct producers producers;
	struct producer p;
	const char *last = NULL;
	uint32_t i = 0;

	array_open(d, "producers");
	producers_init(&producers, d->module);
	while (producers_next(&producers, &p)) {
		if (p.field.data != last) {
			out_text(&d->out, last != NULL ? "]}" : "");
			object_open(d, i++);
			next_key(d, "field");
			out_json_name(&d->out, p.field);
			next_key(d, "values");
		}
		out_text(&d->out, p.field.data != last ? "[{" : ", {");
		last = p.field.data;
		key(d, "name");
		out_json_name(&d->out, p.name);
		next_key(d, "version");
		out_json_name(&d->out, p.version);
		object_close(d);
	}
	out_text(&d->out, last != NULL ? "]}" : "");
	array_close(d);
}

static void
json_head(struct dump *d, uint64_t features)
{
	const char *separator = "";

	key(d, "bytes");
	out_u64(&d->out, d->module->len);
	if (d->names.own.data != NULL) {
		next_key(d, "symbol");
		out_json_name(&d->out, d->names.own);
	}
	next_key(d, "features");
	out_text(&d->out, "[");
	for (int f = 0; f < FEATURE_COUNT; f++) {
		if (!(features & UINT64_C(1) << f))
			continue;
		out_text(&d->out, separator);
		out_json_open(&d->out);
		out_text(&d->out, feature_name((enum feature)f));
		out_json_close(&d->out);
		separator = ", ";
	}
	out_text(&d->out, "]");
}

int
dump_inspect_json(struct dump *d, const struct dump_sink *sink, struct err *err)
{
	uint64_t features;

	if (inspect_features(d, &features, err) == -1)
		return -1;
	out_init(&d->out, sink);
	out_text(&d->out, "{");
	json_head(d, features);
	json_types(d);
	json_imports(d);
	json_functions(d);
	json_tables(d);
	json_memories(d);
	json_tags(d);
	json_globals(d);
	json_exports(d);
	json_elems(d);
	json_datas(d);
	json_sections(d);
	json_producers(d);
	out_text(&d->out, "}\n");
	return out_finish(&d->out);
}
