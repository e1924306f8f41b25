/* The daemon's parts put together, and its end. Runs in the daemon. */
#include "daemon/server.h"

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/clock.h"
#include "base/log.h"
#include "daemon/conf.h"
#include "daemon/conn.h"
#include "daemon/handover.h"
#include "daemon/heir.h"
#include "daemon/jobs.h"
#include "daemon/kept.h"
#include "daemon/listen.h"
#include "daemon/metrics.h"
#include "daemon/notify.h"
#include "daemon/option.h"
#include "daemon/process.h"
#include "daemon/queue.h"
#include "daemon/scrape.h"
#include "daemon/stats.h"
#include "daemon/store.h"
#include "daemon/templates.h"
#include "daemon/user.h"
#include "daemon/worker.h"

#define STOP_TICK_MS	10
#define STOP_FLUSH_US	500000u	/* for the last messages to be read */
#define STOP_REAP_US	2000000u

/* Numbers of calls that a daemon may still give while its successor serves. */
#define SERVER_NUMBERS	((uint64_t)1 << 32)

struct server {
	struct options *options;
	const struct conf_source *source;
	struct event_base *base;
	struct listener *listener;
	struct users users;
	struct workers *workers;
	struct templates *templates;
	struct queue *queue;
	struct store *store;
	struct keeper *keeper;
	struct jobs *jobs;
	struct conns *conns;
	struct handover *handover;	/* on the way out; NULL: not */
	struct heir *heir;		/* on the way in; NULL: not any more */
	struct stats stats;
	struct scrapes *scrapes;
	struct event *idle, *watchdog, *stop;
	struct event *sigterm, *sigint, *sighup;
	uint64_t drain_until_us;	/* once it is to end; 0: not yet */
	uint64_t flush_until_us;	/* once the last job has ended */
};

static struct timeval
server_time(uint64_t us)
{
	return (struct timeval){ (time_t)(us / 1000000),
		(suseconds_t)(us % 1000000) };
}

/*
 * A loop whose timers never fire early: by default it measures from the
 * beginning of its turn, with a clock that is milliseconds behind, so that a
 * guest which sleeps would be woken too soon.
 */
static struct event_base *
server_make_base(void)
{
	struct event_config *config = event_config_new();
	struct event_base *base = NULL;

	if (config != NULL && event_config_set_flag(config,
		    EVENT_BASE_FLAG_PRECISE_TIMER |
		    EVENT_BASE_FLAG_NO_CACHE_TIME) == 0)
		base = event_base_new_with_config(config);
	if (config != NULL)
		event_config_free(config);
	return base;
}

/* ---- leaving ------------------------------------------------------------- */

/* Until all jobs have ended, in time or by force, and their clients know. */
static void
server_on_stop(evutil_socket_t fd, short what, void *arg)
{
	struct server *s = arg;
	uint64_t now = clock_monotonic_us();

	if (jobs_count(s->jobs) > 0) {
		if (now >= s->drain_until_us)
			jobs_cancel_all(s->jobs);
		return;
	}
	if (s->flush_until_us == 0)
		s->flush_until_us = now + STOP_FLUSH_US;
	if ((!conns_pending(s->conns) && handover_is_done(s->handover)) ||
	    now >= s->flush_until_us)
		event_base_loopbreak(s->base);
}

static void
server_begin_stop(struct server *s, uint64_t drain_us)
{
	struct timeval tick = server_time(STOP_TICK_MS * 1000);

	s->drain_until_us = clock_monotonic_us() + drain_us;
	/* A successor that is not ready has come too late. */
	if (s->listener != NULL) {
		handover_free(s->handover);
		s->handover = NULL;
	}
	listener_close(s->listener);
	s->listener = NULL;
	jobs_close(s->jobs);
	store_close(s->store);
	event_add(s->stop, &tick);
}

/* The first signal lets running calls end, the second does not. */
static void
server_on_signal(evutil_socket_t sig, short what, void *arg)
{
	struct server *s = arg;

	if (s->drain_until_us != 0) {
		s->drain_until_us = clock_monotonic_us();
		return;
	}
	log_notice("leaving: signal %d, %u calls under way", (int)sig,
		jobs_count(s->jobs));
	notify_stopping(s->options->drain_ms * 1000 + STOP_REAP_US +
		STOP_FLUSH_US);
	server_begin_stop(s, s->options->drain_ms * 1000);
}

/* What detached jobs have left is waited for by somebody. */
static bool
server_is_busy(const struct server *s)
{
	return conns_count(s->conns) > 0 || jobs_count(s->jobs) > 0 ||
		keeper_count(s->keeper) > 0;
}

static void
server_on_idle_end(evutil_socket_t fd, short what, void *arg)
{
	struct server *s = arg;

	if (server_is_busy(s) || s->drain_until_us != 0)
		return;		/* server_on_idle starts the time again */
	log_info("leaving: nobody has been here for %llu ms",
		(unsigned long long)s->options->idle_ms);
	server_begin_stop(s, 0);
}

static void
server_on_idle(void *arg)
{
	struct server *s = arg;
	struct timeval tv = server_time(s->options->idle_ms * 1000);

	if (s->options->idle_ms > 0 && !server_is_busy(s))
		evtimer_add(s->idle, &tv);
}

/* ---- making way ---------------------------------------------------------- */

/* The successor is ready. What only one of us can have is its from now on. */
static uint64_t
server_on_successor(void *arg)
{
	struct server *s = arg;

	log_notice("another wasmd takes over; %u calls end here",
		jobs_count(s->jobs));
	listener_give_up(s->listener);
	s->listener = NULL;
	if (s->scrapes != NULL)
		scrapes_give_up(s->scrapes);
	store_close(s->store);
	return jobs_last_id(s->jobs) + SERVER_NUMBERS;
}

static bool
server_has_given_up(void *arg)
{
	struct server *s = arg;

	return store_is_closed(s->store);
}

static void
server_on_no_successor(void *arg)
{
	struct server *s = arg;

	s->handover = NULL;
	log_warning("the other wasmd did not take over: this one stays");
}

static void
server_on_given(void *arg)
{
	struct server *s = arg;

	if (s->drain_until_us == 0 && jobs_count(s->jobs) == 0)
		event_base_loopbreak(s->base);
}

static int
server_hand_over(void *arg, int sock, struct err *err)
{
	struct server *s = arg;
	const struct handover_config config = {
		.base = s->base, .conns = s->conns,
		.keeper = s->keeper, .clients = s->listener,
		.metrics = s->scrapes == NULL ? NULL :
			scrapes_listener(s->scrapes),
		.on_ready = server_on_successor,
		.has_given_up = server_has_given_up,
		.on_failure = server_on_no_successor,
		.on_idle = server_on_given, .arg = s,
	};

	if (s->listener == NULL || s->handover != NULL) {
		close(sock);
		return err_set(err, PROTO_ERROR_UNAVAILABLE,
			"wasmd ends, or makes way already");
	}
	s->handover = handover_start_take(&config, sock, err);
	if (s->handover != NULL)
		return 0;
	err->code = PROTO_ERROR_INTERNAL;
	return -1;
}

/* ---- coming -------------------------------------------------------------- */

static void
server_on_accept(void *arg, int fd)
{
	struct server *s = arg;

	conn_new_take(s->conns, fd);
}

static void
server_on_watchdog(evutil_socket_t fd, short what, void *arg)
{
	notify_send("WATCHDOG=1");
}

static void
server_limit_keeper(struct server *s)
{
	const struct options *o = s->options;
	const struct keeper_limits limits = {
		.time_ms = o->keep_ms,
		.max = o->max_kept,
		.max_bytes = o->max_kept_output,
	};

	keeper_set_limits(s->keeper, &limits);
}

/* Everyone who was given a part of the options gets it again. */
static void
server_apply(struct server *s)
{
	const struct options *o = s->options;
	const struct queue_config queue = {
		.max_running = (unsigned)o->max_running,
		.max_jobs = (unsigned)o->max_jobs,
	};

	log_set_max((enum log_level)o->log_level);
	users_reload(&s->users, &o->policies);
	queue_set_config(s->queue, &queue);
	jobs_set_max_module(s->jobs, o->max_module);
	store_set_max(s->store, o->max_store);
	server_limit_keeper(s);
	conns_set_limits(s->conns, (unsigned)o->max_conns,
		(unsigned)o->hello_ms);
}

/* What cannot change while it runs stays as it is, and is named. Others hold
 * pointers to it: the very values stay. */
static void
server_keep(struct options *old, struct options *new)
{
	const struct option_info *info;

	for (info = option_table; info->name != NULL; info++) {
		if (info->where != WHERE_START)
			continue;
		if (option_differs(info, old, new))
			log_warning("%s: a change needs a restart", info->name);
		option_swap(info, old, new);
	}
}

/* SIGHUP: all of the new configuration, or nothing of it. */
static void
server_on_reload(evutil_socket_t sig, short what, void *arg)
{
	struct server *s = arg;
	struct err err = ERR_NONE;
	struct options *new;

	notify_reloading();
	new = conf_load(s->source, &err);
	if (new == NULL) {
		metric_add(METRIC_RELOADS_BAD, 1);
		log_err("not reloaded: %s", err.text);
		notify_send("READY=1\nSTATUS=The configuration is bad: it was "
			"not reloaded");
		return;
	}
	server_keep(s->options, new);
	conf_free(s->options);
	s->options = new;
	server_apply(s);
	metric_add(METRIC_RELOADS, 1);
	log_notice("the configuration was read again");
	notify_send("READY=1\nSTATUS=");
}

static int
server_start_workers(struct server *s, const struct launch_config *launch,
	struct err *err)
{
	const struct options *o = s->options;
	struct templates_config config = {
		.base = s->base,
		.keep = {
			.count = (unsigned)o->max_templates,
			.bytes = o->max_template_memory,
		},
		.ready = (unsigned)o->ready,
		.quarantine_us = o->quarantine_ms * 1000,
	};

	s->workers = workers_new(s->base, launch);
	if (s->workers == NULL)
		return err_set(err, 1, "out of memory");
	if (workers_start(s->workers, err) == -1)
		return -1;
	config.workers = s->workers;
	s->templates = templates_new(&config);
	if (s->templates == NULL)
		return err_set(err, 1, "out of memory");
	return 0;
}

/* Before privileges are given up: its directory may have to be made. */
static int
server_start_store(struct server *s, const struct launch_config *launch,
	struct err *err)
{
	const struct options *o = s->options;
	struct store_config config = {
		.path = o->store,
		.is_private = o->is_private,
		.uid = launch->uid,
		.gid = launch->gid,
		.max = o->max_store,
		.is_heir = s->heir != NULL,
	};

	s->store = store_new(s->base, &config, err);
	return s->store == NULL ? -1 : 0;
}

static int
server_start_keeper(struct server *s, struct err *err)
{
	const struct keeper_config config = { s->base, server_on_idle, s };

	s->keeper = keeper_new(&config);
	if (s->keeper == NULL)
		return err_set(err, 1, "out of memory");
	server_limit_keeper(s);
	return 0;
}

static int
server_start_jobs(struct server *s, struct err *err)
{
	const struct options *o = s->options;
	struct queue_config queue = {
		.max_running = (unsigned)o->max_running,
		.max_jobs = (unsigned)o->max_jobs,
	};
	struct jobs_config jobs = {
		.base = s->base,
		.templates = s->templates,
		.store = s->store,
		.keeper = s->keeper,
		.layers = workers_layers(s->workers),
		.max_module = o->max_module,
		.on_idle = server_on_idle,
		.arg = s,
	};

	s->queue = jobs.queue = queue_new(s->base, &queue);
	if (s->queue == NULL || (s->jobs = jobs_new(&jobs)) == NULL)
		return err_set(err, 1, "out of memory");
	return 0;
}

static int
server_start_conns(struct server *s, struct err *err)
{
	const struct options *o = s->options;
	struct conns_config config = {
		.base = s->base,
		.users = &s->users,
		.context = {
			.jobs = s->jobs, .workers = s->workers,
			.store = s->store, .keeper = s->keeper,
			.queue = s->queue, .base = s->base,
			.options = &s->options, .stats = &s->stats,
			.hand_over = server_hand_over, .arg = s,
			.owner = getuid(),
			.heir = s->heir,
		},
		.max = (unsigned)o->max_conns,
		.hello_ms = (unsigned)o->hello_ms,
		.is_private = o->is_private,
		.owner = getuid(),
		.on_idle = server_on_idle,
		.arg = s,
	};

	stats_init(&s->stats);
	s->conns = conns_new(&config);
	s->stats.conns = s->conns;
	s->stats.jobs = s->jobs;
	s->stats.store = s->store;
	s->stats.templates = s->templates;
	s->stats.workers = s->workers;
	if (s->conns == NULL ||
	    listener_start(s->listener, s->base, server_on_accept, s) == -1)
		return err_set(err, 1, "out of memory");
	return 0;
}

static int
server_start_metrics(struct server *s, struct listener *l, struct err *err)
{
	if (l == NULL)
		return 0;
	s->scrapes = scrapes_new_take(s->base, l, &s->stats);
	return s->scrapes == NULL ? err_set(err, 1, "out of memory") : 0;
}

static int
server_start_events(struct server *s, struct err *err)
{
	uint64_t watchdog_us = notify_watchdog_us();
	struct timeval tv = server_time(watchdog_us / 2);

	s->idle = evtimer_new(s->base, server_on_idle_end, s);
	s->stop = event_new(s->base, -1, EV_PERSIST, server_on_stop, s);
	s->watchdog = event_new(s->base, -1, EV_PERSIST, server_on_watchdog, s);
	s->sigterm = evsignal_new(s->base, SIGTERM, server_on_signal, s);
	s->sigint = evsignal_new(s->base, SIGINT, server_on_signal, s);
	s->sighup = evsignal_new(s->base, SIGHUP, server_on_reload, s);
	if (s->idle == NULL || s->stop == NULL || s->watchdog == NULL ||
	    s->sigterm == NULL || s->sigint == NULL || s->sighup == NULL ||
	    event_add(s->sigterm, NULL) == -1 ||
	    event_add(s->sigint, NULL) == -1 ||
	    event_add(s->sighup, NULL) == -1 ||
	    (watchdog_us > 0 && event_add(s->watchdog, &tv) == -1))
		return err_set(err, 1, "out of memory");
	return 0;
}

struct server *
server_new_take(const struct server_config *config, struct err *err)
{
	struct server *s = calloc(1, sizeof(*s));

	if (s == NULL) {
		err_set(err, 1, "out of memory");
		listener_close(config->listener);
		listener_close(config->metrics);
		conf_free(config->options);
		return NULL;
	}
	s->options = config->options;
	s->source = config->source;
	s->listener = config->listener;
	s->heir = config->heir;
	users_init(&s->users, &s->options->policies);
	s->base = server_make_base();
	if (s->base == NULL) {
		err_set(err, 1, "no event loop");
		listener_close(config->metrics);
	}
	if (s->base == NULL ||
	    server_start_metrics(s, config->metrics, err) == -1 ||
	    server_start_workers(s, config->launch, err) == -1 ||
	    server_start_store(s, config->launch, err) == -1 ||
	    server_start_keeper(s, err) == -1 ||
	    server_start_jobs(s, err) == -1 ||
	    server_start_conns(s, err) == -1 ||
	    server_start_events(s, err) == -1) {
		server_free(s);
		return NULL;
	}
	return s;
}

/* Let what is killed be reaped, what is closed be freed. */
static void
server_settle(struct server *s)
{
	uint64_t end = clock_monotonic_us() + STOP_REAP_US;
	struct timeval tick = server_time(STOP_TICK_MS * 1000);

	event_base_loop(s->base, EVLOOP_NONBLOCK);
	while (process_count() > 0 && clock_monotonic_us() < end) {
		event_base_loopexit(s->base, &tick);
		event_base_loop(s->base, EVLOOP_ONCE);
	}
	if (process_count() > 0)
		log_err("%u processes do not end", process_count());
}

int
server_take_over(struct server *s, struct err *err)
{
	uint64_t number;

	if (s->heir == NULL)
		return 0;
	if (heir_go(s->heir, s->keeper, &s->users, &number, err) == -1)
		return -1;
	jobs_number_above(s->jobs, number);
	listener_take_path(s->listener);
	if (s->scrapes != NULL)
		listener_take_path(scrapes_listener(s->scrapes));
	return heir_serve(s->heir, s->base, s->conns) == 0 ? 0 :
		err_set(err, 1, "out of memory");
}

void
server_run(struct server *s)
{
	server_on_idle(s);
	notify_send("READY=1");
	event_base_loop(s->base, EVLOOP_NO_EXIT_ON_EMPTY);
}

static void
event_free_if(struct event *ev)
{
	if (ev != NULL)
		event_free(ev);
}

void
server_free(struct server *s)
{
	if (s == NULL)
		return;
	heir_end(s->heir);
	handover_free(s->handover);
	listener_close(s->listener);
	scrapes_free(s->scrapes);
	if (s->conns != NULL)
		conns_close_all(s->conns);
	templates_free(s->templates);
	workers_stop(s->workers);
	if (s->base != NULL)
		server_settle(s);
	conns_free(s->conns);
	keeper_free(s->keeper);
	jobs_free(s->jobs);
	store_free(s->store);
	queue_free(s->queue);
	workers_free(s->workers);
	event_free_if(s->idle);
	event_free_if(s->stop);
	event_free_if(s->watchdog);
	event_free_if(s->sigterm);
	event_free_if(s->sigint);
	event_free_if(s->sighup);
	if (s->base != NULL)
		event_base_free(s->base);
	users_clear(&s->users);
	conf_free(s->options);
	free(s);
}
