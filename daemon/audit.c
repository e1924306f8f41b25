/* One line in the log for each job. Runs in the daemon. */
#include "daemon/audit.h"

#include <inttypes.h>

#include "base/log.h"
#include "daemon/job.h"
#include "daemon/report.h"
#include "daemon/result.h"
#include "daemon/user.h"

void
audit_job(const struct job *j, const struct outcome *o)
{
	/* What means a hole in our walls stands out. */
	bool alarm = o->status == PROTO_STATUS_SV || o->status == PROTO_STATUS_CR;

	(alarm ? log_warning : log_info)("job=%" PRIu64 " uid=%u module=%s "
		"preloaded=%u status=%s exit=%" PRIu32 " signal=%d pid=%d wall_us=%" PRIu64
		" cpu_us=%" PRIu64 " queued_us=%" PRIu64 " out=%" PRIu64
		" err=%" PRIu64 " in=%" PRIu64 " cause=\"%s\"",
		j->id, (unsigned)j->user->uid, program_hex(&j->program),
		j->program.npreload,
		proto_status_info[o->status].letters, o->exit_code, o->signal,
		j->facts.has_end ? (int)j->facts.end.info.si_pid : 0,
		report_wall_us(j), report_cpu_us(j), report_queued_us(j),
		j->stream.bytes[0], j->stream.bytes[1], j->feed.bytes, o->cause);
}
