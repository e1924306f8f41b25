/*
 * The limits of one field, checked alike on what a peer sent and on what we
 * are about to send. Used by proto/pack.c and proto/unpack.c.
 */
#ifndef PROTO_VALUE_H
#define PROTO_VALUE_H

#include "base/err.h"
#include "proto/msg.h"

/* 0, or -1: PROTO_ERROR_TOO_LARGE, or PROTO_ERROR_USAGE for a NUL in a
 * string. v is present and of the field's type. */
int value_check(const struct field_info *f, const struct msg_value *v,
	struct err *err);

/* Whether f may or must appear in m: its own fields, or its results. */
bool value_belongs(const struct field_info *f, const struct msg *m);

/* All required fields present: 0, or -1 with PROTO_ERROR_USAGE. */
int value_check_required(const struct msg *m, struct err *err);

#endif
