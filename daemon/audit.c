/* What is kept of each job: a line in the log, and figures. Runs in the
 * daemon. */
#include "daemon/audit.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/log.h"
#include "daemon/job.h"
#include "daemon/metrics.h"
#include "daemon/probe.h"
#include "daemon/report.h"
#include "daemon/result.h"
#include "daemon/user.h"

/* "max_wall_ms=60000 max_memory=536870912 ..." */
static void
audit_limits(char *out, size_t size, const struct limits *l)
{
	size_t len = 0;

	for (int i = 0; i < LIMIT_COUNT && len < size; i++) {
		const struct limit_info *info = &limit_info[i];
		const char *unit = info->unit == UNIT_MS ? "_ms" : "";

		if (l->v[i] == UINT64_MAX)
			continue;
		len += (size_t)snprintf(out + len, size - len,
			" max_%s%s=%" PRIu64, info->name, unit, l->v[i]);
	}
}

/* Quotes would end the value early. Control characters are the log's. */
static void
audit_quote(char *out, size_t size, const char *text)
{
	snprintf(out, size, "%s", text);
	for (; *out != '\0'; out++) {
		if (*out == '"')
			*out = '\'';
	}
}

static void
audit_count(const struct job *j, const struct outcome *o)
{
	metric_count(METRIC_JOBS_ENDED, o->status);
	/* Where there was no child, its template counted. */
	if (o->status == PROTO_STATUS_SV && j->facts.has_end)
		metric_add(METRIC_VIOLATIONS, 1);
	metric_time(METRIC_QUEUE_TIME, report_queued_us(j));
	if (j->child_us != 0) {
		metric_time(METRIC_START_TIME, j->child_us - j->started_us);
		metric_time(METRIC_RUN_TIME, j->ended_us - j->child_us);
	}
	metric_add(METRIC_CPU_US, report_cpu_us(j));
	metric_add(METRIC_BYTES_OUT, j->stream.bytes[0] + j->stream.bytes[1]);
	metric_add(METRIC_BYTES_IN, j->feed.bytes);
}

static void
audit_log(const struct job *j, const struct outcome *o)
{
	/* What means a hole in our walls stands out. */
	bool alarm = o->status == PROTO_STATUS_SV || o->status == PROTO_STATUS_CR;
	const struct facts *f = &j->facts;
	char limits[300] = "", cause[sizeof(o->cause)];

	audit_limits(limits, sizeof(limits), &j->limits);
	audit_quote(cause, sizeof(cause), o->cause);
	(alarm ? log_warning : log_info)("job=%" PRIu64 " uid=%u gid=%u pid=%d "
		"module=%s preloaded=%u status=%s exit=%" PRIu32 " signal=%d "
		"child=%d queued_us=%" PRIu64 " wall_us=%" PRIu64
		" cpu_us=%" PRIu64 " rss=%" PRIu64 " fuel=%" PRIu64
		" out=%" PRIu64 " err=%" PRIu64 " in=%" PRIu64 "%s cause=\"%s\"",
		j->id, (unsigned)j->user->uid, (unsigned)j->gid, (int)j->pid,
		program_hex(&j->program), j->program.npreload,
		proto_status_info[o->status].letters, o->exit_code, o->signal,
		f->has_end ? (int)f->end.info.si_pid : 0, report_queued_us(j),
		report_wall_us(j), report_cpu_us(j), report_max_rss(j),
		f->has_result ? f->result.fuel_used : 0, j->stream.bytes[0],
		j->stream.bytes[1], j->feed.bytes, limits, cause);
}

void
audit_job(const struct job *j, const struct outcome *o)
{
	PROBE_JOB_END(j->id, proto_status_info[o->status].letters,
		report_wall_us(j));
	audit_count(j, o);
	audit_log(j, o);
}
