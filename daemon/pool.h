/*
 * The children of one template that have not been given to anyone: those that
 * it was asked for, in the order of their numbers, and those that are ready.
 * Runs in the daemon.
 */
#ifndef DAEMON_POOL_H
#define DAEMON_POOL_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/child.h"

struct pool {
	struct child_list asked;
	unsigned nasked;
	unsigned ngranted;	/* of them for those with brokers */
	uint64_t first_id;	/* of the first that is asked for */
	uint64_t waits_us;	/* since when for its answer */
	struct child_list ready;
	unsigned nready;
	bool serves;		/* each has a socket in place of its pipes */
};

void pool_init(struct pool *p);
void pool_clear(struct pool *p);	/* ends all of them */

/* Ask the template behind sock for one more; ahead: its call is yet to come.
 * broker: the socket that only this child is to have, -1: none. NULL with
 * errno. */
struct child *pool_ask(struct pool *p, int sock, bool ahead, int broker);

/* The first that was asked for, of which the template has now spoken. */
struct child *pool_take_asked(struct pool *p);

void pool_put_ready(struct pool *p, struct child *c);
struct child *pool_take_ready(struct pool *p);	/* NULL: there is none */

/* The most CPU time that one of those that are ready has used. */
uint64_t pool_cpu_us(const struct pool *p);

/* End those that are ready, but for so many. */
void pool_shrink(struct pool *p, unsigned keep);

#endif
