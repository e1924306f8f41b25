/* From bytes to a valid module. */
#include "vm/load.h"

#include <stdio.h>
#include <string.h>

#include "vm/binary/code.h"
#include "vm/binary/decode.h"
#include "vm/binary/instr.h"
#include "vm/valid/module.h"
#include "vm/vm.h"

#define NAME_SHOWN 100	/* bytes of a name in a message */

/* ---- constant expressions ---------------------------------------------- */

/* One expression, from the reader's place to its `end`. */
static int
check_expr(struct reader *r, struct validator *v, valtype type,
	uint32_t nglobals)
{
	struct instr in;

	if (validator_start_const(v, type, nglobals) == -1)
		return -1;
	while (v->nctrls > 0) {
		if (instr_read(r, &in) == -1 || validator_step(v, &in) == -1)
			return -1;
	}
	return 0;
}

static int
check_expr_range(struct validator *v, struct range range, valtype type,
	uint32_t nglobals)
{
	struct reader r;

	reader_init(&r, v->module->bytes, range, v->err);
	return check_expr(&r, v, type, nglobals);
}

/* Tables are initialised before the module's own globals. */
static int
check_tables(struct validator *v)
{
	const struct module *m = v->module;

	for (uint32_t i = m->nimported_tables; i < m->ntables; i++) {
		const struct table *t = &m->tables[i];

		if (t->init.len > 0) {
			if (check_expr_range(v, t->init, t->type.elem,
			    m->nimported_globals) == -1)
				return -1;
		} else if (!valtype_is_defaultable(t->type.elem)) {
			return err_set_at(v->err, VM_INVALID, t->offset,
				"type mismatch: table of non-null references"
				" needs an initial value");
		}
	}
	return 0;
}

/* A global may refer to those before it. */
static int
check_globals(struct validator *v)
{
	const struct module *m = v->module;

	for (uint32_t i = m->nimported_globals; i < m->nglobals; i++) {
		if (check_expr_range(v, m->globals[i].init,
		    m->globals[i].type.type, i) == -1)
			return -1;
	}
	return 0;
}

static int
check_elem_funcs(struct validator *v, struct reader *r, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		uint32_t offset = reader_offset(r);
		uint32_t func = read_u32(r);

		if (func >= v->module->nfuncs)
			return err_set_at(v->err, VM_INVALID, offset,
				"unknown function %u", (unsigned)func);
	}
	return 0;
}

static int
check_elem(struct validator *v, const struct elem_segment *s)
{
	const struct module *m = v->module;
	struct reader r;

	if (s->mode == SEGMENT_ACTIVE && check_expr_range(v, s->offset,
	    m->tables[s->table].type.limits.is64 ? VAL_I64 : VAL_I32,
	    m->nglobals) == -1)
		return -1;
	reader_init(&r, m->bytes, s->items, v->err);
	if (s->is_funcs)
		return check_elem_funcs(v, &r, s->count);
	for (uint32_t i = 0; i < s->count; i++) {
		if (check_expr(&r, v, s->type, m->nglobals) == -1)
			return -1;
	}
	return 0;
}

static int
check_segments(struct validator *v)
{
	const struct module *m = v->module;

	for (uint32_t i = 0; i < m->nelems; i++) {
		if (check_elem(v, &m->elems[i]) == -1)
			return -1;
	}
	for (uint32_t i = 0; i < m->ndatas; i++) {
		const struct data_segment *s = &m->datas[i];

		if (s->mode == SEGMENT_ACTIVE && check_expr_range(v, s->offset,
		    m->memories[s->memory].type.limits.is64 ?
		    VAL_I64 : VAL_I32, m->nglobals) == -1)
			return -1;
	}
	return 0;
}

static int
check_exprs(const struct module *m, struct err *err)
{
	struct validator v;
	int rc;

	validator_init(&v, m, err);
	rc = check_tables(&v) == -1 || check_globals(&v) == -1 ||
		check_segments(&v) == -1 ? -1 : 0;
	validator_clear(&v);
	return rc;
}

/* ---- what is wrong ----------------------------------------------------- */

/* Read the bodies from func on, and nothing but read them. */
static int
scan_bodies(const struct module *m, uint32_t func, struct err *err)
{
	struct code_locals locals;
	int rc = 0;

	code_locals_init(&locals);
	for (; func < m->nfuncs && rc == 0; func++) {
		struct reader r;

		rc = code_open(&r, m, func, &locals, err);
		if (rc == 0)
			rc = expr_skip(&r, NULL);
		if (rc == 0)
			rc = code_close(&r);
	}
	code_locals_clear(&locals);
	return rc;
}

static void
prefer_malformed(const struct module *m, uint32_t func, struct err *err)
{
	struct err other = ERR_NONE;

	if (err != NULL && err->code == VM_INVALID &&
	    scan_bodies(m, func, &other) == -1 && other.code == VM_MALFORMED)
		*err = other;
}

/*
 * A name as part of a message: whole UTF-8 sequences of at most NAME_SHOWN
 * bytes, and no control characters, which a terminal might obey. (Those of
 * C1, U+0080 to U+009F, are 0xc2 and a byte below 0xa0.)
 */
static void
name_text(struct name name, char text[static NAME_SHOWN + 1])
{
	uint32_t len = name.len < NAME_SHOWN ? name.len : NAME_SHOWN;

	while (len < name.len && len > 0 && (name.data[len] & 0xc0) == 0x80)
		len--;
	for (uint32_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)name.data[i];

		if (c < 0x20 || c == 0x7f) {
			text[i] = '?';
		} else if (c == 0xc2 && (unsigned char)name.data[i + 1] < 0xa0) {
			text[i++] = '?';
			text[i] = '?';
		} else {
			text[i] = (char)c;
		}
	}
	text[len] = '\0';
}

int
load_fail_body(const struct module *m, uint32_t func, struct err *err)
{
	char name[NAME_SHOWN + 1];
	size_t len;

	if (err == NULL)
		return -1;
	len = strlen(err->text);
	name_text(vm_module_func_name(m, func), name);
	snprintf(err->text + len, sizeof(err->text) - len,
		" (function %u%s%s)", (unsigned)func, name[0] != '\0' ? ", " : "",
		name);
	prefer_malformed(m, func, err);
	return -1;
}

/* ---- modules ----------------------------------------------------------- */

int
load_module(struct module *m, struct canon *c, const uint8_t *bytes,
	size_t len, struct err *err)
{
	if (module_decode(m, bytes, len, err) == -1)
		return -1;
	if (validate_types(m, c, err) == -1 || validate_module(m, err) == -1 ||
	    check_exprs(m, err) == -1) {
		prefer_malformed(m, m->nimported_funcs, err);
		module_clear(m);
		return -1;
	}
	return 0;
}

static int
check_body(struct module *m, struct validator *v, uint32_t func,
	struct code_locals *locals)
{
	struct instr in;
	struct reader r;

	if (code_open(&r, m, func, locals, v->err) == -1 ||
	    validator_start(v, func, locals->runs, locals->nruns) == -1)
		return -1;
	while (v->nctrls > 0) {
		if (instr_read(&r, &in) == -1 || validator_step(v, &in) == -1)
			return -1;
	}
	m->features_used |= features_closure(r.features);
	return code_close(&r);
}

int
load_bodies_by(struct module *m, struct validator *v,
	struct code_locals *locals)
{
	for (uint32_t i = m->nimported_funcs; i < m->nfuncs; i++) {
		if (check_body(m, v, i, locals) == -1)
			return load_fail_body(m, i, v->err);
	}
	return 0;
}

int
load_bodies(struct module *m, struct err *err)
{
	struct code_locals locals;
	struct validator v;
	int rc;

	code_locals_init(&locals);
	validator_init(&v, m, err);
	rc = load_bodies_by(m, &v, &locals);
	validator_clear(&v);
	code_locals_clear(&locals);
	return rc;
}
