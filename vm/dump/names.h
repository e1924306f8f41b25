/*
 * Every name that a module's name section gives, found by index at once.
 * https://webassembly.github.io/spec/core/appendix/custom.html#name-section
 *
 * It is a custom section: where it is malformed, the names end. Tables,
 * memories, globals and segments are named as the proposal of extended names
 * has it, which compilers write.
 */
#ifndef VM_DUMP_NAMES_H
#define VM_DUMP_NAMES_H

#include "vm/syntax/module.h"

enum name_space {
	NAMES_FUNC,
	NAMES_TYPE,
	NAMES_TABLE,
	NAMES_MEMORY,
	NAMES_GLOBAL,
	NAMES_ELEM,
	NAMES_DATA,
	NAMES_TAG,
	NAME_SPACES
};

struct local_name {
	uint32_t local;
	struct name name;
};

struct names {
	const struct module *module;
	struct name own;		/* the module's */
	struct {
		uint32_t count;		/* the index space's size */
		struct name *names;	/* NULL: none has one */
	} spaces[NAME_SPACES];
	struct name **fields;	/* by type, then field; NULL as above */
	struct range locals;	/* the map of locals' names */

	/* of the function that names_enter chose last, by index */
	uint32_t nnamed, cap_named;
	struct local_name *named;
	uint32_t next_func;	/* functions before it are not in next_locals */
	struct range next_locals;
};

/* Read the name section; memory comes from the arena. 0, or -1: it is short. */
int names_read(struct names *n, const struct module *m, struct arena *a);

/* The name of an index, {NULL, 0} if it has none or is out of bounds. */
struct name names_get(const struct names *n, enum name_space space,
	uint32_t index);
struct name names_field(const struct names *n, uint32_t type, uint32_t field);

/*
 * Make names_local mean func. In constant time and that of its names, if func
 * goes up from call to call.
 */
void names_enter(struct names *n, uint32_t func);
struct name names_local(const struct names *n, uint32_t local);

/* The first local from from on that has a name, UINT32_MAX if there is none. */
uint32_t names_next_local(const struct names *n, uint32_t from);

#endif
