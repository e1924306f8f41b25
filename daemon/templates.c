/* All templates. Runs in the daemon. */
#include "daemon/templates.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "base/clock.h"
#include "base/log.h"
#include "daemon/family.h"
#include "daemon/metrics.h"
#include "daemon/process.h"
#include "daemon/quarantine.h"
#include "daemon/template.h"
#include "proto/proto.h"

TAILQ_HEAD(template_list, template);

struct templates {
	struct templates_config config;
	struct template_list list;	/* most recently used first */
	unsigned count;
	struct quarantine quarantine;
	struct event *period;
	unsigned periods;
};

const struct templates_config *
templates_config(const struct templates *ts)
{
	return &ts->config;
}

/* ---- the cache ----------------------------------------------------------- */

void
templates_forget(struct templates *ts, struct template *t)
{
	TAILQ_REMOVE(&ts->list, t, entry);
	ts->count--;
}

static struct template *
templates_find(struct templates *ts, uid_t uid, const struct program *p,
	const struct template_limits *limits)
{
	struct template *t;

	TAILQ_FOREACH(t, &ts->list, entry) {
		if (template_is_for(t, uid, p, limits)) {
			TAILQ_REMOVE(&ts->list, t, entry);
			TAILQ_INSERT_HEAD(&ts->list, t, entry);
			return t;
		}
	}
	return NULL;
}

static struct template *
templates_at(struct templates *ts, int index)
{
	struct template *t = TAILQ_FIRST(&ts->list);

	while (index-- > 0)
		t = TAILQ_NEXT(t, entry);
	return t;
}

/* The one to go, if any. */
static struct template *
templates_victim(struct templates *ts, struct evict_item *items)
{
	struct template *t;
	size_t n = 0;
	int chosen;

	TAILQ_FOREACH(t, &ts->list, entry) {
		items[n++] = (struct evict_item){
			.uid = t->uid, .bytes = template_bytes(t),
			.busy = template_is_busy(t),
		};
	}
	chosen = evict_choose(items, n, &ts->config.keep);
	return chosen == -1 ? NULL : templates_at(ts, chosen);
}

void
templates_settle(struct templates *ts)
{
	struct evict_item *items = calloc(ts->count + 1, sizeof(*items));
	struct template *t;

	/* Without memory for it, the next second will do. */
	while (items != NULL && (t = templates_victim(ts, items)) != NULL) {
		log_debug("module %s of user %u is not kept loaded: %llu bytes",
			module_hex(t->program.module), (unsigned)t->uid,
			(unsigned long long)template_bytes(t));
		metric_add(METRIC_TEMPLATE_EVICTED, 1);
		template_free(t);
	}
	free(items);
}

/* ---- quarantine ---------------------------------------------------------- */

void
templates_crash(struct templates *ts, uid_t uid, const struct program *p)
{
	metric_add(METRIC_TEMPLATE_CRASHES, 1);
	if (quarantine_crash(&ts->quarantine, uid, p->key,
		    clock_monotonic_us()) == 1)
		log_warning("module %s of user %u crashed %d processes and is "
			"not run for %llu ms", module_hex(p->module),
			(unsigned)uid, QUARANTINE_CRASHES, (unsigned long long)
			ts->quarantine.hold_us / 1000);
}

int
templates_admit(const struct templates *ts, uid_t uid,
	const struct program *p, struct err *err, uint64_t *left_ms)
{
	uint64_t us = quarantine_left_us(&ts->quarantine, uid, p->key,
		clock_monotonic_us());

	if (us == 0)
		return 0;
	*left_ms = us / 1000 + 1;
	return err_set(err, PROTO_ERROR_QUARANTINED,
		"the module crashed its sandbox %d times and is not run again "
		"for the next %llu s", QUARANTINE_CRASHES,
		(unsigned long long)(us / 1000000 + 1));
}

/* ---- requests ------------------------------------------------------------ */

static void
templates_wait_for_period(struct templates *ts)
{
	struct timeval second = { 1, 0 };

	if (!evtimer_pending(ts->period, NULL))
		evtimer_add(ts->period, &second);
}

static void
templates_refuse(struct child_request *r, const char *why)
{
	struct failure f = { .how = FAILURE_DAEMON };

	snprintf(f.text, sizeof(f.text), "%s", why);
	r->on_failure(r->arg, &f);
}

static void
templates_count_request(const struct template *t)
{
	bool ready = t != NULL && t->pool.nready > t->nrequests;

	metric_add(t != NULL ? METRIC_TEMPLATE_HITS : METRIC_TEMPLATE_MISSES, 1);
	metric_add(ready ? METRIC_POOL_HITS : METRIC_POOL_MISSES, 1);
}

void
template_request(struct templates *ts, struct child_request *r, uid_t uid,
	const struct program *p, const struct template_limits *limits)
{
	struct template *t = templates_find(ts, uid, p, limits);
	struct err err = ERR_NONE;
	uint64_t left_ms;

	r->list = NULL;
	r->template = NULL;
	r->tries = 0;
	/* It was admitted, but may have waited while it crashed for others. */
	if (templates_admit(ts, uid, p, &err, &left_ms) == -1) {
		templates_refuse(r, err.text);
		return;
	}
	templates_count_request(t);
	if (t == NULL) {
		t = template_new(ts, uid, p, limits);
		if (t == NULL) {
			templates_refuse(r, "out of memory");
			return;
		}
		TAILQ_INSERT_HEAD(&ts->list, t, entry);
		ts->count++;
		templates_wait_for_period(ts);
	}
	template_add(t, r);
	templates_settle(ts);
}

void
templates_sum(const struct templates *ts, struct templates_sum *sum)
{
	const struct template *t;

	*sum = (struct templates_sum){ .count = ts->count };
	TAILQ_FOREACH(t, &ts->list, entry) {
		sum->ready += t->pool.nready;
		sum->bytes += template_bytes(t);
	}
}

/* ---- the watch ----------------------------------------------------------- */

static void
templates_condemn(struct templates *ts, struct family *f, const char *why)
{
	struct template *t;

	TAILQ_FOREACH(t, &ts->list, entry) {
		if (t->family == f) {
			template_condemn(t, why);
			return;
		}
	}
	log_err("a template that is gone: %s", why);
	family_condemn(f);
}

static void
templates_on_stray(void *arg, struct family *f)
{
	templates_condemn(arg, f,
		"it cloned processes that it did not tell of");
}

static void
templates_on_over(void *arg, struct family *f)
{
	templates_condemn(arg, f,
		"it made a child that has no limit of CPU time");
}

void
templates_census(struct templates *ts)
{
	family_census(templates_on_stray, ts);
}

/* One that has not yet been looked at in this period. */
static struct template *
templates_next(struct templates *ts)
{
	struct template *t;

	TAILQ_FOREACH(t, &ts->list, entry) {
		if (t->period != ts->periods) {
			t->period = ts->periods;
			return t;
		}
	}
	return NULL;
}

static void
templates_on_period(evutil_socket_t fd, short what, void *arg)
{
	struct templates *ts = arg;
	struct template *t;

	ts->periods++;
	/* From the beginning each time: any of them may go meanwhile. */
	while ((t = templates_next(ts)) != NULL)
		template_on_period(t);
	process_find_over(templates_on_over, ts);
	templates_census(ts);
	templates_settle(ts);
	if (ts->count > 0 || family_any())
		templates_wait_for_period(ts);
}

/* ---- life ---------------------------------------------------------------- */

struct templates *
templates_new(const struct templates_config *config)
{
	struct templates *ts = calloc(1, sizeof(*ts));

	if (ts == NULL)
		return NULL;
	ts->config = *config;
	TAILQ_INIT(&ts->list);
	quarantine_init(&ts->quarantine, config->quarantine_us);
	ts->period = evtimer_new(config->base, templates_on_period, ts);
	if (ts->period == NULL) {
		free(ts);
		return NULL;
	}
	return ts;
}

void
templates_free(struct templates *ts)
{
	struct template *t;

	if (ts == NULL)
		return;
	while ((t = TAILQ_FIRST(&ts->list)) != NULL)
		template_free(t);
	event_free(ts->period);
	free(ts);
}
