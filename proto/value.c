/* The limits of one field. Runs in daemon and clients. */
#include "proto/value.h"

#include <inttypes.h>
#include <string.h>

static int
value_too_long(const struct field_info *f, struct err *err)
{
	return err_set(err, PROTO_ERROR_TOO_LARGE,
		"%s: longer than the limit of %" PRIu64 " bytes",
		f->name, f->max);
}

static int
value_check_nul(const struct field_info *f, struct span s, struct err *err)
{
	if (s.len > 0 && memchr(s.data, '\0', s.len) != NULL)
		return err_set(err, PROTO_ERROR_USAGE,
			"%s: a string contains a NUL byte", f->name);
	return 0;
}

static int
value_check_strs(const struct field_info *f, const struct msg_value *v,
	struct err *err)
{
	uint64_t room = f->max;

	for (size_t i = 0; i < v->nstrs; i++) {
		/* One more each, or empty strings would cost nothing. */
		if (v->strs[i].len >= room)
			return value_too_long(f, err);
		room -= v->strs[i].len + 1;
		if (value_check_nul(f, v->strs[i], err) == -1)
			return -1;
	}
	return 0;
}

int
value_check(const struct field_info *f, const struct msg_value *v,
	struct err *err)
{
	switch (f->type) {
	case TYPE_UINT:
	case TYPE_BOOL:
		if (v->number > f->max)
			return err_set(err, PROTO_ERROR_TOO_LARGE,
				"%s: %" PRIu64 " is above the limit of %" PRIu64,
				f->name, v->number, f->max);
		return 0;
	case TYPE_STR:
	case TYPE_BIN:
		if (v->bytes.len > f->max)
			return value_too_long(f, err);
		return f->type == TYPE_BIN ? 0 :
			value_check_nul(f, v->bytes, err);
	case TYPE_STRS:
		return value_check_strs(f, v, err);
	}
	__builtin_unreachable();
}

bool
value_belongs(const struct field_info *f, const struct msg *m)
{
	return f->msg == m->id && f->is_result ==
		(m->form == FORM_ANSWER && m->id != MSG_ERROR);
}

int
value_check_required(const struct msg *m, struct err *err)
{
	for (int f = msg_info[m->id].first; f < (int)msg_fields_end(m->id); f++) {
		const struct field_info *info = &field_info[f];

		if (!info->required || !value_belongs(info, m))
			continue;
		if (!m->values[f - (int)msg_info[m->id].first].present)
			return err_set(err, PROTO_ERROR_USAGE,
				"%s: %s is missing", msg_info[m->id].name,
				info->name);
	}
	return 0;
}
