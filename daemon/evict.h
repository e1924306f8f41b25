/*
 * Which template goes when there are too many, or when they hold too much.
 * Decides, and does nothing. Runs in the daemon.
 */
#ifndef DAEMON_EVICT_H
#define DAEMON_EVICT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct evict_limits {
	unsigned count;		/* templates kept */
	uint64_t bytes;		/* and the memory of all */
};

/* A template, as far as it matters here. */
struct evict_item {
	uid_t uid;
	uint64_t bytes;
	bool busy;		/* somebody waits for a child of it */
};

/*
 * The items begin with the most recently used one. -1: they are within the
 * limits, or all are busy. Else the one to go: of the user who holds the most
 * memory and has one that is not busy, the longest unused. Nobody loses his by
 * what a greedier one has loaded.
 */
int evict_choose(const struct evict_item *items, size_t n,
	const struct evict_limits *limits);

#endif
