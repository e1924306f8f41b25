/* Names for imports, exports, and items of the host's own. */
#include <stdlib.h>
#include <string.h>

#include "vm/exec/compile.h"
#include "vm/runtime/memory.h"
#include "vm/runtime/meter.h"
#include "vm/runtime/table.h"
#include "vm/value.h"

/* ---- host functions --------------------------------------------------------------- */

/* "ii:i" as a type. 0, or -1 when it says something else. */
static int
sig_parse(struct vm_store *s, const char *sig, struct functype *out)
{
	size_t len = strlen(sig);
	valtype *types = arena_alloc(&s->arena, len, sizeof(*types));
	uint32_t n = 0;
	bool results = false;

	*out = (struct functype){ .params = types };
	for (size_t i = 0; types != NULL && i < len; i++) {
		valtype t = valtype_of_letter(sig[i]);

		if (sig[i] == ':' && !results) {
			results = true;
			continue;
		}
		if (t == VAL_BOT)
			return -1;
		types[n++] = t;
		*(results ? &out->nresults : &out->nparams) += 1;
		*(results ? &out->result_slots : &out->param_slots) +=
			valtype_slots(t);
	}
	out->results = types + out->nparams;
	return types != NULL && results ? 0 : -1;
}

/* Let the meter come before a host's function. */
static int
meter_host(struct vm_store *s, const struct vm_host_func *h, struct func_inst *f)
{
	struct meter_host *m = arena_alloc(&s->arena, 1, sizeof(*m));

	if (m == NULL)
		return -1;
	*m = (struct meter_host){
		.func = { .host_module = h->module, .host_name = h->name },
		.fn = f->host,
		.data = f->host_data,
	};
	f->host = meter_host_call;
	f->host_data = m;
	return 0;
}

static struct func_inst *
host_func(struct vm_store *s, const struct vm_host_func *h, void *data,
	struct err *err)
{
	struct func_inst *f = arena_alloc(&s->arena, 1, sizeof(*f));
	struct subtype *type = arena_alloc(&s->arena, 1, sizeof(*type));

	if (f == NULL || type == NULL) {
		err_set(err, VM_NOMEM, "out of memory");
		return NULL;
	}
	*type = (struct subtype){ .kind = COMP_FUNC, .final = true,
		.super = TYPE_NONE, .group_len = 1 };
	if (sig_parse(s, h->sig, &type->func) == -1) {
		err_set(err, VM_USAGE, "%s.%s: bad signature %s", h->module,
			h->name, h->sig);
		return NULL;
	}
	if (canon_add(&s->vm->canon, type, 0) != CANON_OK) {
		err_set(err, VM_NOMEM, "out of memory");
		return NULL;
	}
	*f = (struct func_inst){
		.canon = type->canon,
		.type = &type->func,
		.param_slots = (uint16_t)type->func.param_slots,
		.result_slots = (uint16_t)type->func.result_slots,
		.host = h->fn,
		.host_data = data,
	};
	if (s->meter != NULL && meter_host(s, h, f) == -1) {
		err_set(err, VM_NOMEM, "out of memory");
		return NULL;
	}
	return f;
}

int
vm_define_host(struct vm_store *s, const struct vm_host_func *funcs,
	size_t nfuncs, void *data, struct err *err)
{
	for (size_t i = 0; i < nfuncs; i++) {
		const struct vm_host_func *h = &funcs[i];
		struct name module = { h->module, (uint32_t)strlen(h->module) };
		struct name name = { h->name, (uint32_t)strlen(h->name) };
		struct vm_extern_item item = { .kind = EXTERN_FUNC };

		item.object = host_func(s, h, data, err);
		if (item.object == NULL ||
		    store_define(s, module, name, item, err) == -1)
			return -1;
	}
	return 0;
}

int
vm_define_item(struct vm_store *s, struct name module, struct name name,
	struct vm_extern_item item, struct err *err)
{
	return store_define(s, module, name, item, err);
}

/* ---- exports ------------------------------------------------------------------------ */

static struct vm_extern_item
export_item(const struct vm_instance *in, const struct export *e)
{
	struct vm_extern_item item = { .kind = e->kind };

	switch (e->kind) {
	case EXTERN_FUNC:
		item.object = in->funcs[e->index];
		break;
	case EXTERN_TABLE:
		item.object = in->tables[e->index];
		break;
	case EXTERN_MEMORY:
		item.object = in->memories[e->index];
		break;
	case EXTERN_GLOBAL:
		item.object = in->global_refs[e->index];
		break;
	case EXTERN_TAG:
		item.object = in->tags[e->index];
		break;
	}
	return item;
}

int
vm_define_instance(struct vm_store *s, struct name module,
	struct vm_instance *inst, struct err *err)
{
	const struct module *m = inst->module;

	for (uint32_t i = 0; i < m->nexports; i++)
		if (store_define(s, module, m->exports[i].name,
			export_item(inst, &m->exports[i]), err) == -1)
			return -1;
	return 0;
}

int
vm_export(struct vm_instance *i, struct name name, struct vm_extern_item *out,
	struct err *err)
{
	const struct module *m = i->module;

	for (uint32_t k = 0; k < m->nexports; k++) {
		const struct export *e = &m->exports[k];

		if (e->name.len == name.len && (name.len == 0 ||
		    memcmp(e->name.data, name.data, name.len) == 0)) {
			*out = export_item(i, e);
			return 0;
		}
	}
	return err_set(err, VM_USAGE, "no such export");
}

/* ---- the host's own items -------------------------------------------------------------- */

int
vm_new_memory(struct vm_store *s, const struct memtype *type,
	struct vm_extern_item *out, struct err *err)
{
	struct mem_inst *m = mem_new(s, type, err);

	if (m == NULL)
		return -1;
	*out = (struct vm_extern_item){ EXTERN_MEMORY, m };
	return 0;
}

int
vm_new_table(struct vm_store *s, const struct tabletype *type, vm_ref init,
	struct vm_extern_item *out, struct err *err)
{
	struct table_inst *t = table_new(s, type, init, err);

	if (t == NULL)
		return -1;
	*out = (struct vm_extern_item){ EXTERN_TABLE, t };
	return 0;
}

int
vm_new_global(struct vm_store *s, const struct globaltype *type,
	const struct vm_value *init, struct vm_extern_item *out, struct err *err)
{
	struct global_inst *g = arena_alloc(&s->arena, 1, sizeof(*g));

	if (g == NULL)
		return err_set(err, VM_NOMEM, "out of memory");
	g->type = *type;
	g->value = g->own;
	value_to_slots(init, g->value);
	g->next = s->globals;
	s->globals = g;
	*out = (struct vm_extern_item){ EXTERN_GLOBAL, g };
	return 0;
}

void
vm_global_get(struct vm_extern_item global, struct vm_value *out)
{
	const struct global_inst *g = global.object;

	value_from_slots(out, value_host_type(NULL, g->type.type), g->value);
}

uint8_t *
vm_instance_memory(struct vm_instance *i, uint64_t *len)
{
	*len = i->memory0 == NULL ? 0 : i->memory0->size;
	return i->memory0 == NULL ? NULL : i->memory0->base;
}

uint8_t *
vm_caller_memory(struct vm_caller *c, uint64_t addr, uint64_t len)
{
	const struct mem_inst *m =
		c->instance == NULL ? NULL : c->instance->memory0;

	if (m == NULL || addr > m->size || len > m->size - addr)
		return NULL;
	/* Noticed at the next branch. The host may do work for each byte. */
	c->instance->fuel -= (int64_t)(len / 8);
	return m->base + addr;
}
