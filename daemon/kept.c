/* Detached jobs. Runs in the daemon. */
#include "daemon/kept.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "base/clock.h"
#include "base/log.h"
#include "daemon/conn.h"
#include "daemon/follow.h"
#include "daemon/job.h"
#include "daemon/user.h"
#include "proto/wire.h"

#define KEEPER_TICK_S 1	/* how often the time is looked at */

TAILQ_HEAD(kept_list, kept);

struct keeper {
	struct keeper_config config;
	struct keeper_limits limits;
	struct kept_list list;
	unsigned count, nended;
	uint64_t bytes;		/* of all backlogs */
	struct event *tick;
};

static void
kept_free(struct kept *p)
{
	struct keeper *k = p->keeper;

	follows_end(p);
	TAILQ_REMOVE(&k->list, p, entry);
	k->count--;
	k->bytes -= p->output.held;
	if (p->job == NULL) {
		k->nended--;
		p->user->kept--;
	}
	backlog_clear(&p->output);
	buf_clear(&p->record);
	user_unref(p->user);
	free(p);
}

void
kept_drop(struct kept *p)
{
	struct keeper *k = p->keeper;

	kept_free(p);
	if (k->count == 0)
		k->config.on_idle(k->config.arg);
}

/* ---- bounds -------------------------------------------------------------- */

/* Of those that have ended the oldest; of one user, or of all. */
static struct kept *
keeper_oldest(const struct keeper *k, const struct user *u)
{
	struct kept *p, *oldest = NULL;

	TAILQ_FOREACH(p, &k->list, entry) {
		if (p->job != NULL || (u != NULL && p->user != u))
			continue;
		if (oldest == NULL || p->ended_us < oldest->ended_us)
			oldest = p;
	}
	return oldest;
}

/* What has ended makes room for what runs; what runs, for itself. */
static void
keeper_make_room(struct keeper *k, struct kept *p)
{
	struct kept *oldest;

	while (k->bytes > k->limits.max_bytes) {
		size_t held = p->output.held;

		oldest = keeper_oldest(k, NULL);
		if (oldest != NULL) {
			kept_free(oldest);
			continue;
		}
		if (held == 0)
			return;
		backlog_shrink(&p->output);
		k->bytes -= held - p->output.held;
	}
}

static void
keeper_on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct keeper *k = arg;
	uint64_t now = clock_monotonic_us();
	struct kept *p, *next;
	unsigned before = k->count;

	for (p = TAILQ_FIRST(&k->list); p != NULL; p = next) {
		next = TAILQ_NEXT(p, entry);
		if (p->job == NULL &&
		    now - p->ended_us > k->limits.time_ms * 1000)
			kept_free(p);
	}
	if (before > 0 && k->count == 0)
		k->config.on_idle(k->config.arg);
}

/* It itself is the last to go. */
static void
keeper_bound(struct keeper *k, const struct user *u)
{
	while (u->kept > u->policy.max_kept && u->kept > 1)
		kept_free(keeper_oldest(k, u));
	while (k->nended > k->limits.max && k->nended > 1)
		kept_free(keeper_oldest(k, NULL));
}

/* ---- the life of one ------------------------------------------------------- */

struct kept *
kept_new(struct keeper *k, struct job *j, size_t max)
{
	struct kept *p = calloc(1, sizeof(*p));

	if (p == NULL)
		return NULL;
	p->keeper = k;
	p->job = j;
	p->user = user_ref(j->user->users, j->user->uid);
	p->created_s = clock_realtime_us() / 1000000;
	backlog_init(&p->output, max);
	buf_init(&p->record, WIRE_HEADER + PROTO_FRAME_MAX);
	TAILQ_INIT(&p->follows);
	TAILQ_INSERT_TAIL(&k->list, p, entry);
	k->count++;
	return p;
}

void
kept_output(struct kept *p, int fd, const void *data, size_t len)
{
	struct keeper *k = p->keeper;
	size_t held = p->output.held;

	p->bytes[fd - 1] += len;
	backlog_append(&p->output, fd, data, len);
	k->bytes = k->bytes - held + p->output.held;
	keeper_make_room(k, p);
	follows_pump(p);
}

void
kept_grant(struct kept *p, uint32_t bytes)
{
	p->granted += bytes;
	follows_grant(p, bytes);
}

void
kept_note_record(struct kept *p, const struct msg *record)
{
	struct span status = msg_bytes(record, FIELD_JOB_EXIT_STATUS);
	struct err err = ERR_NONE;

	memcpy(p->status, status.data, status.len < 2 ? status.len : 2);
	p->exit_code = (uint32_t)msg_number(record, FIELD_JOB_EXIT_EXIT_CODE, 0);
	if (msg_pack(record, &p->record, &err) == -1)
		log_err("job %llu: its record: %s", (unsigned long long)p->id,
			err.text);
}

void
kept_end(struct kept *p, const struct msg *record)
{
	struct keeper *k = p->keeper;

	assert(p->job != NULL);
	p->job = NULL;
	p->ended_us = clock_monotonic_us();
	p->ended_s = clock_realtime_us() / 1000000;
	kept_note_record(p, record);
	k->nended++;
	p->user->kept++;
	follows_pump(p);
	keeper_bound(k, p->user);
}

/* ---- of the daemon before this one ------------------------------------------- */

struct kept *
kept_begin(struct keeper *k, struct user *u)
{
	struct kept *p = calloc(1, sizeof(*p));

	if (p == NULL)
		return NULL;
	p->keeper = k;
	p->user = user_ref(u->users, u->uid);
	backlog_init(&p->output, 2 * PROTO_KEEP_MAX);
	buf_init(&p->record, WIRE_HEADER + PROTO_FRAME_MAX);
	TAILQ_INIT(&p->follows);
	return p;
}

void
kept_give_up(struct kept *p)
{
	backlog_clear(&p->output);
	buf_clear(&p->record);
	user_unref(p->user);
	free(p);
}

/* Its place is among the others by its number. */
void
kept_take_over(struct kept *p)
{
	uint64_t now_s = clock_realtime_us() / 1000000;
	uint64_t age_us = now_s > p->ended_s ? (now_s - p->ended_s) * 1000000 :
		0;
	struct user *u = user_ref(p->user->users, p->user->uid);
	struct keeper *k = p->keeper;
	struct kept *next = keeper_next(k, p->id);

	p->ended_us = clock_monotonic_us();
	p->ended_us -= age_us < p->ended_us ? age_us : p->ended_us;
	if (next != NULL)
		TAILQ_INSERT_BEFORE(next, p, entry);
	else
		TAILQ_INSERT_TAIL(&k->list, p, entry);
	k->count++;
	k->nended++;
	k->bytes += p->output.held;
	p->user->kept++;
	keeper_bound(k, u);
	while (k->bytes > k->limits.max_bytes && k->nended > 0)
		kept_free(keeper_oldest(k, NULL));
	user_unref(u);
}

/* ---- all of them -------------------------------------------------------------- */

struct kept *
keeper_find(const struct keeper *k, uint64_t id, uid_t uid)
{
	struct kept *p;

	TAILQ_FOREACH(p, &k->list, entry) {
		if (p->id == id)
			return uid == 0 || p->user->uid == uid ? p : NULL;
	}
	return NULL;
}

struct kept *
keeper_next(const struct keeper *k, uint64_t after)
{
	struct kept *p;

	TAILQ_FOREACH(p, &k->list, entry) {
		if (p->id > after)
			return p;
	}
	return NULL;
}

struct keeper *
keeper_new(const struct keeper_config *config)
{
	const struct timeval tv = { KEEPER_TICK_S, 0 };
	struct keeper *k = calloc(1, sizeof(*k));

	if (k == NULL)
		return NULL;
	k->config = *config;
	TAILQ_INIT(&k->list);
	k->tick = event_new(config->base, -1, EV_PERSIST, keeper_on_tick, k);
	if (k->tick == NULL || event_add(k->tick, &tv) == -1) {
		keeper_free(k);
		return NULL;
	}
	return k;
}

void
keeper_set_limits(struct keeper *k, const struct keeper_limits *limits)
{
	k->limits = *limits;
}

unsigned
keeper_count(const struct keeper *k)
{
	return k->count;
}

void
keeper_free(struct keeper *k)
{
	struct kept *p;

	if (k == NULL)
		return;
	while ((p = TAILQ_FIRST(&k->list)) != NULL) {
		assert(p->job == NULL);
		kept_free(p);
	}
	if (k->tick != NULL)
		event_free(k->tick);
	free(k);
}
