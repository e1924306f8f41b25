/* The module spectest: functions that do nothing, and one of each other kind. */
#include "tests/spec/spectest.h"

#include <string.h>

#define SPECTEST "spectest"

static enum vm_status
print(struct vm_caller *c, void *data, uint64_t *args)
{
	return VM_OK;
}

static const struct vm_host_func funcs[] = {
	{ SPECTEST, "print", ":", print },
	{ SPECTEST, "print_i32", "i:", print },
	{ SPECTEST, "print_i64", "l:", print },
	{ SPECTEST, "print_f32", "f:", print },
	{ SPECTEST, "print_f64", "d:", print },
	{ SPECTEST, "print_i32_f32", "if:", print },
	{ SPECTEST, "print_f64_f64", "dd:", print },
};

static const struct {
	const char *name;
	struct vm_value value;
} globals[] = {
	{ "global_i32", { .type = VAL_I32, .i32 = 666 } },
	{ "global_i64", { .type = VAL_I64, .i64 = 666 } },
	{ "global_f32", { .type = VAL_F32, .f32 = 0x4426a666 } },
	{ "global_f64", { .type = VAL_F64, .f64 = 0x4084d4cccccccccd } },
};

static int
define(struct vm_store *s, const char *name, struct vm_extern_item item,
	struct err *err)
{
	return vm_define_item(s,
		(struct name){ SPECTEST, (uint32_t)strlen(SPECTEST) },
		(struct name){ name, (uint32_t)strlen(name) }, item, err);
}

static int
define_table(struct vm_store *s, const char *name, bool is64, struct err *err)
{
	const struct tabletype type = { VALTYPE_FUNCREF,
		{ .min = 10, .max = 20, .has_max = true, .is64 = is64 } };
	struct vm_extern_item item;

	if (vm_new_table(s, &type, 0, &item, err) == -1)
		return -1;
	return define(s, name, item, err);
}

static int
define_memory(struct vm_store *s, struct err *err)
{
	const struct memtype type = {
		{ .min = 1, .max = 2, .has_max = true }, .page_log2 = 16 };
	struct vm_extern_item item;

	if (vm_new_memory(s, &type, &item, err) == -1)
		return -1;
	return define(s, "memory", item, err);
}

static int
define_globals(struct vm_store *s, struct err *err)
{
	for (size_t i = 0; i < sizeof(globals) / sizeof(globals[0]); i++) {
		const struct globaltype type = { globals[i].value.type, false };
		struct vm_extern_item item;

		if (vm_new_global(s, &type, &globals[i].value, &item, err) == -1 ||
		    define(s, globals[i].name, item, err) == -1)
			return -1;
	}
	return 0;
}

int
spectest_define(struct vm_store *s, struct err *err)
{
	if (vm_define_host(s, funcs, sizeof(funcs) / sizeof(funcs[0]), NULL,
	    err) == -1 || define_globals(s, err) == -1 ||
	    define_table(s, "table", false, err) == -1 ||
	    define_table(s, "table64", true, err) == -1)
		return -1;
	return define_memory(s, err);
}
