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
	bool more;
	uint64_t last;
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

static struct span
item_str(const struct msg *item, enum field_id f)
{
	return msg_bytes(item, f);
}

/* "running 1.2 s", "queued, 3rd", "done OK 0". */
static void
item_state(char *out, size_t size, const struct msg *item)
{
	struct span state = item_str(item, FIELD_JOB_ITEM_STATE);
	struct span status = item_str(item, FIELD_JOB_ITEM_STATUS);
	uint64_t wall = msg_number(item, FIELD_JOB_ITEM_WALL_US, 0);
	char time_text[QUANTITY_MAX];

	if (status.len > 0)
		snprintf(out, size, "done %.*s %" PRIu64, (int)status.len,
			status.data,
			msg_number(item, FIELD_JOB_ITEM_EXIT_CODE, 0));
	else if (wall > 0)
		snprintf(out, size, "%.*s %s", (int)state.len, state.data,
			quantity_write_time(time_text, wall));
	else if (msg_has(item, FIELD_JOB_ITEM_POSITION))
		snprintf(out, size, "%.*s (%" PRIu64 ")", (int)state.len,
			state.data,
			msg_number(item, FIELD_JOB_ITEM_POSITION, 0));
	else
		snprintf(out, size, "%.*s", (int)state.len, state.data);
}

static void
item_print_line(struct jobs_run *r, const struct msg *item)
{
	struct span module = item_str(item, FIELD_JOB_ITEM_MODULE);
	char state[64], bytes[QUANTITY_MAX];

	if (r->lines++ == 0)
		printf("%8s %8s  %-22s %10s  %-8s %s\n", "JOB", "UID", "STATE",
			"OUTPUT", "", "MODULE");
	item_state(state, sizeof(state), item);
	quantity_write_size(bytes, msg_number(item, FIELD_JOB_ITEM_BYTES_OUT,
		0) + msg_number(item, FIELD_JOB_ITEM_BYTES_ERR, 0));
	printf("%8" PRIu64 " %8" PRIu64 "  %-22s %10s  %-8s %.*s\n",
		msg_number(item, FIELD_JOB_ITEM_JOB, 0),
		msg_number(item, FIELD_JOB_ITEM_UID, 0), state, bytes,
		msg_number(item, FIELD_JOB_ITEM_DETACHED, 0) != 0 ?
		"detached" : "", (int)(module.len < 12 ? module.len : 12),
		module.data);
}

static void
ps_on_item(void *arg, const struct msg *item)
{
	struct jobs_run *r = arg;

	if (item->id != MSG_JOB_ITEM)
		return;
	r->last = msg_number(item, FIELD_JOB_ITEM_JOB, 0);
	if (r->values->json)
		json_print(item);
	else
		item_print_line(r, item);
}

static void
ps_on_answer(void *arg, const struct msg *answer)
{
	struct jobs_run *r = arg;

	r->more = msg_number(answer, RESULT_JOBS_MORE, 0) != 0;
}

static int
ps_all(struct jobs_run *r)
{
	int status;

	r->ask.on_item = ps_on_item;
	r->ask.on_answer = ps_on_answer;
	do {
		struct msg request;

		msg_init_request(&request, MSG_JOBS, 0);
		msg_set_number(&request, FIELD_JOBS_AFTER, r->last);
		r->more = false;
		status = ask_run(&r->ask, &request, -1);
	} while (status == 0 && r->more);
	return status;
}

/* ---- status ------------------------------------------------------------------ */

static void
status_print_time(const char *label, const struct msg *item, enum field_id f)
{
	time_t at = (time_t)msg_number(item, f, 0);
	char text[64] = "";
	struct tm tm;

	if (!msg_has(item, f) || localtime_r(&at, &tm) == NULL)
		return;
	strftime(text, sizeof(text), "%F %T", &tm);
	printf("%-9s %s\n", label, text);
}

static void
status_on_item(void *arg, const struct msg *item)
{
	struct span module = item_str(item, FIELD_JOB_ITEM_MODULE);
	uint64_t dropped = msg_number(item, FIELD_JOB_ITEM_DROPPED, 0);
	struct jobs_run *r = arg;
	char state[64];

	if (r->values->json) {
		json_print(item);
		return;
	}
	item_state(state, sizeof(state), item);
	printf("%-9s %" PRIu64 "%s\n", "job",
		msg_number(item, FIELD_JOB_ITEM_JOB, 0),
		msg_number(item, FIELD_JOB_ITEM_DETACHED, 0) != 0 ?
		", detached" : "");
	printf("%-9s %s\n%-9s sha256:%.*s\n", "state", state, "module",
		(int)module.len, module.data);
	printf("%-9s user %" PRIu64 ", process %" PRIu64 "\n", "client",
		msg_number(item, FIELD_JOB_ITEM_UID, 0),
		msg_number(item, FIELD_JOB_ITEM_PID, 0));
	status_print_time("submitted", item, FIELD_JOB_ITEM_CREATED_S);
	status_print_time("ended", item, FIELD_JOB_ITEM_ENDED_S);
	printf("%-9s %" PRIu64 " bytes, %" PRIu64 " of errors", "output",
		msg_number(item, FIELD_JOB_ITEM_BYTES_OUT, 0),
		msg_number(item, FIELD_JOB_ITEM_BYTES_ERR, 0));
	if (dropped > 0)
		printf("; the first %" PRIu64 " were not kept", dropped);
	printf("\n");
}

static int
status_one(struct jobs_run *r, uint64_t job)
{
	struct msg request;

	msg_init_request(&request, MSG_JOBS, 0);
	msg_set_number(&request, FIELD_JOBS_JOB, job);
	r->ask.on_item = status_on_item;
	return ask_run(&r->ask, &request, -1);
}

/* ---- kill and rm ------------------------------------------------------------- */

static int
kill_one(struct jobs_run *r, uint64_t job)
{
	struct msg request;

	msg_init_request(&request, MSG_CANCEL, 0);
	msg_set_number(&request, FIELD_CANCEL_JOB, job);
	return ask_run(&r->ask, &request, -1);
}

static int
rm_one(struct jobs_run *r, uint64_t job)
{
	struct msg request;

	msg_init_request(&request, MSG_FORGET, 0);
	msg_set_number(&request, FIELD_FORGET_JOB, job);
	return ask_run(&r->ask, &request, -1);
}

/* ---- events --------------------------------------------------------------------- */

static void
events_print(const struct msg *e)
{
	struct span state = msg_bytes(e, FIELD_JOB_EVENT_STATE);
	struct span status = msg_bytes(e, FIELD_JOB_EVENT_STATUS);
	struct span module = msg_bytes(e, FIELD_JOB_EVENT_MODULE);
	uint64_t us = msg_number(e, FIELD_JOB_EVENT_TIME_US, 0);
	time_t seconds = (time_t)(us / 1000000);
	char when[32] = "";
	struct tm tm;

	if (localtime_r(&seconds, &tm) != NULL)
		strftime(when, sizeof(when), "%T", &tm);
	printf("%s.%06u  job %-8" PRIu64 " uid %-6" PRIu64
		" %.12s  %.*s%s%.*s\n", when, (unsigned)(us % 1000000),
		msg_number(e, FIELD_JOB_EVENT_JOB, 0),
		msg_number(e, FIELD_JOB_EVENT_UID, 0),
		module.len >= 12 ? module.data : "-", (int)state.len,
		state.data, status.len > 0 ? " " : "",
		(int)status.len, status.data);
}

static void
events_on_event(void *arg, const struct msg *e)
{
	struct jobs_run *r = arg;

	if (r->values->json)
		json_print(e);
	else if (e->id == MSG_JOB_EVENT)
		events_print(e);
	else
		printf("(%" PRIu64 " events are missing here)\n",
			msg_number(e, FIELD_JOB_MISSED_EVENTS, 0));
	fflush(stdout);
}

/* Until the daemon ends, our reader does, or a signal comes. */
static int
events_all(struct jobs_run *r)
{
	struct err err = ERR_NONE;
	struct msg request;
	int status;

	wasmd_on_event(r->ask.conn, events_on_event, r);
	msg_init_request(&request, MSG_EVENTS, 0);
	status = ask_run(&r->ask, &request, -1);
	while (status == 0) {
		struct pollfd p[2] = {
			{ .fd = wasmd_fd(r->ask.conn), .events = POLLIN },
			{ .fd = 1 },
		};

		poll(p, 2, -1);
		if (p[1].revents != 0)
			return EXIT_CANCELLED;
		if (wasmd_dispatch(r->ask.conn, &err) == -1) {
			report("events: %s", err.text);
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
	uint64_t job;
	size_t v = 0;

	while (strcmp(jobs_verbs[v].verb, name) != 0)
		v++;
	if (jobs_verbs[v].all != NULL)
		return jobs_verbs[v].all(r);
	for (int i = 0; i < argc; i++) {
		r->ask.what = argv[i];
		s = job_number(argv[i], &job) == -1 ? EXIT_WASMCTL :
			jobs_verbs[v].one(r, job);
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
	int first = options_parse(verb->options, &v, argc, argv), status;

	if (first == -1)
		return EXIT_WASMCTL;
	if (v.help) {
		verb_print_help(verb);
		return 0;
	}
	if (jobs_check(verb, argc - first, argv + first) == -1)
		return EXIT_WASMCTL;
	r.ask.where = &v.where;
	status = EXIT_WASMCTL;
	if (ask_open(&r.ask, verb->name) == 0)
		status = jobs_do(&r, verb->name, argc - first, argv + first);
	ask_close(&r.ask);
	return status;
}
