/*
 * All templates: a bounded cache of them, keyed by user, program and limits;
 * the programs in quarantine; and the watch over what templates do. Runs in
 * the daemon.
 */
#ifndef DAEMON_TEMPLATES_H
#define DAEMON_TEMPLATES_H

#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "daemon/evict.h"

struct child_request;
struct event_base;
struct program;
struct template;
struct template_limits;
struct templates;
struct workers;

struct templates_config {
	struct event_base *base;
	struct workers *workers;
	struct evict_limits keep;	/* besides busy ones */
	unsigned ready;		/* children ready, at the most, of each */
	uint64_t quarantine_us;	/* see daemon/quarantine.h */
};

struct templates *templates_new(const struct templates_config *config);
/* All requests must have been cancelled. */
void templates_free(struct templates *ts);

/* What there is at the moment. */
struct templates_sum {
	unsigned count, ready;
	uint64_t bytes;
};
void templates_sum(const struct templates *ts, struct templates_sum *sum);

/* Ask for a child of the template for this user, program and limits; the
 * template is made if there is none. */
void template_request(struct templates *ts, struct child_request *r, uid_t uid,
	const struct program *p, const struct template_limits *limits);

/* 0, or -1: the program is in quarantine, for *left_ms, as the error says. */
int templates_admit(const struct templates *ts, uid_t uid,
	const struct program *p, struct err *err, uint64_t *left_ms);

/* A process of the program crashed, or broke the rules. */
void templates_crash(struct templates *ts, uid_t uid, const struct program *p);

/* For templates: what they are given, and word of their ends. */
const struct templates_config *templates_config(const struct templates *ts);
void templates_forget(struct templates *ts, struct template *t);
void templates_settle(struct templates *ts);	/* evict what is too much */
void templates_census(struct templates *ts);	/* look for strays at once */

#endif
