/*
 * The name section: names of functions. It is a custom section, so whatever
 * is wrong with it only means that there are no names.
 * https://webassembly.github.io/spec/core/appendix/custom.html#name-section
 */
#include <string.h>

#include "vm/binary/reader.h"
#include "vm/vm.h"

#define NAME_SECTION "name"
#define SUBSECTION_FUNCTIONS 1

/* Move functions over the name map of functions; false if there is none. */
static bool
find_functions(const struct module *m, const struct custom_section *c,
	struct reader *functions)
{
	struct reader r;

	reader_init(&r, m->bytes, c->bytes, NULL);
	while (reader_ok(&r) && r.pos != r.end) {
		uint8_t id = read_byte(&r);

		reader_take(&r, read_u32(&r), functions);
		if (reader_ok(&r) && id == SUBSECTION_FUNCTIONS)
			return true;
	}
	return false;
}

/* The map goes up in indices, so the search ends at the first beyond func. */
static struct name
find_name(struct reader *r, uint32_t func)
{
	uint32_t n = read_u32(r);

	for (uint32_t i = 0; i < n && reader_ok(r); i++) {
		uint32_t index = read_u32(r);
		struct name name;

		if (index > func)
			break;
		name = read_name(r);
		if (index == func && reader_ok(r))
			return name;
	}
	return (struct name){ NULL, 0 };
}

struct name
vm_module_func_name(const struct module *m, uint32_t func)
{
	for (uint32_t i = 0; i < m->ncustoms; i++) {
		const struct custom_section *c = &m->customs[i];
		struct reader functions;

		if (c->name.len == strlen(NAME_SECTION) &&
		    memcmp(c->name.data, NAME_SECTION, c->name.len) == 0 &&
		    find_functions(m, c, &functions))
			return find_name(&functions, func);
	}
	return (struct name){ NULL, 0 };
}
