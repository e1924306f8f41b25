/* The result record as clients get it. Runs in the daemon. */
#include "daemon/report.h"

#include <string.h>

#include "daemon/conn.h"
#include "daemon/job.h"
#include "daemon/kept.h"
#include "daemon/module.h"
#include "daemon/result.h"

size_t
report_layers(struct span *out, const struct layer_report *layers)
{
	size_t n = 0;

	for (int i = 0; i < LAYER_COUNT; i++) {
		if (layers->in_force & 1u << i)
			out[n++] = (struct span){ layer_info[i].name,
				strlen(layer_info[i].name) };
	}
	return n;
}

uint64_t
report_wall_us(const struct job *j)
{
	return j->started_us == 0 ? 0 : j->ended_us - j->started_us;
}

uint64_t
report_queued_us(const struct job *j)
{
	return (j->started_us == 0 ? j->ended_us : j->started_us) -
		j->created_us;
}

uint64_t
report_cpu_us(const struct job *j)
{
	const struct rusage *ru = &j->facts.end.usage;

	if (!j->facts.has_end)
		return 0;
	return ((uint64_t)ru->ru_utime.tv_sec + (uint64_t)ru->ru_stime.tv_sec) *
		1000000 + (uint64_t)ru->ru_utime.tv_usec +
		(uint64_t)ru->ru_stime.tv_usec;
}

uint64_t
report_max_rss(const struct job *j)
{
	return j->facts.has_end ?
		(uint64_t)j->facts.end.usage.ru_maxrss * 1024 : 0;
}

static void
report_outcome(struct msg *m, const struct outcome *o)
{
	msg_set_str(m, FIELD_JOB_EXIT_STATUS,
		proto_status_info[o->status].letters);
	msg_set_number(m, FIELD_JOB_EXIT_EXIT_CODE, o->exit_code);
	msg_set_str(m, FIELD_JOB_EXIT_CAUSE, o->cause);
	if (o->trap.len > 0)
		msg_set_bytes(m, FIELD_JOB_EXIT_TRAP, o->trap.data, o->trap.len);
	if (o->nbacktrace > 0)
		msg_set_strs(m, FIELD_JOB_EXIT_BACKTRACE, o->backtrace,
			o->nbacktrace);
	if (o->nresults > 0)
		msg_set_strs(m, FIELD_JOB_EXIT_RESULTS, o->results, o->nresults);
	if (o->signal != 0)
		msg_set_number(m, FIELD_JOB_EXIT_SIGNAL, (uint64_t)o->signal);
}

static void
report_figures(struct msg *m, const struct job *j)
{
	const struct facts *f = &j->facts;

	msg_set_number(m, FIELD_JOB_EXIT_WALL_US, report_wall_us(j));
	msg_set_number(m, FIELD_JOB_EXIT_CPU_US, report_cpu_us(j));
	msg_set_number(m, FIELD_JOB_EXIT_QUEUED_US, report_queued_us(j));
	msg_set_number(m, FIELD_JOB_EXIT_MAX_RSS, report_max_rss(j));
	msg_set_number(m, FIELD_JOB_EXIT_FUEL,
		f->has_result ? f->result.fuel_used : 0);
	msg_set_number(m, FIELD_JOB_EXIT_MEMORY_PAGES_PEAK,
		f->has_result ? f->result.memory_pages_peak : 0);
	msg_set_number(m, FIELD_JOB_EXIT_BYTES_OUT, j->stream.bytes[0]);
	msg_set_number(m, FIELD_JOB_EXIT_BYTES_ERR, j->stream.bytes[1]);
	msg_set_number(m, FIELD_JOB_EXIT_BYTES_IN, j->feed.bytes);
}

void
report_exit(struct job *j, const struct outcome *o,
	const struct layer_report *layers)
{
	struct span names[LAYER_COUNT];
	struct msg m;

	msg_init_notify(&m, MSG_JOB_EXIT);
	msg_set_number(&m, FIELD_JOB_EXIT_JOB, j->id);
	report_outcome(&m, o);
	report_figures(&m, j);
	msg_set_str(&m, FIELD_JOB_EXIT_MODULE, module_hex(j->program.module));
	msg_set_strs(&m, FIELD_JOB_EXIT_LAYERS, names,
		report_layers(names, layers));
	if (j->kept != NULL)
		kept_end(j->kept, &m);
	else
		conn_send(j->conn, &m);
}
