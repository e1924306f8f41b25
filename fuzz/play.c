/* Modules played to their end. */
#include "fuzz/play.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/stubs.h"
#include "vm/exec/compile.h"
#include "vm/runtime/store.h"

#define CALLS_MAX 16
#define VALUES_MAX 32

static const struct vm_store_limits limits = {
	.memory_bytes = 2 << 20,
	.table_elems = 4096,
	.stack_bytes = 64 << 10,
};

/* ---- values ------------------------------------------------------------ */

static bool
is_nan(const struct vm_value *v)
{
	if (v->type == VAL_F32)
		return (v->f32 & 0x7fffffff) > 0x7f800000;
	return (v->f64 & INT64_MAX) > UINT64_C(0x7ff0000000000000);
}

static void
record_value(struct buf *record, const struct vm_store *s,
	const struct vm_value *v)
{
	uint64_t halves[2];

	switch (valtype_kind(v->type)) {
	case VAL_I32:
		buf_printf(record, " %" PRIx32, v->i32);
		break;
	case VAL_I64:
		buf_printf(record, " %" PRIx64, v->i64);
		break;
	case VAL_F32:
	case VAL_F64:
		if (is_nan(v))
			buf_printf(record, " nan");
		else
			buf_printf(record, " %" PRIx64,
				v->type == VAL_F32 ? v->f32 : v->f64);
		break;
	case VAL_V128:
		memcpy(halves, v->v128, sizeof(halves));
		buf_printf(record, " %016" PRIx64 "%016" PRIx64, halves[1],
			halves[0]);
		break;
	default:
		buf_printf(record, v->ref == 0 ? " null" : " ref %x",
			v->ref == 0 ? 0 : vm_value_kind(s, v));
	}
}

/* Small numbers, and references where they can be had. */
static void
choose_argument(struct vm_store *s, struct vm_value *v, valtype t, unsigned n)
{
	static const double floats[] = { 1.5, -0.25, 1e9, 0 };
	float f = (float)floats[n % 4];

	*v = (struct vm_value){ .type = t };
	switch (valtype_kind(t)) {
	case VAL_I32:
		v->i32 = n * 5 - 3;
		break;
	case VAL_I64:
		v->i64 = n * UINT64_C(0x100000001) + 1;
		break;
	case VAL_F32:
		memcpy(&v->f32, &f, sizeof(f));
		break;
	case VAL_F64:
		memcpy(&v->f64, &floats[n % 4], sizeof(double));
		break;
	case VAL_V128:
		memset(v->v128, (int)n + 1, sizeof(v->v128));
		break;
	default:
		if (valtype_heap(t) == HEAP_EXTERN)
			v->ref = vm_extern(s, n);
	}
}

/* ---- calls ------------------------------------------------------------- */

static void
record_end(struct buf *record, const struct vm_store *s,
	enum vm_status status, const struct vm_trap *trap)
{
	buf_printf(record, "status %d, trap %s, depth %" PRIu32
		", fuel %" PRIu64, status, trap_text(trap->code), trap->depth,
		vm_store_fuel_used(s));
	for (uint32_t i = 0; i < trap->nframes; i++)
		buf_printf(record, " %" PRIu32 ":%" PRIx32,
			trap->frames[i].func, trap->frames[i].offset);
}

static void
play_call(struct vm_store *s, struct vm_extern_item func, uint64_t fuel,
	struct buf *record)
{
	const struct functype *type = vm_func_type(func);
	struct vm_value args[VALUES_MAX], results[VALUES_MAX];
	struct vm_trap trap = { .code = TRAP_NONE };
	enum vm_status status;

	if (type->nparams > VALUES_MAX || type->nresults > VALUES_MAX)
		return;
	for (uint32_t i = 0; i < type->nparams; i++)
		choose_argument(s, &args[i], type->params[i], i);
	vm_store_set_fuel(s, fuel);
	status = vm_call(s, func, args, type->nparams, results, type->nresults,
		&trap);
	/* The last charge may pass the end. */
	if (status != VM_FUEL && vm_store_fuel_used(s) > fuel)
		abort();
	record_end(record, s, status, &trap);
	for (uint32_t i = 0; status == VM_OK && i < type->nresults; i++)
		record_value(record, s, &results[i]);
	buf_printf(record, "\n");
}

/* ---- what is left ------------------------------------------------------ */

static uint64_t
digest(const uint8_t *p, uint64_t len)
{
	uint64_t sum = UINT64_C(0xcbf29ce484222325), word;

	for (; len >= sizeof(word); p += sizeof(word), len -= sizeof(word)) {
		memcpy(&word, p, sizeof(word));
		sum = (sum ^ word) * UINT64_C(0x100000001b3);
		sum ^= sum >> 29;
	}
	for (; len > 0; len--)
		sum = (sum ^ *p++) * UINT64_C(0x100000001b3);
	return sum;
}

static void
record_left(struct buf *record, struct vm_store *s, struct vm_instance *in)
{
	const struct module *m = in->module;

	for (uint32_t i = 0; i < m->nexports; i++) {
		struct vm_extern_item item;
		struct vm_value v;
		struct err err = ERR_NONE;

		if (m->exports[i].kind != EXTERN_GLOBAL ||
		    vm_export(in, m->exports[i].name, &item, &err) == -1)
			continue;
		vm_global_get(item, &v);
		buf_printf(record, "global");
		record_value(record, s, &v);
		buf_printf(record, "\n");
	}
	for (const struct mem_inst *mem = s->memories; mem != NULL;
	    mem = mem->next)
		buf_printf(record, "memory %" PRIu64 " %" PRIx64 "\n",
			mem->size, digest(mem->base, mem->size));
	for (const struct table_inst *t = s->tables; t != NULL; t = t->next)
		buf_printf(record, "table %" PRIu64 "\n", t->size);
}

static void
play_instance(struct vm_store *s, struct vm_instance *in,
	const struct play_options *options, struct buf *record)
{
	const struct module *m = in->module;
	struct vm_trap trap = { .code = TRAP_NONE };
	unsigned ncalls = 0;

	vm_store_set_fuel(s, options->fuel);
	record_end(record, s, vm_start(in, &trap), &trap);
	buf_printf(record, "\n");
	for (uint32_t i = 0; i < m->nexports && ncalls < CALLS_MAX; i++) {
		struct vm_extern_item item;
		struct err err = ERR_NONE;

		if (m->exports[i].kind != EXTERN_FUNC ||
		    vm_export(in, m->exports[i].name, &item, &err) == -1)
			continue;
		ncalls++;
		play_call(s, item, options->fuel, record);
	}
	record_left(record, s, in);
}

static int
play_loaded(struct vm *vm, struct vm_module *m,
	const struct play_options *options, struct buf *record,
	struct err *err)
{
	struct vm_store *s = vm_store_new(vm, &limits, err);
	struct stubs *stubs;
	struct vm_instance *in;
	struct vm_trap trap = { .code = TRAP_NONE };
	int rc = -1;

	if (s == NULL)
		return -1;
	stubs = stubs_new(vm, s, vm_module_syntax(m), err);
	if (stubs != NULL) {
		rc = vm_instantiate(s, m, &in, &trap, err);
		if (rc == VM_OK)
			play_instance(s, in, options, record);
		else if (rc == VM_TRAP)
			buf_printf(record, "instantiation: %s\n",
				trap_text(trap.code));
		rc = rc == -1 ? -1 : 0;
	}
	vm_store_free(s);
	stubs_free(stubs);
	return rc;
}

int
play_module(const uint8_t *bytes, size_t len,
	const struct play_options *options, struct buf *record,
	struct err *err)
{
	struct vm *vm = vm_new();
	struct vm_module *m;
	int rc = -1;

	if (vm == NULL)
		return err_set(err, VM_NOMEM, "out of memory");
	vm->plain = options->plain;
	vm_set_lazy(vm, options->lazy ? 1 : 0);
	if (vm_module_new(vm, bytes, len, &m, err) == 0) {
		rc = play_loaded(vm, m, options, record, err);
		vm_module_free(m);
	}
	vm_free(vm);
	return rc;
}

/* Play it otherwise than first was, and compare. */
static void
play_again(const uint8_t *bytes, size_t len, const struct play_options *options,
	const struct buf *first, const struct err *first_err)
{
	struct err err = ERR_NONE;
	struct buf again;

	buf_init(&again, PLAY_RECORD_MAX);
	play_module(bytes, len, options, &again, &err);
	if (first->len != again.len || first_err->code != err.code ||
	    (again.len > 0 && memcmp(first->data, again.data, again.len) != 0)) {
		fprintf(stderr, "%s\nfused:\n%.*s%s\n%s:\n%.*s",
			first_err->text, (int)first->len, (char *)first->data,
			err.text, options->lazy ? "lazy" : "plain",
			(int)again.len, (char *)again.data);
		abort();
	}
	buf_clear(&again);
}

void
play_both(const uint8_t *bytes, size_t len, uint64_t fuel)
{
	const struct play_options fused = { .fuel = fuel },
		lazy = { .fuel = fuel, .lazy = true },
		plain = { .fuel = fuel, .plain = true };
	struct err err = ERR_NONE;
	struct buf record;

	buf_init(&record, PLAY_RECORD_MAX);
	play_module(bytes, len, &fused, &record, &err);
	play_again(bytes, len, &lazy, &record, &err);
	play_again(bytes, len, &plain, &record, &err);
	buf_clear(&record);
}
