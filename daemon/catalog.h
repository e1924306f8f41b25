/*
 * What the store holds, in memory: modules by digest, and whose they are. A
 * user who has put a module has a claim to it; a claim may be shared, and then
 * everyone may use the module. Counts towards budgets. Runs in the daemon.
 */
#ifndef DAEMON_CATALOG_H
#define DAEMON_CATALOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "daemon/digest.h"

/* What the smallest module counts, as it takes files of its own. */
#define CATALOG_LEAST 4096u
#define CATALOG_MODULES_MAX 65536u
#define CATALOG_CLAIMS_MAX 1024u	/* of one module */

struct claim {
	uid_t uid;
	bool shared;
	uint64_t put_s;		/* Unix time */
};

struct shelved {		/* one module of the catalog */
	uint8_t digest[DIGEST_BYTES];
	char hex[DIGEST_HEX + 1];
	uint64_t size;
	struct claim *claims;
	unsigned nclaims;
};

struct catalog {
	struct shelved **list;	/* in the order of their digests */
	size_t count, room;
	uint64_t bytes;		/* what all count together */
	uint64_t max;
};

void catalog_init(struct catalog *c, uint64_t max);
void catalog_clear(struct catalog *c);

/* Of that digest, or NULL. */
struct shelved *catalog_find(const struct catalog *c,
	const uint8_t digest[DIGEST_BYTES]);

/* The first whose digest is greater, or NULL; after NULL: the first. */
struct shelved *catalog_next(const struct catalog *c, const uint8_t *after);

/* That user's, or NULL. */
struct claim *claim_find(const struct shelved *s, uid_t uid);

/* Whether the user may use it and know of it: claims, shared ones, root. */
bool shelved_is_for(const struct shelved *s, uid_t uid);
bool shelved_is_shared(const struct shelved *s);

/* Who puts, and how many bytes this user may have. */
struct putter {
	uid_t uid;
	uint64_t max;
};

/* Whether one more module of size, or one more claim to the one that is there,
 * fits; a digest of NULL is not known yet. 0, or -1 with
 * PROTO_ERROR_STORE_FULL, which says the budget. */
int catalog_admit(const struct catalog *c, const uint8_t *digest, uint64_t size,
	const struct putter *by, struct err *err);

/* Add a module without claims, a claim, or share one. NULL or -1: no memory. */
struct shelved *catalog_add(struct catalog *c,
	const uint8_t digest[DIGEST_BYTES], uint64_t size);
void catalog_resize(struct catalog *c, struct shelved *s, uint64_t size);
int shelved_claim(struct shelved *s, const struct claim *claim);

/* Drop a claim, which must be there; and a module, with its claims. */
void shelved_disclaim(struct shelved *s, uid_t uid);
void catalog_remove(struct catalog *c, struct shelved *s);

#endif
