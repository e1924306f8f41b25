/* The modules of a process. */
#include "guest/program.h"

#include <string.h>

#include "guest/import.h"
#include "guest/wasi.h"
#include "guest/wasi_trace.h"

/* ---- loading, in the template ------------------------------------------ */

int
program_failure(const struct err *err)
{
	switch ((enum vm_error)err->code) {
	case VM_MALFORMED:
		return CTL_FAIL_MALFORMED;
	case VM_INVALID:
		return CTL_FAIL_INVALID;
	case VM_UNLINKABLE:
		return CTL_FAIL_UNLINKABLE;
	case VM_LIMIT:
	case VM_USAGE:
		return CTL_FAIL_LIMIT;
	case VM_NOMEM:
		break;
	}
	return CTL_FAIL_MEMORY;
}

static int
load_trapped(const struct vm_trap *trap, struct err *err)
{
	if (trap->code == TRAP_OUT_OF_MEMORY) {
		err_set(err, VM_NOMEM, "no memory for the module's instance");
		return CTL_FAIL_MEMORY;
	}
	err_set(err, VM_UNLINKABLE, "%s", trap_text(trap->code));
	return CTL_FAIL_TRAP;
}

static int
load_decode(struct program *p, unsigned i, const struct run_module *from,
    struct err *err)
{
	if (vm_module_new(p->vm, from->bytes, from->len, &p->module[i].module,
	    err) == -1)
		return program_failure(err);
	return 0;
}

/* Preloaded modules can be imported from by those that follow. */
static int
load_instantiate(struct program *p, unsigned i, struct err *err)
{
	struct program_module *m = &p->module[i];
	struct vm_trap trap = { .code = TRAP_NONE };

	if (vm_instantiate(p->store, m->module, &m->instance, &trap,
	    err) == -1) {
		if (err->code == VM_UNLINKABLE)
			import_explain(p, i, err);
		return program_failure(err);
	}
	if (trap.code != TRAP_NONE)
		return load_trapped(&trap, err);
	if (m->name != NULL && vm_define_instance(p->store,
	    (struct name){ m->name, (uint32_t)strlen(m->name) }, m->instance,
	    err) == -1)
		return program_failure(err);
	return 0;
}

/* One after the other in the order of instantiation: the main one is last. */
static int
load_each(struct program *p, const struct run_module *modules, struct err *err)
{
	for (unsigned k = 1; k <= p->count; k++) {
		unsigned i = k % p->count;
		int failure = load_decode(p, i, &modules[i], err);

		if (failure == 0)
			failure = load_instantiate(p, i, err);
		if (failure == 0)
			continue;
		if (i > 0)
			err_prefix(err, "preloaded module %s", modules[i].name);
		return failure;
	}
	return 0;
}

/*
 * Code sections from this size on are translated function by function, as
 * they are called, until there is a second call. Translating less than this
 * takes about as long as starting a template does, and its code is sealed
 * before the first call.
 */
#define LAZY_BYTES ((size_t)64 << 10)

int
program_load(struct program *p, const struct run_module *modules,
    unsigned count, const struct template_limits *lim, struct err *err)
{
	const struct vm_store_limits limits = {
		.memory_bytes = lim->memory_bytes,
		.table_elems = lim->table_elems,
		.stack_bytes = lim->stack_bytes,
	};
	int (*const define)(struct vm_store *, struct wasi *, struct err *) =
		lim->trace ? wasi_trace_define : wasi_define;
	int failure;

	p->count = count;
	for (unsigned i = 0; i < count; i++)
		p->module[i].name = modules[i].name;
	p->vm = vm_new();
	if (p->vm == NULL) {
		err_set(err, VM_NOMEM, "no memory to load the module");
		return CTL_FAIL_MEMORY;
	}
	vm_set_lazy(p->vm, LAZY_BYTES);
	if (lim->one_nan)
		vm_set_one_nan(p->vm);
	p->store = vm_store_new(p->vm, &limits, err);
	if (p->store != NULL && lim->profile &&
	    vm_store_set_profile(p->store) == -1) {
		err_set(err, VM_NOMEM, "no memory to profile the module");
		return CTL_FAIL_MEMORY;
	}
	if (p->store == NULL || define(p->store, wasi_get(), err) == -1)
		return program_failure(err);
	failure = load_each(p, modules, err);
	if (failure == 0 && vm_store_freeze(p->store, err) == -1)
		failure = program_failure(err);
	return failure;
}

/* ---- in the child ------------------------------------------------------ */

const char *
program_name_of(const struct program *p, const struct module *m)
{
	for (unsigned i = 1; i < p->count; i++) {
		if (vm_module_syntax(p->module[i].module) == m)
			return p->module[i].name;
	}
	return NULL;
}

bool
program_function(const struct program_module *m, const char *name,
    struct vm_extern_item *out)
{
	const struct name n = { name, (uint32_t)strlen(name) };

	return vm_export(m->instance, n, out, NULL) == 0 &&
	    out->kind == EXTERN_FUNC;
}

/* A reactor is initialised before anything else of it is called.
 * https://github.com/WebAssembly/WASI/blob/main/legacy/application-abi.md */
static enum vm_status
initialize(struct program *p, const struct program_module *m,
    struct vm_trap *trap)
{
	const struct functype *type;
	struct vm_extern_item func;

	if (!program_function(m, "_initialize", &func))
		return VM_OK;
	type = vm_func_type(func);
	if (type->nparams + type->nresults != 0)
		return VM_OK;
	return vm_call(p->store, func, NULL, 0, NULL, 0, trap);
}

enum vm_status
program_start(struct program *p, bool initialize_main, struct vm_trap *trap)
{
	for (unsigned k = 1; k <= p->count; k++) {
		unsigned i = k % p->count;
		enum vm_status status = vm_start(p->module[i].instance, trap);

		if (status == VM_OK && (i > 0 || initialize_main))
			status = initialize(p, &p->module[i], trap);
		if (status != VM_OK)
			return status;
	}
	return VM_OK;
}
