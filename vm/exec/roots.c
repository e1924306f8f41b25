/* What the collector starts from. Runs in the confined child. */
#include "vm/exec/roots.h"

#include "vm/exec/frames.h"
#include "vm/exec/object.h"

bool
roots_charge(void *ctx, int64_t bytes)
{
	struct vm_store *s = ctx;

	if (bytes > 0 &&
	    (uint64_t)bytes > s->limits.memory_bytes - s->memory_bytes)
		return false;
	s->memory_bytes += (uint64_t)bytes;
	if (s->memory_bytes > s->memory_peak)
		s->memory_peak = s->memory_bytes;
	return true;
}

/* Locals that are references, and the operands that the safe point names. */
static void
mark_frame(struct heap *h, const struct frames *f)
{
	const struct code *c = &f->instance->vm_module->code;
	uint32_t end = f->func->spans + f->func->nspans;
	uint32_t ref = code_map_at(c, f->ret);

	for (uint32_t i = f->func->spans; i < end; i++)
		heap_mark_slots(h, f->fp + c->spans[i].slot, c->spans[i].count);
	for (; ref != 0; ref = c->refs[ref].below)
		heap_mark(h, f->fp[c->refs[ref].slot]);
}

static bool
in_heap(const struct module *m, valtype type)
{
	return ref_type_in_heap(m->canon, module_canon_valtype(m, type));
}

static void
mark_instance(struct heap *h, const struct vm_instance *in)
{
	const struct module *m = in->module;

	for (uint32_t i = m->nimported_globals; i < m->nglobals; i++)
		if (in->globals[i] != NULL && in_heap(m, m->globals[i].type.type))
			heap_mark(h, *in->globals[i]);
	for (uint32_t i = 0; i < m->nelems; i++)
		if (in_heap(m, m->elems[i].type))
			heap_mark_slots(h, in->elems[i].refs, in->elems[i].len);
}

void
roots_mark(void *ctx, struct heap *h)
{
	const struct vm_store *s = ctx;
	struct frames f;

	for (const struct vm_instance *i = s->instances; i != NULL; i = i->next)
		mark_instance(h, i);
	for (const struct table_inst *t = s->tables; t != NULL; t = t->next)
		if (ref_type_in_heap(&s->vm->canon, t->type.elem))
			heap_mark_slots(h, t->elems, t->size);
	for (const struct global_inst *g = s->globals; g != NULL; g = g->next)
		if (ref_type_in_heap(&s->vm->canon, g->type.type))
			heap_mark(h, *g->value);
	for (uint64_t i = 0; i < s->nconsts; i++)
		if (s->const_is_ref[i])
			heap_mark(h, s->consts[i]);
	if (s->gc_fp == NULL)
		return;
	frames_begin(&f, s, s->gc_instance, s->gc_fp, s->gc_pc - 1);
	f.ret = s->gc_pc;
	for (; f.fp != NULL; frames_next(&f))
		mark_frame(h, &f);
}
