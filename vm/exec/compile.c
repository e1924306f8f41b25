/* Bodies to code: decode, validate, translate, instruction by instruction. */
#include "vm/exec/compile.h"

#include <stdlib.h>

#include "vm/binary/code.h"
#include "vm/binary/instr.h"
#include "vm/exec/translate.h"
#include "vm/load.h"

/*
 * A byte of a body becomes at most this many bytes of code: a label of a
 * br_table that carries operands needs a cell, a move and a branch.
 */
#define CODE_PER_BYTE 96u

void
code_clear(struct code *c)
{
	region_free(&c->region);
	free(c->funcs);
	free(c->lines);
	free(c->spans);
	free(c->refs);
	free(c->maps);
	free(c->tries);
	free(c->catches);
	*c = (struct code){ .used = 0 };
}

static int
code_init(struct code *c, const struct module *m, struct err *err)
{
	uint64_t size = (uint64_t)m->code_section.len * CODE_PER_BYTE + 65536;

	*c = (struct code){ .nfuncs = m->nfuncs - m->nimported_funcs };
	c->funcs = calloc((size_t)c->nfuncs + 1, sizeof(*c->funcs));
	if (size > CODE_BYTES_MAX)
		size = CODE_BYTES_MAX;
	if (c->funcs == NULL || region_reserve(&c->region, size) == -1) {
		code_clear(c);
		return err_set(err, VM_NOMEM, "out of memory");
	}
	return 0;
}

/* Objects of the heap are structures, arrays and, where there are tags,
 * exceptions, whose types are functions'. */
static bool
needs_layouts(const struct module *m)
{
	for (uint32_t i = 0; i < m->ntypes; i++)
		if (m->types[i].kind != COMP_FUNC)
			return true;
	return m->ntags > 0;
}

static int
make_layouts(struct vm_module *vm, struct err *err)
{
	struct module *m = &vm->syntax;

	if (!needs_layouts(m))
		return 0;
	vm->layouts = arena_alloc(&m->arena, m->ntypes, sizeof(*vm->layouts));
	for (uint32_t i = 0; vm->layouts != NULL && i < m->ntypes; i++)
		if (heap_layout_init(&vm->layouts[i], m->types, i, &m->arena) == -1)
			return err_set(err, VM_NOMEM, "out of memory");
	return vm->layouts != NULL ? 0 : err_set(err, VM_NOMEM, "out of memory");
}

static int
compile_body(struct translator *t, struct validator *v, uint32_t func,
	struct code_locals *locals, uint64_t *features)
{
	struct instr in;
	struct reader r;

	if (code_open(&r, v->module, func, locals, v->err) == -1 ||
	    validator_start(v, func, locals->runs, locals->nruns) == -1 ||
	    translator_begin(t, func) == -1)
		return -1;
	while (v->nctrls > 0) {
		uint32_t nopds = v->nopds;

		if (instr_read(&r, &in) == -1 || validator_step(v, &in) == -1 ||
		    translator_step(t, &in, nopds) == -1)
			return -1;
	}
	*features |= features_closure(r.features);
	return code_close(&r);
}

int
compile_bodies(struct vm_module *vm, struct err *err)
{
	struct module *m = &vm->syntax;
	struct code_locals locals;
	struct translator *t;
	struct validator v;
	int rc = -1;

	if (make_layouts(vm, err) == -1 || code_init(&vm->code, m, err) == -1)
		return -1;
	code_locals_init(&locals);
	validator_init(&v, m, err);
	t = malloc(sizeof(*t));		/* its window is large */
	if (t == NULL) {
		err_set(err, VM_NOMEM, "out of memory");
		goto out;
	}
	if (translator_init(t, m, &v, &vm->code, err) == -1)
		goto out_free;
	t->e.plain = vm->vm->plain;
	t->e.unjoined = vm->vm->unjoined;
	t->layouts = vm->layouts;
	rc = 0;
	for (uint32_t i = m->nimported_funcs; i < m->nfuncs && rc == 0; i++) {
		rc = compile_body(t, &v, i, &locals, &m->features_used);
		if (rc == -1)
			load_fail_body(m, i, err);
	}
	if (rc == 0)
		rc = translator_finish(t);
	translator_clear(t);
out_free:
	free(t);
out:
	validator_clear(&v);
	code_locals_clear(&locals);
	return rc;
}
