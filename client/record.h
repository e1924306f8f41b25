/* The result record of a job: kept, and as a table for people. */
#ifndef CLIENT_RECORD_H
#define CLIENT_RECORD_H

#include "base/arena.h"
#include "base/buf.h"
#include "proto/msg.h"

#define RECORD_JSON_MAX (1u << 20)

/* Append the record, a MSG_JOB_EXIT, as lines "name  value". */
int record_table(struct buf *out, const struct msg *record);

/* A record that outlives the message it came in. */
struct record {
	struct msg msg;		/* a MSG_JOB_EXIT */
	struct arena strings;
};

void record_init(struct record *r);
void record_clear(struct record *r);

/* Fill it in from a job.exit. -1: out of memory. */
int record_copy(struct record *r, const struct msg *m);

/* Fill it in for a call that did not become a job: status and cause only. */
int record_set(struct record *r, const char *status, const char *cause,
	size_t cause_len);

#endif
