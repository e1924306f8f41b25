/* Connections to a daemon, and calls on them whose answers are checked. */
#include "config.h"

#include "bench/crowd.h"
#include "base/clock.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CREDIT 65536

int
crowd_order(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

void
crowd_check_record(const struct wasmd_msg *record)
{
	struct wasmd_bytes status = wasmd_msg_bytes(record, "status");
	struct wasmd_bytes cause = wasmd_msg_bytes(record, "cause");
	char text[128];

	if (status.len == 2 && memcmp(status.data, "OK", 2) == 0)
		return;
	snprintf(text, sizeof(text), "it ended with %.2s: %.*s", status.data,
		(int)(cause.len < 100 ? cause.len : 100), cause.data);
	service_fail("a call", text);
}

void
crowd_on_refused(void *arg, const struct wasmd_error *error)
{
	service_fail("a call is refused", error->text);
}

void
crowd_describe(struct wasmd_call *call, const struct service *s,
	const char *const args[2])
{
	*call = (struct wasmd_call){
		.size = sizeof(*call), .digest = s->digest, .args = args,
		.nargs = 2, .credit = CREDIT,
	};
}

/* ---- one series -------------------------------------------------------- */

static void call_begin(struct crowd_call *c);

static void
on_output(void *arg, int fd, const void *data, size_t len)
{
	struct crowd_call *c = arg;

	if (fd != 1 || len > sizeof(c->said) - c->nsaid)
		service_fail("a call", "it said more than its argument");
	memcpy(c->said + c->nsaid, data, len);
	c->nsaid += len;
}

static void
on_exit_record(void *arg, const struct wasmd_msg *record)
{
	struct crowd_call *c = arg;
	struct crowd_run *run = c->run;

	crowd_check_record(record);
	if (c->nsaid != strlen(c->text) ||
	    memcmp(c->said, c->text, c->nsaid) != 0)
		service_fail(c->text, "its answer is another's");
	if (run->ended == run->total)
		service_fail(c->text, "an answer too many");
	run->us[run->ended++] = (double)(clock_monotonic_ns() - c->started) / 1000;
	if (--c->left > 0)
		call_begin(c);
}

static void
call_begin(struct crowd_call *c)
{
	static const struct wasmd_events events = {
		.size = sizeof(events),
		.on_output = on_output, .on_exit = on_exit_record,
		.on_refused = crowd_on_refused,
	};
	const char *const args[2] = { "load", c->text };
	struct wasmd_call call;
	struct wasmd_error err;

	snprintf(c->text, sizeof(c->text), "%u.%" PRIu64 ".%" PRIx64, c->number,
		c->left, c->run->salt);
	c->nsaid = 0;
	c->started = clock_monotonic_ns();
	crowd_describe(&call, c->service, args);
	if (wasmd_submit(c->conn, &call, &events, c, &err) == NULL)
		service_fail("submit", err.text);
}

/* ---- all of them ------------------------------------------------------- */

void
crowd_turn(struct crowd *c)
{
	struct wasmd_error err;

	for (size_t i = 0; i < c->count; i++)
		c->polls[i].events = POLLIN |
			(wasmd_unsent(c->conns[i]) > 0 ? POLLOUT : 0);
	if (poll(c->polls, c->count, -1) == -1 && errno != EINTR)
		service_fail("poll", strerror(errno));
	for (size_t i = 0; i < c->count; i++) {
		if (c->polls[i].revents != 0 &&
		    wasmd_dispatch(c->conns[i], &err) == -1)
			service_fail("the daemon", err.text);
	}
}

void
crowd_calls(struct crowd *c, size_t width, size_t calls,
	struct crowd_figures *f)
{
	struct crowd_call *all = calloc(width, sizeof(*all));
	struct crowd_run run = {
		.us = calloc(width * calls, sizeof(double)),
		.total = width * calls, .salt = clock_monotonic_ns(),
	};
	uint64_t began = clock_monotonic_ns();
	double cpu = service_cpu_us(c->service);

	if (all == NULL || run.us == NULL)
		service_fail("memory", strerror(errno));
	for (size_t i = 0; i < width; i++) {
		all[i] = (struct crowd_call){
			.conn = c->conns[i], .service = c->service,
			.run = &run, .number = (unsigned)i, .left = calls,
		};
		call_begin(&all[i]);
	}
	while (run.ended < run.total)
		crowd_turn(c);
	f->seconds = (double)(clock_monotonic_ns() - began) / 1e9;
	f->cpu_us = (service_cpu_us(c->service) - cpu) / (double)run.total;
	qsort(run.us, run.total, sizeof(double), crowd_order);
	f->p50_us = run.us[run.total / 2];
	f->p99_us = run.us[run.total * 99 / 100];
	free(run.us);
	free(all);
}

void
crowd_open(struct crowd *c, const struct service *s, size_t count)
{
	struct wasmd_error err;

	*c = (struct crowd){
		.service = s, .conns = calloc(count, sizeof(struct wasmd *)),
		.polls = calloc(count, sizeof(struct pollfd)),
	};
	if (c->conns == NULL || c->polls == NULL)
		service_fail("memory", strerror(errno));
	for (; c->count < count; c->count++) {
		c->conns[c->count] = wasmd_open(s->socket, &err);
		if (c->conns[c->count] == NULL)
			service_fail("a connection", err.text);
		c->polls[c->count].fd = wasmd_fd(c->conns[c->count]);
	}
}

void
crowd_close(struct crowd *c)
{
	for (size_t i = 0; i < c->count; i++)
		wasmd_close(c->conns[i]);
	free(c->conns);
	free(c->polls);
}
