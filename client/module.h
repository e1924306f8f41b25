/* A module on its way to the daemon: whatever can be read, whole, in a sealed
 * memfd; or one that the daemon keeps, by its digest. */
#ifndef CLIENT_MODULE_H
#define CLIENT_MODULE_H

#include <stdbool.h>
#include <stddef.h>

struct module_source {
	const char *path;	/* "-": standard input */
	int fd;			/* a memfd, once it is open; -1: digest */
	const char *digest;	/* of one in the store: path behind "sha256:"; or: */
	char held[65];		/* of one that was sent, see upload_module */
};

/* The digits of "sha256:HEX" or, if bare is allowed, of 64 digits alone. NULL:
 * it is something else. */
const char *module_digest_text(const char *text, bool bare);

/* Open it. 0, or what wasmctl exits with after it has reported why not. */
int module_open(struct module_source *m, const char *path);
void module_close(struct module_source *m);

/* The path's last component: what a program is called by itself. */
const char *module_name(const struct module_source *m);

/* What the file seems to be, for someone who was told that it is no module; or
 * NULL. */
const char *module_hint(const struct module_source *m);

#endif
