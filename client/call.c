/* wasmctl call: call one function of a module, in a fresh instance. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "client/address.h"
#include "client/json.h"
#include "client/module.h"
#include "client/outcome.h"
#include "client/report.h"
#include "client/results.h"
#include "client/session.h"
#include "client/upload.h"
#include "client/verb.h"

struct call_values {
	uint64_t wall_ms, cpu_ms, fuel, memory_bytes;
	bool json;
	struct where where;
	bool help;
};

#define AT(field) offsetof(struct call_values, field)

const struct option_spec call_options[] = {
	OPTION_TIMEOUT(struct call_values),
	OPTIONS_LIMITS(struct call_values),
	{ 0, "json", OPTION_FLAG, AT(json), NULL,
		"print results and record as one line of JSON, no messages" },
	OPTIONS_COMMON(struct call_values),
	{ .name = NULL },
};

#undef AT

/* The results, or with --json all there is to know. */
static int
call_print(const struct wasmd_msg *record, bool json)
{
	struct buf out;
	int r;

	buf_init(&out, RECORD_JSON_MAX);
	if (json)
		r = buf_printf(&out, "{\"results\":") == -1 ||
			results_json(&out, record) == -1 ||
			buf_printf(&out, ",\"record\":") == -1 ||
			json_message(&out, record) == -1 ||
			buf_printf(&out, "}\n") == -1 ? -1 : 0;
	else
		r = results_lines(&out, record);
	if (r == -1)
		report_fatal("out of memory");
	printf("%.*s", (int)out.len, (const char *)out.data);
	buf_clear(&out);
	return 0;
}

static int
call_run_session(struct wasmd *conn, const struct call_values *v,
	struct module_source *m, struct wasmd_call *call)
{
	struct session s;
	int status = upload_for_call(conn, m, call);

	if (status != 0)
		return status;
	status = EXIT_WASMCTL;
	if (session_run(&s, conn, call, STDERR_FILENO, NULL) == -1) {
		report("%s: %s", m->path, s.err.text);
	} else {
		if (s.stdout_errno == 0)
			call_print(s.record, v->json);
		status = outcome_finish(&s, m, 1);
	}
	session_clear(&s);
	return status;
}

static int
call_session(const struct call_values *v, struct module_source *m,
	struct wasmd_call *call)
{
	struct err err = ERR_NONE;
	struct address address;
	struct wasmd *conn = address_open(&v->where, &address, &err);
	int status;

	if (conn == NULL) {
		report("%s: %s", address_text(&address), err.text);
		return EXIT_WASMCTL;
	}
	status = call_run_session(conn, v, m, call);
	wasmd_close(conn);
	return status;
}

/* operands: the module, the export, its arguments. */
static int
call_module(const struct call_values *v, int argc, char **argv)
{
	struct module_source m;
	const char *name;
	struct wasmd_call call = {
		.size = sizeof(call),
		.args = &name,
		.nargs = 1,
		.invoke = argv[1],
		.params = (const char *const *)argv + 2,
		.nparams = (size_t)argc - 2,
		.wall_ms = v->wall_ms,
		.cpu_ms = v->cpu_ms,
		.fuel = v->fuel,
		.memory_bytes = v->memory_bytes,
	};
	int status = module_open(&m, argv[0]);

	if (status != 0)
		return status;
	name = module_name(&m);
	status = call_session(v, &m, &call);
	module_close(&m);
	return status;
}

int
call_run(const struct verb *verb, int argc, char **argv)
{
	struct call_values v = { .help = false };
	int first = options_parse(verb->options, &v, argc, argv);

	if (first == -1)
		return EXIT_WASMCTL;
	if (v.help) {
		verb_print_help(verb);
		return 0;
	}
	if (argc - first < 2) {
		report("call: which function of which module? (see wasmctl call "
			"--help)");
		return EXIT_WASMCTL;
	}
	report_open(v.json);
	return call_module(&v, argc - first, argv + first);
}
