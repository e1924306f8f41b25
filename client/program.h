/* A module and those that it imports from, as --preload names them, on their
 * way to the daemon. Used by wasmctl. */
#ifndef CLIENT_PROGRAM_H
#define CLIENT_PROGRAM_H

#include "lib/wasmd.h"
#include "client/module.h"
#include "client/options.h"

struct program {
	size_t count;
	struct module_source modules[1 + WASMD_PRELOAD_MAX];	/* main first */
	struct wasmd_preload preload[WASMD_PRELOAD_MAX];
};

/* Open all of them; preload: "NAME=FILE" each. 0, or what wasmctl exits with
 * after it has reported why not. */
int program_open(struct program *p, const char *path,
	const struct texts *preload);

/* Name them in a call, and have the daemon hold those that cannot be passed to
 * it. The same. */
int program_for_call(struct program *p, struct wasmd *conn,
	struct wasmd_call *call);

void program_close(struct program *p);

#endif
