/* Where a trap happened. Runs in the confined child. */
#include "vm/exec/trace.h"

#include "vm/exec/compile.h"
#include "vm/exec/run.h"

static void
add_frame(struct vm_trap *trap, const struct vm_instance *in,
	const struct code_func *f, const uint8_t *pc)
{
	const struct code *c = &in->vm_module->code;

	trap->depth++;
	if (trap->nframes == VM_BACKTRACE_MAX)
		return;
	trap->frames[trap->nframes++] = (struct vm_frame){
		.module = in->module,
		.func = in->module->nimported_funcs + (uint32_t)(f - c->funcs),
		.offset = code_position(c, f, pc),
	};
}

void
trace_frames(const struct vm_store *s, struct vm_trap *trap)
{
	const struct vm_instance *in = s->trap_instance;
	const uint64_t *fp = s->trap_fp;
	const uint8_t *pc = s->trap_pc;
	uint64_t bridges = s->nbridges;

	while (fp != NULL) {
		const struct code_func *f = code_find(&in->vm_module->code, pc);
		const uint8_t *ret;

		if (f == NULL)
			return;
		add_frame(trap, in, f, pc);
		ret = (const uint8_t *)(uintptr_t)fp[f->header];
		if (code_is_foreign_return(ret)) {
			in = s->bridges[--bridges].instance;
			ret = s->bridges[bridges].pc;
		}
		if (code_is_exit(ret))
			return;
		fp -= code_call_base(ret);
		pc = ret - 1;	/* inside the call */
	}
}
