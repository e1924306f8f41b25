/* Validation of a module's definitions. */
#include "vm/valid/module.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vm/vm.h"

#define PAGE_LOG2_DEFAULT 16
#define MEMORY32_PAGES (UINT64_C(1) << 16)
#define MEMORY64_PAGES (UINT64_C(1) << 48)

static int
fail_unknown_at(struct err *err, uint32_t offset, const char *what,
	uint32_t index)
{
	return err_set_at(err, VM_INVALID, offset, "unknown %s %u", what,
		(unsigned)index);
}

/* ---- types ------------------------------------------------------------- */

static int
check_valtype_at(const struct module *m, valtype t, uint32_t offset,
	struct err *err)
{
	heaptype h = valtype_heap(t);

	if (valtype_is_ref(t) && heaptype_is_index(h) && h >= m->ntypes)
		return fail_unknown_at(err, offset, "type", h);
	return 0;
}

static int
check_func(const struct module *m, uint32_t type, uint32_t offset,
	struct err *err)
{
	if (type >= m->ntypes)
		return fail_unknown_at(err, offset, "type", type);
	if (m->types[type].kind != COMP_FUNC)
		return err_set_at(err, VM_INVALID, offset, "type mismatch:"
			" type %u is not a function type", (unsigned)type);
	return 0;
}

static int
check_limits(const struct limits *l, uint64_t range, const char *what,
	uint32_t offset, struct err *err)
{
	if (l->min > range || (l->has_max && l->max > range))
		return err_set_at(err, VM_INVALID, offset,
			"%s size must be at most %llu", what,
			(unsigned long long)range);
	if (l->has_max && l->min > l->max)
		return err_set_at(err, VM_INVALID, offset,
			"size minimum must not be greater than maximum");
	return 0;
}

static int
check_table(const struct module *m, const struct table *t, struct err *err)
{
	const struct limits *l = &t->type.limits;

	if (check_valtype_at(m, t->type.elem, t->offset, err) == -1)
		return -1;
	return check_limits(l, l->is64 ? UINT64_MAX : UINT32_MAX, "table",
		t->offset, err);
}

/* With pages of one byte the size itself has to fit an address. */
static int
check_memory(const struct memory *mem, struct err *err)
{
	const struct limits *l = &mem->type.limits;
	uint64_t range;

	if (mem->type.page_log2 == PAGE_LOG2_DEFAULT)
		range = l->is64 ? MEMORY64_PAGES : MEMORY32_PAGES;
	else if (mem->type.page_log2 == 0)
		range = l->is64 ? UINT64_MAX : UINT32_MAX;
	else
		return err_set_at(err, VM_INVALID, mem->offset, "invalid"
			" custom page size: 1 and 65536 are possible");
	return check_limits(l, range, "memory", mem->offset, err);
}

static int
check_tag(const struct module *m, const struct tag *t, struct err *err)
{
	if (check_func(m, t->type, t->offset, err) == -1)
		return -1;
	if (m->types[t->type].func.nresults != 0)
		return err_set_at(err, VM_INVALID, t->offset,
			"non-empty tag result type");
	return 0;
}

/* ---- definitions ------------------------------------------------------- */

static int
fail_in_func(uint32_t func, struct err *err)
{
	size_t len;

	if (err == NULL)
		return -1;
	len = strlen(err->text);
	snprintf(err->text + len, sizeof(err->text) - len, " (function %u)",
		(unsigned)func);
	return -1;
}

static int
check_funcs(const struct module *m, struct err *err)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < m->nimports; i++) {
		if (m->imports[i].kind != EXTERN_FUNC)
			continue;
		if (check_func(m, m->funcs[n++].type, m->imports[i].offset,
		    err) == -1)
			return -1;
	}
	/* Where it is declared is not kept; its body is as good a place. */
	for (; n < m->nfuncs; n++) {
		if (check_func(m, m->funcs[n].type, m->funcs[n].body.offset,
		    err) == -1)
			return fail_in_func(n, err);
	}
	return 0;
}

static int
check_definitions(const struct module *m, struct err *err)
{
	if (check_funcs(m, err) == -1)
		return -1;
	for (uint32_t i = 0; i < m->ntables; i++) {
		if (check_table(m, &m->tables[i], err) == -1)
			return -1;
	}
	for (uint32_t i = 0; i < m->nmemories; i++) {
		if (check_memory(&m->memories[i], err) == -1)
			return -1;
	}
	for (uint32_t i = 0; i < m->ntags; i++) {
		if (check_tag(m, &m->tags[i], err) == -1)
			return -1;
	}
	for (uint32_t i = 0; i < m->nglobals; i++) {
		if (check_valtype_at(m, m->globals[i].type.type,
		    m->globals[i].offset, err) == -1)
			return -1;
	}
	return 0;
}

static int
check_elem_segment(const struct module *m, const struct elem_segment *s,
	struct err *err)
{
	if (check_valtype_at(m, s->type, s->entry, err) == -1)
		return -1;
	if (s->mode != SEGMENT_ACTIVE)
		return 0;
	if (s->table >= m->ntables)
		return fail_unknown_at(err, s->entry, "table", s->table);
	if (!module_valtype_match(m, s->type, m->tables[s->table].type.elem))
		return err_set_at(err, VM_INVALID, s->entry, "type mismatch:"
			" element segment does not match its table");
	return 0;
}

static int
check_segments(const struct module *m, struct err *err)
{
	for (uint32_t i = 0; i < m->nelems; i++) {
		if (check_elem_segment(m, &m->elems[i], err) == -1)
			return -1;
	}
	for (uint32_t i = 0; i < m->ndatas; i++) {
		const struct data_segment *s = &m->datas[i];

		if (s->mode == SEGMENT_ACTIVE && s->memory >= m->nmemories)
			return fail_unknown_at(err, s->entry, "memory",
				s->memory);
	}
	return 0;
}

static int
check_start(const struct module *m, struct err *err)
{
	const struct functype *f;

	if (!m->has_start)
		return 0;
	if (m->start >= m->nfuncs)
		return fail_unknown_at(err, m->start_entry, "function",
			m->start);
	f = module_functype(m, m->start);
	if (f->nparams != 0 || f->nresults != 0)
		return err_set_at(err, VM_INVALID, m->start_entry,
			"start function must not have parameters or results");
	return 0;
}

/* ---- exports ----------------------------------------------------------- */

static int
check_export(const struct module *m, const struct export *ex, struct err *err)
{
	static const char *const names[] = {
		[EXTERN_FUNC] = "function", [EXTERN_TABLE] = "table",
		[EXTERN_MEMORY] = "memory", [EXTERN_GLOBAL] = "global",
		[EXTERN_TAG] = "tag",
	};
	const uint32_t counts[] = {
		[EXTERN_FUNC] = m->nfuncs, [EXTERN_TABLE] = m->ntables,
		[EXTERN_MEMORY] = m->nmemories, [EXTERN_GLOBAL] = m->nglobals,
		[EXTERN_TAG] = m->ntags,
	};

	if (ex->index >= counts[ex->kind])
		return fail_unknown_at(err, ex->entry, names[ex->kind],
			ex->index);
	return 0;
}

static int
compare_exports(const struct export *a, const struct export *b)
{
	const struct name *x = &a->name, *y = &b->name;

	if (x->len != y->len)
		return x->len < y->len ? -1 : 1;
	return x->len == 0 ? 0 : memcmp(x->data, y->data, x->len);
}

static void
sift_export_down(const struct export **v, uint32_t i, uint32_t n)
{
	const struct export *moved = v[i];

	for (uint32_t child; (child = 2 * i + 1) < n; i = child) {
		if (child + 1 < n && compare_exports(v[child], v[child + 1]) < 0)
			child++;
		if (compare_exports(moved, v[child]) >= 0)
			break;
		v[i] = v[child];
	}
	v[i] = moved;
}

/* Heapsort: qsort(3) asks the system for its size, and a confined process may
 * not. */
static void
sort_exports(const struct export **v, uint32_t n)
{
	for (uint32_t i = n / 2; i-- > 0; )
		sift_export_down(v, i, n);
	for (uint32_t end = n; end-- > 1; ) {
		const struct export *greatest = v[0];

		v[0] = v[end];
		v[end] = greatest;
		sift_export_down(v, 0, end);
	}
}

/* Names are unique: equal ones are neighbours when sorted. */
static int
check_export_names(const struct module *m, struct err *err)
{
	const struct export **sorted;
	int rc = 0;

	if (m->nexports < 2)
		return 0;
	sorted = malloc(m->nexports * sizeof(*sorted));
	if (sorted == NULL)
		return err_set(err, VM_NOMEM, "out of memory");
	for (uint32_t i = 0; i < m->nexports; i++)
		sorted[i] = &m->exports[i];
	sort_exports(sorted, m->nexports);
	for (uint32_t i = 1; i < m->nexports && rc == 0; i++) {
		const struct export *a = sorted[i - 1], *b = sorted[i];

		if (compare_exports(a, b) == 0)
			rc = err_set_at(err, VM_INVALID,
				a->entry > b->entry ? a->entry : b->entry,
				"duplicate export name");
	}
	free(sorted);
	return rc;
}

int
validate_module(const struct module *m, struct err *err)
{
	if (check_definitions(m, err) == -1 || check_segments(m, err) == -1 ||
	    check_start(m, err) == -1)
		return -1;
	for (uint32_t i = 0; i < m->nexports; i++) {
		if (check_export(m, &m->exports[i], err) == -1)
			return -1;
	}
	return check_export_names(m, err);
}
