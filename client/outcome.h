/* How a job can end, and what wasmctl exits with, with advice for the person who
 * reads it. */
#ifndef CLIENT_OUTCOME_H
#define CLIENT_OUTCOME_H

#include <stddef.h>

#define EXIT_WASMCTL	125	/* no job: usage, no daemon, refused */
#define EXIT_INVALID	126	/* the module */
#define EXIT_NOT_FOUND	127	/* the file, or an export */
#define EXIT_CANCELLED	143	/* by request */

struct module_source;
struct session;

/* Report what the job's record says, if it says something of interest. modules
 * are the job's, the main one first. Returns what wasmctl exits with. */
int outcome_finish(const struct session *s, const struct module_source *modules,
	size_t count);

#endif
