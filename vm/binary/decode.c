/* A module from its bytes: one function for each section. */
#include "vm/binary/decode.h"

#include <string.h>

#include "base/buf.h"
#include "vm/binary/names.h"
#include "vm/binary/segments.h"
#include "vm/binary/types.h"
#include "vm/vm.h"

#define FEATURE_BIT(id) (UINT64_C(1) << FEATURE_##id)
#define SECTION_CUSTOM 0

/* What a module of few bytes may take beside its share. */
#define DECODE_BYTES_BASE ((size_t)1 << 20)

struct decoder {
	struct module *m;
	uint32_t nimported[EXTERN_TAG + 1];	/* by enum extern_kind */
	bool made[EXTERN_TAG + 1];		/* the index space */
	uint32_t nbodies;
	struct buf customs;
};

/* An array in the module's arena, whose count was checked. */
static void *
alloc_array(struct reader *r, struct module *m, uint32_t count, size_t size)
{
	void *p = arena_alloc(&m->arena, count, size);

	if (p == NULL)
		reader_fail_at(r, VM_NOMEM, reader_offset(r), "out of memory");
	return p;
}

/* ---- imports and index spaces ------------------------------------------ */

static void
read_import(struct reader *r, struct decoder *d, struct import *im)
{
	uint32_t start;
	uint8_t kind;

	im->offset = reader_offset(r);
	im->module = read_name(r);
	im->name = read_name(r);
	start = reader_offset(r);
	kind = read_byte(r);
	im->kind = (enum extern_kind)kind;
	switch (kind) {
	case EXTERN_FUNC:
		im->type = read_u32(r);
		break;
	case EXTERN_TABLE:
		read_tabletype(r, &im->table);
		break;
	case EXTERN_MEMORY:
		read_memtype(r, &im->memory);
		break;
	case EXTERN_GLOBAL:
		read_globaltype(r, &im->global);
		if (im->global.mutable)
			r->features |= FEATURE_BIT(MUTABLE_GLOBALS);
		break;
	case EXTERN_TAG:
		im->type = read_tagtype(r);
		break;
	default:
		reader_fail_at(r, VM_MALFORMED, start, "malformed import kind");
		return;
	}
	d->nimported[kind]++;
}

static void
read_import_section(struct reader *r, struct decoder *d)
{
	struct module *m = d->m;
	uint32_t n = read_count(r, 3, LIMIT_IMPORTS, "imports");

	m->imports = alloc_array(r, m, n, sizeof(*m->imports));
	for (uint32_t i = 0; i < n && reader_ok(r); i++)
		read_import(r, d, &m->imports[i]);
	m->nimports = reader_ok(r) ? n : 0;
}

static const uint32_t space_limits[] = {
	[EXTERN_FUNC] = LIMIT_FUNCTIONS,
	[EXTERN_TABLE] = LIMIT_TABLES,
	[EXTERN_MEMORY] = LIMIT_MEMORIES,
	[EXTERN_GLOBAL] = LIMIT_GLOBALS,
	[EXTERN_TAG] = LIMIT_TAGS,
};

/* An empty index space of n elements. */
static void
alloc_space(struct reader *r, struct module *m, enum extern_kind kind,
	uint32_t n)
{
	switch (kind) {
	case EXTERN_FUNC:
		m->funcs = alloc_array(r, m, n, sizeof(*m->funcs));
		m->nfuncs = n;
		break;
	case EXTERN_TABLE:
		m->tables = alloc_array(r, m, n, sizeof(*m->tables));
		m->ntables = n;
		break;
	case EXTERN_MEMORY:
		m->memories = alloc_array(r, m, n, sizeof(*m->memories));
		m->nmemories = n;
		break;
	case EXTERN_GLOBAL:
		m->globals = alloc_array(r, m, n, sizeof(*m->globals));
		m->nglobals = n;
		break;
	case EXTERN_TAG:
		m->tags = alloc_array(r, m, n, sizeof(*m->tags));
		m->ntags = n;
		break;
	}
}

/* Put an import behind those of its kind. */
static void
add_imported(struct module *m, const struct import *im)
{
	switch (im->kind) {
	case EXTERN_FUNC:
		m->funcs[m->nimported_funcs++].type = im->type;
		break;
	case EXTERN_TABLE:
		m->tables[m->nimported_tables++] = (struct table){
			.type = im->table, .offset = im->offset };
		break;
	case EXTERN_MEMORY:
		m->memories[m->nimported_memories++] = (struct memory){
			.type = im->memory, .offset = im->offset };
		break;
	case EXTERN_GLOBAL:
		m->globals[m->nimported_globals++] = (struct global){
			.type = im->global, .offset = im->offset };
		break;
	case EXTERN_TAG:
		m->tags[m->nimported_tags++] = (struct tag){
			.type = im->type, .offset = im->offset };
		break;
	}
}

/*
 * Make an index space, the imports' part filled in. Called by the section
 * that defines, or behind it with ndefined 0.
 */
static void
make_space(struct reader *r, struct decoder *d, enum extern_kind kind,
	uint32_t ndefined)
{
	uint32_t limit = space_limits[kind];
	uint32_t nimported = d->nimported[kind];

	d->made[kind] = true;
	if (ndefined > limit || nimported > limit - ndefined)
		reader_fail_at(r, VM_LIMIT, reader_offset(r),
			"too many definitions: %u, at most %u",
			(unsigned)(nimported + ndefined), (unsigned)limit);
	if (!reader_ok(r))
		return;
	alloc_space(r, d->m, kind, nimported + ndefined);
	if (!reader_ok(r))
		return;
	if (kind == EXTERN_MEMORY && nimported + ndefined > 1)
		r->features |= FEATURE_BIT(MULTI_MEMORY);
	if (kind == EXTERN_TABLE && nimported + ndefined > 1)
		r->features |= FEATURE_BIT(REFERENCE_TYPES);
	for (uint32_t i = 0; i < d->m->nimports; i++) {
		if (d->m->imports[i].kind == kind)
			add_imported(d->m, &d->m->imports[i]);
	}
}

/* Those that no section made. */
static void
make_spaces(struct reader *r, struct decoder *d)
{
	for (int kind = EXTERN_FUNC; kind <= EXTERN_TAG; kind++) {
		if (!d->made[kind])
			make_space(r, d, (enum extern_kind)kind, 0);
	}
}

/* ---- sections ---------------------------------------------------------- */

static void
read_types(struct reader *r, struct decoder *d)
{
	read_type_section(r, d->m);
}

static void
read_function_section(struct reader *r, struct decoder *d)
{
	struct module *m = d->m;
	uint32_t n = read_count(r, 1, LIMIT_FUNCTIONS, "functions");

	make_space(r, d, EXTERN_FUNC, n);
	for (uint32_t i = m->nimported_funcs; i < m->nfuncs && reader_ok(r); i++)
		m->funcs[i].type = read_u32(r);
}

/* A table is its type, or 0x40 0x00, its type and an expression for its
 * elements. */
static void
read_table(struct reader *r, struct module *m, struct table *t)
{
	uint32_t start = reader_offset(r);

	t->offset = start;
	if (r->pos == r->end || *r->pos != 0x40) {
		read_tabletype(r, &t->type);
		return;
	}
	read_byte(r);
	if (read_byte(r) != 0)
		reader_fail_at(r, VM_MALFORMED, start, "malformed table");
	r->features |= FEATURE_BIT(FUNCTION_REFERENCES);
	read_tabletype(r, &t->type);
	t->init = read_expr(r, m);
}

static void
read_table_section(struct reader *r, struct decoder *d)
{
	struct module *m = d->m;
	uint32_t n = read_count(r, 2, LIMIT_TABLES, "tables");

	make_space(r, d, EXTERN_TABLE, n);
	for (uint32_t i = m->nimported_tables; i < m->ntables && reader_ok(r); i++)
		read_table(r, m, &m->tables[i]);
}

static void
read_memory_section(struct reader *r, struct decoder *d)
{
	struct module *m = d->m;
	uint32_t n = read_count(r, 1, LIMIT_MEMORIES, "memories");

	make_space(r, d, EXTERN_MEMORY, n);
	for (uint32_t i = m->nimported_memories;
	     i < m->nmemories && reader_ok(r); i++) {
		m->memories[i].offset = reader_offset(r);
		read_memtype(r, &m->memories[i].type);
	}
}

static void
read_tag_section(struct reader *r, struct decoder *d)
{
	struct module *m = d->m;
	uint32_t n = read_count(r, 2, LIMIT_TAGS, "tags");

	make_space(r, d, EXTERN_TAG, n);
	for (uint32_t i = m->nimported_tags; i < m->ntags && reader_ok(r); i++) {
		m->tags[i].offset = reader_offset(r);
		m->tags[i].type = read_tagtype(r);
	}
}

static void
read_global_section(struct reader *r, struct decoder *d)
{
	struct module *m = d->m;
	uint32_t n = read_count(r, 3, LIMIT_GLOBALS, "globals");

	make_space(r, d, EXTERN_GLOBAL, n);
	for (uint32_t i = m->nimported_globals;
	     i < m->nglobals && reader_ok(r); i++) {
		m->globals[i].offset = reader_offset(r);
		read_globaltype(r, &m->globals[i].type);
		m->globals[i].init = read_expr(r, m);
	}
}

static void
read_export(struct reader *r, struct module *m, struct export *ex)
{
	uint32_t start;
	uint8_t kind;

	ex->entry = reader_offset(r);
	ex->name = read_name(r);
	start = reader_offset(r);
	kind = read_byte(r);
	if (kind > EXTERN_TAG)
		reader_fail_at(r, VM_MALFORMED, start, "malformed export kind");
	ex->kind = (enum extern_kind)kind;
	ex->index = read_u32(r);
	if (!reader_ok(r))
		return;
	if (kind == EXTERN_FUNC && ex->index < m->nfuncs)
		m->funcs[ex->index].declared = true;
	if (kind == EXTERN_GLOBAL && ex->index < m->nglobals &&
	    m->globals[ex->index].type.mutable)
		r->features |= FEATURE_BIT(MUTABLE_GLOBALS);
}

static void
read_export_section(struct reader *r, struct decoder *d)
{
	struct module *m = d->m;
	uint32_t n = read_count(r, 3, LIMIT_EXPORTS, "exports");

	make_spaces(r, d);
	m->exports = alloc_array(r, m, n, sizeof(*m->exports));
	for (uint32_t i = 0; i < n && reader_ok(r); i++)
		read_export(r, m, &m->exports[i]);
	m->nexports = reader_ok(r) ? n : 0;
}

static void
read_start_section(struct reader *r, struct decoder *d)
{
	d->m->has_start = true;
	d->m->start_entry = reader_offset(r);
	d->m->start = read_u32(r);
}

static void
read_elem_section(struct reader *r, struct decoder *d)
{
	struct module *m = d->m;
	uint32_t n = read_count(r, 2, LIMIT_ELEM_SEGMENTS, "element segments");

	make_spaces(r, d);
	m->elems = alloc_array(r, m, n, sizeof(*m->elems));
	for (uint32_t i = 0; i < n && reader_ok(r); i++)
		read_elem_segment(r, m, &m->elems[i]);
	m->nelems = reader_ok(r) ? n : 0;
}

static void
read_data_count_section(struct reader *r, struct decoder *d)
{
	r->features |= FEATURE_BIT(BULK_MEMORY);
	d->m->has_data_count = true;
	d->m->data_count = read_u32(r);
}

/* Only the extent of a body; code.h reads what is in it. */
static struct range
read_body(struct reader *r)
{
	struct range body = read_byte_vec(r);

	if (body.len > LIMIT_BODY_BYTES)
		reader_fail_at(r, VM_LIMIT, body.offset,
			"function body of %u bytes, at most %u",
			(unsigned)body.len, LIMIT_BODY_BYTES);
	return body;
}

static void
read_code_section(struct reader *r, struct decoder *d)
{
	struct module *m = d->m;
	uint32_t n;

	m->code_section = (struct range){ reader_offset(r), reader_left(r) };
	n = read_u32(r);
	make_spaces(r, d);
	if (reader_ok(r) && n != m->nfuncs - m->nimported_funcs)
		reader_fail_at(r, VM_MALFORMED, m->code_section.offset,
			"function and code section have inconsistent lengths");
	for (uint32_t i = 0; i < n && reader_ok(r); i++)
		m->funcs[m->nimported_funcs + i].body = read_body(r);
	d->nbodies = n;
}

static void
read_data_section(struct reader *r, struct decoder *d)
{
	struct module *m = d->m;
	uint32_t n = read_count(r, 2, LIMIT_DATA_SEGMENTS, "data segments");

	make_spaces(r, d);
	m->datas = alloc_array(r, m, n, sizeof(*m->datas));
	for (uint32_t i = 0; i < n && reader_ok(r); i++)
		read_data_segment(r, m, &m->datas[i]);
	m->ndatas = reader_ok(r) ? n : 0;
}

static void
read_custom_section(struct reader *r, struct decoder *d)
{
	struct custom_section c;

	c.name = read_name(r);
	if (!reader_ok(r))
		return;
	c.bytes = (struct range){ reader_offset(r), reader_left(r) };
	skip_bytes(r, reader_left(r));
	if (buf_append(&d->customs, &c, sizeof(c)) == -1)
		reader_fail_at(r, VM_NOMEM, c.bytes.offset, "out of memory");
}

/* Sections by number; order is the place that a section must stand at. */
static const struct section {
	void (*read)(struct reader *r, struct decoder *d);
	uint8_t order;
} sections[] = {
	[SECTION_CUSTOM] = { read_custom_section, 0 },
	[1] = { read_types, 1 },
	[2] = { read_import_section, 2 },
	[3] = { read_function_section, 3 },
	[4] = { read_table_section, 4 },
	[5] = { read_memory_section, 5 },
	[13] = { read_tag_section, 6 },
	[6] = { read_global_section, 7 },
	[7] = { read_export_section, 8 },
	[8] = { read_start_section, 9 },
	[9] = { read_elem_section, 10 },
	[12] = { read_data_count_section, 11 },
	[10] = { read_code_section, 12 },
	[11] = { read_data_section, 13 },
};
#define NSECTIONS (sizeof(sections) / sizeof(sections[0]))

/* ---- the module -------------------------------------------------------- */

static void
read_header(struct reader *r)
{
	static const uint8_t magic[] = { 0, 'a', 's', 'm' };
	static const uint8_t version[] = { 1, 0, 0, 0 };
	uint8_t header[4];

	read_bytes(r, header, sizeof(magic));
	if (reader_ok(r) && memcmp(header, magic, sizeof(magic)) != 0)
		reader_fail_at(r, VM_MALFORMED, 0, "magic header not detected");
	read_bytes(r, header, sizeof(version));
	if (!reader_ok(r) || memcmp(header, version, sizeof(version)) == 0)
		return;
	/* https://github.com/WebAssembly/component-model Binary.md: the upper
	 * half is the layer, 1 for components. */
	reader_fail_at(r, VM_MALFORMED, sizeof(magic), "unknown binary version%s",
		header[2] == 1 && header[3] == 0 ?
		": components are not supported, only core modules" : "");
}

static void
read_section(struct reader *r, struct decoder *d, uint8_t *order)
{
	uint32_t start = reader_offset(r);
	uint8_t id = read_byte(r);
	struct reader body;

	if (id >= NSECTIONS) {
		reader_fail_at(r, VM_MALFORMED, start,
			"malformed section id");
		return;
	}
	if (id != SECTION_CUSTOM) {
		if (sections[id].order <= *order)
			reader_fail_at(r, VM_MALFORMED, start,
				"unexpected content after last section");
		*order = sections[id].order;
	}
	reader_take(r, read_u32(r), &body);
	if (!reader_ok(r))
		return;
	body.end_text = "unexpected end of section or function";
	sections[id].read(&body, d);
	if (reader_ok(&body) && body.pos != body.end)
		reader_fail_at(&body, VM_MALFORMED, reader_offset(&body),
			"section size mismatch");
	r->features |= body.features;
	if (!reader_ok(&body)) {
		r->failed = true;
		r->pos = r->end;
	}
}

/* What the format asks of sections together. */
static void
check_lengths(struct reader *r, const struct decoder *d)
{
	const struct module *m = d->m;

	if (!reader_ok(r))
		return;
	if (d->nbodies != m->nfuncs - m->nimported_funcs)
		reader_fail_at(r, VM_MALFORMED, reader_offset(r),
			"function and code section have inconsistent lengths");
	if (m->has_data_count && m->data_count != m->ndatas)
		reader_fail_at(r, VM_MALFORMED, reader_offset(r), "data count"
			" and data section have inconsistent lengths");
}

static void
take_customs(struct reader *r, struct decoder *d)
{
	struct module *m = d->m;
	uint32_t n = (uint32_t)(d->customs.len / sizeof(*m->customs));

	m->customs = alloc_array(r, m, n, sizeof(*m->customs));
	if (m->customs == NULL)
		return;
	m->ncustoms = n;
	if (n > 0)
		memcpy(m->customs, d->customs.data, d->customs.len);
	if (names_index(m) == -1)
		reader_fail_at(r, VM_NOMEM, reader_offset(r), "out of memory");
}

static void
read_module(struct reader *r, struct decoder *d)
{
	uint8_t order = 0;

	read_header(r);
	while (reader_ok(r) && r->pos != r->end)
		read_section(r, d, &order);
	make_spaces(r, d);
	check_lengths(r, d);
	take_customs(r, d);
	d->m->features_used = features_closure(r->features);
}

int
module_decode(struct module *m, const uint8_t *bytes, size_t len,
	struct err *err)
{
	struct decoder d = { .m = m };
	struct reader r;

	if (len > LIMIT_MODULE_BYTES)
		return err_set(err, VM_LIMIT, "module of %zu bytes, at most %u",
			len, LIMIT_MODULE_BYTES);
	*m = (struct module){ .bytes = bytes, .len = len };
	arena_init(&m->arena, DECODE_BYTES_BASE + DECODE_BYTES_FACTOR * len);
	buf_init(&d.customs, len * sizeof(struct custom_section));
	reader_init(&r, bytes, (struct range){ 0, (uint32_t)len }, err);
	r.end_text = "unexpected end";
	read_module(&r, &d);
	buf_clear(&d.customs);
	if (reader_ok(&r))
		return 0;
	module_clear(m);
	return -1;
}
