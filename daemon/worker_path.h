/*
 * Where the worker is: beside this program, as in a build tree, or where it
 * was installed; of the two that there may be, the one for this processor.
 */
#ifndef DAEMON_WORKER_PATH_H
#define DAEMON_WORKER_PATH_H

#include <stdbool.h>

/* The path for a program at own_path, or installed where the worker for all
 * processors is; v3: whether the other may be chosen. Static storage. */
const char *worker_path(const char *own_path, const char *installed, bool v3);

#endif
