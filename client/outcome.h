/* How a job can end, and what wasmctl exits with, with advice for the person who
 * reads it. */
#ifndef CLIENT_OUTCOME_H
#define CLIENT_OUTCOME_H

#include <stddef.h>

#include "lib/wasmd.h"

#define EXIT_WASMCTL	125	/* no job: usage, no daemon, refused */
#define EXIT_INVALID	126	/* the module */
#define EXIT_NOT_FOUND	127	/* the file, or an export */
#define EXIT_CANCELLED	143	/* by request */

struct module_source;
struct session;

/* Report what a record says, if it says something of interest. modules are the
 * job's, the main one first. Returns what wasmctl exits with. */
int outcome_tell(const struct wasmd_msg *record,
	const struct module_source *modules, size_t count);

/* The same for a session, whose output or user may have said it before. */
int outcome_finish(const struct session *s, const struct module_source *modules,
	size_t count);

#endif
