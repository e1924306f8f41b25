/* What the store holds, in memory. Runs in the daemon. */
#include "daemon/catalog.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "proto/proto.h"

void
catalog_init(struct catalog *c, uint64_t max)
{
	*c = (struct catalog){ .max = max };
}

static void
shelved_free(struct shelved *s)
{
	free(s->claims);
	free(s);
}

void
catalog_clear(struct catalog *c)
{
	for (size_t i = 0; i < c->count; i++)
		shelved_free(c->list[i]);
	free(c->list);
	catalog_init(c, c->max);
}

/* Where it is, or would be. */
static size_t
catalog_place(const struct catalog *c, const uint8_t *digest, bool *found)
{
	size_t low = 0, high = c->count;

	*found = false;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = memcmp(c->list[middle]->digest, digest,
			DIGEST_BYTES);

		if (order == 0) {
			*found = true;
			return middle;
		}
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct shelved *
catalog_find(const struct catalog *c, const uint8_t digest[DIGEST_BYTES])
{
	bool found;
	size_t at = catalog_place(c, digest, &found);

	return found ? c->list[at] : NULL;
}

struct shelved *
catalog_next(const struct catalog *c, const uint8_t *after)
{
	bool found = false;
	size_t at = after == NULL ? 0 : catalog_place(c, after, &found);

	at += found;
	return at < c->count ? c->list[at] : NULL;
}

struct claim *
claim_find(const struct shelved *s, uid_t uid)
{
	for (unsigned i = 0; i < s->nclaims; i++) {
		if (s->claims[i].uid == uid)
			return &s->claims[i];
	}
	return NULL;
}

bool
shelved_is_shared(const struct shelved *s)
{
	for (unsigned i = 0; i < s->nclaims; i++) {
		if (s->claims[i].shared)
			return true;
	}
	return false;
}

bool
shelved_is_for(const struct shelved *s, uid_t uid)
{
	return uid == 0 || claim_find(s, uid) != NULL || shelved_is_shared(s);
}

static uint64_t
catalog_counts(uint64_t size)
{
	return size < CATALOG_LEAST ? CATALOG_LEAST : size;
}

/* Added up when asked: a put waits for a disk, this does not. */
static uint64_t
catalog_user_bytes(const struct catalog *c, uid_t uid)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < c->count; i++) {
		if (claim_find(c->list[i], uid) != NULL)
			sum += catalog_counts(c->list[i]->size);
	}
	return sum;
}

static int
catalog_full(const char *whose, uint64_t held, uint64_t max, uint64_t size,
	struct err *err)
{
	return err_set(err, PROTO_ERROR_STORE_FULL, "the store is full: it holds "
		"%" PRIu64 " bytes of %s%" PRIu64 ", and the module has %"
		PRIu64, held, whose, max, size);
}

int
catalog_admit(const struct catalog *c, const uint8_t *digest, uint64_t size,
	const struct putter *by, struct err *err)
{
	const struct shelved *s = digest == NULL ? NULL :
		catalog_find(c, digest);
	uint64_t counts = catalog_counts(size);
	uint64_t user;

	if (s != NULL && claim_find(s, by->uid) != NULL)
		return 0;
	user = catalog_user_bytes(c, by->uid);
	if (user > by->max || counts > by->max - user)
		return catalog_full("this user's budget of ", user, by->max,
			size, err);
	if (s == NULL && (c->bytes > c->max || counts > c->max - c->bytes))
		return catalog_full("", c->bytes, c->max, size, err);
	if (s == NULL && c->count >= CATALOG_MODULES_MAX)
		return err_set(err, PROTO_ERROR_STORE_FULL, "the store is full: "
			"it holds %u modules", CATALOG_MODULES_MAX);
	if (s != NULL && s->nclaims >= CATALOG_CLAIMS_MAX)
		return err_set(err, PROTO_ERROR_STORE_FULL, "the store is full: "
			"%u users have this module", CATALOG_CLAIMS_MAX);
	return 0;
}

static int
catalog_grow(struct catalog *c)
{
	size_t room = c->room == 0 ? 64 : 2 * c->room;
	struct shelved **list;

	if (c->count < c->room)
		return 0;
	list = reallocarray(c->list, room, sizeof(struct shelved *));
	if (list == NULL)
		return -1;
	c->list = list;
	c->room = room;
	return 0;
}

struct shelved *
catalog_add(struct catalog *c, const uint8_t digest[DIGEST_BYTES],
	uint64_t size)
{
	struct shelved *s = calloc(1, sizeof(*s));
	bool found;
	size_t at;

	if (s == NULL || catalog_grow(c) == -1) {
		free(s);
		return NULL;
	}
	at = catalog_place(c, digest, &found);
	memmove(c->list + at + 1, c->list + at,
		(c->count - at) * sizeof(struct shelved *));
	c->list[at] = s;
	c->count++;
	c->bytes += catalog_counts(size);
	memcpy(s->digest, digest, DIGEST_BYTES);
	digest_format(s->hex, digest);
	s->size = size;
	return s;
}

void
catalog_resize(struct catalog *c, struct shelved *s, uint64_t size)
{
	c->bytes += catalog_counts(size) - catalog_counts(s->size);
	s->size = size;
}

int
shelved_claim(struct shelved *s, const struct claim *claim)
{
	struct claim *own = claim_find(s, claim->uid);
	struct claim *claims;

	if (own != NULL) {
		*own = *claim;
		return 0;
	}
	claims = reallocarray(s->claims, s->nclaims + 1, sizeof(*claims));
	if (claims == NULL)
		return -1;
	claims[s->nclaims++] = *claim;
	s->claims = claims;
	return 0;
}

void
shelved_disclaim(struct shelved *s, uid_t uid)
{
	struct claim *own = claim_find(s, uid);

	*own = s->claims[--s->nclaims];
}

void
catalog_remove(struct catalog *c, struct shelved *s)
{
	bool found;
	size_t at = catalog_place(c, s->digest, &found);

	memmove(c->list + at, c->list + at + 1,
		(c->count - at - 1) * sizeof(struct shelved *));
	c->count--;
	c->bytes -= catalog_counts(s->size);
	shelved_free(s);
}
