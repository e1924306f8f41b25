/*
 * Verdicts on the modules of the test suite, by the decoder and the validator
 * alone: every module of every command is judged, also of those that need
 * more to be run.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/spec/suite.h"
#include "vm/load.h"
#include "vm/vm.h"

static void
judge(struct canon *c, const struct bytes *b, struct err *err)
{
	struct module m;

	if (load_module(&m, c, b->data, b->len, err) == -1)
		return;
	load_bodies(&m, err);
	module_clear(&m);
}

static void
run_script(struct script *s)
{
	struct canon canon;
	json_t *command;
	size_t i;

	canon_init(&canon);
	json_array_foreach(s->commands, i, command) {
		const char *type = command_type(command);
		struct err err = ERR_NONE;
		struct bytes b;

		if (command_string(command, "filename") == NULL ||
		    script_is_text_only(s, command))
			continue;
		b = script_read_module(s, command);
		judge(&canon, &b, &err);
		if (strcmp(type, "assert_malformed") == 0 ||
		    strcmp(type, "assert_invalid") == 0)
			script_verdict(s, command, &err);
		else if (err.code != 0)
			script_fail(s, command, "%s", err.text);
		else
			script_pass(s, command);
		free(b.data);
	}
	canon_clear(&canon);
}

int
main(int argc, char **argv)
{
	return suite_main(argc, argv, run_script);
}
