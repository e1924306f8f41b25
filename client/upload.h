/*
 * A module's bytes, sent to a daemon that cannot be passed a descriptor. Used
 * by wasmctl.
 */
#ifndef CLIENT_UPLOAD_H
#define CLIENT_UPLOAD_H

#include "client/ask.h"
#include "client/module.h"

/*
 * Make the request, a put, with the module's bytes behind it. 0, or what wasmctl
 * exits with after a report. On a terminal, a long one shows how far it is.
 */
int upload_run(struct ask *a, struct msg *request,
	const struct module_source *m);

/*
 * On a connection that passes no descriptors: have the daemon hold the module for
 * as long as this connection is there, and set its digest. On others nothing
 * is done. 0, or what wasmctl exits with.
 */
int upload_module(struct wasmd *conn, struct module_source *m);

/*
 * Name the module in a call: by its descriptor, by its digest, or, on a
 * connection that passes no descriptors, as bytes if it is small and else by
 * upload_module. 0, or what wasmctl exits with. m must outlive the submit.
 */
int upload_for_call(struct wasmd *conn, struct module_source *m,
	struct wasmd_call *call);

#endif
