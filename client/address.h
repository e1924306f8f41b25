/*
 * Where the daemon is: on the machine or at the socket that was named, at the
 * machine's socket, or at the user's own, behind which a private daemon is
 * started when none runs. Used by wasmctl.
 */
#ifndef CLIENT_ADDRESS_H
#define CLIENT_ADDRESS_H

#include "base/err.h"
#include "lib/wasmd.h"

/* What the user has said of it: options, each NULL if not given. */
struct where {
	const char *socket;
	const char *host;
	bool is_local;	/* $WASMD_HOST means nothing */
};

/* What was found. */
struct address {
	const char *host;	/* NULL: this one */
	char path[108];		/* as in struct sockaddr_un */
	bool is_private;
	bool was_started;	/* by us, just now */
};

/*
 * Connect: as the options say, else to the machine of $WASMD_HOST, else to the
 * socket of $WASMD_SOCKET, else to the system's, else to the private one.
 * *address says which it was, also when it failed.
 */
struct wasmd *address_open(const struct where *where, struct address *address,
	struct err *err);

/* The same for verbs that say no more of it: NULL after a report. */
struct wasmd *address_find(const struct where *where);

/* Whether that is on another machine, by what was said. */
bool address_is_remote(const struct where *where);

/* Where it was looked for, for a message: the path, or what stands for it. */
const char *address_text(const struct address *address);

#endif
