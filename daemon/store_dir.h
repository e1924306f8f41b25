/*
 * The store's directory. A module is HEX.wasm, a user's claim to it is the empty
 * file HEX.UID, or HEX.UID.shared when the user shares it; HEX.part is being
 * written. Each change is a rename or a creation, and has happened when it
 * returns: files and directory are written through. These functions wait for the
 * disk. Run in the daemon.
 */
#ifndef DAEMON_STORE_DIR_H
#define DAEMON_STORE_DIR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "daemon/digest.h"

/*
 * Where it is when nobody says where: below $STATE_DIRECTORY, which systemd
 * sets; for a private daemon $XDG_STATE_HOME or ~/.local/state; else /var/lib.
 * -1: there is no such place.
 */
int store_dir_default(char *path, size_t size, bool is_private);

/* Open it, made if it is missing and given to this user; nobody else may be
 * able to write to it. A descriptor, or -1 with the error set. */
int store_dir_open(const char *path, uid_t uid, gid_t gid, struct err *err);

/* Nobody else uses it from now on, while the descriptor is open. 0, or -1:
 * somebody does (EWOULDBLOCK). */
int store_dir_lock(int dir);

/* One thing that is there. */
struct store_name {
	enum { STORE_MODULE, STORE_CLAIM } kind;
	uint8_t digest[DIGEST_BYTES];
	uint64_t size;		/* of a module */
	uint64_t put_s;		/* when it was made */
	uid_t uid;		/* of a claim */
	bool shared;
};

/* Name all that is there, in no order; remove parts, and say what else is no
 * name of ours. 0, or -1 with errno. */
int store_dir_scan(int dir, void (*on_name)(void *arg,
	const struct store_name *name), void *arg);

/* Make HEX.wasm of the first size bytes of a descriptor; a claim; or the claim
 * another one. All or nothing: 0, or -1 with errno. */
int store_dir_write(int dir, const char *hex, int from, uint64_t size);
int store_dir_claim(int dir, const char *hex, uid_t uid, bool shared);

/* Remove them; what is not there is removed already. */
int store_dir_remove(int dir, const char *hex);
int store_dir_disclaim(int dir, const char *hex, uid_t uid);

/* A sealed memfd of HEX.wasm, which must be that long, and the digest of what
 * was read. A descriptor, or -1 with errno: ENODATA for another length. */
int store_dir_read(int dir, const char *hex, uint64_t size,
	uint8_t digest[DIGEST_BYTES]);

#endif
