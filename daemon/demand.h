/*
 * How many children a template keeps ready: it follows the calls that come.
 * Decides, and does nothing. Runs in the daemon.
 *
 * One more each time that a call finds none ready, once the template has seen
 * some calls; one less after a period in which there was always one too many;
 * half as many, down to none, for each time that nobody came in for long.
 */
#ifndef DAEMON_DEMAND_H
#define DAEMON_DEMAND_H

#define DEMAND_HOT	3	/* calls before anything is kept ready */
#define DEMAND_QUIET	10	/* periods without a call until it is halved */

struct demand {
	unsigned want;		/* children to be kept ready */
	unsigned calls;		/* since it was cold; no more than DEMAND_HOT */
	unsigned spare;		/* ready at the least in this period */
	unsigned quiet;		/* periods since the last call */
};

/* A call found so many children ready; max is what may be kept. */
void demand_call(struct demand *d, unsigned ready, unsigned max);

/* A period, of a second or so, is over. */
void demand_period(struct demand *d);

#endif
