/* wasmctl ps, status, kill, rm and events: the daemon's jobs, looked at and
 * ended. */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "client/ask.h"
#include "client/job_item.h"
#include "client/json.h"
#include "client/outcome.h"
#include "client/quantity.h"
#include "client/report.h"
#include "client/verb.h"

struct jobs_values {
	bool json;
	struct where where;
	bool help;
};

const struct option_spec ps_options[] = {
	{ 0, "json", OPTION_FLAG, offsetof(struct jobs_values, json), NULL,
		"as JSON, a line for each" },
	OPTIONS_COMMON(struct jobs_values),
	{ .name = NULL },
};

const struct option_spec kill_options[] = {
	OPTIONS_COMMON(struct jobs_values),
	{ .name = NULL },
};

struct jobs_run {
	struct ask ask;
	const struct jobs_values *values;
	unsigned lines;
};

int
job_number(const char *text, uint64_t *out)
{
	char *end;

	errno = 0;
	*out = strtoull(text, &end, 10);
	if (text[0] >= '0' && text[0] <= '9' && *end == '\0' && errno == 0)
		return 0;
	report("not the number of a job: \"%s\"", text);
	return -1;
}

/* ---- ps -------------------------------------------------------------------- */

static void
item_print_line(struct jobs_run *r, const struct wasmd_msg *item)
{
	struct buf line;

	buf_init(&line, 1024);
	if ((r->lines++ == 0 && job_item_head(&line) == -1) ||
	    job_item_line(&line, item) == -1)
		report_fatal("out of memory");
	printf("%.*s", (int)line.len, (const char *)line.data);
	buf_clear(&line);
}

static void
ps_on_item(void *arg, const struct wasmd_msg *item)
{
	struct jobs_run *r = arg;

	if (r->values->json)
		json_print(item);
	else
		item_print_line(r, item);
}

static int
ps_all(struct jobs_run *r)
{
	r->ask.on_item = ps_on_item;
	return ask_wait(&r->ask, wasmd_jobs(r->ask.conn, &r->ask.asked,
		&r->ask.error));
}

/* ---- status ------------------------------------------------------------------ */

static void
status_print_time(const char *label, const struct wasmd_msg *item, const char *f)
{
	time_t at = (time_t)wasmd_msg_number(item, f, 0);
	char text[64] = "";
	struct tm tm;

	if (!wasmd_msg_has(item, f) || localtime_r(&at, &tm) == NULL)
		return;
	strftime(text, sizeof(text), "%F %T", &tm);
	printf("%-9s %s\n", label, text);
}

static void
status_on_item(void *arg, const struct wasmd_msg *item)
{
	struct wasmd_bytes module = wasmd_msg_bytes(item, "module");
	uint64_t dropped = wasmd_msg_number(item, "dropped", 0);
	struct jobs_run *r = arg;
	char state[JOB_ITEM_STATE_MAX];

	if (r->values->json) {
		json_print(item);
		return;
	}
	job_item_state(state, item);
	printf("%-9s %" PRIu64 "%s\n", "job",
		wasmd_msg_number(item, "job", 0),
		wasmd_msg_number(item, "detached", 0) != 0 ?
		", detached" : "");
	printf("%-9s %s\n%-9s sha256:%.*s\n", "state", state, "module",
		(int)module.len, module.data);
	printf("%-9s user %" PRIu64 ", process %" PRIu64 "\n", "client",
		wasmd_msg_number(item, "uid", 0),
		wasmd_msg_number(item, "pid", 0));
	status_print_time("submitted", item, "created_s");
	status_print_time("ended", item, "ended_s");
	printf("%-9s %" PRIu64 " bytes, %" PRIu64 " of errors", "output",
		wasmd_msg_number(item, "bytes_out", 0),
		wasmd_msg_number(item, "bytes_err", 0));
	if (dropped > 0)
		printf("; the first %" PRIu64 " were not kept", dropped);
	printf("\n");
}

static int
status_one(struct jobs_run *r, uint64_t job)
{
	r->ask.on_item = status_on_item;
	return ask_wait(&r->ask, wasmd_job_status(r->ask.conn, job,
		&r->ask.asked, &r->ask.error));
}

/* ---- kill and rm ------------------------------------------------------------- */

static int
kill_one(struct jobs_run *r, uint64_t job)
{
	return ask_wait(&r->ask, wasmd_kill(r->ask.conn, job, &r->ask.asked,
		&r->ask.error));
}

static int
rm_one(struct jobs_run *r, uint64_t job)
{
	return ask_wait(&r->ask, wasmd_forget(r->ask.conn, job, &r->ask.asked,
		&r->ask.error));
}

/* ---- events --------------------------------------------------------------------- */

static void
events_print(const struct wasmd_msg *e)
{
	struct wasmd_bytes state = wasmd_msg_bytes(e, "state");
	struct wasmd_bytes status = wasmd_msg_bytes(e, "status");
	struct wasmd_bytes module = wasmd_msg_bytes(e, "module");
	uint64_t us = wasmd_msg_number(e, "time_us", 0);
	time_t seconds = (time_t)(us / 1000000);
	char when[32] = "";
	struct tm tm;

	if (localtime_r(&seconds, &tm) != NULL)
		strftime(when, sizeof(when), "%T", &tm);
	printf("%s.%06u  job %-8" PRIu64 " uid %-6" PRIu64
		" %.12s  %.*s%s%.*s\n", when, (unsigned)(us % 1000000),
		wasmd_msg_number(e, "job", 0),
		wasmd_msg_number(e, "uid", 0),
		module.len >= 12 ? module.data : "-", (int)state.len,
		state.data, status.len > 0 ? " " : "",
		(int)status.len, status.data);
}

static void
events_on_event(void *arg, const struct wasmd_msg *e)
{
	struct jobs_run *r = arg;

	if (r->values->json)
		json_print(e);
	else if (strcmp(wasmd_msg_name(e), "job.event") == 0)
		events_print(e);
	else
		printf("(%" PRIu64 " events are missing here)\n",
			wasmd_msg_number(e, "events", 0));
	fflush(stdout);
}

/* Until the daemon ends, our reader does, or a signal comes. */
static int
events_all(struct jobs_run *r)
{
	int status = ask_wait(&r->ask, wasmd_events(r->ask.conn,
		events_on_event, r, &r->ask.asked, &r->ask.error));

	while (status == 0) {
		struct pollfd p[2] = {
			{ .fd = wasmd_fd(r->ask.conn), .events = POLLIN },
			{ .fd = 1 },
		};

		poll(p, 2, -1);
		if (p[1].revents != 0)
			return EXIT_CANCELLED;
		if (wasmd_dispatch(r->ask.conn, &r->ask.error) == -1) {
			report("events: %s", r->ask.error.text);
			status = EXIT_WASMCTL;
		}
	}
	return status;
}

/* ---- the verbs --------------------------------------------------------------------- */

static const struct {
	const char *verb;
	int (*all)(struct jobs_run *r);		/* without operands */
	int (*one)(struct jobs_run *r, uint64_t job);
} jobs_verbs[] = {
	{ "ps", ps_all, NULL },
	{ "events", events_all, NULL },
	{ "status", NULL, status_one },
	{ "kill", NULL, kill_one },
	{ "rm", NULL, rm_one },
};

static int
jobs_do(struct jobs_run *r, const char *name, int argc, char **argv)
{
	int status = 0, s;
	char what[32];
	uint64_t job;
	size_t v = 0;

	while (strcmp(jobs_verbs[v].verb, name) != 0)
		v++;
	if (jobs_verbs[v].all != NULL)
		return jobs_verbs[v].all(r);
	for (int i = 0; i < argc; i++) {
		s = EXIT_WASMCTL;
		if (job_number(argv[i], &job) == 0) {
			snprintf(what, sizeof(what), "job %" PRIu64, job);
			r->ask.what = what;
			s = jobs_verbs[v].one(r, job);
		}
		status = status == 0 ? s : status;
	}
	return status;
}

static int
jobs_check(const struct verb *verb, int count, char **argv)
{
	bool wants_one = verb->operands[0] != '\0';

	if (wants_one && count == 0)
		report("%s: which job? (see wasmctl %s --help)", verb->name,
			verb->name);
	else if (!wants_one && count > 0)
		report("%s: no operands, but \"%s\" was given", verb->name,
			argv[0]);
	else
		return 0;
	return -1;
}

int
jobs_run(const struct verb *verb, int argc, char **argv)
{
	struct jobs_values v = { .help = false };
	struct jobs_run r = { .values = &v, .ask.arg = &r };
	int status, first = verb_parse(verb, &v, argc, argv, &status);

	if (first == -1)
		return status;
	if (jobs_check(verb, argc - first, argv + first) == -1)
		return EXIT_WASMCTL;
	r.ask.where = &v.where;
	if (ask_open(&r.ask, verb->name) == 0)
		status = jobs_do(&r, verb->name, argc - first, argv + first);
	ask_close(&r.ask);
	return status;
}
