/*
 * Messages as C values: the table of proto/msgs.def, one unpacker that makes
 * every check on a peer's bytes, and one packer that makes the same checks on
 * ours. MessagePack-RPC: [0, call, method, params], [1, call, error, result],
 * [2, method, params]. wasmd-protocol(7) is the specification.
 *
 * Fields that are unknown are refused by the daemon (a limit that was not
 * understood must not be dropped) and ignored by clients (records grow).
 *
 *	struct msg m;
 *
 *	msg_init_request(&m, MSG_CANCEL, call);
 *	msg_set_number(&m, FIELD_CANCEL_JOB, job);
 *	if (msg_pack(&m, &out, &err) == -1)
 *		...
 */
#ifndef PROTO_MSG_H
#define PROTO_MSG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "proto/proto.h"

/* ---- the table --------------------------------------------------------- */

enum msg_id {
#define MSG(id, number, name, kind, direction, states) MSG_##id,
#define FIELD(msg, id, name, type, presence, max)
#define RESULT(msg, id, name, type, presence, max)
#include "proto/msgs.def"
#undef MSG
#undef FIELD
#undef RESULT
	MSG_COUNT
};

/* Fields of all messages in the table's order: FIELD_SUBMIT_ARGS, and those of
 * answers, RESULT_SUBMIT_JOB. FIRST_ is the number of a message's first one. */
enum field_id {
#define MSG(id, number, name, kind, direction, states) \
	FIRST_##id, BEFORE_##id = FIRST_##id - 1,
#define FIELD(msg, id, name, type, presence, max) FIELD_##msg##_##id,
#define RESULT(msg, id, name, type, presence, max) RESULT_##msg##_##id,
#include "proto/msgs.def"
#undef MSG
#undef FIELD
#undef RESULT
	FIELD_COUNT
};

enum msg_kind { KIND_REQUEST, KIND_NOTIFY, KIND_ANSWER };
enum msg_direction { TO_DAEMON, TO_CLIENT };
enum msg_state { STATE_NEW, STATE_READY };	/* of a connection */
enum field_type { TYPE_UINT, TYPE_BOOL, TYPE_STR, TYPE_BIN, TYPE_STRS };

struct msg_info {
	const char *name;
	unsigned number;
	enum msg_kind kind;
	enum msg_direction direction;
	enum msg_state state;	/* the one in which the daemon takes it */
	enum field_id first;	/* its fields end where the next one's begin */
};

struct field_info {
	enum msg_id msg;
	bool is_result;
	const char *name;
	enum field_type type;
	bool required;
	uint64_t max;
};

extern const struct msg_info msg_info[MSG_COUNT];
extern const struct field_info field_info[FIELD_COUNT];

/* The field after a message's last. */
enum field_id msg_fields_end(enum msg_id id);

/* ---- values ------------------------------------------------------------ */

/* Bytes that belong to someone else; not NUL-terminated. */
struct span {
	const char *data;
	size_t len;
};

struct msg_value {
	bool present;
	uint64_t number;		/* UINT, BOOL */
	struct span bytes;		/* STR, BIN */
	const struct span *strs;	/* STRS */
	size_t nstrs;
};

enum msg_form {	/* the first number on the wire */
	FORM_REQUEST = 0,
	FORM_ANSWER = 1,
	FORM_NOTIFY = 2,
	FORM_NONE,	/* not known: the message was not understood so far */
};

#define MSG_VALUES_MAX 40

struct msg {
	enum msg_id id;		/* MSG_ERROR: the request was refused */
	enum msg_form form;
	uint32_t call;		/* of a request and its answer */
	struct msg_value values[MSG_VALUES_MAX];
	struct span *owned;	/* where unpacked vectors are */
};

/* Begin a message; no field is present. They need no msg_clear. */
void msg_init_request(struct msg *m, enum msg_id id, uint32_t call);
void msg_init_notify(struct msg *m, enum msg_id id);
void msg_init_answer(struct msg *m, enum msg_id id, uint32_t call);
/* retry_ms: UINT64_MAX for none. text must stay until msg_pack. */
void msg_init_error(struct msg *m, uint32_t call, enum proto_error code,
	const char *text, uint64_t retry_ms);

/* The field must be one of the message, in its form, and of the type. What is
 * pointed to must stay until the message is packed. */
void msg_set_number(struct msg *m, enum field_id f, uint64_t number);
void msg_set_str(struct msg *m, enum field_id f, const char *str);
void msg_set_bytes(struct msg *m, enum field_id f, const void *data, size_t len);
void msg_set_strs(struct msg *m, enum field_id f, const struct span *strs,
	size_t nstrs);

/* Read a field. Absent ones give the default, {NULL, 0} or no strings. */
bool msg_has(const struct msg *m, enum field_id f);
uint64_t msg_number(const struct msg *m, enum field_id f, uint64_t absent);
struct span msg_bytes(const struct msg *m, enum field_id f);
const struct span *msg_strs(const struct msg *m, enum field_id f, size_t *nstrs);

/* ---- packing ----------------------------------------------------------- */

/*
 * Append the message to out as a whole frame. 0, or -1: PROTO_ERROR_USAGE or
 * PROTO_ERROR_TOO_LARGE for a field that is missing or passes its limit,
 * TOO_LARGE when the frame or out would be too large. out is unchanged then.
 */
int msg_pack(const struct msg *m, struct buf *out, struct err *err);

/* ---- unpacking --------------------------------------------------------- */

/* Which side reads. request_of tells a client to which request an answer
 * belongs: an enum msg_id, or -1 for a call it did not make. */
struct msg_side {
	enum msg_direction direction;	/* TO_DAEMON in the daemon */
	int (*request_of)(void *arg, uint32_t call);
	void *arg;
};

/*
 * Unpack one frame. Strings and bytes in *m point into the frame. msg_clear is
 * due after success and failure alike.
 *
 * 0, or -1 with
 *   PROTO_ERROR_PROTOCOL   the bytes are no message: close the connection
 *   PROTO_ERROR_USAGE      no such message, a field that is missing, unknown or
 *                          of another type
 *   PROTO_ERROR_TOO_LARGE  a field above its limit
 *   PROTO_ERROR_INTERNAL   out of memory
 * After -1 m->form is FORM_REQUEST if the message can be answered by an error
 * (m->call is known), and m->id is MSG_COUNT if the method is not known.
 * A notification that a client does not know gives 0 with MSG_COUNT.
 */
int msg_unpack(struct msg *m, const struct msg_side *side, const void *frame,
	size_t len, struct err *err);

void msg_clear(struct msg *m);

#endif
