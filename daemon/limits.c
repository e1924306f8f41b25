/* The limits of one call. Runs in the daemon. */
#include "daemon/limits.h"

#include <inttypes.h>

const struct limit_info limit_info[LIMIT_COUNT] = {
#define LIMIT(id, field, name, unit, def, least, most, text) \
	[LIMIT_##id] = { name, FIELD_SUBMIT_##field, UNIT_##unit, def, least, \
		most, text },
#include "daemon/limits.def"
#undef LIMIT
};

void
limits_init_most(struct limits *most)
{
	for (int i = 0; i < LIMIT_COUNT; i++)
		most->v[i] = limit_info[i].most;
}

int
limits_from_msg(struct limits *out, const struct msg *m,
	const struct limits *most, struct err *err)
{
	struct limits l;

	for (int i = 0; i < LIMIT_COUNT; i++) {
		const struct limit_info *info = &limit_info[i];
		uint64_t def = info->def < most->v[i] ? info->def : most->v[i];

		l.v[i] = msg_number(m, info->field, def);
		if (l.v[i] > most->v[i])
			return err_set(err, PROTO_ERROR_TOO_LARGE,
				"%s: %" PRIu64 " is above what this daemon "
				"allows, %" PRIu64, field_info[info->field].name,
				l.v[i], most->v[i]);
		if (l.v[i] < info->least)
			return err_set(err, PROTO_ERROR_USAGE,
				"%s: %" PRIu64 " is below the least, %" PRIu64,
				field_info[info->field].name, l.v[i],
				info->least);
	}
	*out = l;
	return 0;
}
