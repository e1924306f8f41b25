/* Messages: the table, packing, unpacking, and every check on a field. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "proto/msg.h"
#include "proto/wire.h"

static int
no_request(void *arg, uint32_t call)
{
	return -1;
}

/* Answers are taken to be to the request *arg. */
static int
any_request(void *arg, uint32_t call)
{
	return *(int *)arg;
}

static const struct msg_side daemon_side = { TO_DAEMON, no_request, NULL };

static struct msg_side
side_of(enum msg_id id, bool is_result, int *arg)
{
	*arg = id;
	if (is_result || msg_info[id].direction == TO_CLIENT)
		return (struct msg_side){ TO_CLIENT, any_request, arg };
	return daemon_side;
}

/* ---- raw MessagePack, written by hand so that it can be wrong ------------ */

struct raw {
	uint8_t data[PROTO_FRAME_MAX + 4096];
	size_t len;
};

static struct raw raw;

static void
put(const void *data, size_t len)
{
	assert_true(raw.len + len <= sizeof(raw.data));
	memcpy(raw.data + raw.len, data, len);
	raw.len += len;
}

static void
put_byte(unsigned b)
{
	uint8_t byte = (uint8_t)b;

	put(&byte, 1);
}

static void
put_be(unsigned tag, uint64_t n, int bytes)
{
	put_byte(tag);
	while (bytes-- > 0)
		put_byte((unsigned)(n >> (8 * bytes)) & 0xff);
}

static void
put_str(const char *s)
{
	put_be(0xd9, strlen(s), 1);
	put(s, strlen(s));
}

static void
put_filled(unsigned tag, size_t len)
{
	put_be(tag, len, 4);
	assert_true(raw.len + len <= sizeof(raw.data));
	memset(raw.data + raw.len, 'x', len);
	raw.len += len;
}

/* The envelope of a message up to and including its map's header. */
static void
put_head(enum msg_id id, bool is_result, unsigned pairs)
{
	raw.len = 0;
	if (id == MSG_ERROR || is_result) {
		put("\x94\x01\x07", 3);
		if (is_result)
			put_byte(0xc0);
	} else if (msg_info[id].kind == KIND_REQUEST) {
		put("\x94\x00\x07", 3);
		put_str(msg_info[id].name);
	} else {
		put("\x93\x02", 2);
		put_str(msg_info[id].name);
	}
	put_be(0xde, pairs, 2);
}

static void
put_tail(enum msg_id id)
{
	if (id == MSG_ERROR)
		put_byte(0xc0);
}

/* A value of the right type, small or just as large as is allowed; above:
 * one more than that. */
enum size { SMALL, LARGEST, ABOVE };

static void
put_value(const struct field_info *f, enum size size)
{
	uint64_t n = size == SMALL ? 1 : f->max + (size == ABOVE);

	switch (f->type) {
	case TYPE_UINT:
		put_be(0xcf, n, 8);
		break;
	case TYPE_BOOL:
		put_byte(0xc3);
		break;
	case TYPE_STR:
		put_filled(0xdb, n);
		break;
	case TYPE_BIN:
		put_filled(0xc6, n);
		break;
	case TYPE_STRS:
		/* Two strings; each costs one more. */
		if (size == SMALL) {
			put_byte(0x90);
			break;
		}
		put_byte(0x92);
		put_filled(0xdb, 3);
		put_filled(0xdb, n - 4 - 1);
		break;
	}
}

static int
unpack(struct msg *m, enum msg_id id, bool is_result, struct err *err)
{
	int arg;
	struct msg_side side = side_of(id, is_result, &arg);
	/* Exactly as long as the frame, so that a sanitizer sees a byte more. */
	uint8_t *frame = malloc(raw.len);
	int r;

	assert_non_null(frame);
	memcpy(frame, raw.data, raw.len);
	*err = ERR_NONE;
	r = msg_unpack(m, &side, frame, raw.len, err);
	assert_true(r == 0 || err->code != 0);
	free(frame);
	return r;
}

/* The rows that are required, but f. */
static unsigned
count_others(const struct field_info *f)
{
	unsigned n = 0;

	for (int i = 0; i < FIELD_COUNT; i++)
		n += field_info[i].msg == f->msg && field_info[i].required &&
			field_info[i].is_result == f->is_result &&
			&field_info[i] != f;
	return n;
}

static void
put_others(const struct field_info *f)
{
	for (int i = 0; i < FIELD_COUNT; i++) {
		const struct field_info *o = &field_info[i];

		if (o->msg != f->msg || !o->required ||
		    o->is_result != f->is_result || o == f)
			continue;
		put_str(o->name);
		put_value(o, SMALL);
	}
}

static int
unpack_with(const struct field_info *f, enum size size, struct err *err)
{
	struct msg m;
	int r;

	put_head(f->msg, f->is_result, 1 + count_others(f));
	put_str(f->name);
	put_value(f, size);
	put_others(f);
	put_tail(f->msg);
	r = unpack(&m, f->msg, f->is_result, err);
	if (r == 0) {
		assert_int_equal(m.id, f->msg);
		assert_true(msg_has(&m, (enum field_id)(f - field_info)));
	}
	msg_clear(&m);
	return r;
}

/* ---- the table ----------------------------------------------------------- */

static void
test_table_is_sound(void **state)
{
	for (int i = 0; i < MSG_COUNT; i++) {
		int n = (int)msg_fields_end((enum msg_id)i) -
			(int)msg_info[i].first;

		assert_true(n >= 0 && n <= MSG_VALUES_MAX);
		for (int j = 0; j < i; j++) {
			assert_string_not_equal(msg_info[i].name,
				msg_info[j].name);
			assert_int_not_equal(msg_info[i].number,
				msg_info[j].number);
		}
	}
	for (int i = 0; i < FIELD_COUNT; i++) {
		const struct field_info *f = &field_info[i];

		assert_true(i >= (int)msg_info[f->msg].first);
		assert_true(i < (int)msg_fields_end(f->msg));
		assert_true(f->max < PROTO_FRAME_MAX || f->type == TYPE_UINT);
		assert_true(f->type != TYPE_BOOL || f->max == 1);
	}
}

static void
test_error_codes_have_names(void **state)
{
	assert_string_equal(proto_error_name(PROTO_ERROR_QUEUE_FULL),
		"queue-full");
	assert_string_equal(proto_error_name(0), "unknown");
	assert_string_equal(proto_error_name(UINT64_MAX), "unknown");
}

/* ---- each field ---------------------------------------------------------- */

static void
test_each_field_up_to_its_limit(void **state)
{
	struct err err;

	for (int i = 0; i < FIELD_COUNT; i++) {
		const struct field_info *f = &field_info[i];

		assert_int_equal(unpack_with(f, SMALL, &err), 0);
		assert_int_equal(unpack_with(f, LARGEST, &err), 0);
		if (f->type == TYPE_BOOL || f->max == UINT64_MAX)
			continue;
		assert_int_equal(unpack_with(f, ABOVE, &err), -1);
		assert_int_equal(err.code, PROTO_ERROR_TOO_LARGE);
		assert_non_null(strstr(err.text, f->name));
	}
}

static void
test_each_field_refuses_other_types(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
		int type;	/* for which it is right, or -1 */
	} values[] = {
		{ "\xc0", 1, -1 }, { "\xc2", 1, TYPE_BOOL },
		{ "\x01", 1, TYPE_UINT }, { "\xd0\x01", 2, TYPE_UINT },
		{ "\xff", 1, -1 }, { "\xd1\xff\xff", 3, -1 },
		{ "\xca\0\0\0\0", 5, -1 }, { "\xcb\0\0\0\0\0\0\0\0", 9, -1 },
		{ "\xa0", 1, TYPE_STR }, { "\xa1z", 2, TYPE_STR },
		{ "\xc4\x01z", 3, TYPE_BIN }, { "\xc4\x00", 2, TYPE_BIN },
		{ "\x90", 1, TYPE_STRS }, { "\x91\xa1z", 3, TYPE_STRS },
		{ "\x91\x01", 2, -1 }, { "\x91\x91\xa1z", 4, -1 },
		{ "\x92\xa1z\xc4\x01z", 6, -1 },
		{ "\x80", 1, -1 }, { "\xd4\x01\x01", 3, -1 },
		{ "\xc7\x00\x01", 3, -1 },
	};
	struct err err;
	struct msg m;

	for (int i = 0; i < FIELD_COUNT; i++) {
		const struct field_info *f = &field_info[i];

		for (size_t v = 0; v < sizeof(values) / sizeof(values[0]); v++) {
			bool right = values[v].type == (int)f->type;

			put_head(f->msg, f->is_result, 1 + count_others(f));
			put_str(f->name);
			put(values[v].bytes, values[v].len);
			put_others(f);
			put_tail(f->msg);
			assert_int_equal(unpack(&m, f->msg, f->is_result, &err),
				right ? 0 : -1);
			if (!right)
				assert_int_equal(err.code, PROTO_ERROR_USAGE);
			msg_clear(&m);
		}
	}
}

static void
test_each_required_field_must_be_there(void **state)
{
	struct err err;
	struct msg m;

	for (int i = 0; i < FIELD_COUNT; i++) {
		const struct field_info *f = &field_info[i];

		put_head(f->msg, f->is_result, count_others(f));
		put_others(f);
		put_tail(f->msg);
		assert_int_equal(unpack(&m, f->msg, f->is_result, &err),
			f->required ? -1 : 0);
		if (f->required)
			assert_int_equal(err.code, PROTO_ERROR_USAGE);
		msg_clear(&m);
	}
}

static void
test_each_field_may_be_there_once(void **state)
{
	struct err err;
	struct msg m;

	for (int i = 0; i < FIELD_COUNT; i++) {
		const struct field_info *f = &field_info[i];

		put_head(f->msg, f->is_result, 2 + count_others(f));
		for (int n = 0; n < 2; n++) {
			put_str(f->name);
			put_value(f, SMALL);
		}
		put_others(f);
		put_tail(f->msg);
		assert_int_equal(unpack(&m, f->msg, f->is_result, &err), -1);
		assert_int_equal(err.code, PROTO_ERROR_USAGE);
		msg_clear(&m);
	}
}

static void
test_strings_hold_no_nul(void **state)
{
	struct err err;
	struct msg m;

	put_head(MSG_SUBMIT, false, 1);
	put_str("args");
	put("\x92\xa1z\xa2\0z", 6);
	assert_int_equal(unpack(&m, MSG_SUBMIT, false, &err), -1);
	assert_int_equal(err.code, PROTO_ERROR_USAGE);
	msg_clear(&m);
	put_head(MSG_SUBMIT, false, 1);
	put_str("invoke");
	put("\xa2z\0", 3);
	assert_int_equal(unpack(&m, MSG_SUBMIT, false, &err), -1);
	msg_clear(&m);
	put_head(MSG_SUBMIT, false, 1);
	put_str("module");
	put("\xc4\x02\0a", 4);
	assert_int_equal(unpack(&m, MSG_SUBMIT, false, &err), 0);
	assert_int_equal(msg_bytes(&m, FIELD_SUBMIT_MODULE).len, 2);
	msg_clear(&m);
}

static void
test_unknown_fields(void **state)
{
	struct err err;
	struct msg m;

	/* The daemon refuses what it does not understand. */
	put_head(MSG_CANCEL, false, 2);
	put_str("job");
	put_byte(3);
	put_str("gently");
	put_byte(0xc3);
	assert_int_equal(unpack(&m, MSG_CANCEL, false, &err), -1);
	assert_int_equal(err.code, PROTO_ERROR_USAGE);
	assert_non_null(strstr(err.text, "gently"));
	assert_int_equal(m.form, FORM_REQUEST);
	assert_int_equal(m.call, 7);
	msg_clear(&m);

	/* A client skips it, whatever it holds. */
	put_head(MSG_JOB_OUTPUT, false, 5);
	put_str("new");
	put("\x92\x81\xa1k\x92\x01\x02\x90", 8);
	put_str("job");
	put_byte(3);
	put("\x05\x80", 2);
	put_str("fd");
	put_byte(1);
	put_str("data");
	put("\xc4\x01z", 3);
	assert_int_equal(unpack(&m, MSG_JOB_OUTPUT, false, &err), 0);
	assert_int_equal(msg_number(&m, FIELD_JOB_OUTPUT_JOB, 0), 3);
	msg_clear(&m);
}

/* ---- envelopes ----------------------------------------------------------- */

struct envelope {
	const char *bytes;
	size_t len;
	enum proto_error code;	/* 0: taken */
	enum msg_form form;
};

#define ENVELOPE(bytes, code, form) { bytes, sizeof(bytes) - 1, code, form }

static void
test_envelopes_at_the_daemon(void **state)
{
	static const struct envelope table[] = {
		ENVELOPE("\x94\x00\x05\xa5" "check\x80", 0, FORM_REQUEST),
		ENVELOPE("\x94\x00\xce\xff\xff\xff\xff\xa5" "check\x80", 0,
			FORM_REQUEST),
		ENVELOPE("\x94\x00\x05\xa5" "chock\x80", PROTO_ERROR_USAGE,
			FORM_REQUEST),
		ENVELOPE("\x94\x00\x05\xa0\x80", PROTO_ERROR_USAGE,
			FORM_REQUEST),
		ENVELOPE("\x94\x00\x05\xa5" "check\x90", PROTO_ERROR_USAGE,
			FORM_REQUEST),
		ENVELOPE("\x94\x00\x05\xa5" "check\xc0", PROTO_ERROR_USAGE,
			FORM_REQUEST),
		ENVELOPE("\x94\x00\x05\xc4\x05" "check\x80",
			PROTO_ERROR_PROTOCOL, FORM_REQUEST),
		/* a number of more than 32 bits, or none */
		ENVELOPE("\x94\x00\xcf\0\0\0\1\0\0\0\0\xa5" "check\x80",
			PROTO_ERROR_PROTOCOL, FORM_NONE),
		ENVELOPE("\x94\x00\xff\xa5" "check\x80", PROTO_ERROR_PROTOCOL,
			FORM_NONE),
		ENVELOPE("\x94\x00\xc0\xa5" "check\x80", PROTO_ERROR_PROTOCOL,
			FORM_NONE),
		/* a request as a notification and the other way round */
		ENVELOPE("\x93\x02\xa5" "check\x80", PROTO_ERROR_USAGE,
			FORM_NOTIFY),
		ENVELOPE("\x94\x00\x05\xaajob.credit\x80", PROTO_ERROR_USAGE,
			FORM_REQUEST),
		/* what only the daemon says */
		ENVELOPE("\x93\x02\xa8job.exit\x80", PROTO_ERROR_USAGE,
			FORM_NOTIFY),
		ENVELOPE("\x94\x01\x05\xc0\x80", PROTO_ERROR_PROTOCOL,
			FORM_NONE),
		ENVELOPE("\x94\x00\x05\xa5" "error\x80", PROTO_ERROR_USAGE,
			FORM_REQUEST),
		/* other shapes */
		ENVELOPE("\x93\x00\x05\xa5" "check", PROTO_ERROR_PROTOCOL,
			FORM_NONE),
		ENVELOPE("\x95\x00\x05\xa5" "check\x80\x80",
			PROTO_ERROR_PROTOCOL, FORM_NONE),
		ENVELOPE("\x94\x03\x05\xa5" "check\x80", PROTO_ERROR_PROTOCOL,
			FORM_NONE),
		ENVELOPE("\x94\xa0\x05\xa5" "check\x80", PROTO_ERROR_PROTOCOL,
			FORM_NONE),
		ENVELOPE("\x84\x00\x05\x01\x02\x03\x04\x05\x06",
			PROTO_ERROR_PROTOCOL, FORM_NONE),
		ENVELOPE("\x90", PROTO_ERROR_PROTOCOL, FORM_NONE),
		ENVELOPE("\xc0", PROTO_ERROR_PROTOCOL, FORM_NONE),
		ENVELOPE("\xc1", PROTO_ERROR_PROTOCOL, FORM_NONE),
		ENVELOPE("", PROTO_ERROR_PROTOCOL, FORM_NONE),
		/* bytes after the message */
		ENVELOPE("\x94\x00\x05\xa5" "check\x80\xc0",
			PROTO_ERROR_PROTOCOL, FORM_NONE),
		/* counts that nothing backs */
		ENVELOPE("\xdd\xff\xff\xff\xff", PROTO_ERROR_PROTOCOL,
			FORM_NONE),
		ENVELOPE("\xdf\xff\xff\xff\xff", PROTO_ERROR_PROTOCOL,
			FORM_NONE),
		ENVELOPE("\xdb\xff\xff\xff\xff", PROTO_ERROR_PROTOCOL,
			FORM_NONE),
		ENVELOPE("\xc6\xff\xff\xff\xff", PROTO_ERROR_PROTOCOL,
			FORM_NONE),
		ENVELOPE("\xc9\xff\xff\xff\xff\x01", PROTO_ERROR_PROTOCOL,
			FORM_NONE),
		ENVELOPE("\xc9\xff\xff\xff\xfe\x01", PROTO_ERROR_PROTOCOL,
			FORM_NONE),
	};
	struct err err;
	struct msg m;

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		raw.len = 0;
		put(table[i].bytes, table[i].len);
		assert_int_equal(unpack(&m, MSG_HELLO, false, &err),
			table[i].code == 0 ? 0 : -1);
		assert_int_equal(err.code, table[i].code);
		assert_int_equal(m.form, table[i].form);
		msg_clear(&m);
	}
}

static void
test_client_ignores_unknown_notifications(void **state)
{
	struct err err;
	struct msg m;

	raw.len = 0;
	put("\x93\x02\xa3new\x80", 7);
	assert_int_equal(unpack(&m, MSG_JOB_EXIT, false, &err), 0);
	assert_int_equal(m.id, MSG_COUNT);
	msg_clear(&m);
}

static void
test_client_refuses_answers_to_nothing(void **state)
{
	struct msg_side side = { TO_CLIENT, no_request, NULL };
	struct err err = ERR_NONE;
	struct msg m;

	assert_int_equal(msg_unpack(&m, &side, "\x94\x01\x05\xc0\x80", 5, &err),
		-1);
	assert_int_equal(err.code, PROTO_ERROR_PROTOCOL);
	msg_clear(&m);
}

/* ---- bombs --------------------------------------------------------------- */

static void
test_depth_is_bounded(void **state)
{
	struct err err;
	struct msg m;

	raw.len = 0;
	for (int i = 0; i < 100000; i++)
		put_byte(0x91);
	assert_int_equal(unpack(&m, MSG_HELLO, false, &err), -1);
	assert_int_equal(err.code, PROTO_ERROR_PROTOCOL);
	assert_non_null(strstr(err.text, "nested"));
	msg_clear(&m);
}

static void
test_number_of_values_is_bounded(void **state)
{
	struct err err;
	struct msg m;

	raw.len = 0;
	put_be(0xdd, 1000000, 4);
	for (int i = 0; i < 1000000; i++)
		put_byte(0xc0);
	assert_int_equal(unpack(&m, MSG_HELLO, false, &err), -1);
	assert_int_equal(err.code, PROTO_ERROR_PROTOCOL);
	assert_non_null(strstr(err.text, "values"));
	msg_clear(&m);
}

static void
test_many_empty_strings_are_counted(void **state)
{
	struct err err;
	struct msg m;
	unsigned n = 50000;

	put_head(MSG_SUBMIT, false, 1);
	put_str("args");
	put_be(0xdd, n, 4);
	for (unsigned i = 0; i < n; i++)
		put_byte(0xa0);
	assert_int_equal(unpack(&m, MSG_SUBMIT, false, &err), 0);
	msg_clear(&m);
	put_head(MSG_SUBMIT, false, 1);
	put_str("params");
	put_be(0xdd, 5000, 4);
	for (unsigned i = 0; i < 5000; i++)
		put_byte(0xa0);
	assert_int_equal(unpack(&m, MSG_SUBMIT, false, &err), -1);
	assert_int_equal(err.code, PROTO_ERROR_TOO_LARGE);
	msg_clear(&m);
}

/* ---- there and back ------------------------------------------------------ */

static const struct span two_strings[] = { { "a", 1 }, { "bc", 2 } };

/* A message with every field of its form set to something. */
static void
fill(struct msg *m, bool is_result)
{
	int first = msg_info[m->id].first;

	for (int f = first; f < (int)msg_fields_end(m->id); f++) {
		enum field_id id = (enum field_id)f;

		if (field_info[f].is_result != is_result)
			continue;
		switch (field_info[f].type) {
		case TYPE_UINT:
			msg_set_number(m, id, field_info[f].max);
			break;
		case TYPE_BOOL:
			msg_set_number(m, id, 1);
			break;
		case TYPE_STR:
			msg_set_str(m, id, "xy");
			break;
		case TYPE_BIN:
			msg_set_bytes(m, id, "\0\1", 2);
			break;
		case TYPE_STRS:
			msg_set_strs(m, id, two_strings, 2);
			break;
		}
	}
}

static void
init_form(struct msg *m, int id, bool is_result)
{
	if (id == MSG_ERROR)
		msg_init_error(m, 7, PROTO_ERROR_DENIED, "no", 10);
	else if (is_result)
		msg_init_answer(m, (enum msg_id)id, 7);
	else if (msg_info[id].kind == KIND_REQUEST)
		msg_init_request(m, (enum msg_id)id, 7);
	else
		msg_init_notify(m, (enum msg_id)id);
}

static bool
same_value(const struct msg_value *a, const struct msg_value *b)
{
	if (a->present != b->present || a->number != b->number ||
	    a->bytes.len != b->bytes.len || a->nstrs != b->nstrs ||
	    (a->bytes.len > 0 &&
	     memcmp(a->bytes.data, b->bytes.data, a->bytes.len) != 0))
		return false;
	for (size_t i = 0; i < a->nstrs; i++) {
		if (a->strs[i].len != b->strs[i].len || memcmp(a->strs[i].data,
			    b->strs[i].data, a->strs[i].len) != 0)
			return false;
	}
	return true;
}

static void
round_trip(int id, bool is_result)
{
	struct buf out;
	struct err err = ERR_NONE;
	struct msg m, back;
	struct msg_side side;
	int arg;

	init_form(&m, id, is_result);
	fill(&m, is_result);
	buf_init(&out, WIRE_HEADER + PROTO_FRAME_MAX);
	assert_int_equal(msg_pack(&m, &out, &err), 0);
	side = side_of((enum msg_id)id, is_result, &arg);
	assert_int_equal(msg_unpack(&back, &side, out.data + WIRE_HEADER,
			out.len - WIRE_HEADER, &err), 0);
	assert_int_equal(back.id, id);
	assert_int_equal(back.form, m.form);
	assert_int_equal(back.call, m.call);
	for (int i = 0; i < MSG_VALUES_MAX; i++)
		assert_true(same_value(&m.values[i], &back.values[i]));
	msg_clear(&back);

	/* Cut at every byte it is no message any more. */
	for (size_t len = 0; len < out.len - WIRE_HEADER; len++) {
		err = ERR_NONE;
		assert_int_equal(msg_unpack(&back, &side,
				out.data + WIRE_HEADER, len, &err), -1);
		assert_int_equal(err.code, PROTO_ERROR_PROTOCOL);
		msg_clear(&back);
	}
	buf_clear(&out);
}

static void
test_every_message_there_and_back_and_cut_short(void **state)
{
	for (int id = 0; id < MSG_COUNT; id++) {
		round_trip(id, false);
		if (msg_info[id].kind == KIND_REQUEST)
			round_trip(id, true);
	}
}

static void
test_pack_refuses_what_unpack_would(void **state)
{
	static char big[PROTO_INLINE_MODULE_MAX + 1];
	struct err err = ERR_NONE;
	struct buf out;
	struct msg m;

	buf_init(&out, WIRE_HEADER + PROTO_FRAME_MAX);
	msg_init_request(&m, MSG_CANCEL, 1);
	assert_int_equal(msg_pack(&m, &out, &err), -1);
	assert_int_equal(err.code, PROTO_ERROR_USAGE);
	err = ERR_NONE;
	msg_init_request(&m, MSG_SUBMIT, 1);
	msg_set_bytes(&m, FIELD_SUBMIT_MODULE, big, sizeof(big));
	assert_int_equal(msg_pack(&m, &out, &err), -1);
	assert_int_equal(err.code, PROTO_ERROR_TOO_LARGE);
	assert_int_equal(out.len, 0);
	msg_set_bytes(&m, FIELD_SUBMIT_MODULE, big, sizeof(big) - 1);
	assert_int_equal(msg_pack(&m, &out, &err), 0);
	buf_clear(&out);

	/* A buffer without room is left as it was. */
	err = ERR_NONE;
	buf_init(&out, 1000);
	assert_int_equal(buf_append(&out, "abc", 3), 0);
	assert_int_equal(msg_pack(&m, &out, &err), -1);
	assert_int_equal(err.code, PROTO_ERROR_TOO_LARGE);
	assert_int_equal(out.len, 3);
	buf_clear(&out);
}

/* Bytes flipped one by one: whatever comes out, nothing breaks. */
static void
test_garbage(void **state)
{
	struct err err = ERR_NONE;
	struct buf out;
	struct msg m;

	msg_init_request(&m, MSG_SUBMIT, 9);
	fill(&m, false);
	buf_init(&out, WIRE_HEADER + PROTO_FRAME_MAX);
	assert_int_equal(msg_pack(&m, &out, &err), 0);
	for (size_t i = 0; i < out.len - WIRE_HEADER; i++) {
		for (unsigned b = 0; b < 256; b++) {
			raw.len = 0;
			put(out.data + WIRE_HEADER, out.len - WIRE_HEADER);
			raw.data[i] = (uint8_t)b;
			unpack(&m, MSG_SUBMIT, false, &err);
			msg_clear(&m);
		}
	}
	srand(1);
	for (int i = 0; i < 20000; i++) {
		raw.len = 1 + (size_t)rand() % 64;
		for (size_t j = 0; j < raw.len; j++)
			raw.data[j] = (uint8_t)rand();
		if (i % 2)
			memcpy(raw.data, "\x94\x00\x01\xa6submit\x83", 11);
		if (raw.len < 11)
			raw.len = 11;
		unpack(&m, MSG_SUBMIT, false, &err);
		msg_clear(&m);
	}
	buf_clear(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table_is_sound),
		cmocka_unit_test(test_error_codes_have_names),
		cmocka_unit_test(test_each_field_up_to_its_limit),
		cmocka_unit_test(test_each_field_refuses_other_types),
		cmocka_unit_test(test_each_required_field_must_be_there),
		cmocka_unit_test(test_each_field_may_be_there_once),
		cmocka_unit_test(test_strings_hold_no_nul),
		cmocka_unit_test(test_unknown_fields),
		cmocka_unit_test(test_envelopes_at_the_daemon),
		cmocka_unit_test(test_client_ignores_unknown_notifications),
		cmocka_unit_test(test_client_refuses_answers_to_nothing),
		cmocka_unit_test(test_depth_is_bounded),
		cmocka_unit_test(test_number_of_values_is_bounded),
		cmocka_unit_test(test_many_empty_strings_are_counted),
		cmocka_unit_test(test_every_message_there_and_back_and_cut_short),
		cmocka_unit_test(test_pack_refuses_what_unpack_would),
		cmocka_unit_test(test_garbage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
