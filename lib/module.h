/* A module's bytes on their way to the daemon. */
#ifndef LIB_MODULE_H
#define LIB_MODULE_H

#include <stddef.h>

#include "base/err.h"

struct module {
	int fd;		/* to be passed; -1: the bytes go in the message */
	int own;	/* the same, if it is ours to close; or -1 */
	const void *bytes;
	size_t len;
	void *copy;	/* the same, if it is ours to free; or NULL */
};

#define MODULE_NONE ((struct module){ .fd = -1, .own = -1 })

/* Of the bytes, or with NULL the caller's memfd: few bytes go in the message,
 * others in a memfd of ours. 0, or -1 with PROTO_ERROR_INTERNAL. */
int module_open(struct module *m, const void *bytes, size_t len, int fd,
	struct err *err);

/* The same where no descriptor can be passed: the bytes go in the message, or it
 * is PROTO_ERROR_TOO_LARGE. */
int module_open_bytes(struct module *m, const void *bytes, size_t len, int fd,
	struct err *err);
void module_close(struct module *m);

#endif
