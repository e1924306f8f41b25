/* One call of one module, from the connection to what wasmctl exits with, for
 * verbs that do nothing else. */
#ifndef CLIENT_ONCE_H
#define CLIENT_ONCE_H

#include "client/address.h"
#include "client/module.h"

/*
 * call's module is filled in. on_record, if it is not NULL, gets the record of a
 * call that was made while our output had readers. What went wrong has been
 * reported.
 */
int once_run(const struct where *where, struct module_source *m,
	struct wasmd_call *call,
	void (*on_record)(void *arg, const struct wasmd_msg *record), void *arg);

#endif
