/*
 * Instantiation. Runs in the template.
 * https://webassembly.github.io/spec/core/exec/modules.html#instantiation
 *
 * In the specification's order: imports are checked before anything is
 * allocated, and segments are copied one after the other, so that what was
 * written before a trap stays.
 */
#include <stdlib.h>
#include <string.h>

#include "vm/exec/compile.h"
#include "vm/exec/const.h"
#include "vm/exec/ops.h"
#include "vm/exec/roots.h"
#include "vm/exec/translate.h"
#include "vm/runtime/memory.h"
#include "vm/runtime/meter.h"
#include "vm/runtime/table.h"

/* ---- imports ------------------------------------------------------------------ */

/* https://webassembly.github.io/spec/core/valid/matching.html#limits */
static bool
limits_match(uint64_t size, const struct limits *have, const struct limits *want)
{
	if (have->is64 != want->is64 || size < want->min)
		return false;
	return !want->has_max || (have->has_max && have->max <= want->max);
}

static bool
table_matches(const struct module *m, const struct table_inst *t,
	const struct tabletype *want)
{
	return t->type.elem == module_canon_valtype(m, want->elem) &&
		limits_match(t->size, &t->type.limits, &want->limits);
}

static bool
memory_matches(const struct mem_inst *mem, const struct memtype *want)
{
	return mem->type.page_log2 == want->page_log2 &&
		limits_match(mem_pages(mem), &mem->type.limits, &want->limits);
}

static bool
global_matches(const struct module *m, const struct global_inst *g,
	const struct globaltype *want)
{
	valtype type = module_canon_valtype(m, want->type);

	if (g->type.mutable != want->mutable)
		return false;
	if (want->mutable)
		return g->type.type == type;
	return canon_valtype_match(m->canon, g->type.type, type);
}

static bool
import_matches(const struct module *m, const struct import *i,
	const struct vm_extern_item *item)
{
	if (item->kind != i->kind)
		return false;
	switch (i->kind) {
	case EXTERN_FUNC:
		return canon_is_subtype(m->canon,
			((struct func_inst *)item->object)->canon,
			m->types[i->type].canon);
	case EXTERN_TABLE:
		return table_matches(m, item->object, &i->table);
	case EXTERN_MEMORY:
		return memory_matches(item->object, &i->memory);
	case EXTERN_GLOBAL:
		return global_matches(m, item->object, &i->global);
	case EXTERN_TAG:
		return ((struct tag_inst *)item->object)->canon ==
			m->types[i->type].canon;
	}
	return false;
}

static int
import_fail(const struct import *i, const char *what, struct err *err)
{
	return err_set_at(err, VM_UNLINKABLE, i->offset, "%s: %.*s.%.*s", what,
		(int)(i->module.len < 80 ? i->module.len : 80), i->module.data,
		(int)(i->name.len < 80 ? i->name.len : 80), i->name.data);
}

static const struct vm_extern_item *
import_find(const struct vm_store *s, const struct module *m,
	const struct import *i, struct err *err)
{
	const struct vm_extern_item *item = store_find(s, i->module, i->name);

	if (item == NULL) {
		import_fail(i, "unknown import", err);
		return NULL;
	}
	if (!import_matches(m, i, item)) {
		import_fail(i, "incompatible import type", err);
		return NULL;
	}
	return item;
}

uint32_t
vm_find_unlinked(const struct vm_store *s, const struct vm_module *m,
	uint32_t from, struct vm_extern_item *offered)
{
	const struct module *syntax = &m->syntax;
	uint32_t i;

	*offered = (struct vm_extern_item){ .object = NULL };
	for (i = from; i < syntax->nimports; i++) {
		const struct import *im = &syntax->imports[i];
		const struct vm_extern_item *item =
			store_find(s, im->module, im->name);

		if (item == NULL)
			return i;
		if (!import_matches(syntax, im, item)) {
			*offered = *item;
			return i;
		}
	}
	return i;
}

static int
check_imports(const struct vm_store *s, const struct module *m, struct err *err)
{
	for (uint32_t i = 0; i < m->nimports; i++)
		if (import_find(s, m, &m->imports[i], err) == NULL)
			return -1;
	return 0;
}

static void
link_imports(struct vm_instance *in)
{
	const struct module *m = in->module;
	uint32_t n[5] = { 0 };

	for (uint32_t i = 0; i < m->nimports; i++) {
		const struct import *im = &m->imports[i];
		void *object = store_find(in->store, im->module, im->name)->object;
		uint32_t at = n[im->kind]++;

		switch (im->kind) {
		case EXTERN_FUNC:
			in->funcs[at] = object;
			break;
		case EXTERN_TABLE:
			in->tables[at] = object;
			break;
		case EXTERN_MEMORY:
			in->memories[at] = object;
			break;
		case EXTERN_GLOBAL:
			in->global_refs[at] = object;
			in->globals[at] = in->global_refs[at]->value;
			break;
		case EXTERN_TAG:
			in->tags[at] = object;
			break;
		}
	}
}

/* ---- allocation ---------------------------------------------------------------- */

static int
instance_alloc_arrays(struct vm_instance *in)
{
	const struct module *m = in->module;
	struct arena *a = &in->arena;

	in->funcs = arena_alloc(a, m->nfuncs, sizeof(*in->funcs));
	in->own_funcs = arena_alloc(a, m->nfuncs - m->nimported_funcs,
		sizeof(*in->own_funcs));
	in->tables = arena_alloc(a, m->ntables, sizeof(*in->tables));
	in->memories = arena_alloc(a, m->nmemories, sizeof(*in->memories));
	in->globals = arena_alloc(a, m->nglobals, sizeof(*in->globals));
	in->global_refs = arena_alloc(a, m->nglobals, sizeof(*in->global_refs));
	in->global_insts = arena_alloc(a, m->nglobals - m->nimported_globals,
		sizeof(*in->global_insts));
	in->tags = arena_alloc(a, m->ntags, sizeof(*in->tags));
	in->own_tags = arena_alloc(a, m->ntags - m->nimported_tags,
		sizeof(*in->own_tags));
	in->datas = arena_alloc(a, m->ndatas, sizeof(*in->datas));
	in->elems = arena_alloc(a, m->nelems, sizeof(*in->elems));
	return in->funcs == NULL || in->own_funcs == NULL ||
		in->tables == NULL || in->memories == NULL ||
		in->globals == NULL || in->global_refs == NULL ||
		in->global_insts == NULL || in->tags == NULL ||
		in->own_tags == NULL || in->datas == NULL ||
		in->elems == NULL ? -1 : 0;
}

static void
instance_free(struct vm_instance *in)
{
	arena_clear(&in->arena);
	store_free_near(in->store, in);
}

static struct vm_instance *
instance_new(struct vm_store *s, struct vm_module *m, uint32_t **offsets,
	struct err *err)
{
	struct vm_instance *in = NULL;
	size_t size;

	*offsets = calloc((size_t)m->syntax.nglobals + 1, sizeof(**offsets));
	if (*offsets == NULL)
		goto fail;
	size = sizeof(*in) + translate_globals(&m->syntax, *offsets);
	in = store_alloc_near(s, size);
	if (in == NULL)
		goto fail;
	in->store = s;
	in->stack_limit = s->stack_limit;
	in->vm_module = m;
	in->module = &m->syntax;
	arena_init(&in->arena, SIZE_MAX / 2);
	if (instance_alloc_arrays(in) == -1 ||
	    (s->meter != NULL && meter_add(in) == -1)) {
		instance_free(in);
		goto fail;
	}
	return in;
fail:
	free(*offsets);
	err_set(err, VM_NOMEM, "out of memory");
	return NULL;
}

static void
make_funcs(struct vm_instance *in)
{
	const struct module *m = in->module;
	const struct code *code = &in->vm_module->code;

	for (uint32_t i = m->nimported_funcs; i < m->nfuncs; i++) {
		uint32_t own = i - m->nimported_funcs;
		const struct subtype *type = &m->types[m->funcs[i].type];

		in->own_funcs[own] = (struct func_inst){
			.code = code->region.base + code->funcs[own].start,
			.instance = in,
			.canon = type->canon,
			.param_slots = (uint16_t)type->func.param_slots,
			.result_slots = (uint16_t)type->func.result_slots,
			.type = &type->func,
			.index = i,
		};
		in->funcs[i] = &in->own_funcs[own];
	}
}

static int
make_memories(struct vm_instance *in, struct err *err)
{
	const struct module *m = in->module;

	for (uint32_t i = m->nimported_memories; i < m->nmemories; i++) {
		in->memories[i] = mem_new(in->store, &m->memories[i].type, err);
		if (in->memories[i] == NULL)
			return -1;
	}
	in->memory0 = m->nmemories > 0 ? in->memories[0] : NULL;
	return 0;
}

static void
make_tags(struct vm_instance *in)
{
	const struct module *m = in->module;

	for (uint32_t i = m->nimported_tags; i < m->ntags; i++) {
		const struct subtype *type = &m->types[m->tags[i].type];
		struct tag_inst *tag = &in->own_tags[i - m->nimported_tags];

		tag->canon = type->canon;
		tag->type = &type->func;
		in->tags[i] = tag;
	}
}

/* Own globals have their values in the instance; initial values may name the
 * globals before. */
static enum trap_code
make_globals(struct vm_instance *in, const uint32_t *offsets)
{
	const struct module *m = in->module;

	for (uint32_t i = m->nimported_globals; i < m->nglobals; i++) {
		struct global_inst *g =
			&in->global_insts[i - m->nimported_globals];
		const struct global *global = &m->globals[i];
		enum trap_code trap;

		g->type = global->type;
		g->type.type = module_canon_valtype(m, global->type.type);
		g->value = (uint64_t *)(void *)((uint8_t *)in + offsets[i]);
		in->global_refs[i] = g;
		in->globals[i] = g->value;
		trap = const_eval_range(in, global->init, g->value);
		if (trap != TRAP_NONE)
			return trap;
	}
	return TRAP_NONE;
}

static enum trap_code
make_tables(struct vm_instance *in, struct err *err)
{
	const struct module *m = in->module;

	for (uint32_t i = m->nimported_tables; i < m->ntables; i++) {
		const struct table *table = &m->tables[i];
		struct tabletype type = table->type;
		enum trap_code trap = TRAP_NONE;
		uint64_t init = 0;

		if (table->init.len > 0)
			trap = const_eval_range(in, table->init, &init);
		if (trap != TRAP_NONE)
			return trap;
		type.elem = module_canon_valtype(m, type.elem);
		in->tables[i] = table_new(in->store, &type, init, err);
		if (in->tables[i] == NULL)
			return TRAP_NONE;
	}
	return TRAP_NONE;
}

/* The heap of the store, once a module wants one, and its types' layouts. */
static int
make_heap(struct vm_store *s, const struct vm_module *m, struct err *err)
{
	const struct heap_config config = {
		.bytes = s->limits.memory_bytes,
		.charge = roots_charge,
		.roots = roots_mark,
		.ctx = s,
	};
	uint32_t n = m->vm->canon.ntypes;
	struct heap_layout *layouts;

	if (m->layouts == NULL)
		return 0;
	layouts = realloc(s->layouts, n * sizeof(*layouts));
	if (layouts == NULL)
		return err_set(err, VM_NOMEM, "out of memory");
	memset(layouts + s->nlayouts, 0, (n - s->nlayouts) * sizeof(*layouts));
	s->layouts = layouts;
	s->nlayouts = n;
	for (uint32_t i = 0; i < m->syntax.ntypes; i++)
		layouts[m->syntax.types[i].canon] = m->layouts[i];
	if (!s->has_heap && heap_init(&s->heap, &config) == -1)
		return err_set(err, VM_NOMEM, "cannot reserve the heap");
	s->has_heap = true;
	heap_set_layouts(&s->heap, layouts, n);
	return 0;
}

/* ---- segments -------------------------------------------------------------------- */

static enum trap_code
make_elem(struct vm_instance *in, const struct elem_segment *seg,
	struct elem_inst *out)
{
	uint64_t *refs = arena_alloc(&in->arena, seg->count, sizeof(*refs));
	enum trap_code trap = TRAP_NONE;
	struct reader r;

	if (refs == NULL)
		return TRAP_OUT_OF_MEMORY;
	reader_init(&r, in->module->bytes, seg->items, NULL);
	/* What is there already may be collected if nobody knows of it. */
	out->refs = refs;
	for (; out->len < seg->count && trap == TRAP_NONE; out->len++) {
		uint64_t *ref = &refs[out->len];

		if (seg->is_funcs)
			*ref = (uint64_t)(uintptr_t)in->funcs[read_u32(&r)];
		else
			trap = const_eval(in, &r, ref);
	}
	return trap;
}

static enum trap_code
make_segments(struct vm_instance *in)
{
	const struct module *m = in->module;

	for (uint32_t i = 0; i < m->nelems; i++) {
		enum trap_code trap = make_elem(in, &m->elems[i], &in->elems[i]);

		if (trap != TRAP_NONE)
			return trap;
	}
	for (uint32_t i = 0; i < m->ndatas; i++)
		in->datas[i] = (struct data_inst){
			.bytes = m->bytes + m->datas[i].bytes.offset,
			.len = m->datas[i].bytes.len,
		};
	return TRAP_NONE;
}

/* As table.init and elem.drop would. */
static enum trap_code
copy_elems(struct vm_instance *in)
{
	const struct module *m = in->module;

	for (uint32_t i = 0; i < m->nelems; i++) {
		const struct elem_segment *seg = &m->elems[i];
		uint64_t v[3] = { 0 };
		enum trap_code trap;

		if (seg->mode == SEGMENT_PASSIVE)
			continue;
		if (seg->mode == SEGMENT_ACTIVE) {
			trap = const_eval_range(in, seg->offset, v);
			if (trap != TRAP_NONE)
				return trap;
			v[2] = seg->count;
			trap = op_table_init(in, v, i, seg->table);
			if (trap != TRAP_NONE)
				return trap;
		}
		in->elems[i].len = 0;
	}
	return TRAP_NONE;
}

static enum trap_code
copy_datas(struct vm_instance *in)
{
	const struct module *m = in->module;

	for (uint32_t i = 0; i < m->ndatas; i++) {
		const struct data_segment *seg = &m->datas[i];
		struct mem_inst *mem;
		uint64_t v[3] = { 0 }, end;
		enum trap_code trap;

		if (seg->mode != SEGMENT_ACTIVE)
			continue;
		trap = const_eval_range(in, seg->offset, v);
		if (trap != TRAP_NONE)
			return trap;
		v[2] = seg->bytes.len;
		end = v[0] + v[2];
		trap = op_memory_init(in, v, i, seg->memory);
		if (trap != TRAP_NONE)
			return trap;
		mem = in->memories[seg->memory];
		if (end > mem->image_end)
			mem->image_end = end;
		in->datas[i].len = 0;
	}
	return TRAP_NONE;
}

/* ---- all of it ------------------------------------------------------------------- */

/* Allocate and initialise. 0, or -1 with the error set; *trap as it ended. */
static int
instance_fill(struct vm_instance *in, const uint32_t *offsets,
	enum trap_code *trap, struct err *err)
{
	struct err local = ERR_NONE;

	/* Instantiation is the template's: calls are charged from their start. */
	in->fuel = INT64_MAX;
	link_imports(in);
	make_funcs(in);
	make_tags(in);
	if (make_memories(in, err) == -1)
		return -1;
	if (make_heap(in->store, in->vm_module, err) == -1)
		return -1;
	*trap = make_globals(in, offsets);
	if (*trap == TRAP_NONE)
		*trap = make_tables(in, &local);
	if (local.code != 0)
		return err_set(err, local.code, "%s", local.text);
	if (*trap == TRAP_NONE)
		*trap = make_segments(in);
	if (*trap == TRAP_NONE)
		*trap = copy_elems(in);
	if (*trap == TRAP_NONE)
		*trap = copy_datas(in);
	return 0;
}

int
vm_instantiate(struct vm_store *s, struct vm_module *m,
	struct vm_instance **out, struct vm_trap *trap, struct err *err)
{
	enum trap_code code = TRAP_NONE;
	struct vm_instance *in;
	uint32_t *offsets;
	int ret;

	if (s->frozen || s->running)
		return err_set(err, VM_USAGE, "the store is in use");
	if (m->vm->profile && s->meter == NULL)
		return err_set(err, VM_USAGE, "the module is another store's");
	if (check_imports(s, &m->syntax, err) == -1)
		return -1;
	in = instance_new(s, m, &offsets, err);
	if (in == NULL)
		return -1;
	/* What failed halfway may still be referred to from other instances'
	 * tables: the store keeps all of them. */
	in->next = s->instances;
	s->instances = in;
	ret = instance_fill(in, offsets, &code, err);
	free(offsets);
	if (ret == -1) {
		/* That happens before segments are copied: nobody knows it. */
		s->instances = in->next;
		instance_free(in);
		return -1;
	}
	*out = in;
	*trap = (struct vm_trap){ .code = code };
	return code == TRAP_NONE ? VM_OK : VM_TRAP;
}
