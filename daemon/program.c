/* A module and those that are preloaded. Runs in the daemon. */
#include "daemon/program.h"

#include <string.h>

#include <nettle/sha2.h>

void
program_set_key(struct program *p)
{
	struct sha256_ctx sha;

	if (p->npreload == 0) {
		memcpy(p->key, module_digest(p->module), sizeof(p->key));
		return;
	}
	sha256_init(&sha);
	for (unsigned i = 0; i < p->npreload; i++) {
		/* With its NUL, so that no two lists of names run together. */
		sha256_update(&sha, strlen(p->preload[i].name) + 1,
			(const uint8_t *)p->preload[i].name);
		sha256_update(&sha, MODULE_DIGEST,
			module_digest(p->preload[i].module));
	}
	sha256_update(&sha, MODULE_DIGEST, module_digest(p->module));
	sha256_digest(&sha, sizeof(p->key), p->key);
}

/* The number is compared, too: the bytes of one module can be chosen to be what
 * the key of several is the digest of. */
bool
program_equal(const struct program *a, const struct program *b)
{
	return a->npreload == b->npreload &&
		memcmp(a->key, b->key, sizeof(a->key)) == 0;
}

const char *
program_hex(const struct program *p)
{
	return p->module == NULL ? "-" : module_hex(p->module);
}

void
program_copy(struct program *to, const struct program *from)
{
	*to = *from;
	module_ref(to->module);
	for (unsigned i = 0; i < to->npreload; i++)
		module_ref(to->preload[i].module);
}

void
program_clear(struct program *p)
{
	module_unref(p->module);
	for (unsigned i = 0; i < p->npreload; i++)
		module_unref(p->preload[i].module);
	*p = (struct program){ .module = NULL };
}
