/*
 * Where the daemon is: the socket that was named, the machine's, or the
 * user's own, behind which a private daemon is started when none runs.
 */
#ifndef CLIENT_ADDRESS_H
#define CLIENT_ADDRESS_H

#include "base/err.h"
#include "lib/wasmd.h"

/* What went into the socket's choice, for messages. */
struct address {
	char path[108];		/* as in struct sockaddr_un */
	bool is_private;
	bool was_started;	/* by us, just now */
};

/*
 * Connect: to the socket named by the option (may be NULL), else by
 * $WASMD_SOCKET, else to the system's, else to the private one. *address says
 * which it was, also when it failed.
 */
struct wasmd *address_open(const char *option, struct address *address,
	struct err *err);

/* Where it was looked for, for a message: the path, or what stands for it. */
const char *address_text(const struct address *address);

#endif
