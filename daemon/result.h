/*
 * How a job ended: what the daemon did, what the kernel says and what the
 * child claims, put together into one record. Runs in the daemon.
 */
#ifndef DAEMON_RESULT_H
#define DAEMON_RESULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/limits.h"
#include "daemon/process.h"
#include "daemon/template.h"
#include "proto/msg.h"
#include "sandbox/call.h"

/* What the daemon itself did to the job; the first one counts. */
enum job_cause {
	CAUSE_NONE,
	CAUSE_CANCEL,
	CAUSE_SHUTDOWN,
	CAUSE_ABANDON,	/* the client is gone: for the log only */
	CAUSE_WALL,
	CAUSE_OUTPUT,	/* the child passed the output limit */
	CAUSE_BROKEN,	/* the child did not keep to call.h */
	CAUSE_FAILURE,	/* there was no child: failure */
	CAUSE_MODULE,	/* the module could not be had: text */
	CAUSE_DAEMON,	/* the daemon ran out of something */
	CAUSE_CONDEMNED,	/* its template broke the rules */
};

/* All that is known when a job is done. */
struct facts {
	enum job_cause cause;
	struct failure failure;
	bool serves;		/* it was to end without a result */
	bool has_end;		/* the child's end */
	struct process_end end;
	bool has_violation;	/* the child's word, if it ended by SIGSYS */
	int32_t violation;	/* number of the system call */
	bool has_result;	/* the child's claim, checked by result_check */
	struct call_result result;
	char text[RESULT_TEXT_MAX];	/* trap, then backtrace */
};

/* The first cause is the cause. */
static inline void
facts_blame(struct facts *f, enum job_cause cause)
{
	if (f->cause == CAUSE_NONE)
		f->cause = cause;
}

#define OUTCOME_FRAMES 64

struct outcome {
	enum proto_status status;
	uint32_t exit_code;
	char cause[ERR_TEXT_MAX + 128];
	int signal;		/* 0: none */
	struct span trap;	/* into the facts' text */
	struct span backtrace[OUTCOME_FRAMES];
	size_t nbacktrace;
	struct span results[CALL_VALUES_MAX];
	size_t nresults;
	char results_text[CALL_VALUES_MAX][64];
};

/* Take a child's result frame into the facts. -1 if no child of ours would
 * have written it. Its text becomes printable UTF-8. */
int facts_set_result(struct facts *f, const struct call_result *r,
	const char *text, size_t len);

/* Decide. The outcome points into the facts. */
void outcome_of(struct outcome *o, const struct facts *f,
	const struct limits *limits);

#endif
