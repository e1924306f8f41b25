/*
 * The life of a job: what each event means in each state. Data only; job.c
 * does it. Runs in the daemon.
 */
#ifndef DAEMON_JOB_TABLE_H
#define DAEMON_JOB_TABLE_H

enum job_state {
	JOB_READING,	/* its module is being copied and hashed */
	JOB_QUEUED,	/* waits for a slot */
	JOB_STARTING,	/* waits for a child of its template */
	JOB_RUNNING,	/* the child lives, its output is open */
	JOB_DRAINING,	/* the child has ended, its output has not */
	JOB_REAPING,	/* the output has ended, the child has not; so it is,
			 * too, while an instance serves: others hear it */
	JOB_DONE,
	JOB_STATE_COUNT
};

enum job_event {
	JOB_EV_MODULE,	/* the module is complete */
	JOB_EV_NO_MODULE,	/* it cannot be had */
	JOB_EV_START,	/* a slot is free */
	JOB_EV_CHILD,	/* there is a child */
	JOB_EV_NO_CHILD,	/* there cannot be one */
	JOB_EV_OUTPUT_END,	/* all output has been passed on */
	JOB_EV_BROKEN,	/* the child does not keep to call.h */
	JOB_EV_OVERFLOW,	/* the child passes its output limit */
	JOB_EV_EXIT,	/* the child has ended */
	JOB_EV_AGAIN,	/* it has, and wants a successor */
	JOB_EV_TIMEOUT,	/* of wall time */
	JOB_EV_CANCEL,	/* the client, or the daemon's end */
	JOB_EV_ABANDON,	/* the client is gone */
	JOB_EVENT_COUNT
};

enum job_action {
	ACT_IMPOSSIBLE,	/* our own bug */
	ACT_NONE,
	ACT_ACCEPT,	/* answer the request; wait for a slot */
	ACT_REFUSE,	/* answer it with an error */
	ACT_START,	/* start the clock; ask for a child */
	ACT_RUN,	/* hand the child its call */
	ACT_AGAIN,	/* ask for another child; the clock runs on */
	ACT_REPORT,	/* job.exit */
	ACT_DRAIN,	/* note the exit, give the slot back */
	ACT_KILL,	/* and let the output come */
	ACT_SILENCE,	/* kill, and drop the output */
	ACT_DISCARD,	/* drop the output that is left */
	ACT_ORPHAN,	/* kill; nobody is told of the end */
	ACT_DROP,	/* forget it */
};

struct job_cell {
	enum job_state next;
	enum job_action action;
};

extern const struct job_cell job_table[JOB_STATE_COUNT][JOB_EVENT_COUNT];

extern const char *const job_state_name[JOB_STATE_COUNT];
extern const char *const job_event_name[JOB_EVENT_COUNT];

#endif
