/* A module: what was decoded from one binary. */
#include "vm/syntax/module.h"

void
module_clear(struct module *m)
{
	arena_clear(&m->arena);
	*m = (struct module){ .bytes = NULL };
}
