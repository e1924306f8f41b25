/* A module: what was decoded from one binary. */
#include "vm/syntax/module.h"

void
module_clear(struct module *m)
{
	arena_clear(&m->arena);
	*m = (struct module){ .bytes = NULL };
}

uint64_t
features_closure(uint64_t features)
{
	if (features & UINT64_C(1) << FEATURE_GC)
		features |= UINT64_C(1) << FEATURE_FUNCTION_REFERENCES;
	if (features & UINT64_C(1) << FEATURE_FUNCTION_REFERENCES)
		features |= UINT64_C(1) << FEATURE_REFERENCE_TYPES;
	return features;
}
