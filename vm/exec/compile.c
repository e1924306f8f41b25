/* Bodies to code: decode, validate, translate, instruction by instruction. */
#include "vm/exec/compile.h"

#include <stdlib.h>
#include <string.h>

#include "vm/binary/code.h"
#include "vm/binary/instr.h"
#include "vm/exec/translate.h"
#include "vm/load.h"

/*
 * A byte of a body becomes at most this many bytes of code: a label of a
 * br_table that carries operands needs a cell, a move and a branch.
 */
#define CODE_PER_BYTE 96u

/* All that translating a body takes; kept while bodies wait. */
struct compiler {
	struct err err;
	struct validator v;
	struct code_locals locals;
	struct translator t;
};

/* ---- code -------------------------------------------------------------- */

static void
code_free_tables(struct code *c)
{
	if (c->settled)
		return;
	pool_free(c->pool, c->lines);
	pool_free(c->pool, c->spans);
	pool_free(c->pool, c->refs);
	pool_free(c->pool, c->maps);
	pool_free(c->pool, c->tries);
	pool_free(c->pool, c->catches);
}

static void
code_clear(struct code *c)
{
	code_free_tables(c);
	region_free(&c->region);
	free(c->funcs);
	free(c->order);
	*c = (struct code){ .used = 0 };
}

static size_t
padded(size_t size)
{
	return (size + 15) & ~(size_t)15;
}

static void *
settle(uint8_t **to, const void *table, size_t size)
{
	void *at = *to;

	if (size > 0)
		memcpy(at, table, size);
	*to += padded(size);
	return at;
}

/*
 * The tables of code that is complete move behind it: traps, exceptions and
 * collections look into them, most calls never do. There they are sealed with
 * it, and cost a process that is forked from this one no page of its own.
 */
static void
code_settle(struct code *c)
{
	const size_t lines = c->nlines * sizeof(*c->lines);
	const size_t spans = c->nspans * sizeof(*c->spans);
	const size_t refs = c->nrefs * sizeof(*c->refs);
	const size_t maps = c->nmaps * sizeof(*c->maps);
	const size_t tries = c->ntries * sizeof(*c->tries);
	const size_t catches = c->ncatches * sizeof(*c->catches);
	const size_t start = padded(c->used);
	struct code was = *c;
	uint8_t *to;

	/* Where there is no room they stay. */
	if (region_grow(&c->region, start + padded(lines) + padded(spans) +
		padded(refs) + padded(maps) + padded(tries) +
		padded(catches)) == -1)
		return;
	to = c->region.base + start;
	c->lines = settle(&to, c->lines, lines);
	c->spans = settle(&to, c->spans, spans);
	c->refs = settle(&to, c->refs, refs);
	c->maps = settle(&to, c->maps, maps);
	c->tries = settle(&to, c->tries, tries);
	c->catches = settle(&to, c->catches, catches);
	c->settled = true;
	code_free_tables(&was);
}

static int
code_init(struct code *c, const struct module *m)
{
	uint32_t nfuncs = m->nfuncs - m->nimported_funcs;
	uint64_t size = (uint64_t)m->code_section.len * CODE_PER_BYTE + 65536;

	*c = (struct code){ .nfuncs = nfuncs };
	c->funcs = calloc((size_t)nfuncs + 1, sizeof(*c->funcs));
	c->order = calloc((size_t)nfuncs + 1, sizeof(*c->order));
	if (size > LIMIT_CODE_BYTES)
		size = LIMIT_CODE_BYTES;
	if (c->funcs == NULL || c->order == NULL ||
	    region_reserve(&c->region, size) == -1)
		return -1;
	for (uint32_t i = 0; i < nfuncs; i++)
		c->funcs[i].header = (uint16_t)
			module_functype(m, m->nimported_funcs + i)->param_slots;
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
make_layouts(struct vm_module *vm)
{
	struct module *m = &vm->syntax;

	if (!needs_layouts(m))
		return 0;
	vm->layouts = arena_alloc(&m->arena, m->ntypes, sizeof(*vm->layouts));
	for (uint32_t i = 0; vm->layouts != NULL && i < m->ntypes; i++)
		if (heap_layout_init(&vm->layouts[i], m->types, i, &m->arena) == -1)
			return -1;
	return vm->layouts != NULL ? 0 : -1;
}

/* ---- the compiler ------------------------------------------------------ */

static void
compiler_free(struct compiler *c)
{
	if (c == NULL)
		return;
	translator_clear(&c->t);
	validator_clear(&c->v);
	code_locals_clear(&c->locals);
	free(c);
}

static struct compiler *
compiler_new(struct vm_module *vm)
{
	struct compiler *c = malloc(sizeof(*c));	/* its window is large */

	if (c == NULL)
		return NULL;
	c->err = ERR_NONE;
	code_locals_init(&c->locals);
	validator_init(&c->v, &vm->syntax, &c->err);
	if (translator_init(&c->t, &vm->syntax, &c->v, &vm->code,
	    &c->err) == -1) {
		free(c);
		return NULL;
	}
	c->t.e.plain = vm->vm->plain;
	c->t.e.unjoined = vm->vm->unjoined;
	c->t.one_nan = vm->vm->one_nan;
	c->t.profile = vm->vm->profile;
	c->t.layouts = vm->layouts;
	return c;
}

static int
compiler_body(struct compiler *c, uint32_t func, uint64_t *features)
{
	struct validator *v = &c->v;
	struct instr in;
	struct reader r;

	if (code_open(&r, v->module, func, &c->locals, v->err) == -1 ||
	    validator_start(v, func, c->locals.runs, c->locals.nruns) == -1 ||
	    translator_begin(&c->t, func) == -1)
		return -1;
	while (v->nctrls > 0) {
		uint32_t nopds = v->nopds;

		if (instr_read(&r, &in) == -1 || validator_step(v, &in) == -1 ||
		    translator_step(&c->t, &in, nopds) == -1)
			return -1;
	}
	*features |= features_closure(r.features);
	translator_end(&c->t);
	return code_close(&r);
}

/* ---- at once ----------------------------------------------------------- */

static int
compile_now(struct vm_module *vm, struct compiler *c)
{
	struct module *m = &vm->syntax;

	for (uint32_t i = m->nimported_funcs; i < m->nfuncs; i++) {
		if (compiler_body(c, i, &m->features_used) == -1)
			return load_fail_body(m, i, &c->err);
	}
	return translator_finish(&c->t);
}

/* ---- later ------------------------------------------------------------- */

static bool
compile_waits(const struct vm_module *vm)
{
	return vm->vm->lazy_bytes != 0 &&
		vm->syntax.code_section.len >= vm->vm->lazy_bytes;
}

/* Validation leaves the validator with memory for any of the bodies. */
static int
compile_later(struct vm_module *vm, struct compiler *c)
{
	if (load_bodies_by(&vm->syntax, &c->v, &c->locals) == -1)
		return -1;
	return emit_stubs(&c->t.e);
}

/* A function that is not translated yet, and had its chance or has it now. */
static int
compile_one(struct vm_module *vm, uint32_t func)
{
	struct compiler *c = vm->compiler;
	uint64_t features = 0;

	c->err = ERR_NONE;
	if (compiler_body(c, vm->syntax.nimported_funcs + func,
	    &features) == -1) {
		translator_abort(&c->t);
		/* As it was: a stub. */
		vm->code.funcs[func].start = CODE_STUB * func;
		vm->code.funcs[func].end = CODE_STUB * func;
		return -1;
	}
	emitter_link_new(&c->t.e);
	emit_stub_done(&c->t.e, func);
	return 0;
}

static bool
is_stub(const struct code *c, uint32_t func)
{
	return c->funcs[func].start < c->stubs;
}

/*
 * What cannot be translated has a frame that is too large or too much code:
 * no stack would hold it. With all code translated at once the module would
 * have been refused.
 */
const uint8_t *
compile_called(struct vm_instance *in, uint32_t func, enum trap_code *trap)
{
	struct vm_module *vm = in->vm_module;
	const struct code *c = &vm->code;

	*trap = TRAP_STACK_EXHAUSTED;
	if (is_stub(c, func)) {
		if (vm->compiler == NULL)
			return NULL;
		if (compile_one(vm, func) == -1) {
			if (vm->compiler->err.code == VM_NOMEM)
				*trap = TRAP_OUT_OF_MEMORY;
			return NULL;
		}
	}
	in->own_funcs[func].code = c->region.base + c->funcs[func].start;
	return in->own_funcs[func].code;
}

int
compile_more(struct vm_module *vm, uint32_t n)
{
	if (vm->compiler == NULL)
		return 0;
	for (; n > 0 && vm->next < vm->code.nfuncs; n--, vm->next++) {
		if (is_stub(&vm->code, vm->next) &&
		    compile_one(vm, vm->next) == -1 &&
		    vm->compiler->err.code == VM_NOMEM)
			return -1;
	}
	if (vm->next < vm->code.nfuncs)
		return 1;
	emitter_link(&vm->compiler->t.e);
	compiler_free(vm->compiler);
	vm->compiler = NULL;
	return 0;
}

/* ---- modules ----------------------------------------------------------- */

int
compile_bodies(struct vm_module *vm, struct err *err)
{
	const bool later = compile_waits(vm);
	struct compiler *c;
	int rc;

	if (make_layouts(vm) == -1 || code_init(&vm->code, &vm->syntax) == -1)
		return err_set(err, VM_NOMEM, "out of memory");
	if (later) {
		if (pool_init(&vm->pool, vm->code.region.reserved) == -1)
			return err_set(err, VM_NOMEM, "out of memory");
		vm->code.pool = &vm->pool;
	}
	c = compiler_new(vm);
	if (c == NULL)
		return err_set(err, VM_NOMEM, "out of memory");
	rc = later ? compile_later(vm, c) : compile_now(vm, c);
	if (rc == -1 && err != NULL)
		*err = c->err;
	if (rc == -1 || !later)
		compiler_free(c);
	else
		vm->compiler = c;
	if (rc == 0 && !later)
		code_settle(&vm->code);
	return rc;
}

void
compile_clear(struct vm_module *vm)
{
	compiler_free(vm->compiler);
	code_clear(&vm->code);
	pool_clear(&vm->pool);
}
