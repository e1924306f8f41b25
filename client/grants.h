/* The directories and sockets that --dir and --fd grant a guest, and their
 * broker. Used by wasmctl. */
#ifndef CLIENT_GRANTS_H
#define CLIENT_GRANTS_H

#include "client/options.h"

/*
 * Start the broker of these. dirs: "HOST::GUEST", "HOST::GUEST:ro" or "HOST",
 * which is also what the guest finds it as. sockets: numbers of descriptors,
 * which are closed. *broker: its socket, -1 if there are none of either. 0, or
 * what wasmctl exits with after it has reported why not.
 */
int grants_open(const struct texts *dirs, const struct texts *sockets,
	int *broker);

#endif
