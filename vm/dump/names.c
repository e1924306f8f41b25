/* Names from the name section, by index. */
#include "vm/dump/names.h"

#include <string.h>

#include "vm/binary/reader.h"

#define NAME_SECTION "name"

enum subsection {
	SUBSECTION_MODULE = 0,
	SUBSECTION_FUNCS = 1,
	SUBSECTION_LOCALS = 2,
	SUBSECTION_TYPES = 4,
	SUBSECTION_TABLES = 5,
	SUBSECTION_MEMORIES = 6,
	SUBSECTION_GLOBALS = 7,
	SUBSECTION_ELEMS = 8,
	SUBSECTION_DATAS = 9,
	SUBSECTION_FIELDS = 10,
	SUBSECTION_TAGS = 11,
};

static void
count_spaces(struct names *n, const struct module *m)
{
	n->spaces[NAMES_FUNC].count = m->nfuncs;
	n->spaces[NAMES_TYPE].count = m->ntypes;
	n->spaces[NAMES_TABLE].count = m->ntables;
	n->spaces[NAMES_MEMORY].count = m->nmemories;
	n->spaces[NAMES_GLOBAL].count = m->nglobals;
	n->spaces[NAMES_ELEM].count = m->nelems;
	n->spaces[NAMES_DATA].count = m->ndatas;
	n->spaces[NAMES_TAG].count = m->ntags;
}

/* Fill names from a name map, in which indices go up. What is out of bounds,
 * or wrong, ends the map. */
static void
read_name_map(struct reader *r, struct name *names, uint32_t count)
{
	uint32_t left = read_u32(r), end = 0;

	for (; left > 0 && reader_ok(r); left--) {
		uint32_t index = read_u32(r);
		struct name name = read_name(r);

		if (!reader_ok(r) || index >= count || index < end)
			break;
		names[index] = name;
		end = index + 1;
	}
}

static int
read_space(struct names *n, struct reader *r, struct arena *a,
	enum name_space space)
{
	uint32_t count = n->spaces[space].count;

	if (n->spaces[space].names == NULL)
		n->spaces[space].names = arena_alloc(a, count,
			sizeof(struct name));
	if (n->spaces[space].names == NULL)
		return -1;
	read_name_map(r, n->spaces[space].names, count);
	return 0;
}

static uint32_t
field_count(const struct subtype *t)
{
	return t->kind == COMP_STRUCT ? t->struct_.nfields : 0;
}

/* Skip a name map. */
static void
skip_name_map(struct reader *r)
{
	uint32_t left = read_u32(r);

	for (; left > 0 && reader_ok(r); left--) {
		read_u32(r);
		skip_bytes(r, read_u32(r));
	}
}

/* Types go up in the map, so that no type's fields are allocated twice. */
static int
read_fields(struct names *n, struct reader *r, struct arena *a)
{
	const struct module *m = n->module;
	uint32_t left = read_u32(r), end = 0;

	if (n->fields != NULL)
		return 0;
	n->fields = arena_alloc(a, m->ntypes, sizeof(*n->fields));
	if (n->fields == NULL)
		return -1;
	for (; left > 0 && reader_ok(r); left--) {
		uint32_t type = read_u32(r), count;
		struct reader map = *r;

		skip_name_map(r);
		if (!reader_ok(r) || type >= m->ntypes || type < end)
			break;
		count = field_count(&m->types[type]);
		n->fields[type] = arena_alloc(a, count, sizeof(struct name));
		if (n->fields[type] == NULL)
			return -1;
		read_name_map(&map, n->fields[type], count);
		end = type + 1;
	}
	return 0;
}

static int
read_subsection(struct names *n, struct reader *r, struct arena *a,
	enum subsection id)
{
	static const uint8_t spaces[] = {	/* of name_space, plus one */
		[SUBSECTION_FUNCS] = NAMES_FUNC + 1,
		[SUBSECTION_TYPES] = NAMES_TYPE + 1,
		[SUBSECTION_TABLES] = NAMES_TABLE + 1,
		[SUBSECTION_MEMORIES] = NAMES_MEMORY + 1,
		[SUBSECTION_GLOBALS] = NAMES_GLOBAL + 1,
		[SUBSECTION_ELEMS] = NAMES_ELEM + 1,
		[SUBSECTION_DATAS] = NAMES_DATA + 1,
		[SUBSECTION_TAGS] = NAMES_TAG + 1,
	};

	switch (id) {
	case SUBSECTION_MODULE:
		n->own = read_name(r);
		if (!reader_ok(r))
			n->own = (struct name){ NULL, 0 };
		return 0;
	case SUBSECTION_LOCALS:
		n->locals = (struct range){ reader_offset(r), reader_left(r) };
		return 0;
	case SUBSECTION_FIELDS:
		return read_fields(n, r, a);
	default:
		if (id >= sizeof(spaces) || spaces[id] == 0)
			return 0;
		return read_space(n, r, a, (enum name_space)(spaces[id] - 1));
	}
}

/* ---- locals ------------------------------------------------------------ */

/* Entries are sought from where the last search ended. */
static void
rewind_locals(struct names *n)
{
	struct reader r;

	reader_init(&r, n->module->bytes, n->locals, NULL);
	read_u32(&r);	/* how many there are: the bytes say it too */
	n->next_func = 0;
	n->next_locals = reader_range_from(&r, reader_offset(&r));
	n->next_locals.len = reader_left(&r);
}

/* Move r to the map of func's locals; false if it has none. */
static bool
find_locals(struct names *n, uint32_t func, struct reader *r)
{
	uint32_t start, index;

	if (func < n->next_func)
		rewind_locals(n);
	reader_init(r, n->module->bytes, n->next_locals, NULL);
	for (;;) {
		start = reader_offset(r);
		n->next_locals = (struct range){ start, reader_left(r) };
		n->next_func = func;
		if (r->pos == r->end)
			return false;
		index = read_u32(r);
		if (index >= func)
			return reader_ok(r) && index == func;
		skip_name_map(r);
	}
}

/* ---- the section ------------------------------------------------------- */

static int
read_section(struct names *n, const struct custom_section *c, struct arena *a)
{
	struct reader r, sub;

	reader_init(&r, n->module->bytes, c->bytes, NULL);
	while (reader_ok(&r) && r.pos != r.end) {
		uint8_t id = read_byte(&r);

		reader_take(&r, read_u32(&r), &sub);
		if (reader_ok(&r) && read_subsection(n, &sub, a, id) == -1)
			return -1;
	}
	return 0;
}

int
names_read(struct names *n, const struct module *m, struct arena *a)
{
	*n = (struct names){ .module = m };
	count_spaces(n, m);
	for (uint32_t i = 0; i < m->ncustoms; i++) {
		const struct custom_section *c = &m->customs[i];

		if (c->name.len != strlen(NAME_SECTION) ||
		    memcmp(c->name.data, NAME_SECTION, c->name.len) != 0)
			continue;
		if (read_section(n, c, a) == -1)
			return -1;
		break;
	}
	rewind_locals(n);
	n->cap_named = n->locals.len / 2;	/* an index and a length each */
	if (n->cap_named > LIMIT_LOCALS + LIMIT_PARAMS)
		n->cap_named = LIMIT_LOCALS + LIMIT_PARAMS;
	n->named = arena_alloc(a, n->cap_named, sizeof(*n->named));
	return n->named != NULL ? 0 : -1;
}

struct name
names_get(const struct names *n, enum name_space space, uint32_t index)
{
	if (n->spaces[space].names == NULL || index >= n->spaces[space].count)
		return (struct name){ NULL, 0 };
	return n->spaces[space].names[index];
}

struct name
names_field(const struct names *n, uint32_t type, uint32_t field)
{
	const struct module *m = n->module;

	if (n->fields == NULL || type >= m->ntypes || n->fields[type] == NULL ||
	    field >= field_count(&m->types[type]))
		return (struct name){ NULL, 0 };
	return n->fields[type][field];
}

void
names_enter(struct names *n, uint32_t func)
{
	uint32_t left;
	struct reader r;

	n->nnamed = 0;
	if (!find_locals(n, func, &r))
		return;
	left = read_u32(&r);
	for (; left > 0 && n->nnamed < n->cap_named; left--) {
		struct local_name l = { .local = read_u32(&r) };

		l.name = read_name(&r);
		if (!reader_ok(&r) || (n->nnamed > 0 &&
		    l.local <= n->named[n->nnamed - 1].local))
			break;
		n->named[n->nnamed++] = l;
	}
}

/* The place of the first named local from from on. */
static uint32_t
find_local(const struct names *n, uint32_t from)
{
	uint32_t low = 0, high = n->nnamed;

	while (low < high) {
		uint32_t mid = low + (high - low) / 2;

		if (n->named[mid].local < from)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

uint32_t
names_next_local(const struct names *n, uint32_t from)
{
	uint32_t i = find_local(n, from);

	return i < n->nnamed ? n->named[i].local : UINT32_MAX;
}

struct name
names_local(const struct names *n, uint32_t local)
{
	uint32_t i = find_local(n, local);

	if (i < n->nnamed && n->named[i].local == local)
		return n->named[i].name;
	return (struct name){ NULL, 0 };
}
