/*
 * Connections to a daemon, and calls on them whose answers are checked: each
 * says a text of its own, which must come back, whole and on no other. All
 * functions end the program, with a message, when something goes wrong.
 */
#ifndef BENCH_CROWD_H
#define BENCH_CROWD_H

#include <stddef.h>
#include <stdint.h>

#include "bench/service.h"
#include "lib/wasmd.h"

#define CROWD_TEXT 48

struct crowd {
	const struct service *service;
	struct wasmd **conns;
	struct pollfd *polls;
	size_t count;
};

/* One call. The next one of a series is begun when it has ended. */
struct crowd_call {
	struct wasmd *conn;
	const struct service *service;
	char text[CROWD_TEXT];
	char said[CROWD_TEXT];
	size_t nsaid;
	uint64_t started;	/* nanoseconds */
	struct crowd_run *run;
	unsigned number;	/* of its connection, within the run */
	uint64_t left;		/* calls of the series */
};

/* Many series of calls side by side. */
struct crowd_run {
	double *us;		/* how long each of them took */
	size_t ended, total;
	uint64_t salt;		/* in all texts */
};

struct crowd_figures {
	double seconds, p50_us, p99_us, cpu_us;
};

void crowd_open(struct crowd *c, const struct service *s, size_t count);
void crowd_close(struct crowd *c);

/* Wait for something to happen, and let it. */
void crowd_turn(struct crowd *c);

/* calls on each of the first width connections, one after the other there;
 * cpu_us: the daemon's processor time for each. */
void crowd_calls(struct crowd *c, size_t width, size_t calls,
	struct crowd_figures *f);

/* A call with this text as its argument, that says it. */
void crowd_describe(struct wasmd_call *call, const struct service *s,
	const char *const args[2]);

/* 0 if the record says that all was well, else the program ends. */
void crowd_check_record(const struct wasmd_msg *record);

/* For struct wasmd_events: the program ends with the reason. */
void crowd_on_refused(void *arg, const struct wasmd_error *error);

int crowd_order(const void *a, const void *b);

#endif
