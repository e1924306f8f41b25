/*
 * The profile of a call as it comes from a daemon, and as people and programs
 * read it. Reports come again and again while the guest runs; the last that is
 * whole counts. Used by wasmctl.
 */
#ifndef CLIENT_PROFILE_H
#define CLIENT_PROFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

#define PROFILE_ROWS_MAX 256	/* more than a report has; others are dropped */
#define PROFILE_LINE_MAX 1024

/* What a function cost; times in nanoseconds. */
struct profile_row {
	char kind;		/* 'f' the guest's, 'h' the host's, 'o' others;
				 * 'i' an internal instruction */
	uint64_t index, calls;
	uint64_t fuel, total_fuel;
	uint64_t ns, total_ns;
	char name[256];
};

struct profile_report {
	uint64_t wall_ns;
	uint64_t functions;	/* that were called */
	unsigned count;
	struct profile_row rows[PROFILE_ROWS_MAX];
	unsigned ninstrs;	/* none, but of a worker that counts them */
	struct profile_row instrs[PROFILE_ROWS_MAX];
};

struct profile {
	struct profile_report reports[2];
	unsigned coming;	/* the one that is being read */
	bool is_open;		/* its first line was there */
	bool has;		/* the other one is whole */
	size_t len;
	char line[PROFILE_LINE_MAX];
};

/* Bytes of it, in any pieces. What is no part of a report is passed over. */
void profile_push(struct profile *p, const char *data, size_t len);

/* The last whole report, or NULL. */
const struct profile_report *profile_last(const struct profile *p);

/* As a table, and as one JSON object. 0, or -1 as buf_append. */
int profile_table(struct buf *out, const struct profile_report *r);
int profile_json(struct buf *out, const struct profile_report *r);

#endif
