/* wasmctl validate, inspect and disasm: look at a module without running it. It
 * is the confined process that reads it. */
#include <string.h>

#include "client/module.h"
#include "client/once.h"
#include "client/outcome.h"
#include "client/report.h"
#include "client/verb.h"

struct look_values {
	bool json;
	bool internal;
	struct where where;
	bool help;
};

const struct option_spec look_options[] = {
	OPTIONS_COMMON(struct look_values),
	{ .name = NULL },
};

const struct option_spec inspect_options[] = {
	{ 0, "json", OPTION_FLAG, offsetof(struct look_values, json), NULL,
		"as JSON, for programs" },
	OPTIONS_COMMON(struct look_values),
	{ .name = NULL },
};

const struct option_spec disasm_options[] = {
	{ 0, "internal", OPTION_FLAG, offsetof(struct look_values, internal),
		NULL, "the code as it was translated for the interpreter" },
	OPTIONS_COMMON(struct look_values),
	{ .name = NULL },
};

/* operands: the module, and for disasm the function. */
static int
look_file(const struct look_values *v, const char *mode, int argc, char **argv)
{
	struct wasmd_call call = { .size = sizeof(call), .mode = mode };
	struct module_source m;
	int status = module_open(&m, argv[0]);

	if (status != 0)
		return status;
	if (argc > 1)
		call.invoke = argv[1];
	status = once_run(&v->where, &m, &call, NULL, NULL);
	module_close(&m);
	return status;
}

/* The protocol's modes are called as the verbs are. */
static const char *
look_mode(const struct verb *verb, const struct look_values *v)
{
	return v->json ? "inspect-json" : v->internal ? "disasm-internal" :
		verb->name;
}

int
look_run(const struct verb *verb, int argc, char **argv)
{
	struct look_values v = { .help = false };
	int status, first = verb_parse(verb, &v, argc, argv, &status);
	int most = strcmp(verb->name, "disasm") == 0 ? 2 : 1;

	if (first == -1)
		return status;
	if (first == argc) {
		report("%s: which module? (see wasmctl %s --help)", verb->name,
			verb->name);
		return EXIT_WASMCTL;
	}
	if (argc - first > most) {
		report("%s: one operand too many: \"%s\"", verb->name,
			argv[first + most]);
		return EXIT_WASMCTL;
	}
	return look_file(&v, look_mode(verb, &v), argc - first, argv + first);
}
