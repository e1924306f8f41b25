/*
 * The limits of one call: defaults, bounds, and what a client asked for.
 * Runs in the daemon.
 */
#ifndef DAEMON_LIMITS_H
#define DAEMON_LIMITS_H

#include <stdint.h>

#include "base/err.h"
#include "proto/msg.h"

enum limit {
#define LIMIT(id, field, name, unit, def, least, most, text) LIMIT_##id,
#include "daemon/limits.def"
#undef LIMIT
	LIMIT_COUNT
};

enum limit_unit { UNIT_MS, UNIT_BYTES, UNIT_COUNT };

struct limit_info {
	const char *name;
	enum field_id field;
	enum limit_unit unit;
	uint64_t def, least, most;
	const char *text;
};

extern const struct limit_info limit_info[LIMIT_COUNT];

struct limits {
	uint64_t v[LIMIT_COUNT];
};

/* The upper bounds of limits.def, before options lower or raise them. */
void limits_init_most(struct limits *most);

/*
 * The limits of a submit message: each as asked for, or the default, which is
 * never above most. 0, or -1: PROTO_ERROR_TOO_LARGE or PROTO_ERROR_USAGE for
 * one above or below what is allowed.
 */
int limits_from_msg(struct limits *out, const struct msg *m,
	const struct limits *most, struct err *err);

#endif
