/* Calls from the host. Run in the confined child: nothing allocates. */
#include <string.h>

#include "vm/exec/compile.h"
#include "vm/exec/run.h"
#include "vm/exec/trace.h"
#include "vm/runtime/meter.h"
#include "vm/runtime/store.h"
#include "vm/value.h"

const struct functype *
vm_func_type(struct vm_extern_item func)
{
	return ((const struct func_inst *)func.object)->type;
}

bool
vm_instance_has_start(const struct vm_instance *i)
{
	return i->module->has_start;
}

/* Whether a host's value may be passed as a type of module m's. */
static bool
value_fits(const struct module *m, const struct vm_value *v, valtype want)
{
	heaptype heap = valtype_heap(want);
	const struct func_inst *f;

	if (!valtype_is_ref(want))
		return v->type == want;
	if (!valtype_is_ref(v->type))
		return false;
	if (v->ref == 0)
		return valtype_is_nullable(want);
	if (!heaptype_is_index(heap))
		return m == NULL ? heap == valtype_heap(v->type) :
			module_heaptype_match(m, valtype_heap(v->type), heap);
	if (m == NULL || valtype_heap(v->type) != HEAP_FUNC)
		return false;
	f = (const struct func_inst *)(uintptr_t)v->ref;
	return canon_is_subtype(m->canon, f->canon, m->types[heap].canon);
}

static const char *
check_call(const struct func_inst *f, const struct vm_value *args,
	size_t nargs, size_t nresults)
{
	const struct module *m = f->instance == NULL ? NULL : f->instance->module;

	if (nargs != f->type->nparams || nresults != f->type->nresults)
		return "wrong number of arguments or results";
	for (size_t i = 0; i < nargs; i++)
		if (!value_fits(m, &args[i], f->type->params[i]))
			return "wrong type of argument";
	return NULL;
}

static void
call_host(struct vm_store *s, const struct func_inst *f, uint64_t *fp)
{
	struct vm_caller caller = { .store = s };

	s->status = f->host(&caller, f->host_data, fp);
	s->trap = caller.trap != TRAP_NONE ? caller.trap : TRAP_HOST;
	s->trap_detail = caller.trap_detail;
}

static void
run(struct vm_store *s, const struct func_inst *f, uint64_t *fp)
{
	s->running = true;
	s->nbridges = 0;
	s->trap_detail = NULL;
	s->trap_fp = NULL;
	if (s->meter != NULL)
		meter_begin(s->meter, s->fuel);
	if (f->instance == NULL) {
		call_host(s, f, fp);
	} else {
		f->instance->fuel = s->fuel;
		code_run(f, fp);
	}
	if (s->meter != NULL)
		meter_end(s->meter, s->fuel);
	s->running = false;
}

enum vm_status
vm_call(struct vm_store *s, struct vm_extern_item func,
	const struct vm_value *args, size_t nargs,
	struct vm_value *results, size_t nresults, struct vm_trap *trap)
{
	const struct func_inst *f = func.object;
	const struct module *m = f->instance == NULL ? NULL : f->instance->module;
	uint64_t *fp = (uint64_t *)(void *)s->stack.base, *slot = fp;
	const char *wrong = check_call(f, args, nargs, nresults);

	*trap = (struct vm_trap){ .code = TRAP_NONE };
	if (s->running)
		wrong = "a host function may not call guests";
	if (wrong != NULL) {
		trap->code = TRAP_HOST;
		trap->detail = wrong;
		return VM_TRAP;
	}
	for (size_t i = 0; i < nargs; i++) {
		value_to_slots(&args[i], slot);
		slot += valtype_slots(args[i].type);
	}
	run(s, f, fp);
	if (s->status == VM_TRAP) {
		trap->code = s->trap;
		trap->detail = s->trap_detail;
	}
	if (s->status != VM_OK) {
		trace_frames(s, trap);
		return s->status;
	}
	for (size_t i = 0; i < nresults; i++) {
		valtype type = f->type->results[i];

		value_from_slots(&results[i], value_host_type(m, type), fp);
		fp += valtype_slots(type);
	}
	return VM_OK;
}

enum vm_status
vm_start(struct vm_instance *i, struct vm_trap *trap)
{
	struct vm_extern_item func = { .kind = EXTERN_FUNC };

	*trap = (struct vm_trap){ .code = TRAP_NONE };
	if (!i->module->has_start)
		return VM_OK;
	func.object = i->funcs[i->module->start];
	return vm_call(i->store, func, NULL, 0, NULL, 0, trap);
}
