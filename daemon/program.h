/*
 * What a template loads: a module, and those that are preloaded for it to
 * import from. Runs in the daemon.
 */
#ifndef DAEMON_PROGRAM_H
#define DAEMON_PROGRAM_H

#include <stdbool.h>

#include "daemon/module.h"
#include "sandbox/ctl.h"

struct program {
	struct module *module;
	unsigned npreload;
	struct program_preload {	/* in the order of instantiation */
		char name[CTL_NAME_MAX];
		struct module *module;
	} preload[CTL_PRELOAD_MAX];
	/* Names all of it: see program_set_key. */
	uint8_t key[MODULE_DIGEST];
};

/* When all modules are complete. The key is the module's digest when nothing
 * is preloaded; else the digest of all names and digests in their order. */
void program_set_key(struct program *p);

/* Whether they have the same names and bytes. Both must have their keys. */
bool program_equal(const struct program *a, const struct program *b);

/* The digest of the main module as text; "-" for one that was never read. */
const char *program_hex(const struct program *p);

/* A copy holds references of its own. */
void program_copy(struct program *to, const struct program *from);
void program_clear(struct program *p);

#endif
