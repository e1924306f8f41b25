/* Where the worker is. Runs in the daemon. */
#include "daemon/worker_path.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define WORKER	"wasmd-worker"

/* The worker in the folder that is path's first len bytes. */
static bool
find_in(char out[static PATH_MAX], const char *path, size_t len, bool v3)
{
	const char *const names[] = { WORKER "-v3", WORKER };

	for (int i = v3 ? 0 : 1; i < 2; i++) {
		int n = snprintf(out, PATH_MAX, "%.*s/%s", (int)len, path, names[i]);

		if (n < PATH_MAX && access(out, X_OK) == 0)
			return true;
	}
	return false;
}

static size_t
folder_len(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash == NULL ? 0 : (size_t)(slash - path);
}

const char *
worker_path(const char *own_path, const char *installed, bool v3)
{
	static char path[PATH_MAX];

	if (own_path != NULL && strchr(own_path, '/') != NULL &&
	    find_in(path, own_path, folder_len(own_path), v3))
		return path;
	if (find_in(path, installed, folder_len(installed), v3))
		return path;
	return installed;	/* the message will name it */
}
