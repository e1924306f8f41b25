/* A module in the virtual machine with WASI, or one that is only looked at. */
#include "guest/run.h"

#include <string.h>

#include "guest/hot.h"
#include "guest/profile.h"
#include "guest/program.h"
#include "guest/run_call.h"
#include "guest/serve.h"
#include "guest/show.h"
#include "guest/text.h"
#include "guest/value.h"
#include "guest/wasi.h"
#include "vm/syntax/text.h"
#include "vm/vm.h"

#define FUNCTION_NAME_MAX 160	/* of a name in a backtrace */

#define GO_ON RUN_GO_ON

/* What the process runs; with any other mode than MODE_RUN there is nothing
 * here but in show.c. */
static struct {
	enum template_mode mode;
	bool profile;
	struct program program;
	/* of a command: looked for once, as the names of exports are in pages
	 * that a child need not see */
	struct vm_extern_item command;
	bool is_command;
} run;

/* One call on its way. Static, as the guest's process has a small stack. */
static GUEST_COLD struct vm_value call_args[LIMIT_PARAMS];
static GUEST_COLD char call_text[RESULT_TEXT_MAX];
static GUEST_HOT struct run_call call_state = { .text.data = call_text };

/* Rather than a module that is only looked at. */
static bool
has_program(void)
{
	return run.mode == MODE_RUN || run.mode == MODE_SERVE;
}

/* ---- loading ----------------------------------------------------------- */

int
run_load(const struct run_module *modules, unsigned count,
    const struct template_limits *lim, struct err *err)
{
	int failure;

	run.mode = (enum template_mode)lim->mode;
	run.profile = lim->profile != 0;
	if (has_program()) {
		failure = program_load(&run.program, modules, count, lim, err);
		run.is_command = failure == 0 &&
		    program_function(&run.program.module[0], "_start",
		    &run.command);
		return failure;
	}
	if (show_load(run.mode, modules[0].bytes, modules[0].len, err) == -1)
		return program_failure(err);
	return 0;
}

/* A slice of it takes as long as a page fault or two. */
#define SLICE 8

bool
run_translate(void)
{
	return has_program() &&
	    vm_store_translate(run.program.store, SLICE) == 1;
}

bool
run_is_partial(void)
{
	return has_program() &&
	    vm_store_translate(run.program.store, 0) == 1;
}

void
run_warm(void)
{
	if (has_program())
		vm_store_warm(run.program.store);
}

/* ---- what to call ------------------------------------------------------ */

/* Some of the functions that could have been named. */
static void
list_exports(struct text *t)
{
	const struct module *m = vm_module_syntax(run.program.module[0].module);
	unsigned listed = 0;

	for (uint32_t i = 0; i < m->nexports && listed < 10; i++) {
		const struct export *e = &m->exports[i];

		if (e->kind != EXTERN_FUNC || e->name.len > FUNCTION_NAME_MAX)
			continue;
		text_printf(t, "%s", listed++ == 0 ? "; it exports " : ", ");
		text_name(t, e->name.data, e->name.len);
	}
}

static enum call_end
choose_command(struct run_call *rc)
{
	rc->func = run.command;
	if (!run.is_command) {
		text_printf(&rc->text, "the module is no command: it exports no "
		    "function _start, and no other was named");
		list_exports(&rc->text);
		return END_UNSUPPORTED;
	}
	rc->type = vm_func_type(rc->func);
	if (rc->type->nparams + rc->type->nresults == 0)
		return GO_ON;
	text_printf(&rc->text, "the function _start takes arguments or returns "
	    "results, as no command does: name it to call it");
	return END_UNSUPPORTED;
}

/* Say that the arguments are not (i32, f64), but so many. */
static enum call_end
wrong_count(struct run_call *rc, const struct call *call)
{
	char type[VALTYPE_TEXT_MAX];

	text_printf(&rc->text, "%.100s takes %u argument%s (", call->invoke,
	    rc->type->nparams, rc->type->nparams == 1 ? "" : "s");
	for (uint32_t i = 0; i < rc->type->nparams; i++) {
		valtype_text(rc->type->params[i], type);
		text_printf(&rc->text, "%s%s", i == 0 ? "" : ", ", type);
	}
	text_printf(&rc->text, "), not %u", call->nparams);
	return END_USAGE;
}

static enum call_end
parse_params(struct run_call *rc, const struct call *call)
{
	const struct functype *functype = rc->type;
	char type[VALTYPE_TEXT_MAX];

	if (call->nparams != functype->nparams)
		return wrong_count(rc, call);
	for (uint32_t i = 0; i < functype->nparams; i++) {
		if (value_parse(call->params[i], functype->params[i],
		    &call_args[i]))
			continue;
		valtype_text(functype->params[i], type);
		text_printf(&rc->text, "argument %u of %.100s: \"%.100s\" is no %s",
		    i + 1, call->invoke, call->params[i], type);
		return END_USAGE;
	}
	return GO_ON;
}

enum call_end
run_choose(struct run_call *rc, const char *name)
{
	if (!program_function(&run.program.module[0], name, &rc->func)) {
		text_printf(&rc->text, "the module exports no function %.200s",
		    name);
		list_exports(&rc->text);
		return END_NOT_FOUND;
	}
	rc->type = vm_func_type(rc->func);
	if (rc->type->nresults > CALL_VALUES_MAX) {
		text_printf(&rc->text, "%.100s returns %u results, more than the %u "
		    "that can be passed on", name, rc->type->nresults,
		    CALL_VALUES_MAX);
		return END_USAGE;
	}
	return GO_ON;
}

static enum call_end
choose_export(struct run_call *rc, const struct call *call)
{
	enum call_end end = run_choose(rc, call->invoke);

	return end == GO_ON ? parse_params(rc, call) : end;
}

/* ---- the call ---------------------------------------------------------- */

static enum vm_status
make_call(struct run_call *rc, const struct call *call, struct vm_trap *trap)
{
	bool is_reactor = call->invoke != NULL &&
	    strcmp(call->invoke, "_initialize") != 0;
	enum vm_status status = program_start(&run.program, is_reactor, trap);

	if (status != VM_OK)
		return status;
	return vm_call(run.program.store, rc->func, call_args,
	    rc->type->nparams, rc->results, rc->type->nresults, trap);
}

/* ---- how it ended ------------------------------------------------------ */

static void
text_frame(struct text *t, unsigned number, const struct vm_frame *f)
{
	const struct module *m = f->module;
	const char *preloaded = program_name_of(&run.program, m);
	struct name name = vm_module_func_name(m, f->func);
	uint32_t start = m->funcs[f->func].body.offset;
	uint32_t len = name.len < FUNCTION_NAME_MAX ? name.len :
	    FUNCTION_NAME_MAX;

	text_printf(t, "#%u ", number);
	if (name.data == NULL)
		text_printf(t, "?");
	else
		text_name(t, name.data, len);
	text_printf(t, "+0x%x (func %u%s%s, offset 0x%x)\n",
	    f->offset > start ? f->offset - start : 0, f->func,
	    preloaded == NULL ? "" : " of ", preloaded == NULL ? "" : preloaded,
	    f->offset);
}

static void
describe_trap(struct run_call *rc, const struct vm_trap *trap)
{
	struct text *t = &rc->text;

	text_printf(t, "%s", trap_text(trap->code));
	if (trap->detail != NULL)
		text_printf(t, ": %s", trap->detail);
	rc->result.trap_len = (uint32_t)t->len;
	for (uint32_t i = 0; i < trap->nframes; i++)
		text_frame(t, i, &trap->frames[i]);
	if (trap->depth > trap->nframes)
		text_printf(t, "... and %u more\n", trap->depth - trap->nframes);
	rc->result.backtrace_len = (uint32_t)t->len - rc->result.trap_len;
}

enum call_end
run_describe_end(struct run_call *rc, enum vm_status status)
{
	const struct vm_trap *trap = &rc->trap;
	struct call_result *r = &rc->result;

	switch (status) {
	case VM_OK:
		for (uint32_t i = 0; i < rc->type->nresults; i++)
			value_pack(&rc->results[i], &r->results[i]);
		r->nresults = rc->type->nresults;
		return END_RETURNED;
	case VM_EXIT:
		r->exit_code = wasi_exit_code(wasi_get());
		return wasi_output_exceeded(wasi_get()) ? END_OUTPUT : END_EXITED;
	case VM_FUEL:
		return END_FUEL;
	case VM_EXCEPTION:
		text_printf(&rc->text, "uncaught exception");
		r->trap_len = (uint32_t)rc->text.len;
		return END_TRAPPED;
	case VM_TRAP:
		describe_trap(rc, trap);
		return trap->code == TRAP_OUT_OF_MEMORY ? END_MEMORY : END_TRAPPED;
	}
	__builtin_trap();
}

static enum call_end
broker_failed(struct run_call *rc)
{
	text_printf(&rc->text, "the client's broker of the granted directories "
	    "and sockets does not answer as it must, or there are more of them "
	    "than files may be open");
	return END_USAGE;
}

static enum call_end
call_module(struct run_call *rc, const struct call *call, struct guest_io *io)
{
	enum call_end end;

	vm_store_set_fuel(run.program.store, call->fuel);
	if (wasi_start(wasi_get(), call, io) == -1)
		end = broker_failed(rc);
	else
		end = call->invoke == NULL ? choose_command(rc) :
		    choose_export(rc, call);
	if (end == GO_ON && run.profile)
		profile_start(&run.program, io);
	if (end == GO_ON)
		end = run_describe_end(rc, make_call(rc, call, &rc->trap));
	else
		rc->result.trap_len = (uint32_t)rc->text.len;
	rc->result.fuel_used = vm_store_fuel_used(run.program.store);
	rc->result.memory_pages_peak = vm_store_memory_pages_peak(run.program.store);
	return end;
}

void
run_call(const struct call *call, struct guest_io *io)
{
	struct run_call *rc = &call_state;

	if (run.mode == MODE_SERVE)
		serve_run(&run.program, rc, call_args, call, io);
	if (run.mode == MODE_RUN) {
		rc->result.end = call_module(rc, call, io);
		if (run.profile)
			profile_end();
	} else {
		rc->result.end = show_call(call, io, &rc->text);
		rc->result.trap_len = (uint32_t)rc->text.len;
	}
	guest_io_write_result(io, &rc->result, rc->text.data, rc->text.len);
}
