/* Exceptions. Run in the confined child. */
#include "vm/exec/unwind.h"

#include <string.h>

#include "vm/exec/frames.h"
#include "vm/exec/object.h"
#include "vm/runtime/meter.h"
#include "vm/syntax/instr.h"

static struct tag_inst *
exception_tag(uint64_t exn)
{
	struct tag_inst *tag;

	memcpy(&tag, heap_field(heap_object(exn), HEAP_EXN_TAG), sizeof(tag));
	return tag;
}

/* The values of an exception, and then itself if the clause wants it. */
static void
put_values(struct vm_store *s, const struct code_catch *c, uint64_t exn,
	uint64_t *to)
{
	const struct functype *type = exception_tag(exn)->type;
	struct heap_object *o = heap_object(exn);
	const struct heap_layout *l = &s->layouts[o->type];

	if (c->kind == CATCH || c->kind == CATCH_REF)
		for (uint32_t i = 0; i < type->nparams; i++)
			to += object_load(heap_field(o, l->offsets[i]),
				type->params[i], false, to);
	if (c->kind == CATCH_REF || c->kind == CATCH_ALL_REF)
		*to = exn;
}

static const struct code_catch *
find_catch(const struct frames *f, uint64_t exn)
{
	const struct code *c = &f->instance->vm_module->code;
	uint32_t i = code_try_at(c, f->func, f->pc);

	for (; i != TRY_NONE; i = c->tries[i].parent) {
		const struct code_catch *at = &c->catches[c->tries[i].catches];

		for (uint32_t k = 0; k < c->tries[i].ncatches; k++, at++)
			if (at->kind == CATCH_ALL || at->kind == CATCH_ALL_REF ||
			    f->instance->tags[at->tag] == exception_tag(exn))
				return at;
	}
	return NULL;
}

/*
 * What leaving a frame costs. Its position in instructions is not known here,
 * but an instruction has a byte at least: its offset in the body is never less,
 * so that no credit of a jump forwards outlives the frame.
 */
static int64_t
frame_cost(const struct frames *f)
{
	const struct module *m = f->instance->module;
	const struct code *c = &f->instance->vm_module->code;
	const struct func *func = &m->funcs[m->nimported_funcs +
		(uint32_t)(f->func - c->funcs)];

	return (int64_t)code_position(c, f->func, f->pc) - func->body.offset;
}

bool
unwind_to_catch(struct vm_store *s, struct vm_instance *in, uint64_t *fp,
	const uint8_t *pc, uint64_t exn)
{
	int64_t fuel = in->fuel;
	struct frames f;

	s->landing.instance = in;
	for (frames_begin(&f, s, in, fp, pc); f.fp != NULL; frames_next(&f)) {
		const struct code_catch *c = find_catch(&f, exn);
		const uint8_t *base = f.instance->vm_module->code.region.base;

		fuel -= 1 + frame_cost(&f);
		f.instance->fuel = fuel;
		if (s->meter != NULL)
			meter_unwind(f.instance, f.fp, (uint32_t)(f.func -
				f.instance->vm_module->code.funcs));
		s->landing.instance = f.instance;
		if (c == NULL)
			continue;
		put_values(s, c, exn, f.fp + c->slot);
		s->landing.fp = f.fp;
		s->landing.pc = base + c->code;
		s->nbridges = f.nbridges;
		return true;
	}
	return false;
}
