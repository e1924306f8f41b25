/* The message table, and messages built and read field by field. */
#include "proto/msg.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

const struct msg_info msg_info[MSG_COUNT] = {
#define MSG(id, number, name, kind, direction, states) \
	[MSG_##id] = { name, number, KIND_##kind, direction, \
		STATE_##states, FIRST_##id },
#define FIELD(msg, id, name, type, presence, max)
#define RESULT(msg, id, name, type, presence, max)
#include "proto/msgs.def"
#undef MSG
#undef FIELD
#undef RESULT
};

const struct field_info field_info[FIELD_COUNT] = {
#define REQUIRED true
#define OPTIONAL false
#define MSG(id, number, name, kind, direction, states)
#define FIELD(msg, id, name, type, presence, max) \
	[FIELD_##msg##_##id] = \
		{ MSG_##msg, false, name, TYPE_##type, presence, max },
#define RESULT(msg, id, name, type, presence, max) \
	[RESULT_##msg##_##id] = \
		{ MSG_##msg, true, name, TYPE_##type, presence, max },
#include "proto/msgs.def"
#undef MSG
#undef FIELD
#undef RESULT
#undef REQUIRED
#undef OPTIONAL
};

const struct proto_status_info proto_status_info[PROTO_STATUS_COUNT] = {
#define STATUS(id, letters, exit, text) \
	[PROTO_STATUS_##id] = { letters, exit, text },
#include "proto/status.def"
#undef STATUS
};

const char *
proto_error_name(uint64_t code)
{
	switch (code) {
#define PROTO_ERROR(id, number, name) \
	case PROTO_ERROR_##id: \
		return name;
#include "proto/errors.def"
#undef PROTO_ERROR
	default:
		return "unknown";
	}
}

enum field_id
msg_fields_end(enum msg_id id)
{
	return id + 1 < MSG_COUNT ? msg_info[id + 1].first : FIELD_COUNT;
}

/* Where a field's value is. Asking a message for another's field is our bug. */
static size_t
msg_slot(const struct msg *m, enum field_id f)
{
	size_t slot;

	assert((unsigned)f < FIELD_COUNT && field_info[f].msg == m->id);
	assert(field_info[f].is_result ==
		(m->form == FORM_ANSWER && m->id != MSG_ERROR));
	slot = (size_t)f - (size_t)msg_info[m->id].first;
	assert(slot < MSG_VALUES_MAX);
	return slot;
}

static void
msg_init(struct msg *m, enum msg_id id, enum msg_form form, uint32_t call)
{
	*m = (struct msg){ .id = id, .form = form, .call = call };
}

void
msg_init_request(struct msg *m, enum msg_id id, uint32_t call)
{
	assert(msg_info[id].kind == KIND_REQUEST);
	msg_init(m, id, FORM_REQUEST, call);
}

void
msg_init_notify(struct msg *m, enum msg_id id)
{
	assert(msg_info[id].kind == KIND_NOTIFY);
	msg_init(m, id, FORM_NOTIFY, 0);
}

void
msg_init_answer(struct msg *m, enum msg_id id, uint32_t call)
{
	assert(msg_info[id].kind == KIND_REQUEST);
	msg_init(m, id, FORM_ANSWER, call);
}

void
msg_init_error(struct msg *m, uint32_t call, enum proto_error code,
	const char *text, uint64_t retry_ms)
{
	msg_init(m, MSG_ERROR, FORM_ANSWER, call);
	msg_set_number(m, FIELD_ERROR_CODE, code);
	msg_set_str(m, FIELD_ERROR_NAME, proto_error_name(code));
	msg_set_str(m, FIELD_ERROR_TEXT, text);
	if (retry_ms != UINT64_MAX)
		msg_set_number(m, FIELD_ERROR_RETRY_MS, retry_ms);
}

void
msg_clear(struct msg *m)
{
	free(m->owned);
	m->owned = NULL;
}

void
msg_set_number(struct msg *m, enum field_id f, uint64_t number)
{
	assert(field_info[f].type == TYPE_UINT ||
		field_info[f].type == TYPE_BOOL);
	m->values[msg_slot(m, f)] =
		(struct msg_value){ .present = true, .number = number };
}

void
msg_set_str(struct msg *m, enum field_id f, const char *str)
{
	msg_set_bytes(m, f, str, strlen(str));
}

void
msg_set_bytes(struct msg *m, enum field_id f, const void *data, size_t len)
{
	assert(field_info[f].type == TYPE_STR || field_info[f].type == TYPE_BIN);
	m->values[msg_slot(m, f)] =
		(struct msg_value){ .present = true, .bytes = { data, len } };
}

void
msg_set_strs(struct msg *m, enum field_id f, const struct span *strs,
	size_t nstrs)
{
	assert(field_info[f].type == TYPE_STRS);
	m->values[msg_slot(m, f)] =
		(struct msg_value){ .present = true, .strs = strs, .nstrs = nstrs };
}

bool
msg_has(const struct msg *m, enum field_id f)
{
	return m->values[msg_slot(m, f)].present;
}

uint64_t
msg_number(const struct msg *m, enum field_id f, uint64_t absent)
{
	const struct msg_value *v = &m->values[msg_slot(m, f)];

	return v->present ? v->number : absent;
}

struct span
msg_bytes(const struct msg *m, enum field_id f)
{
	return m->values[msg_slot(m, f)].bytes;
}

const struct span *
msg_strs(const struct msg *m, enum field_id f, size_t *nstrs)
{
	const struct msg_value *v = &m->values[msg_slot(m, f)];

	*nstrs = v->nstrs;
	return v->strs;
}
