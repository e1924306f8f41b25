/*
 * Modules kept on disk by their digest, for whoever has put them and whom they
 * are shared with. One thing after the other is done to the directory, by the
 * disk's thread; what was read lately stays at hand. Runs in the daemon.
 */
#ifndef DAEMON_STORE_H
#define DAEMON_STORE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "daemon/catalog.h"

struct event_base;
struct module;
struct store;
struct store_op;

struct store_config {
	const char *path;	/* NULL: the default place, if there is one */
	bool is_private;
	uid_t uid;		/* whose the directory is to be */
	gid_t gid;
	uint64_t max;		/* bytes */
	bool is_heir;		/* the daemon before us has it still: it is read
				 * when it is first asked for */
};

/* NULL with the error set if the named directory cannot be used. Where none was
 * named there may be no store, and requests are told why. */
struct store *store_new(struct event_base *base,
	const struct store_config *config, struct err *err);

/* What is being done is finished; nobody is told any more. */
void store_free(struct store *st);

void store_set_max(struct store *st, uint64_t max);

/* Let go of the directory: the daemon's successor uses it. */
void store_close(struct store *st);
bool store_is_closed(const struct store *st);	/* some time later */

/* Whether there is one: 0, or -1 with PROTO_ERROR_UNAVAILABLE. */
int store_ready(struct store *st, struct err *err);

/* Called once, from the event loop: with the module that was asked for, or with
 * an error. The module is borrowed. */
struct store_reader {
	void (*on_done)(void *arg, struct module *m, const struct err *err);
	void *arg;
};

/*
 * Keep a complete module; read one; give up a claim. The store must be ready.
 * NULL: no memory. Errors are PROTO_ERROR_STORE_FULL, NO_MODULE, DENIED and
 * INTERNAL.
 */
struct store_op *store_put(struct store *st, const struct putter *by,
	struct module *m, bool share, struct store_reader reader);
struct store_op *store_get(struct store *st, uid_t uid,
	const uint8_t digest[DIGEST_BYTES], struct store_reader reader);
struct store_op *store_remove(struct store *st, uid_t uid,
	const uint8_t digest[DIGEST_BYTES], struct store_reader reader);

/* Its reader is not called any more; what was asked for may be done. */
void store_forget(struct store_op *op);

/* What it holds, of a store that is ready. */
const struct catalog *store_catalog(const struct store *st);

#endif
