/* Imports that cannot be linked, explained. */
#include "guest/import.h"

#include <string.h>

#include "guest/hot.h"
#include "guest/import_known.h"
#include "guest/program.h"
#include "guest/text.h"
#include "guest/wasi.h"

#define NAME_SHOWN	60	/* bytes of a name */
#define TYPE_SHOWN	120
#define LISTED		4	/* names that are shown of many */
#define LOOKED_AT	1000	/* that are compared: a bound on work */
#define DISTANCE_MAX	32	/* bytes of a name that are compared */

static const char *const wasi_modules[] = {
	"wasi_snapshot_preview1", "wasi_unstable",
};

/* ---- names that there are ---------------------------------------------- */

static struct name
name_of(const char *s)
{
	return (struct name){ s, (uint32_t)strlen(s) };
}

static bool
name_is(struct name a, const char *b)
{
	return a.len == strlen(b) && memcmp(a.data, b, a.len) == 0;
}

/* The names that a module has for one kind of import. */
struct offer {
	const struct module *module;	/* NULL: WASI's functions */
	enum extern_kind kind;
	unsigned count;
};

/* Name i of all, or {NULL, 0} if it is of another kind. */
static struct name
offer_name(const struct offer *o, unsigned i)
{
	const struct export *e;

	if (o->module == NULL)
		return name_of(wasi_function(i));
	e = &o->module->exports[i];
	return e->kind == o->kind ? e->name : (struct name){ NULL, 0 };
}

static unsigned
offer_all(const struct offer *o)
{
	unsigned n = 0;

	if (o->module != NULL)
		return o->module->nexports;
	while (o->kind == EXTERN_FUNC && wasi_function(n) != NULL)
		n++;
	return n;
}

static void
offer_init(struct offer *o, const struct module *m, enum extern_kind kind)
{
	*o = (struct offer){ .module = m, .kind = kind };
	for (unsigned i = 0, all = offer_all(o); i < all; i++)
		o->count += offer_name(o, i).data != NULL;
}

/* How many bytes differ between the fronts of two names: inserted, left out or
 * replaced (Levenshtein). */
static unsigned
name_distance(struct name a, struct name b)
{
	unsigned row[DISTANCE_MAX + 1];
	uint32_t alen = a.len < DISTANCE_MAX ? a.len : DISTANCE_MAX;
	uint32_t blen = b.len < DISTANCE_MAX ? b.len : DISTANCE_MAX;

	for (unsigned j = 0; j <= blen; j++)
		row[j] = j;
	for (unsigned i = 1; i <= alen; i++) {
		unsigned diagonal = row[0];

		row[0] = i;
		for (unsigned j = 1; j <= blen; j++) {
			unsigned best = diagonal +
			    (a.data[i - 1] != b.data[j - 1]);

			diagonal = row[j];
			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
		}
	}
	return row[blen];
}

/* The nearest names to one, best first. Returns how many. */
static unsigned
offer_nearest(const struct offer *o, struct name to, struct name near[LISTED])
{
	unsigned distance[LISTED], n = 0, all = offer_all(o), looked = 0;

	for (unsigned i = 0; i < all && looked < LOOKED_AT; i++) {
		struct name name = offer_name(o, i);
		unsigned d, at = n;

		if (name.data == NULL)
			continue;
		looked++;
		d = name_distance(name, to);
		if (n == LISTED && d >= distance[n - 1])
			continue;
		if (n < LISTED)
			n++;
		else
			at--;
		for (; at > 0 && distance[at - 1] > d; at--) {
			distance[at] = distance[at - 1];
			near[at] = near[at - 1];
		}
		distance[at] = d;
		near[at] = name;
	}
	return n;
}

/* ---- text -------------------------------------------------------------- */

static void
text_cut(struct text *t, struct name name)
{
	text_name(t, name.data, name.len < NAME_SHOWN ? name.len : NAME_SHOWN);
	if (name.len > NAME_SHOWN)
		text_printf(t, "...");
}

/* What goes before name i of n. */
static const char *
text_joint(unsigned i, unsigned n)
{
	return i == 0 ? "" : i + 1 == n ? " and " : ", ";
}

/* ", but the functions of lib are add and div" */
static void
explain_offer(struct text *t, const struct offer *o, const struct import *im)
{
	static const char *const kinds[][2] = {
		[EXTERN_FUNC] = { "function", "functions" },
		[EXTERN_TABLE] = { "table", "tables" },
		[EXTERN_MEMORY] = { "memory", "memories" },
		[EXTERN_GLOBAL] = { "global", "globals" },
		[EXTERN_TAG] = { "tag", "tags" },
	};
	struct name near[LISTED];
	unsigned n = offer_nearest(o, im->name, near);
	const char *kind = kinds[im->kind][o->count > 1];

	text_printf(t, ", but ");
	if (n == 0) {
		text_cut(t, im->module);
		text_printf(t, " exports no %s", kind);
		return;
	}
	if (n < o->count)
		text_printf(t, "of the %u %s of ", o->count, kind);
	else
		text_printf(t, "the only %s of ", kind);
	text_cut(t, im->module);
	text_printf(t, n < o->count ? " the nearest are " : n == 1 ? " is " :
	    " are ");
	for (unsigned i = 0; i < n; i++) {
		text_printf(t, "%s", text_joint(i, n));
		text_cut(t, near[i]);
	}
}

/* Which modules there are for module i, and how to have one more. */
static void
explain_modules(struct text *t, const struct program *p, unsigned i,
    struct name wanted)
{
	unsigned before = i == 0 ? p->count : i, n = before + 1;

	text_printf(t, ", but there is no module ");
	text_cut(t, wanted);
	text_printf(t, ", only ");
	for (unsigned k = 1; k < before; k++)
		text_printf(t, "%s%s", text_joint(k - 1, n), p->module[k].name);
	for (unsigned k = 0; k < 2; k++)
		text_printf(t, "%s%s", text_joint(before - 1 + k, n),
		    wasi_modules[k]);
}

/* Where there is something of the name that is wanted, if it is not where it is
 * looked for. */
static void
explain_elsewhere(struct text *t, const struct program *p, unsigned before,
    const struct import *im)
{
	struct offer o;

	for (unsigned k = 0; k < before; k++) {
		offer_init(&o, k == 0 ? NULL :
		    vm_module_syntax(p->module[k].module), im->kind);
		for (unsigned i = 0, all = offer_all(&o); i < all; i++) {
			struct name name = offer_name(&o, i);

			if (name.data == NULL || name.len != im->name.len ||
			    memcmp(name.data, im->name.data, name.len) != 0)
				continue;
			text_printf(t, "; %s has a ", k == 0 ? wasi_modules[0] :
			    p->module[k].name);
			text_cut(t, name);
			return;
		}
	}
}

/* What it seems to be, and what would give it. */
static void
explain_way(struct text *t, const struct program *p, unsigned before,
    const struct import *im)
{
	const char *known = import_known(im);

	if (known != NULL) {
		text_printf(t, "; %s", known);
		return;
	}
	explain_elsewhere(t, p, before, im);
	text_printf(t, "; --preload ");
	text_cut(t, im->module);
	text_printf(t, "=FILE gives one");
}

/* The number of the preloaded module of that name, or p->count. */
static unsigned
find_preloaded(const struct program *p, struct name name)
{
	unsigned i = 1;

	while (i < p->count && !name_is(name, p->module[i].name))
		i++;
	return i;
}

static void
explain_unknown(struct text *t, const struct program *p, unsigned i,
    const struct import *im)
{
	unsigned from = find_preloaded(p, im->module);
	struct offer o;

	if (from < p->count && i > 0 && from >= i) {
		text_printf(t, from == i ? ", but a module cannot import from "
		    "itself" : ", but %s is preloaded after it",
		    p->module[from].name);
		return;
	}
	if (from == p->count && !name_is(im->module, wasi_modules[0]) &&
	    !name_is(im->module, wasi_modules[1])) {
		explain_modules(t, p, i, im->module);
		explain_way(t, p, i == 0 ? p->count : i, im);
		return;
	}
	if (from == p->count && import_known(im) != NULL) {
		text_printf(t, ", but %s", import_known(im));
		return;
	}
	offer_init(&o, from == p->count ? NULL :
	    vm_module_syntax(p->module[from].module), im->kind);
	explain_offer(t, &o, im);
}

/* "; 3 more imports cannot be linked" */
static void
explain_others(struct text *t, const struct program *p, unsigned i, uint32_t n)
{
	const struct vm_module *m = p->module[i].module;
	uint32_t all = vm_module_syntax(m)->nimports, count = 0;
	struct vm_extern_item item;

	while (count < LOOKED_AT &&
	    (n = vm_find_unlinked(p->store, m, n + 1, &item)) < all)
		count++;
	if (count > 0)
		text_printf(t, "; %s%u more import%s cannot be linked",
		    count == LOOKED_AT ? "at least " : "", count,
		    count == 1 ? "" : "s");
}

void
import_explain(const struct program *p, unsigned i, struct err *err)
{
	static GUEST_COLD char data[RESULT_TEXT_MAX];
	static struct text t = { .data = data };
	const struct vm_module *m = p->module[i].module;
	const struct module *syntax = vm_module_syntax(m);
	char wanted[TYPE_SHOWN], offered[TYPE_SHOWN];
	struct vm_extern_item item;
	uint32_t n = vm_find_unlinked(p->store, m, 0, &item);

	if (n == syntax->nimports)
		return;
	vm_import_text(m, n, wanted, sizeof(wanted));
	text_printf(&t, item.object == NULL ? "unknown import: " :
	    "incompatible import type: ");
	text_cut(&t, syntax->imports[n].module);
	text_printf(&t, ".");
	text_cut(&t, syntax->imports[n].name);
	text_printf(&t, ": wanted %s", wanted);
	if (item.object == NULL) {
		explain_unknown(&t, p, i, &syntax->imports[n]);
	} else {
		vm_item_text(item, offered, sizeof(offered));
		text_printf(&t, ", offered %s%s", strcmp(wanted, offered) == 0 ?
		    "another " : "", offered);
	}
	explain_others(&t, p, i, n);
	*err = ERR_NONE;
	err_set_at(err, VM_UNLINKABLE, syntax->imports[n].offset, "%.*s",
	    (int)t.len, t.data);
}
