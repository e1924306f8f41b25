/*
 * Templates: confined processes that hold one decoded program each and fork a
 * child per call. Runs in the daemon.
 */
#ifndef DAEMON_TEMPLATE_H
#define DAEMON_TEMPLATE_H

#include <stdbool.h>
#include <sys/queue.h>
#include <sys/types.h>

#include "daemon/demand.h"
#include "daemon/pool.h"
#include "daemon/process.h"
#include "daemon/program.h"
#include "daemon/worker.h"
#include "sandbox/ctl.h"

struct child;
struct event;
struct family;
struct template;
struct templates;

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
	int broker;		/* socket to the client's broker, -1: none; its
				 * child is then forked for it alone */
	struct child *child;	/* which is being forked for it */
	unsigned tries;
	/* One of them is called, maybe before template_request returns, unless
	 * template_cancel came first. The child belongs to the callee, who sets
	 * its on_exit at once. */
	void (*on_child)(void *arg, struct child *c);
	void (*on_failure)(void *arg, const struct failure *f);
	void *arg;
};

TAILQ_HEAD(request_list, child_request);

enum template_state { TEMPLATE_STARTING, TEMPLATE_LOADING, TEMPLATE_READY };

struct template {
	TAILQ_ENTRY(template) entry;	/* templates.c's: last used first */
	struct templates *templates;
	enum template_state state;
	uid_t uid;
	struct program program;
	struct template_limits limits;
	struct spawn spawn;
	struct worker *worker;
	int sock;
	struct event *ev;
	struct process *process;
	struct family *family;
	struct request_list requests;	/* in the order of their coming */
	unsigned nrequests;
	struct request_list granted;	/* those with brokers */
	unsigned ngranted;
	struct pool pool;
	struct demand demand;
	uint64_t bytes;			/* that it said it holds */
	uint64_t cpu_us;		/* used at the end of the last period */
	unsigned forks;			/* in this period */
	unsigned period;		/* templates.c's: the last it was in */
};

/* One that has begun to start; NULL: no memory. It lives until template_free,
 * or until it fails by itself: see templates_forget. */
struct template *template_new(struct templates *ts, uid_t uid,
	const struct program *p, const struct template_limits *limits);

/* Its process ends, children that were given go on. Nobody may wait. */
void template_free(struct template *t);

/* Forget it and end all of its family; everyone who waits is told why. */
void template_condemn(struct template *t, const char *why);

bool template_is_for(const struct template *t, uid_t uid,
	const struct program *p, const struct template_limits *limits);

/* Whether somebody waits for a child of it. */
bool template_is_busy(const struct template *t);

/* The memory that it and its waiting children hold. */
uint64_t template_bytes(const struct template *t);

void template_add(struct template *t, struct child_request *r);

/* Legal in every state of the request. */
void template_cancel(struct child_request *r);

/* A second is over: follow the demand, and look what the template does when it
 * has nothing to do. It may be gone afterwards. */
void template_on_period(struct template *t);

#endif
