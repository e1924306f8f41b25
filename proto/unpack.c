/*
 * Frames to messages: every check on a peer's bytes, driven by the message
 * table. Runs in daemon and clients.
 */
#include "proto/msg.h"

#include <stdlib.h>
#include <string.h>

#include "proto/token.h"
#include "proto/value.h"

/* The tokens' list is well nested, so that a walk which honours the counts
 * stays inside. */
struct unpack {
	const struct token *at;
	struct msg *m;
	const struct msg_side *side;
	size_t nowned;		/* of m->owned, in use */
	size_t ntokens;
	struct err *err;
};

static bool
token_is(const struct token *t, const char *text)
{
	return t->kind == TOKEN_STR && t->len == strlen(text) &&
		memcmp(t->data, text, t->len) == 0;
}

static int
unpack_wrong_type(struct unpack *u, const struct field_info *f,
	const char *wanted)
{
	return err_set(u->err, PROTO_ERROR_USAGE, "%s: %s is %s, must be %s",
		msg_info[f->msg].name, f->name, token_kind_text(u->at->kind),
		wanted);
}

/* One vector holds the strings of all fields: no message has more strings
 * than tokens. */
static int
unpack_strs(struct unpack *u, const struct field_info *f, struct msg_value *v)
{
	size_t count = u->at->len;
	struct msg *m = u->m;

	if (m->owned == NULL)
		m->owned = calloc(u->ntokens, sizeof(*m->owned));
	if (m->owned == NULL)
		return err_set(u->err, PROTO_ERROR_INTERNAL, "out of memory");
	v->strs = m->owned + u->nowned;
	v->nstrs = count;
	u->at++;
	for (size_t i = 0; i < count; i++, u->at++) {
		if (u->at->kind != TOKEN_STR)
			return unpack_wrong_type(u, f, "an array of strings");
		m->owned[u->nowned++] =
			(struct span){ u->at->data, u->at->len };
	}
	return 0;
}

static int
unpack_value(struct unpack *u, const struct field_info *f, struct msg_value *v)
{
	static const struct {
		enum token_kind kind;
		const char *text;
	} wanted[] = {
		[TYPE_UINT] = { TOKEN_UINT, "an unsigned integer" },
		[TYPE_BOOL] = { TOKEN_BOOL, "a boolean" },
		[TYPE_STR] = { TOKEN_STR, "a string" },
		[TYPE_BIN] = { TOKEN_BIN, "binary data" },
		[TYPE_STRS] = { TOKEN_ARRAY, "an array of strings" },
	};

	if (u->at->kind != wanted[f->type].kind)
		return unpack_wrong_type(u, f, wanted[f->type].text);
	v->present = true;
	if (f->type == TYPE_STRS)
		return unpack_strs(u, f, v);
	if (f->type == TYPE_UINT || f->type == TYPE_BOOL)
		v->number = u->at->number;
	else
		v->bytes = (struct span){ u->at->data, u->at->len };
	u->at++;
	return 0;
}

/* The field that the key names, or NULL. */
static const struct field_info *
unpack_find(const struct unpack *u)
{
	int end = msg_fields_end(u->m->id);

	for (int f = msg_info[u->m->id].first; f < end; f++) {
		if (value_belongs(&field_info[f], u->m) &&
		    token_is(u->at, field_info[f].name))
			return &field_info[f];
	}
	return NULL;
}

static int
unpack_pair(struct unpack *u)
{
	const char *message = msg_info[u->m->id].name;
	const struct field_info *f = unpack_find(u);
	struct msg_value *v;

	if (f == NULL && u->side->direction == TO_CLIENT) {
		u->at = token_skip(token_skip(u->at));
		return 0;
	}
	if (f == NULL && u->at->kind != TOKEN_STR)
		return err_set(u->err, PROTO_ERROR_USAGE,
			"%s: a key is %s, must be a string", message,
			token_kind_text(u->at->kind));
	if (f == NULL)
		return err_set(u->err, PROTO_ERROR_USAGE,
			"%s: there is no field '%.*s'", message,
			u->at->len > 40 ? 40 : (int)u->at->len, u->at->data);
	v = &u->m->values[f - &field_info[msg_info[u->m->id].first]];
	if (v->present)
		return err_set(u->err, PROTO_ERROR_USAGE, "%s: %s is there twice",
			message, f->name);
	u->at++;
	if (unpack_value(u, f, v) == -1)
		return -1;
	return value_check(f, v, u->err);
}

static int
unpack_params(struct unpack *u)
{
	size_t pairs = u->at->len;

	if (u->at->kind != TOKEN_MAP)
		return err_set(u->err, PROTO_ERROR_USAGE,
			"%s: the parameters are %s, must be a map",
			msg_info[u->m->id].name, token_kind_text(u->at->kind));
	u->at++;
	for (size_t i = 0; i < pairs; i++) {
		if (unpack_pair(u) == -1)
			return -1;
	}
	return value_check_required(u->m, u->err);
}

static enum msg_id
unpack_method(const struct unpack *u, enum msg_kind kind)
{
	int id;

	for (id = 0; id < MSG_COUNT; id++) {
		if (msg_info[id].kind == kind &&
		    msg_info[id].direction == u->side->direction &&
		    token_is(u->at, msg_info[id].name))
			break;
	}
	return (enum msg_id)id;
}

static int
unpack_call(struct unpack *u, enum msg_kind kind)
{
	struct msg *m = u->m;

	if (u->at->kind != TOKEN_STR)
		return err_set(u->err, PROTO_ERROR_PROTOCOL,
			"the method is %s, must be a string",
			token_kind_text(u->at->kind));
	m->id = unpack_method(u, kind);
	if (m->id == MSG_COUNT && u->side->direction == TO_CLIENT)
		return 0;
	if (m->id == MSG_COUNT)
		return err_set(u->err, PROTO_ERROR_USAGE,
			"there is no %s '%.*s'",
			kind == KIND_REQUEST ? "request" : "notification",
			u->at->len > 40 ? 40 : (int)u->at->len, u->at->data);
	u->at++;
	return unpack_params(u);
}

/* [1, call, error, result]: one of the two is nil. */
static int
unpack_answer(struct unpack *u)
{
	struct msg *m = u->m;
	int request = u->side->request_of(u->side->arg, m->call);

	if (request == -1)
		return err_set(u->err, PROTO_ERROR_PROTOCOL,
			"an answer to call %u, which was not made",
			(unsigned)m->call);
	m->id = (enum msg_id)request;
	if (u->at->kind != TOKEN_NIL) {
		m->id = MSG_ERROR;
		return unpack_params(u);
	}
	u->at++;
	return unpack_params(u);
}

static int
unpack_call_number(struct unpack *u)
{
	if (u->at->kind != TOKEN_UINT || u->at->number > UINT32_MAX)
		return err_set(u->err, PROTO_ERROR_PROTOCOL,
			"the number of the call is not one of 32 bits");
	u->m->call = (uint32_t)u->at->number;
	u->at++;
	return 0;
}

static int
unpack_message(struct unpack *u)
{
	const struct token *top = u->at++;
	bool is_client = u->side->direction == TO_CLIENT;
	uint64_t form;

	if (top->kind != TOKEN_ARRAY || (top->len != 3 && top->len != 4) ||
	    u->at->kind != TOKEN_UINT)
		return err_set(u->err, PROTO_ERROR_PROTOCOL,
			"not a MessagePack-RPC message");
	form = u->at->number;
	u->at++;
	if (form == FORM_NOTIFY && top->len == 3) {
		u->m->form = FORM_NOTIFY;
		return unpack_call(u, KIND_NOTIFY);
	}
	if (top->len != 4 || form != (is_client ? FORM_ANSWER : FORM_REQUEST))
		return err_set(u->err, PROTO_ERROR_PROTOCOL,
			"a MessagePack-RPC message of a kind that is not "
			"expected here");
	if (unpack_call_number(u) == -1)
		return -1;
	u->m->form = (enum msg_form)form;
	return is_client ? unpack_answer(u) : unpack_call(u, KIND_REQUEST);
}

int
msg_unpack(struct msg *m, const struct msg_side *side, const void *frame,
	size_t len, struct err *err)
{
	struct tokens tokens;
	struct unpack u = { .m = m, .side = side, .err = err };
	int r;

	*m = (struct msg){ .id = MSG_COUNT, .form = FORM_NONE };
	r = tokens_split(&tokens, frame, len, err);
	if (r == 0) {
		u.at = tokens.list;
		u.ntokens = tokens.count;
		r = unpack_message(&u);
	}
	tokens_clear(&tokens);
	return r;
}
