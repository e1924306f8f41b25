/*
 * A module on its way to the daemon, also to one that cannot be passed a
 * descriptor. Used by wasmctl.
 */
#ifndef CLIENT_UPLOAD_H
#define CLIENT_UPLOAD_H

#include "client/ask.h"
#include "client/module.h"

/* Make a put and wait for its answer. 0, or what wasmctl exits with after a
 * report. On a terminal a long one shows how far it is. */
int upload_run(struct ask *a, const struct wasmd_put *put);

/*
 * On a connection that passes no descriptors: have the daemon hold the module for
 * as long as this connection is there, and set its digest. On others nothing
 * is done. 0, or what wasmctl exits with.
 */
int upload_module(struct wasmd *conn, struct module_source *m);

/* Name the module in a call, after upload_module if it is large. The same. */
int upload_for_call(struct wasmd *conn, struct module_source *m,
	struct wasmd_call *call);

#endif
