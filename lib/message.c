/* Messages by the names of their fields. */
#include "lib/message.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"

/* No frame has more; with what spans and alignment take. */
#define MESSAGE_MAX (4u * PROTO_FRAME_MAX)

struct owned {
	struct msg msg;		/* first: it is what callers point to */
	struct arena strings;
};

_Static_assert((int)WASMD_TYPE_UINT == TYPE_UINT &&
	(int)WASMD_TYPE_BOOL == TYPE_BOOL && (int)WASMD_TYPE_STR == TYPE_STR &&
	(int)WASMD_TYPE_BIN == TYPE_BIN && (int)WASMD_TYPE_STRS == TYPE_STRS,
	"the types are the protocol's");

const struct wasmd_msg *
message_show(const struct msg *m)
{
	return (const struct wasmd_msg *)m;
}

const struct msg *
message_see(const struct wasmd_msg *m)
{
	return (const struct msg *)m;
}

static struct owned *
owned_of(struct wasmd_msg *m)
{
	return (struct owned *)m;
}

/* ---- reading ------------------------------------------------------------- */

static bool
message_belongs(const struct msg *m, enum field_id f)
{
	return field_info[f].is_result ==
		(m->form == FORM_ANSWER && m->id != MSG_ERROR);
}

/* FIELD_COUNT: it has no such field. */
static enum field_id
message_find(const struct msg *m, const char *name)
{
	enum field_id end = msg_fields_end(m->id);

	for (enum field_id f = msg_info[m->id].first; f < end; f++)
		if (message_belongs(m, f) &&
		    strcmp(field_info[f].name, name) == 0)
			return f;
	return FIELD_COUNT;
}

/* The same, if it is there and one of the two types. */
static bool
message_get(const struct msg *m, const char *name, enum field_type one,
	enum field_type other, enum field_id *f)
{
	*f = message_find(m, name);
	return *f != FIELD_COUNT && msg_has(m, *f) &&
		(field_info[*f].type == one || field_info[*f].type == other);
}

const char *
wasmd_msg_name(const struct wasmd_msg *m)
{
	return msg_info[message_see(m)->id].name;
}

bool
wasmd_msg_has(const struct wasmd_msg *m, const char *field)
{
	enum field_id f = message_find(message_see(m), field);

	return f != FIELD_COUNT && msg_has(message_see(m), f);
}

uint64_t
wasmd_msg_number(const struct wasmd_msg *m, const char *field, uint64_t absent)
{
	enum field_id f;

	return message_get(message_see(m), field, TYPE_UINT, TYPE_BOOL, &f) ?
		msg_number(message_see(m), f, absent) : absent;
}

struct wasmd_bytes
wasmd_msg_bytes(const struct wasmd_msg *m, const char *field)
{
	struct span s = { "", 0 };
	enum field_id f;

	if (message_get(message_see(m), field, TYPE_STR, TYPE_BIN, &f))
		s = msg_bytes(message_see(m), f);
	return (struct wasmd_bytes){ s.data, s.len };
}

static const struct span *
message_strs(const struct wasmd_msg *m, const char *field, size_t *n)
{
	enum field_id f;

	*n = 0;
	return message_get(message_see(m), field, TYPE_STRS, TYPE_STRS, &f) ?
		msg_strs(message_see(m), f, n) : NULL;
}

size_t
wasmd_msg_count(const struct wasmd_msg *m, const char *field)
{
	size_t n;

	message_strs(m, field, &n);
	return n;
}

struct wasmd_bytes
wasmd_msg_item(const struct wasmd_msg *m, const char *field, size_t item)
{
	size_t n;
	const struct span *strs = message_strs(m, field, &n);

	if (item >= n)
		return (struct wasmd_bytes){ "", 0 };
	return (struct wasmd_bytes){ strs[item].data, strs[item].len };
}

bool
wasmd_msg_field(const struct wasmd_msg *m, size_t n, struct wasmd_field *field)
{
	const struct msg *msg = message_see(m);
	enum field_id end = msg_fields_end(msg->id);

	for (enum field_id f = msg_info[msg->id].first; f < end; f++) {
		if (!message_belongs(msg, f) || !msg_has(msg, f) || n-- > 0)
			continue;
		*field = (struct wasmd_field){ field_info[f].name,
			(enum wasmd_type)field_info[f].type };
		return true;
	}
	return false;
}

/* ---- making ---------------------------------------------------------------- */

static struct wasmd_msg *
message_make(const struct msg *like)
{
	struct owned *o = calloc(1, sizeof(*o));

	if (o == NULL)
		return NULL;
	o->msg.id = like->id;
	o->msg.form = like->form;
	o->msg.call = like->call;
	arena_init(&o->strings, MESSAGE_MAX);
	return (struct wasmd_msg *)o;
}

struct wasmd_msg *
wasmd_msg_new(const char *name)
{
	for (int id = 0; id < MSG_COUNT; id++)
		if (msg_info[id].kind != KIND_ANSWER &&
		    strcmp(msg_info[id].name, name) == 0)
			return message_make(&(struct msg){
				.id = (enum msg_id)id,
				.form = msg_info[id].kind == KIND_REQUEST ?
					FORM_REQUEST : FORM_NOTIFY });
	return NULL;
}

void
wasmd_msg_free(struct wasmd_msg *m)
{
	if (m == NULL)
		return;
	arena_clear(&owned_of(m)->strings);
	free(m);
}

/* The field to set; FIELD_COUNT: it cannot be. */
static enum field_id
message_settable(const struct wasmd_msg *m, const char *name,
	enum field_type one, enum field_type other)
{
	enum field_id f = message_find(message_see(m), name);

	return f != FIELD_COUNT && (field_info[f].type == one ||
		field_info[f].type == other) ? f : FIELD_COUNT;
}

int
wasmd_msg_set_number(struct wasmd_msg *m, const char *field, uint64_t number)
{
	enum field_id f = message_settable(m, field, TYPE_UINT, TYPE_BOOL);

	if (f == FIELD_COUNT)
		return -1;
	msg_set_number(&owned_of(m)->msg, f, number);
	return 0;
}

static int
message_set_bytes(struct wasmd_msg *m, enum field_id f, const void *data,
	size_t len)
{
	const char *copy = arena_strndup(&owned_of(m)->strings, data, len);

	if (copy == NULL)
		return -1;
	msg_set_bytes(&owned_of(m)->msg, f, copy, len);
	return 0;
}

int
wasmd_msg_set_bytes(struct wasmd_msg *m, const char *field, const void *data,
	size_t len)
{
	enum field_id f = message_settable(m, field, TYPE_STR, TYPE_BIN);

	return f == FIELD_COUNT ? -1 : message_set_bytes(m, f, data, len);
}

int
wasmd_msg_set_str(struct wasmd_msg *m, const char *field, const char *str)
{
	return wasmd_msg_set_bytes(m, field, str, strlen(str));
}

static int
message_set_strs(struct wasmd_msg *m, enum field_id f, const struct span *strs,
	size_t count)
{
	struct owned *o = owned_of(m);
	struct span *copy = arena_alloc(&o->strings, count, sizeof(*copy));

	if (copy == NULL)
		return -1;
	for (size_t i = 0; i < count; i++) {
		copy[i].len = strs[i].len;
		copy[i].data = arena_strndup(&o->strings, strs[i].data,
			strs[i].len);
		if (copy[i].data == NULL)
			return -1;
	}
	msg_set_strs(&o->msg, f, copy, count);
	return 0;
}

int
wasmd_msg_set_strs(struct wasmd_msg *m, const char *field,
	const char *const *strs, size_t count)
{
	enum field_id f = message_settable(m, field, TYPE_STRS, TYPE_STRS);
	struct span *spans;
	int ret;

	if (f == FIELD_COUNT)
		return -1;
	spans = calloc(count + 1, sizeof(*spans));
	if (spans == NULL)
		return -1;
	for (size_t i = 0; i < count; i++)
		spans[i] = (struct span){ strs[i], strlen(strs[i]) };
	ret = message_set_strs(m, f, spans, count);
	free(spans);
	return ret;
}

static int
message_copy_field(struct wasmd_msg *to, const struct msg *from, enum field_id f)
{
	const struct span *strs;
	struct span s;
	size_t n;

	switch (field_info[f].type) {
	case TYPE_STRS:
		strs = msg_strs(from, f, &n);
		return message_set_strs(to, f, strs, n);
	case TYPE_STR:
	case TYPE_BIN:
		s = msg_bytes(from, f);
		return message_set_bytes(to, f, s.data, s.len);
	default:
		msg_set_number(&owned_of(to)->msg, f, msg_number(from, f, 0));
		return 0;
	}
}

struct wasmd_msg *
wasmd_msg_copy(const struct wasmd_msg *m)
{
	const struct msg *from = message_see(m);
	enum field_id end = msg_fields_end(from->id);
	struct wasmd_msg *to = message_make(from);

	for (enum field_id f = msg_info[from->id].first; to != NULL && f < end;
	    f++) {
		if (!message_belongs(from, f) || !msg_has(from, f) ||
		    message_copy_field(to, from, f) == 0)
			continue;
		wasmd_msg_free(to);
		to = NULL;
	}
	return to;
}

/* ---- the record ------------------------------------------------------------ */

int
wasmd_record_exit(const struct wasmd_msg *record)
{
	struct wasmd_bytes status = wasmd_msg_bytes(record, "status");

	for (int i = 0; i < PROTO_STATUS_COUNT; i++) {
		const struct proto_status_info *info = &proto_status_info[i];

		if (status.len != strlen(info->letters) ||
		    memcmp(status.data, info->letters, status.len) != 0)
			continue;
		if (i != PROTO_STATUS_OK && i != PROTO_STATUS_RE)
			return info->exit;
		return (int)(wasmd_msg_number(record, "exit_code", 0) & 255);
	}
	return proto_status_info[PROTO_STATUS_XX].exit;
}
