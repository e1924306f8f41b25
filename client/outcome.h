/* How a job can end, and what wasmctl exits with: proto/status.def, with advice
 * for the person who reads it. */
#ifndef CLIENT_OUTCOME_H
#define CLIENT_OUTCOME_H

#include <stddef.h>

#define EXIT_WASMCTL	125	/* no job: usage, no daemon, refused */
#define EXIT_INVALID	126	/* the module */
#define EXIT_NOT_FOUND	127	/* the file, or an export */
#define EXIT_CANCELLED	143	/* by request */
#define EXIT_GUEST	(-1)	/* the guest's own code */

struct outcome {
	int exit;		/* or EXIT_GUEST */
	const char *advice;	/* what to do, or NULL */
};

/* That of a record's two letters; that of "XX" when they are not known. */
struct outcome outcome_find(const char *letters, size_t len);

#endif
