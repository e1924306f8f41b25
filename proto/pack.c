/* Messages to frames, by msgpack-c. Runs in daemon and clients. */
#include "proto/msg.h"

#include <msgpack/pack.h>
#include <string.h>

#include "proto/value.h"
#include "proto/wire.h"

/* Room in out is the only thing that can run out, and it is looked at once,
 * when the whole message has been packed. */
struct pack {
	msgpack_packer pk;
	struct buf *out;
	bool full;
};

static int
pack_on_write(void *data, const char *bytes, size_t len)
{
	struct pack *p = data;

	if (p->full || buf_append(p->out, bytes, len) == -1)
		p->full = true;
	return p->full ? -1 : 0;
}

static void
pack_str(struct pack *p, struct span s)
{
	msgpack_pack_str(&p->pk, s.len);
	msgpack_pack_str_body(&p->pk, s.data, s.len);
}

static void
pack_text(struct pack *p, const char *text)
{
	pack_str(p, (struct span){ text, strlen(text) });
}

static void
pack_value(struct pack *p, const struct field_info *f, const struct msg_value *v)
{
	switch (f->type) {
	case TYPE_UINT:
		msgpack_pack_uint64(&p->pk, v->number);
		break;
	case TYPE_BOOL:
		if (v->number)
			msgpack_pack_true(&p->pk);
		else
			msgpack_pack_false(&p->pk);
		break;
	case TYPE_STR:
		pack_str(p, v->bytes);
		break;
	case TYPE_BIN:
		msgpack_pack_bin(&p->pk, v->bytes.len);
		msgpack_pack_bin_body(&p->pk, v->bytes.data, v->bytes.len);
		break;
	case TYPE_STRS:
		msgpack_pack_array(&p->pk, v->nstrs);
		for (size_t i = 0; i < v->nstrs; i++)
			pack_str(p, v->strs[i]);
		break;
	}
}

static int
pack_params(struct pack *p, const struct msg *m, struct err *err)
{
	int first = msg_info[m->id].first, end = msg_fields_end(m->id);
	size_t count = 0;

	for (int f = first; f < end; f++)
		count += m->values[f - first].present;
	msgpack_pack_map(&p->pk, count);
	for (int f = first; f < end; f++) {
		const struct msg_value *v = &m->values[f - first];

		if (!v->present)
			continue;
		if (value_check(&field_info[f], v, err) == -1)
			return -1;
		pack_text(p, field_info[f].name);
		pack_value(p, &field_info[f], v);
	}
	return 0;
}

static int
pack_message(struct pack *p, const struct msg *m, struct err *err)
{
	int r;

	msgpack_pack_array(&p->pk, m->form == FORM_NOTIFY ? 3 : 4);
	msgpack_pack_uint8(&p->pk, (uint8_t)m->form);
	if (m->form != FORM_NOTIFY)
		msgpack_pack_uint32(&p->pk, m->call);
	if (m->form != FORM_ANSWER)
		pack_text(p, msg_info[m->id].name);
	else if (m->id != MSG_ERROR)
		msgpack_pack_nil(&p->pk);
	r = pack_params(p, m, err);
	if (m->id == MSG_ERROR)
		msgpack_pack_nil(&p->pk);
	return r;
}

static void
pack_length(uint8_t *at, size_t len)
{
	for (int i = 0; i < WIRE_HEADER; i++)
		at[i] = (uint8_t)(len >> (8 * (WIRE_HEADER - 1 - i)));
}

int
msg_pack(const struct msg *m, struct buf *out, struct err *err)
{
	size_t start = out->len, len;
	struct pack p = { .out = out };

	if (value_check_required(m, err) == -1)
		return -1;
	msgpack_packer_init(&p.pk, &p, pack_on_write);
	pack_on_write(&p, "\0\0\0\0", WIRE_HEADER);
	if (pack_message(&p, m, err) == -1) {
		out->len = start;
		return -1;
	}
	len = out->len - start - WIRE_HEADER;
	if (p.full || len > PROTO_FRAME_MAX) {
		out->len = start;
		return err_set(err, PROTO_ERROR_TOO_LARGE,
			"%s: the message does not fit in a frame of %u bytes",
			msg_info[m->id].name, PROTO_FRAME_MAX);
	}
	pack_length(out->data + start, len);
	return 0;
}
