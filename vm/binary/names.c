/* The name section: names of functions. */
#include "vm/binary/names.h"

#include <string.h>

#include "vm/binary/reader.h"
#include "vm/vm.h"

#define NAME_SECTION "name"
#define SUBSECTION_FUNCTIONS 1
#define NAMES_PER_MARK 64

/* Move names over the subsection of functions; false if there is none. */
static bool
find_functions(const struct module *m, const struct custom_section *c,
	struct reader *names)
{
	struct reader r;

	reader_init(&r, m->bytes, c->bytes, NULL);
	while (reader_ok(&r) && r.pos != r.end) {
		uint8_t id = read_byte(&r);

		reader_take(&r, read_u32(&r), names);
		if (reader_ok(&r) && id == SUBSECTION_FUNCTIONS)
			return true;
	}
	return false;
}

static bool
find_name_section(const struct module *m, struct reader *names)
{
	for (uint32_t i = 0; i < m->ncustoms; i++) {
		const struct custom_section *c = &m->customs[i];

		if (c->name.len == strlen(NAME_SECTION) &&
		    memcmp(c->name.data, NAME_SECTION, c->name.len) == 0)
			return find_functions(m, c, names);
	}
	return false;
}

/* Indices go up; the names from the first that does not, or that is cut
 * short, are not there. */
static void
mark_names(struct module *m, struct reader *r, uint32_t count)
{
	int64_t last = -1;

	for (uint32_t i = 0; i < count; i++) {
		uint32_t offset = reader_offset(r);
		uint32_t func = read_u32(r);

		read_byte_vec(r);
		if (!reader_ok(r) || func <= last)
			return;
		if (i % NAMES_PER_MARK == 0)
			m->func_marks[m->nfunc_marks++] =
				(struct name_mark){ func, offset };
		m->nfunc_names++;
		last = func;
	}
}

int
names_index(struct module *m)
{
	struct reader r;
	uint32_t count;

	if (!find_name_section(m, &r))
		return 0;
	count = read_count(&r, 2, UINT32_MAX, "names");
	m->func_marks = arena_alloc(&m->arena, count / NAMES_PER_MARK + 1,
		sizeof(*m->func_marks));
	if (m->func_marks == NULL)
		return -1;
	mark_names(m, &r, count);
	return 0;
}

/* The last mark that is not beyond func, or NULL. */
static const struct name_mark *
find_mark(const struct module *m, uint32_t func)
{
	uint32_t low = 0, high = m->nfunc_marks;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (m->func_marks[middle].func <= func)
			low = middle + 1;
		else
			high = middle;
	}
	return low == 0 ? NULL : &m->func_marks[low - 1];
}

static struct name
section_name(const struct module *m, uint32_t func)
{
	const struct name_mark *mark = find_mark(m, func);
	uint32_t first, n;
	struct reader r;

	if (mark == NULL)
		return (struct name){ NULL, 0 };
	first = (uint32_t)(mark - m->func_marks) * NAMES_PER_MARK;
	n = m->nfunc_names - first;
	reader_init(&r, m->bytes, (struct range){ mark->offset,
		(uint32_t)m->len - mark->offset }, NULL);
	for (uint32_t i = 0; i < n && i < NAMES_PER_MARK; i++) {
		if (read_u32(&r) == func) {
			struct name name = read_name(&r);

			return reader_ok(&r) ? name : (struct name){ NULL, 0 };
		}
		read_byte_vec(&r);
	}
	return (struct name){ NULL, 0 };
}

static struct name
export_name(const struct module *m, uint32_t func)
{
	for (uint32_t i = 0; i < m->nexports; i++) {
		const struct export *e = &m->exports[i];

		if (e->kind == EXTERN_FUNC && e->index == func)
			return e->name;
	}
	return (struct name){ NULL, 0 };
}

struct name
vm_module_func_name(const struct module *m, uint32_t func)
{
	struct name name = section_name(m, func);

	return name.data != NULL ? name : export_name(m, func);
}
