/*
 * The bytes of a module: opaque to the daemon, kept in a sealed memfd that
 * templates map, named by their SHA-256. Runs in the daemon.
 *
 * Large ones are copied and hashed a slice per turn of the event loop, so that
 * nobody else waits for them.
 */
#ifndef DAEMON_MODULE_H
#define DAEMON_MODULE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "daemon/digest.h"
#include "proto/msg.h"

#define MODULE_DIGEST DIGEST_BYTES
#define MODULE_HEX DIGEST_HEX

struct event_base;
struct module;

/* Called once, from the event loop: the module is complete (err NULL) or cannot
 * be. */
struct module_reader {
	void (*on_ready)(void *arg, const struct err *err);
	void *arg;
};

/* A module of bytes that the user owner sent, and which are copied unless he has
 * sent the same for one that is in use. NULL with the error set. */
struct module *module_from_bytes(struct event_base *base, uid_t owner,
	struct span bytes, struct module_reader reader, struct err *err);

/*
 * A module of a client's descriptor, which is taken, also on failure. It must
 * be a memfd: reading one cannot block, as reading a file may for ever (FUSE,
 * NFS). One that is sealed against writing is used as it is; of another a copy
 * is made. NULL with PROTO_ERROR_USAGE, TOO_LARGE or INTERNAL.
 */
struct module *module_from_fd_take(struct event_base *base, int fd,
	uint64_t max, struct module_reader reader, struct err *err);

/* One that is complete: a sealed memfd, which is taken, also on failure. NULL:
 * no memory. */
struct module *module_whole_take(int fd, size_t size,
	const uint8_t digest[MODULE_DIGEST]);

struct module *module_ref(struct module *m);
/* Drop a reference; the reader is not called any more after the last one. */
void module_unref(struct module *m);

/* Of a complete module. */
int module_fd(const struct module *m);
size_t module_size(const struct module *m);
const uint8_t *module_digest(const struct module *m);
const char *module_hex(const struct module *m);

#endif
