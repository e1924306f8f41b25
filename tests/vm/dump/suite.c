/*
 * Every module of the specification's test suite that decodes as text, valid
 * or not: all of it, in bounded length, and JSON that a parser takes. Of valid
 * ones the translated code too.
 */
#include <stdlib.h>

#include "tests/spec/suite.h"
#include "tests/vm/dump/collect.h"
#include "vm/binary/decode.h"
#include "vm/dump/internal.h"
#include "vm/exec/listing.h"
#include "vm/vm.h"

/* What one byte of a module may become, and a module of few bytes. */
#define TEXT_FACTOR 256
#define TEXT_BASE 4096

typedef int producer(struct dump *d, const struct dump_sink *sink,
	struct err *err);

static int
disasm_all(struct dump *d, const struct dump_sink *sink, struct err *err)
{
	return dump_disasm(d, DUMP_ALL, sink, err);
}

/* Every function has a line of its own, and so has every instruction. */
static const char *
check_internal(const struct bytes *b)
{
	struct vm *vm = vm_new();
	struct listing *l = listing_new();
	struct err err = ERR_NONE;
	struct buf text;
	struct dump_sink sink = collect_init(&text,
		TEXT_BASE + TEXT_FACTOR * b->len);
	const char *failed = NULL;
	struct vm_module *m;

	if (vm == NULL || l == NULL)
		abort();
	if (vm_module_new(vm, b->data, b->len, &m, &err) == 0) {
		struct dump *d = dump_new(vm_module_syntax(m));

		if (d == NULL || dump_internal(d, m, l, DUMP_ALL, &sink) == -1 ||
		    (text.len == 0 && vm_module_syntax(m)->nfuncs > 0))
			failed = "translated code";
		dump_free(d);
		vm_module_free(m);
	}
	buf_clear(&text);
	listing_free(l);
	vm_free(vm);
	return failed;
}

/* Malformed bodies are found by whoever reads them. */
static bool
produces(struct dump *d, producer *produce, const struct dump_sink *sink)
{
	struct err err = ERR_NONE;

	return produce(d, sink, &err) == 0 || err.code == VM_MALFORMED ||
		err.code == VM_LIMIT;
}

static bool
is_json(const struct buf *text)
{
	json_t *json = json_loadb((const char *)text->data, text->len,
		JSON_ALLOW_NUL | JSON_REJECT_DUPLICATES, NULL);
	bool is_object = json_is_object(json);

	json_decref(json);
	return is_object;
}

static const char *
check(const struct module *m)
{
	struct dump *d = dump_new(m);
	const char *failed = NULL;
	struct buf text;
	struct dump_sink sink = collect_init(&text,
		TEXT_BASE + TEXT_FACTOR * m->len);

	if (d == NULL)
		return "dump_new";
	if (!produces(d, dump_inspect, &sink))
		failed = "inspect";
	text.len = 0;
	if (!produces(d, dump_inspect_json, &sink) ||
	    (text.len > 0 && !is_json(&text)))
		failed = "JSON";
	text.len = 0;
	if (!produces(d, disasm_all, &sink))
		failed = "disasm";
	buf_clear(&text);
	dump_free(d);
	return failed;
}

static void
check_module(struct script *s, json_t *command)
{
	struct bytes b = script_read_module(s, command);
	struct err err = ERR_NONE;
	const char *failed;
	struct module m;

	if (module_decode(&m, b.data, b.len, &err) == -1) {
		script_skip(s, command);
		free(b.data);
		return;
	}
	failed = check(&m);
	if (failed == NULL)
		failed = check_internal(&b);
	if (failed != NULL)
		script_fail(s, command, "%s", failed);
	else
		script_pass(s, command);
	module_clear(&m);
	free(b.data);
}

static void
run_script(struct script *s)
{
	json_t *command;
	size_t i;

	json_array_foreach(s->commands, i, command) {
		if (command_string(command, "filename") != NULL &&
		    !script_is_text_only(s, command))
			check_module(s, command);
	}
}

int
main(int argc, char **argv)
{
	return suite_main(argc, argv, run_script);
}
