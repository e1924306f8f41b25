/* Stubs of a module's imports. */
#include "fuzz/stubs.h"

#include <stdlib.h>
#include <string.h>

#include "fuzz/types.h"
#include "vm/syntax/module.h"

#define MODULE_MAX ((size_t)64 << 20)
#define SIG_MAX 32
#define NAME_MAX_LEN 64
#define SECTION_TYPES 1

struct stubs {
	struct buf bytes;	/* of the module below, */
	struct vm_module *module;	/* which exports each item by the
					 * number of its import */
};

/* ---- host functions ---------------------------------------------------- */

/* The signature in letters, where all types are numbers; else false. */
static bool
sig_of(const struct functype *type, char *sig)
{
	static const char letters[] = {
		[VAL_I32] = 'i', [VAL_I64] = 'l', [VAL_F32] = 'f',
		[VAL_F64] = 'd', [VAL_V128] = 'v',
	};

	if (type->nparams + type->nresults + 2 > SIG_MAX)
		return false;
	for (uint32_t i = 0; i < type->nparams + type->nresults; i++) {
		if (valtype_is_ref(type->params[i]))
			return false;
		if (i == type->nparams)
			*sig++ = ':';
		*sig++ = letters[valtype_kind(type->params[i])];
	}
	if (type->nresults == 0)
		*sig++ = ':';
	*sig = '\0';
	return true;
}

/* Results that depend on the arguments, and are good for all types. */
static enum vm_status
mix(struct vm_caller *c, void *data, uint64_t *args)
{
	const struct functype *type = data;
	uint64_t sum = 7;
	uint32_t slot = 0;

	for (uint32_t i = 0; i < type->nparams; i++) {
		bool narrow = type->params[i] == VAL_I32;

		sum = sum * 31 + (narrow ? (uint32_t)args[slot] : args[slot]);
		slot += valtype_slots(type->params[i]);
	}
	if (sum % 64 == 63) {
		c->trap = TRAP_HOST;
		return VM_TRAP;
	}
	for (uint32_t i = 0; i < type->result_slots; i++)
		args[i] = sum & 0x3fff;
	return VM_OK;
}

static int
define_host(struct vm_store *s, const struct import *imp,
	const struct functype *type, const char *sig, struct err *err)
{
	char module[NAME_MAX_LEN + 1] = "", name[NAME_MAX_LEN + 1] = "";
	struct vm_host_func f = { module, name, sig, mix };

	if (imp->module.len > NAME_MAX_LEN || imp->name.len > NAME_MAX_LEN)
		return err_set(err, VM_USAGE, "a long name");
	memcpy(module, imp->module.data, imp->module.len);
	memcpy(name, imp->name.data, imp->name.len);
	return vm_define_host(s, &f, 1, (void *)(uintptr_t)type, err);
}

/* ---- the module of all else -------------------------------------------- */

/* The type section as it stands in the bytes, which are a valid module's. */
static void
copy_types(struct buf *out, const struct module *m)
{
	for (size_t at = 8; at < m->len;) {
		size_t start = at++;
		uint64_t len = 0;
		unsigned shift = 0;

		do
			len |= (uint64_t)(m->bytes[at] & 0x7f) << shift;
		while (shift += 7, m->bytes[at++] & 0x80);
		at += len;
		if (m->bytes[start] != SECTION_TYPES)
			continue;
		if (buf_append(out, m->bytes + start, at - start) == -1)
			abort();
		return;
	}
}

static void
write_limits(struct buf *out, const struct limits *l, bool custom_page,
	unsigned page_log2)
{
	write_byte(out, (l->has_max ? 1 : 0) | (l->is64 ? 4 : 0) |
		(custom_page ? 8 : 0));
	write_u(out, l->min);
	if (l->has_max)
		write_u(out, l->max);
	if (custom_page)
		write_u(out, page_log2);
}

static bool
write_zero(struct buf *out, valtype t)
{
	static const uint8_t zeros[16];
	static const uint8_t ops[] = {
		[VAL_I32] = 0x41, [VAL_I64] = 0x42, [VAL_F32] = 0x43,
		[VAL_F64] = 0x44, [VAL_V128] = 0xfd,
	};
	static const uint8_t lens[] = {
		[VAL_I32] = 1, [VAL_I64] = 1, [VAL_F32] = 4, [VAL_F64] = 8,
		[VAL_V128] = 16,
	};
	enum valkind kind = valtype_kind(t);

	if (kind == VAL_REF && !valtype_is_nullable(t))
		return false;
	write_byte(out, kind == VAL_REF ? 0xd0 : ops[kind]);
	if (kind == VAL_V128)
		write_byte(out, 12);
	if (kind == VAL_REF)
		type_write_heap(out, valtype_heap(t));
	else if (buf_append(out, zeros, lens[kind]) == -1)
		abort();
	write_byte(out, 0x0b);
	return true;
}

static bool
write_item(struct buf *out, const struct import *imp)
{
	switch (imp->kind) {
	case EXTERN_FUNC:
		write_u(out, imp->type);
		return true;
	case EXTERN_TABLE:
		type_write(out, imp->table.elem);
		write_limits(out, &imp->table.limits, false, 0);
		return valtype_is_nullable(imp->table.elem);
	case EXTERN_MEMORY:
		write_limits(out, &imp->memory.limits,
			imp->memory.page_log2 != 16, imp->memory.page_log2);
		return true;
	case EXTERN_GLOBAL:
		type_write(out, imp->global.type);
		write_byte(out, imp->global.mutable);
		return write_zero(out, imp->global.type);
	case EXTERN_TAG:
		write_byte(out, 0);
		write_u(out, imp->type);
		return true;
	}
	return false;
}

static void
write_section(struct buf *out, unsigned id, unsigned count,
	const struct buf *items)
{
	struct buf n;

	if (count == 0)
		return;
	buf_init(&n, 16);
	write_u(&n, count);
	write_byte(out, id);
	write_u(out, n.len + items->len);
	if (buf_append(out, n.data, n.len) == -1 ||
	    (items->len > 0 && buf_append(out, items->data, items->len) == -1))
		abort();
	buf_clear(&n);
}

struct sections {
	unsigned counts[EXTERN_TAG + 1];	/* by kind */
	struct buf items[EXTERN_TAG + 1];
	unsigned nexports;
	struct buf exports, code;
};

static bool
add_import(struct sections *s, const struct import *imp, uint32_t number)
{
	if (!write_item(&s->items[imp->kind], imp))
		return false;
	write_u(&s->exports, sizeof(number));
	if (buf_append(&s->exports, "iiii", sizeof(number)) == -1)
		abort();
	for (unsigned i = 0; i < sizeof(number); i++)
		s->exports.data[s->exports.len - 1 - i] =
			(uint8_t)('a' + (number >> 4 * i) % 16);
	write_byte(&s->exports, imp->kind);
	write_u(&s->exports, s->counts[imp->kind]++);
	s->nexports++;
	if (imp->kind == EXTERN_FUNC &&
	    buf_append(&s->code, "\3\0\0\x0b", 4) == -1)
		abort();
	return true;
}

static void
write_sections(struct buf *out, const struct module *m, struct sections *s)
{
	static const struct { uint8_t id, kind; } order[] = {
		{ 3, EXTERN_FUNC }, { 4, EXTERN_TABLE }, { 5, EXTERN_MEMORY },
		{ 13, EXTERN_TAG }, { 6, EXTERN_GLOBAL },
	};

	if (buf_append(out, "\0asm\1\0\0\0", 8) == -1)
		abort();
	copy_types(out, m);
	for (unsigned i = 0; i < sizeof(order) / sizeof(order[0]); i++)
		write_section(out, order[i].id, s->counts[order[i].kind],
			&s->items[order[i].kind]);
	write_section(out, 7, s->nexports, &s->exports);
	write_section(out, 10, s->counts[EXTERN_FUNC], &s->code);
}

/* ---- defining all ------------------------------------------------------ */

static int
add_imports(struct sections *sections, struct vm_store *s,
	const struct module *m, struct err *err)
{
	char sig[SIG_MAX];

	for (uint32_t i = 0; i < m->nimports; i++) {
		const struct import *imp = &m->imports[i];

		if (imp->kind == EXTERN_FUNC &&
		    sig_of(&m->types[imp->type].func, sig)) {
			if (define_host(s, imp, &m->types[imp->type].func, sig,
				err) == -1)
				return -1;
		} else if (!add_import(sections, imp, i)) {
			return err_set(err, VM_USAGE, "no value of the type");
		}
	}
	return 0;
}

static int
define_items(struct stubs *st, struct vm_store *s, const struct module *m,
	struct err *err)
{
	const struct module *stub = vm_module_syntax(st->module);
	struct vm_instance *instance;
	struct vm_trap trap;

	if (vm_instantiate(s, st->module, &instance, &trap, err) != VM_OK)
		return -1;
	for (uint32_t i = 0; i < stub->nexports; i++) {
		struct name name = stub->exports[i].name;
		struct vm_extern_item item;
		uint32_t number = 0;

		for (uint32_t k = 0; k < name.len; k++)
			number = number << 4 | (uint32_t)(name.data[k] - 'a');
		if (vm_export(instance, name, &item, err) == -1 ||
		    vm_define_item(s, m->imports[number].module,
			m->imports[number].name, item, err) == -1)
			return -1;
	}
	return 0;
}

struct stubs *
stubs_new(struct vm *vm, struct vm_store *s, const struct module *m,
	struct err *err)
{
	struct stubs *st = calloc(1, sizeof(*st));
	struct sections sections = { .nexports = 0 };
	int rc;

	if (st == NULL)
		abort();
	buf_init(&st->bytes, MODULE_MAX);
	buf_init(&sections.exports, MODULE_MAX);
	buf_init(&sections.code, MODULE_MAX);
	for (unsigned i = 0; i <= EXTERN_TAG; i++)
		buf_init(&sections.items[i], MODULE_MAX);
	rc = add_imports(&sections, s, m, err);
	if (rc == 0 && sections.nexports > 0) {
		write_sections(&st->bytes, m, &sections);
		rc = vm_module_new(vm, st->bytes.data, st->bytes.len,
			&st->module, err);
		if (rc == 0)
			rc = define_items(st, s, m, err);
	}
	for (unsigned i = 0; i <= EXTERN_TAG; i++)
		buf_clear(&sections.items[i]);
	buf_clear(&sections.exports);
	buf_clear(&sections.code);
	if (rc == 0)
		return st;
	stubs_free(st);
	return NULL;
}

void
stubs_free(struct stubs *st)
{
	if (st == NULL)
		return;
	vm_module_free(st->module);
	buf_clear(&st->bytes);
	free(st);
}
