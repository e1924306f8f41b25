/*
 * The daemon's configuration: defaults, the file of wasmd.conf(5), and over it
 * the command line. Runs in the daemon.
 */
#ifndef DAEMON_CONF_H
#define DAEMON_CONF_H

#include "base/err.h"

struct options;

/* Where all of it comes from, at the start and at each reload. */
struct conf_source {
	int argc;
	char *const *argv;
	/* The file that is read, if it is there, unless the command line names
	 * another; a private daemon reads only what it is told to. */
	const char *standard;
};

/* NULL with the error set. */
struct options *conf_load(const struct conf_source *source,
	struct err *err);
void conf_free(struct options *o);	/* NULL is legal */

/* Read a file over what is there. -1: "PATH:LINE: what is wrong". */
int conf_read(struct options *o, const char *path, struct err *err);

#endif
