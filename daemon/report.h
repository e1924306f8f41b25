/* The result record as clients get it. Runs in the daemon. */
#ifndef DAEMON_REPORT_H
#define DAEMON_REPORT_H

#include <stddef.h>

#include "proto/msg.h"
#include "sandbox/layers.h"

struct job;
struct outcome;

/* Send job.exit to the job's client, or to where it is kept. */
void report_exit(struct job *j, const struct outcome *o,
	const struct layer_report *layers);

/* The names of the layers in force. Returns how many of out's LAYER_COUNT. */
size_t report_layers(struct span *out, const struct layer_report *layers);

/* What the daemon measured. */
uint64_t report_wall_us(const struct job *j);
uint64_t report_cpu_us(const struct job *j);
uint64_t report_queued_us(const struct job *j);
uint64_t report_max_rss(const struct job *j);	/* bytes */

#endif
