/*
 * Runs the specification's test suite on the virtual machine: every command
 * of every script, each script in a fresh store. Ends with the line
 * "N passed, N failed, N skipped".
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/spec/spectest.h"
#include "tests/spec/suite.h"
#include "tests/spec/value.h"
#include "vm/exec/compile.h"

#define MAX_VALUES 64
#define STORE_MEMORY ((uint64_t)1 << 30)
#define STORE_TABLE_ELEMS 10000000
#define STORE_STACK ((uint64_t)4 << 20)

/* Features that the machine has not got: modules that use one are skipped,
 * with all that is done to them. */
static const char *const missing_features[] = {
	NULL,
};

/* A module of the script, and what became of it. Kept to the script's end, as
 * instances may use what others exported. */
struct loaded {
	struct loaded *next;
	char *name;		/* as the script calls it; NULL: no name */
	struct bytes bytes;	/* empty for an instance of a definition */
	struct vm_module *module;
	struct vm_instance *instance;
	bool skipped;
};

struct machine {
	struct script *script;
	struct vm *vm;
	struct vm_store *store;
	struct loaded *all;	/* newest first */
	struct loaded *current;	/* the current instance, or NULL */
	struct loaded *definition;	/* the last one */
	bool any_skipped;
};

/* ---- modules ----------------------------------------------------------- */

static struct loaded *
add_loaded(struct machine *m, const char *name)
{
	struct loaded *l = calloc(1, sizeof(*l));

	if (l == NULL)
		abort();
	l->name = name != NULL ? strdup(name) : NULL;
	l->next = m->all;
	m->all = l;
	return l;
}

/* The module or instance that a command names; the given one if it does not. */
static struct loaded *
find_loaded(struct machine *m, const char *name, struct loaded *otherwise)
{
	if (name == NULL)
		return otherwise;
	for (struct loaded *l = m->all; l != NULL; l = l->next) {
		if (l->name != NULL && strcmp(l->name, name) == 0)
			return l;
	}
	return NULL;
}

static bool
uses_missing_feature(json_t *command)
{
	json_t *feature;
	size_t i;

	json_array_foreach(json_object_get(command, "features"), i, feature) {
		const char *name = json_string_value(feature);

		for (size_t k = 0; missing_features[k] != NULL; k++) {
			if (strcmp(missing_features[k], name) == 0)
				return true;
		}
	}
	return false;
}

/* Decode and validate the command's module. */
static struct loaded *
load(struct machine *m, json_t *command, struct err *err)
{
	struct loaded *l = add_loaded(m, command_string(command, "name"));

	l->skipped = uses_missing_feature(command);
	if (l->skipped) {
		m->any_skipped = true;
		return l;
	}
	l->bytes = script_read_module(m->script, command);
	vm_module_new(m->vm, l->bytes.data, l->bytes.len, &l->module, err);
	return l;
}

/* Instantiate, and run the start function. VM_TRAP with err set where it
 * could not be linked. */
static enum vm_status
instantiate(struct machine *m, struct vm_module *module,
	struct vm_instance **out, struct vm_trap *trap, struct err *err)
{
	int rc = vm_instantiate(m->store, module, out, trap, err);

	if (rc != VM_OK)
		return VM_TRAP;
	return vm_start(*out, trap);
}

static const char *
status_text(enum vm_status status, const struct vm_trap *trap)
{
	switch (status) {
	case VM_OK:
		return "returned";
	case VM_TRAP:
		return trap_text(trap->code);
	case VM_EXCEPTION:
		return "uncaught exception";
	case VM_FUEL:
		return "out of fuel";
	case VM_EXIT:
		return "exit";
	}
	return "?";
}

/* module, module_instance: what instantiating must give. */
static void
make_current(struct machine *m, json_t *command, struct loaded *l,
	struct vm_module *module)
{
	struct vm_trap trap = { .code = TRAP_NONE };
	struct err err = ERR_NONE;
	enum vm_status status = instantiate(m, module, &l->instance, &trap,
		&err);

	m->current = l;
	if (err.code == VM_UNLINKABLE && m->any_skipped) {
		l->skipped = true;
		script_skip(m->script, command);
	} else if (err.code != 0) {
		script_fail(m->script, command, "%s", err.text);
	} else if (status != VM_OK) {
		script_fail(m->script, command, "%s",
			status_text(status, &trap));
	} else {
		script_pass(m->script, command);
	}
}

static void
run_module(struct machine *m, json_t *command)
{
	struct err err = ERR_NONE;
	struct loaded *l = load(m, command, &err);

	m->current = l;
	if (l->skipped)
		script_skip(m->script, command);
	else if (err.code != 0)
		script_fail(m->script, command, "%s", err.text);
	else
		make_current(m, command, l, l->module);
}

static void
run_definition(struct machine *m, json_t *command)
{
	struct err err = ERR_NONE;

	m->definition = load(m, command, &err);
	if (m->definition->skipped)
		script_skip(m->script, command);
	else if (err.code != 0)
		script_fail(m->script, command, "%s", err.text);
	else
		script_pass(m->script, command);
}

static void
run_instance(struct machine *m, json_t *command)
{
	struct loaded *from = find_loaded(m, command_string(command, "module"),
		m->definition);
	struct loaded *l = add_loaded(m, command_string(command, "instance"));

	if (from != NULL && from->skipped) {
		l->skipped = true;
		m->current = l;
		script_skip(m->script, command);
	} else if (from == NULL || from->module == NULL) {
		script_fail(m->script, command, "no such module");
	} else {
		make_current(m, command, l, from->module);
	}
}

static void
run_register(struct machine *m, json_t *command)
{
	struct loaded *l = find_loaded(m, command_string(command, "name"),
		m->current);
	json_t *as = json_object_get(command, "as");
	struct name name = { json_string_value(as),
		(uint32_t)json_string_length(as) };
	struct err err = ERR_NONE;

	if (l != NULL && l->skipped)
		script_skip(m->script, command);
	else if (l == NULL || l->instance == NULL)
		script_fail(m->script, command, "no such instance");
	else if (vm_define_instance(m->store, name, l->instance, &err) == -1)
		script_fail(m->script, command, "%s", err.text);
	else
		script_pass(m->script, command);
}

/* ---- rejections -------------------------------------------------------- */

static void
run_rejected(struct machine *m, json_t *command)
{
	struct err err = ERR_NONE;
	struct loaded *l;

	if (script_is_text_only(m->script, command))
		return;
	l = load(m, command, &err);
	if (l->skipped)
		script_skip(m->script, command);
	else
		script_verdict(m->script, command, &err);
}

/* assert_unlinkable, assert_uninstantiable: a valid module that cannot be
 * linked, or that traps. */
static void
run_unusable(struct machine *m, json_t *command)
{
	bool link = strcmp(command_type(command), "assert_unlinkable") == 0;
	struct vm_trap trap = { .code = TRAP_NONE };
	enum vm_status status;
	struct err err = ERR_NONE;
	struct loaded *l = load(m, command, &err);

	if (l->skipped) {
		script_skip(m->script, command);
		return;
	}
	if (err.code != 0) {
		script_fail(m->script, command, "%s", err.text);
		return;
	}
	status = instantiate(m, l->module, &l->instance, &trap, &err);
	if (link ? err.code != VM_UNLINKABLE : err.code != 0 ||
	    status != VM_TRAP) {
		script_fail(m->script, command, "%s", err.code != 0 ?
			err.text : status_text(status, &trap));
		return;
	}
	script_pass(m->script, command);
	script_text(m->script, command, link ? err.text :
		trap_text(trap.code));
}

/* ---- actions ----------------------------------------------------------- */

struct outcome {
	enum vm_status status;
	struct vm_trap trap;
	size_t nresults;
	struct vm_value results[MAX_VALUES];
};

static bool
invoke(struct machine *m, json_t *action, struct vm_extern_item item,
	struct outcome *o, struct err *err)
{
	json_t *args = json_object_get(action, "args"), *arg;
	struct vm_value values[MAX_VALUES];
	const struct functype *type;
	size_t i;

	if (item.kind != EXTERN_FUNC || json_array_size(args) > MAX_VALUES) {
		err_set(err, VM_USAGE, "cannot be called");
		return false;
	}
	type = vm_func_type(item);
	if (type->nresults > MAX_VALUES) {
		err_set(err, VM_USAGE, "too many results");
		return false;
	}
	json_array_foreach(args, i, arg) {
		if (!value_parse(m->store, arg, &values[i])) {
			err_set(err, VM_USAGE, "argument %zu is unknown", i);
			return false;
		}
	}
	o->nresults = type->nresults;
	o->status = vm_call(m->store, item, values, json_array_size(args),
		o->results, o->nresults, &o->trap);
	return true;
}

/* Do an action on an instance. false with the error set if it could not be. */
static bool
act(struct machine *m, json_t *action, struct loaded *l, struct outcome *o,
	struct err *err)
{
	json_t *field = json_object_get(action, "field");
	struct name name = { json_string_value(field),
		(uint32_t)json_string_length(field) };
	struct vm_extern_item item;

	memset(o, 0, sizeof(*o));
	if (l == NULL || l->instance == NULL) {
		err_set(err, VM_USAGE, "no such instance");
		return false;
	}
	if (vm_export(l->instance, name, &item, err) == -1)
		return false;
	if (strcmp(command_type(action), "invoke") == 0)
		return invoke(m, action, item, o, err);
	if (item.kind != EXTERN_GLOBAL) {
		err_set(err, VM_USAGE, "not a global");
		return false;
	}
	o->nresults = 1;
	vm_global_get(item, &o->results[0]);
	return true;
}

static void
check_results(struct machine *m, json_t *command, const struct outcome *o)
{
	json_t *expected = json_object_get(command, "expected"), *value;
	char text[64];
	size_t i;

	if (json_array_size(expected) != o->nresults) {
		script_fail(m->script, command, "%zu results, expected %zu",
			o->nresults, json_array_size(expected));
		return;
	}
	json_array_foreach(expected, i, value) {
		if (value_matches(m->store, value, &o->results[i]))
			continue;
		value_print(&o->results[i], text, sizeof(text));
		script_fail(m->script, command, "result %zu is %s", i, text);
		return;
	}
	script_pass(m->script, command);
}

/* How each kind of action has to end. */
static const struct ending {
	const char *type;
	enum vm_status status;
	bool results;		/* compared with those expected */
} endings[] = {
	{ "action", VM_OK, false },
	{ "assert_return", VM_OK, true },
	{ "assert_trap", VM_TRAP, false },
	{ "assert_exhaustion", VM_TRAP, false },
	{ "assert_exception", VM_EXCEPTION, false },
};

static void
run_action(struct machine *m, json_t *command)
{
	json_t *action = json_object_get(command, "action");
	struct loaded *l = find_loaded(m, command_string(action, "module"),
		m->current);
	const struct ending *e = endings;
	struct err err = ERR_NONE;
	struct outcome o;

	while (strcmp(e->type, command_type(command)) != 0)
		e++;
	if (l != NULL && l->skipped) {
		script_skip(m->script, command);
	} else if (!act(m, action, l, &o, &err)) {
		script_fail(m->script, command, "%s", err.text);
	} else if (o.status != e->status) {
		script_fail(m->script, command, "%s",
			status_text(o.status, &o.trap));
	} else if (e->results) {
		check_results(m, command, &o);
	} else {
		script_pass(m->script, command);
		if (o.status == VM_TRAP)
			script_text(m->script, command, trap_text(o.trap.code));
	}
}

/* ---- scripts ----------------------------------------------------------- */

static const struct handler {
	const char *type;
	void (*run)(struct machine *m, json_t *command);
} handlers[] = {
	{ "module", run_module },
	{ "module_definition", run_definition },
	{ "module_instance", run_instance },
	{ "register", run_register },
	{ "action", run_action },
	{ "assert_return", run_action },
	{ "assert_trap", run_action },
	{ "assert_exhaustion", run_action },
	{ "assert_exception", run_action },
	{ "assert_invalid", run_rejected },
	{ "assert_malformed", run_rejected },
	{ "assert_unlinkable", run_unusable },
	{ "assert_uninstantiable", run_unusable },
};

static void
run_command(struct machine *m, json_t *command)
{
	for (size_t i = 0; i < sizeof(handlers) / sizeof(handlers[0]); i++) {
		if (strcmp(handlers[i].type, command_type(command)) == 0) {
			handlers[i].run(m, command);
			return;
		}
	}
	script_fail(m->script, command, "unknown kind of command");
}

static void
free_machine(struct machine *m)
{
	struct loaded *l;

	vm_store_free(m->store);
	while ((l = m->all) != NULL) {
		m->all = l->next;
		vm_module_free(l->module);
		free(l->bytes.data);
		free(l->name);
		free(l);
	}
	vm_free(m->vm);
}

static void
run_script(struct script *s)
{
	const struct vm_store_limits limits = { STORE_MEMORY,
		STORE_TABLE_ELEMS, STORE_STACK };
	struct machine m = { .script = s };
	struct err err = ERR_NONE;
	json_t *command;
	size_t i;

	m.vm = vm_new();
	if (m.vm != NULL)
		m.vm->plain = s->plain;
	if (m.vm != NULL && s->lazy)
		vm_set_lazy(m.vm, 1);
	if (m.vm != NULL && s->one_nan) {
		vm_set_one_nan(m.vm);
		value_want_one_nan();
	}
	if (m.vm != NULL)
		m.store = vm_store_new(m.vm, &limits, &err);
	if (m.store != NULL && s->profile &&
	    vm_store_set_profile(m.store) == -1)
		exit(2);
	if (m.store == NULL || spectest_define(m.store, &err) == -1) {
		fprintf(stderr, "cannot make a store: %s\n", err.text);
		exit(2);
	}
	json_array_foreach(s->commands, i, command)
		run_command(&m, command);
	free_machine(&m);
}

int
main(int argc, char **argv)
{
	return suite_main(argc, argv, run_script);
}
