/*
 * The launched worker: the confined zygote that starts templates, restarted
 * when it dies. Running calls outlive it, so that a worker stays until the
 * last of its templates has gone. Runs in the daemon.
 */
#ifndef DAEMON_WORKER_H
#define DAEMON_WORKER_H

#include <stdint.h>
#include <sys/queue.h>

#include "base/err.h"
#include "sandbox/ctl.h"
#include "sandbox/launch.h"

struct event_base;
struct program;
struct worker;
struct workers;

struct workers *workers_new(struct event_base *base,
	const struct launch_config *config);
void workers_free(struct workers *ws);

/* For good: its processes end, and are reaped from the event loop. NULL is
 * legal. */
void workers_stop(struct workers *ws);

/* Start the first one. -1 with the error set (of launch_start). */
int workers_start(struct workers *ws, struct err *err);

/* Layers in force at the last start, and errors of those that are not. */
const struct layer_report *workers_layers(const struct workers *ws);

/* A template to be started, owned by who asks for it. */
struct spawn {
	TAILQ_ENTRY(spawn) entry;
	struct template_limits limits;
	const struct program *program;	/* borrowed */
	/* Exactly one of them is called, unless workers_cancel came first. Both
	 * descriptors belong to the callee; the worker is borrowed. */
	void (*on_spawned)(void *arg, int sock, int pidfd, struct worker *w);
	void (*on_failed)(void *arg, const char *why);
	void *arg;
	unsigned tries;		/* with 0 begun */
};

/* Start one, with the next worker if there is none at the moment. May call
 * on_failed at once. */
void workers_spawn(struct workers *ws, struct spawn *s);
void workers_cancel(struct workers *ws, struct spawn *s);

struct worker *worker_ref(struct worker *w);
void worker_unref(struct worker *w);	/* NULL is legal */

#endif
