/* What both forms of inspect need. */
#include "vm/dump/inspect.h"

#include "vm/binary/instr.h"

const char *
feature_name(enum feature f)
{
	static const char *const names[FEATURE_COUNT] = {
#define FEATURE(id, text) [FEATURE_##id] = text,
#include "vm/syntax/features.def"
#undef FEATURE
	};

	return names[f];
}

const char *
extern_kind_name(enum extern_kind kind)
{
	static const char *const names[] = {
		[EXTERN_FUNC] = "func", [EXTERN_TABLE] = "table",
		[EXTERN_MEMORY] = "memory", [EXTERN_GLOBAL] = "global",
		[EXTERN_TAG] = "tag",
	};

	return names[kind];
}

const char *
segment_mode_name(enum segment_mode mode)
{
	static const char *const names[] = {
		[SEGMENT_PASSIVE] = "passive", [SEGMENT_ACTIVE] = "active",
		[SEGMENT_DECLARATIVE] = "declare",
	};

	return names[mode];
}

uint32_t
extern_type(const struct module *m, enum extern_kind kind, uint32_t index)
{
	if (kind == EXTERN_FUNC && index < m->nfuncs)
		return m->funcs[index].type;
	if (kind == EXTERN_TAG && index < m->ntags)
		return m->tags[index].type;
	return TYPE_NONE;
}

static int
body_features(struct dump *d, uint32_t func, uint64_t *features,
	struct err *err)
{
	struct reader r;
	struct instr in;

	if (dump_open_body(d, func, &r, err) == -1)
		return -1;
	while (r.pos != r.end) {
		if (instr_read(&r, &in) == -1) {
			err_prefix(err, "function %u", (unsigned)func);
			return -1;
		}
	}
	*features |= r.features;
	return 0;
}

int
inspect_features(struct dump *d, uint64_t *features, struct err *err)
{
	const struct module *m = d->module;

	*features = m->features_used;
	for (uint32_t i = m->nimported_funcs; i < m->nfuncs; i++) {
		if (body_features(d, i, features, err) == -1)
			return -1;
	}
	*features = features_closure(*features);
	return 0;
}
