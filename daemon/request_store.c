/* What the daemon does for messages about stored modules. Runs in the daemon. */
#include "config.h"

#include "daemon/request_store.h"

#include <stdlib.h>

#include "daemon/conn.h"
#include "daemon/option.h"
#include "daemon/store.h"
#include "daemon/upload.h"

#define LIST_PAGE 256		/* modules in one answer */
#define PUT_RETRY_MS 200	/* after too many at the same time */

static void
refuse(struct conn *c, const struct msg *m, const struct err *err)
{
	conn_send_error(c, m->call, (enum proto_error)err->code, err->text,
		err->code == PROTO_ERROR_QUEUE_FULL ? PUT_RETRY_MS :
		UINT64_MAX);
}

void
handle_put(struct conn *c, const struct request_context *ctx,
	const struct msg *m)
{
	struct upload_config config = {
		ctx->base, ctx->store, (*ctx->options)->max_module,
	};
	struct fds fds = conn_take_fds(c);
	struct err err = ERR_NONE;

	if (upload_start_take(c, &config, m, &fds, &err) == -1)
		refuse(c, m, &err);
}

void
handle_put_data(struct conn *c, const struct request_context *ctx,
	const struct msg *m)
{
	upload_data(c, m);
}

static int
read_digest(uint8_t digest[DIGEST_BYTES], const struct msg *m, enum field_id f,
	struct err *err)
{
	struct span hex = msg_bytes(m, f);

	return digest_parse(digest, hex.data, hex.len) ? 0 :
		err_set(err, PROTO_ERROR_USAGE, "%s: %s: not 64 hexadecimal "
			"digits in lower case", msg_info[m->id].name,
			field_info[f].name);
}

/* When the user put it, or, if it is another's, when anybody did. */
static uint64_t
put_time(const struct shelved *s, uid_t uid)
{
	const struct claim *own = claim_find(s, uid);

	return own != NULL ? own->put_s : s->claims[0].put_s;
}

/* ---- list ---------------------------------------------------------------- */

static void
send_item(struct conn *c, uint32_t call, const struct shelved *s)
{
	struct msg item;

	msg_init_notify(&item, MSG_MODULE_ITEM);
	msg_set_number(&item, FIELD_MODULE_ITEM_CALL, call);
	msg_set_str(&item, FIELD_MODULE_ITEM_MODULE, s->hex);
	msg_set_number(&item, FIELD_MODULE_ITEM_SIZE, s->size);
	msg_set_number(&item, FIELD_MODULE_ITEM_OWN,
		claim_find(s, c->uid) != NULL);
	msg_set_number(&item, FIELD_MODULE_ITEM_SHARED, shelved_is_shared(s));
	msg_set_number(&item, FIELD_MODULE_ITEM_PUT_S, put_time(s, c->uid));
	conn_send(c, &item);
}

void
handle_list(struct conn *c, const struct request_context *ctx,
	const struct msg *m)
{
	const struct catalog *catalog = store_catalog(ctx->store);
	bool has_after = msg_has(m, FIELD_LIST_AFTER);
	struct err err = ERR_NONE;
	uint8_t digest[DIGEST_BYTES];
	const struct shelved *s;
	unsigned sent = 0;
	struct msg answer;

	if (store_ready(ctx->store, &err) == -1 || (has_after &&
		    read_digest(digest, m, FIELD_LIST_AFTER, &err) == -1)) {
		refuse(c, m, &err);
		return;
	}
	s = catalog_next(catalog, has_after ? digest : NULL);
	for (; s != NULL && sent < LIST_PAGE;
	    s = catalog_next(catalog, s->digest)) {
		if (!shelved_is_for(s, c->uid))
			continue;
		send_item(c, m->call, s);
		sent++;
	}
	msg_init_answer(&answer, MSG_LIST, m->call);
	msg_set_number(&answer, RESULT_LIST_MORE, s != NULL);
	conn_send(c, &answer);
}

void
handle_info(struct conn *c, const struct request_context *ctx,
	const struct msg *m)
{
	const struct shelved *s = NULL;
	struct err err = ERR_NONE;
	uint8_t digest[DIGEST_BYTES];
	struct msg answer;

	if (store_ready(ctx->store, &err) == 0 &&
	    read_digest(digest, m, FIELD_INFO_MODULE, &err) == 0) {
		s = catalog_find(store_catalog(ctx->store), digest);
		if (s == NULL || !shelved_is_for(s, c->uid))
			err_set(&err, PROTO_ERROR_NO_MODULE, "the store has no "
				"such module of yours, or shared");
	}
	if (err.code != 0) {
		refuse(c, m, &err);
		return;
	}
	msg_init_answer(&answer, MSG_INFO, m->call);
	msg_set_str(&answer, RESULT_INFO_MODULE, s->hex);
	msg_set_number(&answer, RESULT_INFO_SIZE, s->size);
	msg_set_number(&answer, RESULT_INFO_OWN, claim_find(s, c->uid) != NULL);
	msg_set_number(&answer, RESULT_INFO_SHARED, shelved_is_shared(s));
	msg_set_number(&answer, RESULT_INFO_PUT_S, put_time(s, c->uid));
	conn_send(c, &answer);
}

/* ---- remove -------------------------------------------------------------- */

/* A client that waits for the store to have removed something. */
struct removal {
	struct conn_part part;	/* the first */
	uint32_t call;
	struct store_op *op;
};

static void
removal_on_gone(struct conn_part *p)
{
	struct removal *r = (struct removal *)p;

	store_forget(r->op);
	free(r);
}

static const struct conn_part_ops removal_ops = { removal_on_gone, NULL };

static void
removal_on_done(void *arg, struct module *module, const struct err *err)
{
	struct removal *r = arg;
	struct msg answer;

	msg_init_answer(&answer, MSG_REMOVE, r->call);
	if (err == NULL)
		conn_send(r->part.conn, &answer);
	else
		conn_send_error(r->part.conn, r->call,
			(enum proto_error)err->code, err->text, UINT64_MAX);
	conn_remove_part(&r->part);
	free(r);
}

void
handle_remove(struct conn *c, const struct request_context *ctx,
	const struct msg *m)
{
	struct removal *r = calloc(1, sizeof(*r));
	struct err err = ERR_NONE;
	uint8_t digest[DIGEST_BYTES];

	if (r == NULL)
		err_set(&err, PROTO_ERROR_INTERNAL, "out of memory");
	else if (store_ready(ctx->store, &err) == 0 &&
	    read_digest(digest, m, FIELD_REMOVE_MODULE, &err) == 0) {
		r->op = store_remove(ctx->store, c->uid, digest,
			(struct store_reader){ removal_on_done, r });
		if (r->op == NULL)
			err_set(&err, PROTO_ERROR_INTERNAL, "out of memory");
	}
	if (err.code != 0) {
		free(r);
		refuse(c, m, &err);
		return;
	}
	r->call = m->call;
	conn_add_part(c, &r->part, &removal_ops);
}
