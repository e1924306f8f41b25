/* wasmctl call: call one function of a module, in a fresh instance. */
#include <stdio.h>
#include <string.h>

#include "client/json.h"
#include "client/module.h"
#include "client/once.h"
#include "client/outcome.h"
#include "client/report.h"
#include "client/record.h"
#include "client/results.h"
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
		"print results and record as a line of JSON" },
	OPTIONS_COMMON(struct call_values),
	{ .name = NULL },
};

#undef AT

/* The results, or with --json all there is to know. */
static void
call_print(void *arg, const struct wasmd_msg *record)
{
	const struct call_values *v = arg;
	struct buf out;
	int r;

	buf_init(&out, RECORD_JSON_MAX);
	if (v->json)
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
}

/* operands: the module, the export, its arguments. */
static int
call_module(struct call_values *v, int argc, char **argv)
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
	status = once_run(&v->where, &m, &call, call_print, v);
	module_close(&m);
	return status;
}

int
call_run(const struct verb *verb, int argc, char **argv)
{
	struct call_values v = { .help = false };
	int status, first = verb_parse(verb, &v, argc, argv, &status);

	if (first == -1)
		return status;
	if (argc - first < 2) {
		report("call: which function of which module? (see wasmctl call "
			"--help)");
		return EXIT_WASMCTL;
	}
	report_open(v.json);
	return call_module(&v, argc - first, argv + first);
}
