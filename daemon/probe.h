/*
 * Static probes for tracers (bpftrace, perf, SystemTap), where configure found
 * <sys/sdt.h>: a no-operation each until somebody looks. Runs in the daemon.
 *
 *	bpftrace -e 'usdt:/usr/sbin/wasmd:wasmd:job__event {
 *		printf("%d %s -> %s\n", arg0, str(arg1), str(arg2)) }'
 */
#ifndef DAEMON_PROBE_H
#define DAEMON_PROBE_H

#include "config.h"

#ifdef HAVE_SYS_SDT_H
#include <sys/sdt.h>
/* A job's number, what happens to it, its next state; both as words. */
#define PROBE_JOB_EVENT(id, event, state) \
	DTRACE_PROBE3(wasmd, job__event, id, event, state)
/* A job's number, the letters of its status, its wall time in microseconds. */
#define PROBE_JOB_END(id, status, us) \
	DTRACE_PROBE3(wasmd, job__end, id, status, us)
#else
#define PROBE_JOB_EVENT(id, event, state) ((void)0)
#define PROBE_JOB_END(id, status, us) ((void)0)
#endif

#endif
