/*
 * The daemon's parts as metrics see them: what is looked up when it is asked
 * for. Runs in the daemon.
 */
#ifndef DAEMON_STATS_H
#define DAEMON_STATS_H

#include "base/buf.h"

struct conns;
struct jobs;
struct store;
struct templates;
struct workers;

#define STATS_MAX	(128u << 10)	/* bytes of text */

struct stats {
	struct conns *conns;
	struct jobs *jobs;
	struct store *store;
	struct templates *templates;
	struct workers *workers;
};

/* When the daemon started is now. */
void stats_init(struct stats *s);

/* All metrics as Prometheus text, of now. -1: out of memory. */
int stats_print(const struct stats *s, struct buf *out);

#endif
