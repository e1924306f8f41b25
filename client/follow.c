/* wasmctl logs, attach and wait: follow a detached job. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "client/address.h"
#include "client/json.h"
#include "client/module.h"
#include "client/outcome.h"
#include "client/report.h"
#include "client/session.h"
#include "client/verb.h"

struct follow_values {
	bool follow;
	bool no_stdin;
	bool json;
	struct where where;
	bool help;
};

#define AT(field) offsetof(struct follow_values, field)

const struct option_spec logs_options[] = {
	{ 'f', "follow", OPTION_FLAG, AT(follow), NULL,
		"go on until the job ends" },
	OPTIONS_COMMON(struct follow_values),
	{ .name = NULL },
};

const struct option_spec attach_options[] = {
	{ 'n', "no-stdin", OPTION_FLAG, AT(no_stdin), NULL,
		"do not be its standard input" },
	OPTIONS_COMMON(struct follow_values),
	{ .name = NULL },
};

const struct option_spec wait_options[] = {
	{ 0, "json", OPTION_FLAG, AT(json), NULL,
		"print the record as JSON, no messages" },
	OPTIONS_COMMON(struct follow_values),
	{ .name = NULL },
};

#undef AT

/* What the record says, as if the job had been ours from the beginning. logs
 * shows what was written, not how it went. */
static int
follow_finish(const struct session *s, const char *verb,
	const struct follow_values *v, const char *name)
{
	struct module_source source = { .path = name, .fd = -1 };

	if (s->signal != 0)
		return 128 + s->signal;
	if (s->record == NULL)
		return s->stdout_errno != 0 ? EXIT_CANCELLED : 0;
	if (v->json)
		json_print(s->record);
	else if (strcmp(verb, "logs") == 0 && wasmd_msg_has(s->record,
		    "wall_us"))
		return 0;
	return outcome_finish(s, &source, 1);
}

static int
follow_job(const struct verb *verb, const struct follow_values *v,
	uint64_t job)
{
	bool attaches = strcmp(verb->name, "attach") == 0;
	struct wasmd_follow what = {
		.size = sizeof(what),
		.job = job,
		.no_output = strcmp(verb->name, "wait") == 0,
		.no_wait = strcmp(verb->name, "logs") == 0 && !v->follow,
		.has_stdin = attaches && !v->no_stdin,
	};
	struct wasmd *conn = address_find(&v->where);
	int status = EXIT_WASMCTL;
	struct session s;
	char name[32];

	if (conn == NULL)
		return EXIT_WASMCTL;
	snprintf(name, sizeof(name), "job %llu", (unsigned long long)job);
	if (session_follow(&s, conn, &what) == -1)
		report("%s: %s", name, s.err.text);
	else
		status = follow_finish(&s, verb->name, v, name);
	session_clear(&s);
	wasmd_close(conn);
	return status;
}

int
follow_run(const struct verb *verb, int argc, char **argv)
{
	struct follow_values v = { .help = false };
	int status, first = verb_parse(verb, &v, argc, argv, &status);
	uint64_t job;

	if (first == -1)
		return status;
	if (argc - first != 1) {
		report("%s: which job? One (see wasmctl %s --help)", verb->name,
			verb->name);
		return EXIT_WASMCTL;
	}
	if (job_number(argv[first], &job) == -1)
		return EXIT_WASMCTL;
	report_open(v.json);
	return follow_job(verb, &v, job);
}
