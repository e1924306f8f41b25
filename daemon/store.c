/* Modules kept on disk by their digest. Runs in the daemon. */
#include "config.h"

#include "daemon/store.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <event2/event.h>

#include "base/fd.h"
#include "base/log.h"
#include "daemon/disk.h"
#include "daemon/module.h"
#include "daemon/store_dir.h"
#include "proto/proto.h"

/* Modules at hand. */
#define STORE_CACHED		32
#define STORE_CACHED_BYTES	(128u << 20)

enum store_kind { STORE_PUT, STORE_GET, STORE_REMOVE };

struct store_op {
	struct disk_task task;	/* the first: the disk's thread knows only it */
	TAILQ_ENTRY(store_op) entry;
	struct store *store;
	enum store_kind kind;
	uid_t uid;
	uint64_t max_user;	/* to put */
	uint8_t digest[DIGEST_BYTES];
	char hex[DIGEST_HEX + 1];
	bool share;
	struct module *module;	/* to put, or that was read */
	struct store_reader reader;
	struct err err;
	/* for the thread, and what came of it */
	int dir;
	bool whole;		/* put: the bytes, too; remove: likewise */
	uint64_t size;
	uid_t *claims;		/* to be given up */
	unsigned nclaims;
	int error;		/* errno */
	int fd;
	uint8_t got[DIGEST_BYTES];
};

TAILQ_HEAD(op_list, store_op);

struct store {
	int dir;		/* -1: there is none, */
	struct err why;		/* for this reason */
	bool loaded;		/* the catalog is true */
	bool closed;		/* what waits is done, nothing more is taken */
	struct catalog catalog;
	struct disk *disk;
	struct op_list waiting, finished;
	struct store_op *current;	/* at the disk */
	struct event *turn;
	struct module *cached[STORE_CACHED];	/* most recently used first */
	unsigned ncached;
};

/* ---- modules at hand ------------------------------------------------------- */

static void
cached_drop(struct store *st, unsigned i)
{
	module_unref(st->cached[i]);
	st->ncached--;
	memmove(st->cached + i, st->cached + i + 1,
		(st->ncached - i) * sizeof(struct module *));
}

/* Its place, or ncached. */
static unsigned
cached_place(const struct store *st, const uint8_t *digest)
{
	unsigned i = 0;

	while (i < st->ncached && memcmp(module_digest(st->cached[i]), digest,
		    DIGEST_BYTES) != 0)
		i++;
	return i;
}

static size_t
cached_bytes(const struct store *st)
{
	size_t sum = 0;

	for (unsigned i = 0; i < st->ncached; i++)
		sum += module_size(st->cached[i]);
	return sum;
}

static void
cached_put(struct store *st, struct module *m)
{
	unsigned i = cached_place(st, module_digest(m));

	module_ref(m);
	if (i < st->ncached)
		cached_drop(st, i);
	while (st->ncached > 0 && (st->ncached == STORE_CACHED ||
		    cached_bytes(st) + module_size(m) > STORE_CACHED_BYTES))
		cached_drop(st, st->ncached - 1);
	memmove(st->cached + 1, st->cached,
		st->ncached * sizeof(struct module *));
	st->cached[0] = m;
	st->ncached++;
}

/* ---- what there is ----------------------------------------------------------- */

static void
store_on_name(void *arg, const struct store_name *n)
{
	struct store *st = arg;
	struct shelved *s = catalog_find(&st->catalog, n->digest);
	struct claim claim = { n->uid, n->shared, n->put_s };
	struct claim *other;

	/* Claims may be read before their modules: size 0 until then. */
	if (s == NULL)
		s = catalog_add(&st->catalog, n->digest, 0);
	if (s == NULL)
		return;
	if (n->kind == STORE_MODULE) {
		catalog_resize(&st->catalog, s, n->size);
		return;
	}
	/* Both after a crash: the one that gives less. */
	other = claim_find(s, n->uid);
	if (other != NULL && !other->shared)
		return;
	shelved_claim(s, &claim);
}

/* A module that nobody claims was being put or removed; a claim without bytes
 * has lost them, or stands for an empty module, of which there are none. */
static void
store_resolve(struct store *st, struct shelved *s)
{
	if (s->size > 0 && s->nclaims > 0)
		return;
	log_notice("store: %s: %s: removed", s->hex,
		s->size > 0 ? "nobody's" : "its bytes are missing");
	for (unsigned i = 0; i < s->nclaims; i++)
		store_dir_disclaim(st->dir, s->hex, s->claims[i].uid);
	store_dir_remove(st->dir, s->hex);
	catalog_remove(&st->catalog, s);
}

static int
store_load(struct store *st)
{
	struct shelved *s, *next;

	if (store_dir_scan(st->dir, store_on_name, st) == -1)
		return -1;
	for (s = catalog_next(&st->catalog, NULL); s != NULL; s = next) {
		uint8_t digest[DIGEST_BYTES];

		memcpy(digest, s->digest, sizeof(digest));
		store_resolve(st, s);
		next = catalog_next(&st->catalog, digest);
	}
	log_info("store: %zu modules, %llu bytes of %llu", st->catalog.count,
		(unsigned long long)st->catalog.bytes,
		(unsigned long long)st->catalog.max);
	st->loaded = true;
	return 0;
}

int
store_ready(struct store *st, struct err *err)
{
	if (st->closed)
		return err_set(err, PROTO_ERROR_UNAVAILABLE, "wasmd ends");
	if (st->loaded)
		return 0;
	if (st->dir == -1)
		return err_set(err, PROTO_ERROR_UNAVAILABLE,
			"there is no store: %s", st->why.text);
	if (store_dir_lock(st->dir) == -1)
		return err_set(err, PROTO_ERROR_UNAVAILABLE,
			errno == EWOULDBLOCK ?
			"another wasmd uses the store" :
			"the store cannot be locked");
	if (store_load(st) == -1) {
		catalog_clear(&st->catalog);
		return err_set(err, PROTO_ERROR_UNAVAILABLE,
			"the store cannot be read: %s", strerror(errno));
	}
	return 0;
}

const struct catalog *
store_catalog(const struct store *st)
{
	return &st->catalog;
}

/* ---- at the disk ---------------------------------------------------------------- */

static void
op_work_put(struct store_op *op)
{
	if ((op->whole && store_dir_write(op->dir, op->hex,
		    module_fd(op->module), op->size) == -1) ||
	    store_dir_claim(op->dir, op->hex, op->uid, op->share) == -1)
		op->error = errno;
	if (op->error != 0 && op->whole)
		store_dir_remove(op->dir, op->hex);
}

static void
op_work_remove(struct store_op *op)
{
	for (unsigned i = 0; i < op->nclaims; i++) {
		if (store_dir_disclaim(op->dir, op->hex, op->claims[i]) == -1)
			op->error = errno;
	}
	if (op->whole && op->error == 0 &&
	    store_dir_remove(op->dir, op->hex) == -1)
		op->error = errno;
}

static void
op_work(struct disk_task *t)
{
	struct store_op *op = (struct store_op *)t;

	switch (op->kind) {
	case STORE_PUT:
		op_work_put(op);
		break;
	case STORE_GET:
		op->fd = store_dir_read(op->dir, op->hex, op->size, op->got);
		op->error = op->fd == -1 ? errno : 0;
		break;
	case STORE_REMOVE:
		op_work_remove(op);
		break;
	}
}

/* ---- after ------------------------------------------------------------------------ */

static void
op_free(struct store_op *op)
{
	module_unref(op->module);
	fd_close(&op->fd);
	free(op->claims);
	free(op);
}

static void
op_finish(struct store_op *op)
{
	if (op->reader.on_done != NULL)
		op->reader.on_done(op->reader.arg, op->module,
			op->err.code == 0 ? NULL : &op->err);
	op_free(op);
}

static int
op_fail_errno(struct store_op *op)
{
	bool is_full = op->error == ENOSPC || op->error == EDQUOT ||
		op->error == EFBIG;

	log_err("store: %s: %s", op->hex, strerror(op->error));
	return err_set(&op->err, is_full ? PROTO_ERROR_STORE_FULL :
		PROTO_ERROR_INTERNAL, "the store's disk: %s",
		strerror(op->error));
}

static void
op_after_put(struct store_op *op)
{
	struct catalog *c = &op->store->catalog;
	struct claim claim = { op->uid, op->share, (uint64_t)time(NULL) };
	struct shelved *s = catalog_find(c, op->digest);

	if (s == NULL)
		s = catalog_add(c, op->digest, op->size);
	if (s == NULL || shelved_claim(s, &claim) == -1)
		err_set(&op->err, PROTO_ERROR_INTERNAL, "out of memory");
	else
		cached_put(op->store, op->module);
}

/* Not what was put there: nobody is given it, and putting it again helps. */
static void
op_after_damage(struct store_op *op)
{
	log_err("store: %s: its bytes have changed: removed", op->hex);
	err_set(&op->err, PROTO_ERROR_NO_MODULE, "the stored module was "
		"damaged and has been removed; put it again");
	store_remove(op->store, 0, op->digest, (struct store_reader){ .on_done = NULL });
}

static void
op_after_get(struct store_op *op)
{
	if (memcmp(op->got, op->digest, DIGEST_BYTES) != 0) {
		op_after_damage(op);
		return;
	}
	op->module = module_whole_take(op->fd, op->size, op->digest);
	op->fd = -1;
	if (op->module == NULL)
		err_set(&op->err, PROTO_ERROR_INTERNAL, "out of memory");
	else
		cached_put(op->store, op->module);
}

static void
op_after_remove(struct store_op *op)
{
	struct store *st = op->store;
	struct shelved *s = catalog_find(&st->catalog, op->digest);
	unsigned i = cached_place(st, op->digest);

	for (unsigned n = 0; n < op->nclaims; n++)
		shelved_disclaim(s, op->claims[n]);
	if (!op->whole)
		return;
	catalog_remove(&st->catalog, s);
	if (i < st->ncached)
		cached_drop(st, i);
}

static void
op_done(struct disk_task *t)
{
	struct store_op *op = (struct store_op *)t;
	struct store *st = op->store;

	if (op->kind == STORE_GET && (op->error == ENODATA ||
		    op->error == ENOENT))
		op_after_damage(op);
	else if (op->error != 0)
		op_fail_errno(op);
	else if (op->kind == STORE_PUT)
		op_after_put(op);
	else if (op->kind == STORE_GET)
		op_after_get(op);
	else
		op_after_remove(op);
	st->current = NULL;
	event_active(st->turn, 0, 0);
	op_finish(op);
}

/* ---- before -------------------------------------------------------------------------- */

static int
op_no_module(struct store_op *op)
{
	return err_set(&op->err, PROTO_ERROR_NO_MODULE,
		"the store has no such module of yours, or shared");
}

/* Each of these says whether there is something to do at the disk. */
static bool
op_before_put(struct store_op *op)
{
	const struct catalog *c = &op->store->catalog;
	const struct shelved *s = catalog_find(c, op->digest);
	const struct claim *own = s == NULL ? NULL : claim_find(s, op->uid);
	const struct putter by = { op->uid, op->max_user };

	if (catalog_admit(c, op->digest, op->size, &by, &op->err) == -1)
		return false;
	op->whole = s == NULL;
	return own == NULL || own->shared != op->share;
}

static bool
op_before_get(struct store_op *op)
{
	struct store *st = op->store;
	const struct shelved *s = catalog_find(&st->catalog, op->digest);
	unsigned i = cached_place(st, op->digest);

	if (s == NULL || !shelved_is_for(s, op->uid)) {
		op_no_module(op);
		return false;
	}
	op->size = s->size;
	if (i == st->ncached)
		return true;
	op->module = module_ref(st->cached[i]);
	cached_put(st, op->module);
	return false;
}

static bool
op_before_remove(struct store_op *op)
{
	const struct shelved *s = catalog_find(&op->store->catalog, op->digest);
	bool all = op->uid == 0;

	if (s == NULL || !shelved_is_for(s, op->uid)) {
		op_no_module(op);
		return false;
	}
	if (!all && claim_find(s, op->uid) == NULL) {
		err_set(&op->err, PROTO_ERROR_DENIED,
			"the module is shared by another user");
		return false;
	}
	op->claims = calloc(s->nclaims, sizeof(*op->claims));
	if (op->claims == NULL) {
		err_set(&op->err, PROTO_ERROR_INTERNAL, "out of memory");
		return false;
	}
	for (unsigned i = 0; i < s->nclaims; i++) {
		if (all || s->claims[i].uid == op->uid)
			op->claims[op->nclaims++] = s->claims[i].uid;
	}
	op->whole = op->nclaims == s->nclaims;
	return true;
}

static bool
op_before(struct store_op *op)
{
	switch (op->kind) {
	case STORE_PUT:
		return op_before_put(op);
	case STORE_GET:
		return op_before_get(op);
	case STORE_REMOVE:
		return op_before_remove(op);
	}
	__builtin_unreachable();
}

/* ---- one after the other --------------------------------------------------------------- */

static void
store_on_turn(evutil_socket_t fd, short what, void *arg)
{
	struct store *st = arg;
	struct store_op *op;

	while ((op = TAILQ_FIRST(&st->finished)) != NULL) {
		TAILQ_REMOVE(&st->finished, op, entry);
		op_finish(op);
	}
	while (st->current == NULL && (op = TAILQ_FIRST(&st->waiting)) != NULL) {
		TAILQ_REMOVE(&st->waiting, op, entry);
		if (!op_before(op)) {
			op_finish(op);
			continue;
		}
		if (disk_run(st->disk, &op->task) == -1) {
			op->error = errno;
			op_fail_errno(op);
			op_finish(op);
			continue;
		}
		st->current = op;
	}
	if (st->closed && st->current == NULL)
		fd_close(&st->dir);
}

static struct store_op *
op_new(struct store *st, enum store_kind kind, uid_t uid,
	const uint8_t *digest, struct store_reader reader)
{
	struct store_op *op = calloc(1, sizeof(*op));

	assert(st->loaded);
	if (op == NULL)
		return NULL;
	op->task.work = op_work;
	op->task.done = op_done;
	op->store = st;
	op->kind = kind;
	op->uid = uid;
	memcpy(op->digest, digest, DIGEST_BYTES);
	digest_format(op->hex, digest);
	op->reader = reader;
	op->dir = st->dir;
	op->fd = -1;
	TAILQ_INSERT_TAIL(&st->waiting, op, entry);
	event_active(st->turn, 0, 0);
	return op;
}

struct store_op *
store_put(struct store *st, const struct putter *by, struct module *m,
	bool share, struct store_reader reader)
{
	struct store_op *op = op_new(st, STORE_PUT, by->uid, module_digest(m),
		reader);

	if (op == NULL)
		return NULL;
	op->module = module_ref(m);
	op->size = module_size(m);
	op->share = share;
	op->max_user = by->max;
	return op;
}

struct store_op *
store_get(struct store *st, uid_t uid, const uint8_t digest[DIGEST_BYTES],
	struct store_reader reader)
{
	struct store_op *op = op_new(st, STORE_GET, uid, digest, reader);

	if (op == NULL)
		return NULL;
	/* What is at hand does not wait behind what the disk has to do. */
	if (cached_place(st, digest) < st->ncached && !op_before(op)) {
		TAILQ_REMOVE(&st->waiting, op, entry);
		TAILQ_INSERT_TAIL(&st->finished, op, entry);
	}
	return op;
}

struct store_op *
store_remove(struct store *st, uid_t uid, const uint8_t digest[DIGEST_BYTES],
	struct store_reader reader)
{
	return op_new(st, STORE_REMOVE, uid, digest, reader);
}

void
store_forget(struct store_op *op)
{
	op->reader.on_done = NULL;
}

/* ---- birth and death ------------------------------------------------------------------------ */

static int
store_open(struct store *st, const struct store_config *config, struct err *err)
{
	char path[PATH_MAX];

	st->dir = -1;
	if (config->path == NULL && store_dir_default(path, sizeof(path),
		    config->is_private) == -1)
		return err_set(err, 1, "no directory is named for it, nor "
			"XDG_STATE_HOME or HOME");
	st->dir = store_dir_open(config->path == NULL ? path : config->path,
		config->uid, config->gid, err);
	if (st->dir == -1)
		return -1;
	return config->is_heir ? 0 : store_ready(st, err);
}

struct store *
store_new(struct event_base *base, const struct store_config *config,
	struct err *err)
{
	struct store *st = calloc(1, sizeof(*st));

	if (st == NULL) {
		err_set(err, 1, "out of memory");
		return NULL;
	}
	catalog_init(&st->catalog, config->max);
	TAILQ_INIT(&st->waiting);
	TAILQ_INIT(&st->finished);
	st->disk = disk_new(base);
	st->turn = event_new(base, -1, 0, store_on_turn, st);
	if (st->disk == NULL || st->turn == NULL) {
		err_set(err, 1, "out of memory");
		store_free(st);
		return NULL;
	}
	if (store_open(st, config, &st->why) == 0)
		return st;
	if (config->path != NULL) {
		err_set(err, 1, "%s", st->why.text);
		store_free(st);
		return NULL;
	}
	log_notice("there is no store for modules: %s", st->why.text);
	return st;
}

void
store_set_max(struct store *st, uint64_t max)
{
	st->catalog.max = max;
}

void
store_close(struct store *st)
{
	st->closed = true;
	event_active(st->turn, 0, 0);
}

bool
store_is_closed(const struct store *st)
{
	return st->closed && st->dir == -1;
}

void
store_free(struct store *st)
{
	struct store_op *op;

	if (st == NULL)
		return;
	/* Nobody listens any more; what is at the disk is finished there. */
	if (st->current != NULL)
		store_forget(st->current);
	disk_free(st->disk);
	TAILQ_CONCAT(&st->waiting, &st->finished, entry);
	while ((op = TAILQ_FIRST(&st->waiting)) != NULL) {
		TAILQ_REMOVE(&st->waiting, op, entry);
		op_free(op);
	}
	while (st->ncached > 0)
		cached_drop(st, 0);
	catalog_clear(&st->catalog);
	if (st->turn != NULL)
		event_free(st->turn);
	fd_close(&st->dir);
	free(st);
}
