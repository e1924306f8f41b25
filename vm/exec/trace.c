/* Where a trap happened. Runs in the confined child. */
#include "vm/exec/trace.h"

#include "vm/exec/frames.h"

void
trace_frames(const struct vm_store *s, struct vm_trap *trap)
{
	struct frames f;

	frames_begin(&f, s, s->trap_instance, s->trap_fp, s->trap_pc);
	for (; f.fp != NULL; frames_next(&f)) {
		const struct module *m = f.instance->module;
		const struct code *c = &f.instance->vm_module->code;

		uint32_t func = m->nimported_funcs + (uint32_t)(f.func - c->funcs);
		uint32_t offset = code_position(c, f.func, f.pc);

		trap->depth++;
		if (trap->nframes == VM_BACKTRACE_MAX)
			continue;
		trap->frames[trap->nframes++] = (struct vm_frame){
			.module = m,
			.func = func,
			.offset = offset != 0 ? offset : m->funcs[func].body.offset,
		};
	}
}
