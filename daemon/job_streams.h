/*
 * A job's streams: what its child writes goes to its client, or is kept, and
 * what the client writes goes to the child. Runs in the daemon.
 */
#ifndef DAEMON_JOB_STREAMS_H
#define DAEMON_JOB_STREAMS_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/msg.h"

struct job;

/* Of a new job. */
void job_streams_init(struct job *j);

/* More output may be sent; input came. -1: the client broke the protocol. */
void job_add_credit(struct job *j, uint64_t bytes);
int job_input(struct job *j, struct span data, bool eof);

/* The connection can take output again. */
void job_resume(struct job *j);

#endif
