/* A module on its way into the store, or held for one connection. Runs in the
 * daemon. */
#include "config.h"

#include "daemon/upload.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "daemon/conn.h"
#include "daemon/module.h"
#include "daemon/store.h"
#include "daemon/user.h"

#define UPLOAD_SEALS (F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL)

struct upload {
	struct conn_part part;	/* the first */
	struct upload_config config;
	struct user *user;
	uint32_t call;
	bool share;
	bool temporary;
	uint64_t reserved;	/* of what the user may have held; if temporary */
	bool has_expected;
	uint8_t expected[DIGEST_BYTES];
	int fd;			/* memfd of what comes as put.data, or -1 */
	uint64_t left;		/* bytes of it still to come */
	struct module *module;
	bool is_held;		/* it is complete, and stays here */
	struct store_op *op;	/* NULL: not asked yet */
};

static void
upload_free(struct upload *u)
{
	conn_remove_part(&u->part);
	if (u->op != NULL)
		store_forget(u->op);
	module_unref(u->module);
	fd_close(&u->fd);
	if (!u->temporary)
		u->user->uploads--;
	u->user->held_bytes -= u->reserved;
	user_unref(u->user);
	free(u);
}

static void
upload_on_gone(struct conn_part *p)
{
	upload_free((struct upload *)p);
}

static const struct conn_part_ops upload_ops = { upload_on_gone, NULL };

static void
upload_refuse(struct upload *u, const struct err *err)
{
	conn_send_error(u->part.conn, u->call, (enum proto_error)err->code,
		err->text, UINT64_MAX);
	upload_free(u);
}

static void
upload_answer(const struct upload *u, const struct module *m)
{
	struct msg answer;

	msg_init_answer(&answer, MSG_PUT, u->call);
	msg_set_str(&answer, RESULT_PUT_MODULE, module_hex(m));
	msg_set_number(&answer, RESULT_PUT_SIZE, module_size(m));
	conn_send(u->part.conn, &answer);
}

static void
upload_on_stored(void *arg, struct module *m, const struct err *err)
{
	struct upload *u = arg;

	u->op = NULL;
	if (err != NULL) {
		upload_refuse(u, err);
		return;
	}
	upload_answer(u, m);
	upload_free(u);
}

/* All its bytes are here, and it has a digest. */
static int
upload_finish(struct upload *u, struct err *err)
{
	const struct store_reader reader = { upload_on_stored, u };
	const struct putter by = { u->user->uid, u->user->policy.max_store };

	if (u->has_expected && memcmp(u->expected, module_digest(u->module),
		    DIGEST_BYTES) != 0)
		return err_set(err, PROTO_ERROR_DIGEST, "put: the module's "
			"SHA-256 is %s, not the one that was expected",
			module_hex(u->module));
	if (u->temporary) {
		u->is_held = true;
		upload_answer(u, u->module);
		return 0;
	}
	if (store_ready(u->config.store, err) == -1)
		return -1;
	u->op = store_put(u->config.store, &by, u->module, u->share, reader);
	return u->op != NULL ? 0 :
		err_set(err, PROTO_ERROR_INTERNAL, "out of memory");
}

static void
upload_on_module(void *arg, const struct err *error)
{
	struct upload *u = arg;
	struct err err = ERR_NONE;

	if (error != NULL)
		upload_refuse(u, error);
	else if (upload_finish(u, &err) == -1)
		upload_refuse(u, &err);
}

/* ---- its bytes --------------------------------------------------------------- */

static int
upload_open_stream(struct upload *u, uint64_t size, struct err *err)
{
	u->left = size;
	u->fd = memfd_create("wasm-put", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	return u->fd != -1 ? 0 : err_set(err, PROTO_ERROR_INTERNAL,
		"put: the module cannot be kept: %s", strerror(errno));
}

/* The stream has ended: it is a module like one of a client's descriptor. */
static int
upload_end_stream(struct upload *u, struct err *err)
{
	struct module_reader reader = { upload_on_module, u };
	int fd = u->fd;

	u->fd = -1;
	if (fcntl(fd, F_ADD_SEALS, UPLOAD_SEALS) == -1) {
		err_set(err, PROTO_ERROR_INTERNAL, "put: sealing: %s",
			strerror(errno));
		fd_close(&fd);
		return -1;
	}
	u->module = module_from_fd_take(u->config.base, fd,
		u->config.max_module, reader, err);
	return u->module == NULL ? -1 : 0;
}

static struct upload *
upload_find(struct conn *c, uint64_t call)
{
	struct conn_part *p;

	TAILQ_FOREACH(p, &c->parts, entry) {
		struct upload *u = (struct upload *)p;

		if (p->ops == &upload_ops && u->call == call && !u->is_held)
			return u;
	}
	return NULL;
}

struct module *
upload_held(const struct conn *c, const uint8_t digest[DIGEST_BYTES])
{
	struct conn_part *p;

	TAILQ_FOREACH(p, &c->parts, entry) {
		struct upload *u = (struct upload *)p;

		if (p->ops == &upload_ops && u->is_held &&
		    memcmp(module_digest(u->module), digest,
			    DIGEST_BYTES) == 0)
			return u->module;
	}
	return NULL;
}

static int
upload_take(struct upload *u, struct span data, struct err *err)
{
	if (u->fd == -1 || data.len > u->left)
		return err_set(err, PROTO_ERROR_USAGE,
			"put: more bytes came than its size said");
	if (fd_write_all(u->fd, data.data, data.len) == -1)
		return err_set(err, PROTO_ERROR_INTERNAL,
			"put: the module cannot be kept: %s", strerror(errno));
	u->left -= data.len;
	return u->left > 0 ? 0 : upload_end_stream(u, err);
}

void
upload_data(struct conn *c, const struct msg *m)
{
	struct upload *u = upload_find(c,
		msg_number(m, FIELD_PUT_DATA_CALL, 0));
	struct err err = ERR_NONE;

	if (u != NULL && upload_take(u, msg_bytes(m, FIELD_PUT_DATA_DATA),
		    &err) == -1)
		upload_refuse(u, &err);
}

/* ---- its beginning ------------------------------------------------------------- */

static int
upload_check(const struct upload_config *config, const struct msg *m,
	const struct fds *fds, struct err *err)
{
	bool wants_fd = msg_number(m, FIELD_PUT_MODULE_FD, 0) != 0;
	bool has_size = msg_has(m, FIELD_PUT_SIZE);
	uint64_t size = msg_number(m, FIELD_PUT_SIZE, 1);

	if (msg_has(m, FIELD_PUT_MODULE) + wants_fd + has_size != 1)
		return err_set(err, PROTO_ERROR_USAGE, "put: there must be one "
			"of module, module_fd and size");
	if (fds->count != wants_fd)
		return err_set(err, PROTO_ERROR_USAGE,
			"put: %zu descriptors came with it; module_fd wants %d",
			fds->count, wants_fd);
	if (size == 0 || (msg_has(m, FIELD_PUT_MODULE) &&
		    msg_bytes(m, FIELD_PUT_MODULE).len == 0))
		return err_set(err, PROTO_ERROR_USAGE,
			"put: an empty file is no module");
	if (size > config->max_module)
		return err_set(err, PROTO_ERROR_TOO_LARGE, "the module has %llu "
			"bytes; this daemon allows %llu",
			(unsigned long long)size,
			(unsigned long long)config->max_module);
	if (msg_number(m, FIELD_PUT_TEMPORARY, 0) == 0)
		return store_ready(config->store, err);
	if (!has_size || msg_number(m, FIELD_PUT_SHARE, 0) != 0)
		return err_set(err, PROTO_ERROR_USAGE,
			"put: temporary goes with size, and not with share");
	return 0;
}

/* What is held is the user's by the bytes, on all connections together. */
static int
upload_reserve(struct upload *u, uint64_t size, struct err *err)
{
	uint64_t max = UPLOAD_HELD_MODULES * u->config.max_module;

	if (size > max || u->user->held_bytes > max - size)
		return err_set(err, PROTO_ERROR_QUEUE_FULL, "put: the temporary "
			"modules of this user have %llu bytes already; all may "
			"have %llu", (unsigned long long)u->user->held_bytes,
			(unsigned long long)max);
	u->reserved = size;
	u->user->held_bytes += size;
	return 0;
}

/* Said before the bytes are sent, and once more when they are here. */
static int
upload_admit(struct upload *u, const struct msg *m, struct err *err)
{
	const struct putter by = { u->user->uid, u->user->policy.max_store };
	uint64_t size = msg_has(m, FIELD_PUT_MODULE) ?
		msg_bytes(m, FIELD_PUT_MODULE).len :
		msg_number(m, FIELD_PUT_SIZE, 0);

	if (u->temporary)
		return upload_reserve(u, size, err);
	if (u->user->uploads > UPLOADS_MAX)
		return err_set(err, PROTO_ERROR_QUEUE_FULL, "put: %d modules of "
			"this user are on their way already", UPLOADS_MAX);
	return catalog_admit(store_catalog(u->config.store),
		u->has_expected ? u->expected : NULL, size, &by, err);
}

static int
upload_begin(struct upload *u, const struct msg *m, struct fds *fds,
	struct err *err)
{
	struct module_reader reader = { upload_on_module, u };
	struct span digest = msg_bytes(m, FIELD_PUT_DIGEST);
	struct span bytes = msg_bytes(m, FIELD_PUT_MODULE);

	u->has_expected = msg_has(m, FIELD_PUT_DIGEST);
	if (u->has_expected && !digest_parse(u->expected, digest.data,
		    digest.len))
		return err_set(err, PROTO_ERROR_USAGE,
			"put: digest: not 64 hexadecimal digits in lower case");
	if (upload_admit(u, m, err) == -1)
		return -1;
	if (msg_has(m, FIELD_PUT_SIZE))
		return upload_open_stream(u, msg_number(m, FIELD_PUT_SIZE, 0),
			err);
	if (msg_has(m, FIELD_PUT_MODULE)) {
		u->module = module_from_bytes(u->config.base, u->user->uid,
			bytes, reader, err);
	} else {
		u->module = module_from_fd_take(u->config.base, fds->fd[0],
			u->config.max_module, reader, err);
		fds->count = 0;
	}
	if (u->module != NULL && module_size(u->module) == 0)
		return err_set(err, PROTO_ERROR_USAGE,
			"put: an empty file is no module");
	return u->module == NULL ? -1 : 0;
}

int
upload_start_take(struct conn *c, const struct upload_config *config,
	const struct msg *m, struct fds *fds, struct err *err)
{
	struct upload *u = NULL;

	if (upload_check(config, m, fds, err) == -1)
		goto fail;
	u = calloc(1, sizeof(*u));
	if (u == NULL) {
		err_set(err, PROTO_ERROR_INTERNAL, "out of memory");
		goto fail;
	}
	u->config = *config;
	u->user = user_ref(c->user->users, c->user->uid);
	u->temporary = msg_number(m, FIELD_PUT_TEMPORARY, 0) != 0;
	if (!u->temporary)
		u->user->uploads++;
	u->call = m->call;
	u->share = msg_number(m, FIELD_PUT_SHARE, 0) != 0;
	u->fd = -1;
	conn_add_part(c, &u->part, &upload_ops);
	if (upload_begin(u, m, fds, err) == 0)
		return 0;
	upload_free(u);
fail:
	fds_close(fds);
	return -1;
}
