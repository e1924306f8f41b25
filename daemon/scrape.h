/*
 * Metrics for whoever collects them: a Unix socket that answers GET requests of
 * HTTP with Prometheus text. Runs in the daemon.
 */
#ifndef DAEMON_SCRAPE_H
#define DAEMON_SCRAPE_H

struct event_base;
struct listener;
struct scrapes;
struct stats;

/* The listener is taken, also on failure; NULL: out of memory. */
struct scrapes *scrapes_new_take(struct event_base *base, struct listener *l,
	const struct stats *stats);
/* Where its clients connect; given up: another daemon has it. */
struct listener *scrapes_listener(const struct scrapes *ss);
void scrapes_give_up(struct scrapes *ss);
void scrapes_free(struct scrapes *ss);	/* NULL is legal */

#endif
