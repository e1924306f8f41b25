/*
 * Validation of the type section.
 * https://webassembly.github.io/spec/core/valid/types.html#recursive-types
 */
#include "vm/valid/module.h"
#include "vm/vm.h"

/* Groups are checked one by one: the types known are those up to the end of
 * the group. */
struct scope {
	const struct module *m;
	struct err *err;
	uint32_t end;
};

static int
fail_type(const struct scope *s, uint32_t i, uint32_t type)
{
	return err_set_at(s->err, VM_INVALID, s->m->types[i].offset,
		"unknown type %u", (unsigned)type);
}

/* The value types that type i refers to. */
static int
check_valtypes(const struct scope *s, uint32_t i, const valtype *types,
	uint32_t n)
{
	for (uint32_t k = 0; k < n; k++) {
		heaptype h = valtype_heap(types[k]);

		if (valtype_is_ref(types[k]) && heaptype_is_index(h) &&
		    h >= s->end)
			return fail_type(s, i, h);
	}
	return 0;
}

static int
check_references(const struct scope *s, uint32_t i)
{
	const struct subtype *t = &s->m->types[i];

	if (t->super != TYPE_NONE && t->super >= i)
		return t->super == TYPE_BAD ?
			err_set_at(s->err, VM_INVALID, t->offset, "sub type:"
				" type %u has several supertypes",
				(unsigned)i) :
			fail_type(s, i, t->super);
	switch (t->kind) {
	case COMP_FUNC:
		return check_valtypes(s, i, t->func.params,
			t->func.nparams + t->func.nresults);
	case COMP_STRUCT:
		for (uint32_t f = 0; f < t->struct_.nfields; f++) {
			if (check_valtypes(s, i, &t->struct_.fields[f].type, 1)
			    == -1)
				return -1;
		}
		return 0;
	case COMP_ARRAY:
		return check_valtypes(s, i, &t->array.type, 1);
	}
	return -1;
}

/* ---- matching ---------------------------------------------------------- */

static bool
functype_match(const struct module *m, const struct functype *a,
	const struct functype *b)
{
	if (a->nparams != b->nparams || a->nresults != b->nresults)
		return false;
	for (uint32_t i = 0; i < a->nparams; i++) {
		if (!module_valtype_match(m, b->params[i], a->params[i]))
			return false;
	}
	for (uint32_t i = 0; i < a->nresults; i++) {
		if (!module_valtype_match(m, a->results[i], b->results[i]))
			return false;
	}
	return true;
}

static bool
fieldtype_match(const struct module *m, const struct fieldtype *a,
	const struct fieldtype *b)
{
	if (a->mutable != b->mutable ||
	    !module_valtype_match(m, a->type, b->type))
		return false;
	return !a->mutable || module_valtype_match(m, b->type, a->type);
}

static bool
structtype_match(const struct module *m, const struct structtype *a,
	const struct structtype *b)
{
	if (a->nfields < b->nfields)
		return false;
	for (uint32_t i = 0; i < b->nfields; i++) {
		if (!fieldtype_match(m, &a->fields[i], &b->fields[i]))
			return false;
	}
	return true;
}

static bool
comptype_match(const struct module *m, const struct subtype *a,
	const struct subtype *b)
{
	if (a->kind != b->kind)
		return false;
	switch (a->kind) {
	case COMP_FUNC:
		return functype_match(m, &a->func, &b->func);
	case COMP_STRUCT:
		return structtype_match(m, &a->struct_, &b->struct_);
	case COMP_ARRAY:
		return fieldtype_match(m, &a->array, &b->array);
	}
	return false;
}

static int
check_super(const struct scope *s, uint32_t i)
{
	const struct subtype *t = &s->m->types[i];

	if (t->super == TYPE_NONE)
		return 0;
	if (s->m->types[t->super].final)
		return err_set_at(s->err, VM_INVALID, t->offset,
			"sub type: supertype %u of type %u is final", (unsigned)t->super, (unsigned)i);
	if (!comptype_match(s->m, t, &s->m->types[t->super]))
		return err_set_at(s->err, VM_INVALID, t->offset,
			"sub type: type %u does not match its supertype %u", (unsigned)i,
			(unsigned)t->super);
	return 0;
}

/* ---- groups ------------------------------------------------------------ */

static int
add_group(struct module *m, struct canon *c, uint32_t start, struct err *err)
{
	switch (canon_add(c, m->types, start)) {
	case CANON_OK:
		return 0;
	case CANON_NOMEM:
		return err_set(err, VM_NOMEM, "out of memory");
	case CANON_FULL:
		return err_set(err, VM_LIMIT, "too many types in all modules");
	case CANON_TOO_DEEP:
		return err_set(err, VM_LIMIT,
			"too many supertypes above one type: at most %u",
			LIMIT_SUBTYPE_DEPTH);
	}
	return -1;
}

int
validate_types(struct module *m, struct canon *c, struct err *err)
{
	struct scope s = { .m = m, .err = err };

	m->canon = c;
	for (uint32_t start = 0; start < m->ntypes; start = s.end) {
		s.end = start + m->types[start].group_len;
		for (uint32_t i = start; i < s.end; i++) {
			if (check_references(&s, i) == -1)
				return -1;
		}
		if (add_group(m, c, start, err) == -1)
			return -1;
		for (uint32_t i = start; i < s.end; i++) {
			if (check_super(&s, i) == -1)
				return -1;
		}
	}
	return 0;
}
