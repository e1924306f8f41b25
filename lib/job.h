/* Jobs, for the parts of libwasmd that make them. */
#ifndef LIB_JOB_H
#define LIB_JOB_H

#include "base/err.h"
#include "lib/wasmd.h"

/* call and events are not given by a caller: they have their whole size. */
struct wasmd_job *job_submit(struct wasmd *w, const struct wasmd_call *call,
	const struct wasmd_events *events, void *arg, struct err *err);

int job_cancel(struct wasmd_job *job, struct err *err);

/* Ask for its end, and call no callback of it any more. */
void job_abandon(struct wasmd_job *job);

#endif
