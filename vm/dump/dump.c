/* A module as text: what is prepared before any is produced. */
#include "vm/dump/dump.h"

#include <stdlib.h>
#include <string.h>

#include "vm/dump/state.h"

/* For names and links: what one byte of the module may cost, and a module of
 * few bytes. */
#define DUMP_BYTES_FACTOR 64
#define DUMP_BYTES_BASE ((size_t)1 << 20)

/* Bytes of the largest body. */
static uint32_t
largest_body(const struct module *m)
{
	uint32_t max = 0;

	for (uint32_t i = m->nimported_funcs; i < m->nfuncs; i++) {
		if (m->funcs[i].body.len > max)
			max = m->funcs[i].body.len;
	}
	return max;
}

/* A block takes two bytes and so does a run of locals. */
static int
reserve_body(struct dump *d)
{
	uint32_t half = largest_body(d->module) / 2 + 1;

	d->cap_labels = half < LIMIT_NESTING ? half : LIMIT_NESTING;
	d->labels = arena_alloc(&d->arena, d->cap_labels, sizeof(*d->labels));
	d->locals.cap = half < LIMIT_LOCALS ? half : LIMIT_LOCALS;
	d->locals.runs = malloc(d->locals.cap * sizeof(*d->locals.runs));
	return d->labels != NULL && d->locals.runs != NULL ? 0 : -1;
}

/* Where functions come from and go to. */
static int
link_funcs(struct dump *d)
{
	const struct module *m = d->module;
	uint32_t func = 0;

	d->imports = arena_alloc(&d->arena, m->nfuncs, sizeof(*d->imports));
	d->exports = arena_alloc(&d->arena, m->nfuncs, sizeof(*d->exports));
	if (d->imports == NULL || d->exports == NULL)
		return -1;
	for (uint32_t i = 0; i < m->nfuncs; i++)
		d->imports[i] = d->exports[i] = DUMP_NONE;
	for (uint32_t i = 0; i < m->nimports; i++) {
		if (m->imports[i].kind == EXTERN_FUNC)
			d->imports[func++] = i;
	}
	for (uint32_t i = m->nexports; i-- > 0;) {
		const struct export *ex = &m->exports[i];

		if (ex->kind == EXTERN_FUNC && ex->index < m->nfuncs)
			d->exports[ex->index] = i;
	}
	return 0;
}

struct dump *
dump_new(const struct module *m)
{
	struct dump *d = malloc(sizeof(*d));

	if (d == NULL)
		return NULL;
	d->module = m;
	arena_init(&d->arena, DUMP_BYTES_BASE + DUMP_BYTES_FACTOR * m->len);
	code_locals_init(&d->locals);
	d->nlabels = 0;
	if (names_read(&d->names, m, &d->arena) == -1 || link_funcs(d) == -1 ||
	    reserve_body(d) == -1) {
		dump_free(d);
		return NULL;
	}
	return d;
}

void
dump_free(struct dump *d)
{
	if (d == NULL)
		return;
	code_locals_clear(&d->locals);
	arena_clear(&d->arena);
	free(d);
}

int
dump_open_body(struct dump *d, uint32_t func, struct reader *r,
	struct err *err)
{
	if (code_open(r, d->module, func, &d->locals, err) == 0)
		return 0;
	err_prefix(err, "function %u", (unsigned)func);
	return -1;
}

/* ---- which function ---------------------------------------------------- */

static bool
name_is(struct name name, const char *text)
{
	return name.data != NULL && name.len == strlen(text) &&
		memcmp(name.data, text, name.len) == 0;
}

static int
find_index(const struct dump *d, const char *text, uint32_t *func)
{
	uint64_t index = 0;
	const char *p;

	for (p = text; *p >= '0' && *p <= '9' && index <= UINT32_MAX; p++)
		index = index * 10 + (uint64_t)(*p - '0');
	if (p == text || *p != '\0' || index >= d->module->nfuncs)
		return -1;
	*func = (uint32_t)index;
	return 0;
}

static int
find_export(const struct dump *d, const char *text, uint32_t *func)
{
	const struct module *m = d->module;

	for (uint32_t i = 0; i < m->nexports; i++) {
		const struct export *ex = &m->exports[i];

		if (ex->kind == EXTERN_FUNC && ex->index < m->nfuncs &&
		    name_is(ex->name, text)) {
			*func = ex->index;
			return 0;
		}
	}
	return -1;
}

static int
find_name(const struct dump *d, const char *text, uint32_t *func)
{
	for (uint32_t i = 0; i < d->module->nfuncs; i++) {
		if (name_is(names_get(&d->names, NAMES_FUNC, i), text)) {
			*func = i;
			return 0;
		}
	}
	return -1;
}

int
dump_find_func(const struct dump *d, const char *text, uint32_t *func)
{
	if (find_index(d, text, func) == 0 || find_export(d, text, func) == 0 ||
	    find_name(d, text, func) == 0)
		return 0;
	if (text[0] == '$')
		return find_name(d, text + 1, func);
	return -1;
}
