/* The life of a job, as a table. Runs in the daemon. */
#include "daemon/job_table.h"

/* A cell that is not here is ACT_IMPOSSIBLE: nothing that a client, a child or
 * the order of events does can lead there. */
const struct job_cell job_table[JOB_STATE_COUNT][JOB_EVENT_COUNT] = {
	[JOB_READING] = {
		[JOB_EV_MODULE]	= { JOB_QUEUED, ACT_ACCEPT },
		[JOB_EV_NO_MODULE]	= { JOB_DONE, ACT_REFUSE },
		[JOB_EV_CANCEL]	= { JOB_DONE, ACT_REFUSE },
		[JOB_EV_ABANDON]	= { JOB_DONE, ACT_DROP },
	},
	[JOB_QUEUED] = {
		[JOB_EV_START]	= { JOB_STARTING, ACT_START },
		[JOB_EV_CANCEL]	= { JOB_DONE, ACT_REPORT },
		[JOB_EV_ABANDON]	= { JOB_DONE, ACT_DROP },
	},
	[JOB_STARTING] = {
		[JOB_EV_CHILD]	= { JOB_RUNNING, ACT_RUN },
		[JOB_EV_NO_CHILD]	= { JOB_DONE, ACT_REPORT },
		[JOB_EV_TIMEOUT]	= { JOB_DONE, ACT_REPORT },
		[JOB_EV_CANCEL]	= { JOB_DONE, ACT_REPORT },
		[JOB_EV_ABANDON]	= { JOB_DONE, ACT_DROP },
	},
	[JOB_RUNNING] = {
		[JOB_EV_OUTPUT_END]	= { JOB_REAPING, ACT_NONE },
		[JOB_EV_BROKEN]	= { JOB_REAPING, ACT_KILL },
		[JOB_EV_OVERFLOW]	= { JOB_REAPING, ACT_KILL },
		[JOB_EV_EXIT]	= { JOB_DRAINING, ACT_DRAIN },
		[JOB_EV_TIMEOUT]	= { JOB_RUNNING, ACT_KILL },
		[JOB_EV_CANCEL]	= { JOB_RUNNING, ACT_SILENCE },
		[JOB_EV_ABANDON]	= { JOB_REAPING, ACT_ORPHAN },
	},
	[JOB_DRAINING] = {
		[JOB_EV_OUTPUT_END]	= { JOB_DONE, ACT_REPORT },
		[JOB_EV_BROKEN]	= { JOB_DONE, ACT_REPORT },
		[JOB_EV_OVERFLOW]	= { JOB_DONE, ACT_REPORT },
		/* The guest has ended; the clock stopped with it. */
		[JOB_EV_CANCEL]	= { JOB_DRAINING, ACT_DISCARD },
		[JOB_EV_ABANDON]	= { JOB_DONE, ACT_DROP },
	},
	[JOB_REAPING] = {
		/* It may still let its input pile up. */
		[JOB_EV_BROKEN]	= { JOB_REAPING, ACT_KILL },
		[JOB_EV_EXIT]	= { JOB_DONE, ACT_REPORT },
		[JOB_EV_AGAIN]	= { JOB_STARTING, ACT_AGAIN },
		[JOB_EV_TIMEOUT]	= { JOB_REAPING, ACT_KILL },
		[JOB_EV_CANCEL]	= { JOB_REAPING, ACT_KILL },
		[JOB_EV_ABANDON]	= { JOB_REAPING, ACT_ORPHAN },
	},
};

const char *const job_state_name[JOB_STATE_COUNT] = {
	[JOB_READING] = "reading",
	[JOB_QUEUED] = "queued",
	[JOB_STARTING] = "starting",
	[JOB_RUNNING] = "running",
	[JOB_DRAINING] = "draining",
	[JOB_REAPING] = "reaping",
	[JOB_DONE] = "done",
};

const char *const job_event_name[JOB_EVENT_COUNT] = {
	[JOB_EV_MODULE] = "module",
	[JOB_EV_NO_MODULE] = "no module",
	[JOB_EV_START] = "start",
	[JOB_EV_CHILD] = "child",
	[JOB_EV_NO_CHILD] = "no child",
	[JOB_EV_OUTPUT_END] = "end of output",
	[JOB_EV_BROKEN] = "broken",
	[JOB_EV_OVERFLOW] = "overflow",
	[JOB_EV_EXIT] = "exit",
	[JOB_EV_AGAIN] = "again",
	[JOB_EV_TIMEOUT] = "timeout",
	[JOB_EV_CANCEL] = "cancel",
	[JOB_EV_ABANDON] = "abandon",
};
