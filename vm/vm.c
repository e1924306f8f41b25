/* The virtual machine's interface: modules, values, freezing. */
#include "vm/vm.h"

#include <stdlib.h>

#include "vm/exec/compile.h"
#include "vm/exec/tally.h"
#include "vm/load.h"
#include "vm/runtime/meter.h"
#include "vm/runtime/store.h"

const char *
trap_text(enum trap_code code)
{
	static const char *const texts[TRAP_COUNT] = {
		[TRAP_NONE] = "no trap",
#define TRAP(id, text) [TRAP_##id] = text,
#include "vm/traps.def"
#undef TRAP
	};

	return code < TRAP_COUNT ? texts[code] : "unknown trap";
}

struct vm *
vm_new(void)
{
	struct vm *vm = calloc(1, sizeof(*vm));

	if (vm != NULL)
		canon_init(&vm->canon);
	return vm;
}

void
vm_free(struct vm *vm)
{
	if (vm == NULL)
		return;
	canon_clear(&vm->canon);
	free(vm);
}

void
vm_set_lazy(struct vm *vm, size_t bytes)
{
	vm->lazy_bytes = bytes;
}

void
vm_set_one_nan(struct vm *vm)
{
	vm->one_nan = true;
}

int
vm_store_set_profile(struct vm_store *s)
{
	s->meter = meter_new();
	s->vm->profile = s->meter != NULL;
	return s->meter != NULL ? tally_start() : -1;
}

void
vm_store_profile_instrs(struct vm_store *s,
	void (*on_instr)(void *arg, const char *name, uint64_t count), void *arg)
{
	tally_each(on_instr, arg);
}

/* ---- modules --------------------------------------------------------------- */

int
vm_module_new(struct vm *vm, const uint8_t *bytes, size_t len,
	struct vm_module **out, struct err *err)
{
	struct vm_module *m = calloc(1, sizeof(*m));

	if (m == NULL)
		return err_set(err, VM_NOMEM, "out of memory");
	m->vm = vm;
	if (load_module(&m->syntax, &vm->canon, bytes, len, err) == -1) {
		free(m);
		return -1;
	}
	if (compile_bodies(m, err) == -1 || (m->compiler == NULL &&
	    region_protect(&m->code.region) == -1)) {
		err_set(err, VM_NOMEM, "cannot protect code");
		vm_module_free(m);
		return -1;
	}
	*out = m;
	return 0;
}

void
vm_module_free(struct vm_module *m)
{
	if (m == NULL)
		return;
	compile_clear(m);
	module_clear(&m->syntax);
	free(m);
}

const struct module *
vm_module_syntax(const struct vm_module *m)
{
	return &m->syntax;
}

/* ---- host references --------------------------------------------------------- */

vm_ref
vm_extern(struct vm_store *s, uint32_t value)
{
	return ref_host(value);
}

bool
vm_extern_value(struct vm_store *s, vm_ref ref, uint32_t *value)
{
	if (!ref_is_host(ref))
		return false;
	*value = ref_host_value(ref);
	return true;
}

static heaptype
object_kind(const struct vm_store *s, uint64_t ref)
{
	switch (s->layouts[heap_object(ref)->type].kind) {
	case HEAP_LAYOUT_STRUCT:
		return HEAP_STRUCT;
	case HEAP_LAYOUT_ARRAY:
		return HEAP_ARRAY;
	default:
		return HEAP_EXN;
	}
}

heaptype
vm_value_kind(const struct vm_store *s, const struct vm_value *v)
{
	switch (valtype_heap(v->type)) {
	case HEAP_FUNC:
	case HEAP_NOFUNC:
		return HEAP_FUNC;
	case HEAP_EXTERN:
	case HEAP_NOEXTERN:
		return HEAP_EXTERN;
	case HEAP_EXN:
	case HEAP_NOEXN:
		return HEAP_EXN;
	default:
		break;
	}
	if (ref_is_host(v->ref))
		return HEAP_ANY;
	return ref_is_i31(v->ref) ? HEAP_I31 : object_kind(s, v->ref);
}

/*
 * What a memory holds before it runs comes from active segments. A small image
 * stays in the pages it is in, which a forked child sees without a fault; a
 * larger one goes to a file, whose pages a fork does not have to pass on.
 */
#define SMALL_IMAGE (UINT64_C(64) << 10)

static bool
store_image_is_small(const struct vm_store *s)
{
	uint64_t bytes = 0;

	for (const struct vm_instance *i = s->instances; i != NULL; i = i->next) {
		for (uint32_t d = 0; d < i->module->ndatas; d++)
			bytes += i->module->datas[d].bytes.len;
	}
	return bytes <= SMALL_IMAGE;
}

/* ---- a call to come -------------------------------------------------------- */

#define PAGE ((uint64_t)4096)
#define WARM_PAGES 3	/* of an image, from its end: variables come last */

static void
warm_page(struct mem_inst *m, uint64_t addr)
{
	volatile uint8_t *p = m->base + addr;

	if (addr < m->size)
		*p = *p;
}

/* Compilers let the stack in memory grow down from the address in the first
 * variable of the module. */
static void
warm_memory(const struct vm_instance *i)
{
	struct mem_inst *m = i->memory0;
	const struct globaltype *type = i->module->nglobals == 0 ? NULL :
		&i->global_insts[0].type;

	if (m == NULL)
		return;
	for (uint64_t n = 0; n < WARM_PAGES && m->image_end > n * PAGE; n++)
		warm_page(m, m->image_end - 1 - n * PAGE);
	if (type != NULL && i->module->nimported_globals == 0 &&
	    type->mutable && type->type == VAL_I32)
		warm_page(m, (uint32_t)(*i->globals[0] - 1));
}

void
vm_store_warm(struct vm_store *s)
{
	volatile uint64_t *frame = (volatile uint64_t *)(void *)s->stack.base;

	s->fuel_start = *(volatile int64_t *)&s->fuel_start;
	*frame = 0;
	for (struct vm_instance *i = s->instances; i != NULL; i = i->next)
		warm_memory(i);
}

/* ---- freezing ---------------------------------------------------------------- */

/* Code that is still to be translated stays with each process. */
static int
freeze_code(struct vm_module *m)
{
	if (m->compiler != NULL || m->sealed)
		return 0;
	if (region_seal(&m->code.region, 0) == -1)
		return -1;
	m->sealed = true;
	return 0;
}

/* Calls through tables and references need no stub any more. */
static void
point_at_code(struct vm_instance *i)
{
	const struct code *c = &i->vm_module->code;

	for (uint32_t f = 0; f < c->nfuncs; f++)
		i->own_funcs[f].code = c->region.base + c->funcs[f].start;
}

int
vm_store_translate(struct vm_store *s, uint32_t n)
{
	for (struct vm_instance *i = s->instances; i != NULL; i = i->next) {
		int rc;

		if (i->vm_module->sealed)
			continue;
		rc = compile_more(i->vm_module, n);
		if (rc != 0)
			return rc;
		for (struct vm_instance *k = s->instances; k != NULL; k = k->next)
			if (k->vm_module == i->vm_module)
				point_at_code(k);
		if (freeze_code(i->vm_module) == -1)
			return -1;
	}
	return 0;
}

int
vm_store_freeze(struct vm_store *s, struct err *err)
{
	const bool small = store_image_is_small(s);

	for (struct vm_instance *i = s->instances; i != NULL; i = i->next) {
		if (freeze_code(i->vm_module) == -1)
			return err_set(err, VM_NOMEM, "cannot seal code");
	}
	for (struct mem_inst *m = s->memories; m != NULL && !small; m = m->next) {
		if (region_seal(&m->region, 1) == -1)
			return err_set(err, VM_NOMEM, "cannot seal a memory");
	}
	s->frozen = true;
	store_forget_names(s);
	return 0;
}
