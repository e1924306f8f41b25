/*
 * The user's own daemon: its directory, which nobody else may write to, and
 * its start by the first client that needs it.
 */
#ifndef CLIENT_PRIVATE_H
#define CLIENT_PRIVATE_H

#include <stddef.h>

#include "base/err.h"

/*
 * Find or make the directory: $XDG_RUNTIME_DIR/wasmd if that variable names a
 * directory of the user's, else /tmp/wasmd-UID. Refuses one that others own or
 * can look into. path gets its name. A descriptor, or -1.
 */
int private_open_dir(char *path, size_t size, struct err *err);

/*
 * Wait for the directory's lock, which the client that starts a daemon holds.
 * A descriptor whose closing releases it, or -1.
 */
int private_lock(int dir, struct err *err);

/*
 * Start a daemon that listens on socket_path, and return once it does. Its
 * messages go to wasmd.log in the directory.
 */
int private_start(int dir, const char *socket_path, struct err *err);

#endif
