/*
 * Templates: confined processes that hold one decoded program each and fork a
 * child per call; a bounded cache of them, keyed by user, program and limits.
 * Runs in the daemon.
 */
#ifndef DAEMON_TEMPLATE_H
#define DAEMON_TEMPLATE_H

#include <stdbool.h>
#include <sys/queue.h>
#include <sys/types.h>

#include "daemon/process.h"
#include "sandbox/ctl.h"

struct child;
struct event_base;
struct program;
struct template;
struct templates;
struct workers;

/* Why there is no child. */
struct failure {
	enum failure_how {
		FAILURE_TOLD,	/* by the template: told, text */
		FAILURE_DIED,	/* the template did: died */
		FAILURE_BROKEN,	/* the template did not keep to ctl.h: text */
		FAILURE_DAEMON,	/* nothing to do with the module: text */
	} how;
	struct {
		enum ctl_failure failure;
		bool has_offset;
		uint64_t offset;
	} told;
	struct process_end died;
	char text[ERR_TEXT_MAX];
};

/* A call that wants a child. Owned by who asks. */
struct child_request {
	TAILQ_ENTRY(child_request) entry;
	struct request_list *list;	/* NULL: not asked, or answered */
	struct template *template;
	unsigned tries;
	/* One of them is called, maybe before template_request returns, unless
	 * template_cancel came first. The child belongs to the callee, who sets
	 * its on_exit at once. */
	void (*on_child)(void *arg, struct child *c);
	void (*on_failure)(void *arg, const struct failure *f);
	void *arg;
};

TAILQ_HEAD(request_list, child_request);

struct templates_config {
	unsigned max;		/* templates kept, apart from busy ones */
	unsigned ready;		/* children forked ahead, of a hot template */
};

struct templates *templates_new(struct event_base *base,
	struct workers *workers, const struct templates_config *config);
/* All requests must have been cancelled. */
void templates_free(struct templates *ts);

/* Ask for a child of the template for this user, program and limits; the
 * template is made if there is none. */
void template_request(struct templates *ts, struct child_request *r, uid_t uid,
	const struct program *p, const struct template_limits *limits);
/* Legal in every state of the request. */
void template_cancel(struct child_request *r);

#endif
