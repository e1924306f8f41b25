/* Modules for tests of the interpreter. */
#include "tests/cmocka.h"
#include "tests/vm/exec/build.h"

#include <string.h>

static void
put_byte(struct buf *b, uint8_t byte)
{
	assert_int_equal(buf_append(b, &byte, 1), 0);
}

static void
put_leb(struct buf *b, uint32_t value)
{
	for (; value >= 0x80; value >>= 7)
		put_byte(b, (uint8_t)(value | 0x80));
	put_byte(b, (uint8_t)value);
}

static void
put_section(struct buf *b, uint8_t id, struct buf *section)
{
	put_byte(b, id);
	put_leb(b, (uint32_t)section->len);
	assert_int_equal(buf_append(b, section->data, section->len), 0);
	buf_clear(section);
}

static uint8_t
type_byte(char c)
{
	switch (c) {
	case 'i':
		return 0x7f;
	case 'l':
		return 0x7e;
	case 'f':
		return 0x7d;
	case 'd':
		return 0x7c;
	default:
		return 0x7b;
	}
}

static void
put_type(struct buf *b, const char *sig)
{
	const char *colon = strchr(sig, ':');

	put_byte(b, 0x60);
	put_leb(b, (uint32_t)(colon - sig));
	for (; *sig != '\0'; sig++) {
		if (*sig == ':')
			put_leb(b, (uint32_t)strlen(sig + 1));
		else
			put_byte(b, type_byte(*sig));
	}
}

static void
put_contents(struct buf *b, uint8_t id, const uint8_t *contents, size_t len)
{
	struct buf s;

	if (len == 0)
		return;
	buf_init(&s, 1 << 20);
	assert_int_equal(buf_append(&s, contents, len), 0);
	put_section(b, id, &s);
}

static void
put_module(struct buf *b, const struct test_func *funcs, size_t n,
	const struct test_memories *mem)
{
	struct buf s;

	buf_init(&s, 1 << 20);
	assert_int_equal(buf_append(b, "\0asm\1\0\0\0", 8), 0);
	put_leb(&s, (uint32_t)n);
	for (size_t i = 0; i < n; i++)
		put_type(&s, funcs[i].sig);
	put_section(b, 1, &s);
	put_leb(&s, (uint32_t)n);
	for (size_t i = 0; i < n; i++)
		put_leb(&s, (uint32_t)i);
	put_section(b, 3, &s);
	put_contents(b, 5, mem->memories, mem->memories_len);
	put_byte(&s, 1);	/* a tag of function 0's type, if that fits */
	put_byte(&s, 0);
	put_byte(&s, 0);
	if (strcmp(funcs[0].sig, "i:") == 0)
		put_section(b, 13, &s);
	buf_clear(&s);
	put_leb(&s, (uint32_t)n);
	for (size_t i = 0; i < n; i++) {
		put_leb(&s, 2);
		put_byte(&s, 'f');
		put_byte(&s, (uint8_t)('0' + i));
		put_byte(&s, 0);
		put_leb(&s, (uint32_t)i);
	}
	put_section(b, 7, &s);
	put_contents(b, 12, mem->datas, mem->datas_len > 0 ? 1 : 0);
	put_leb(&s, (uint32_t)n);
	for (size_t i = 0; i < n; i++) {
		put_leb(&s, (uint32_t)funcs[i].len);
		assert_int_equal(buf_append(&s, funcs[i].body, funcs[i].len), 0);
	}
	put_section(b, 10, &s);
	put_contents(b, 11, mem->datas, mem->datas_len);
}

static bool one_nan_wanted;
static bool lazy_wanted;
static bool profile_wanted;

void
machine_set_one_nan(bool one_nan)
{
	one_nan_wanted = one_nan;
}

void
machine_set_lazy(bool lazy)
{
	lazy_wanted = lazy;
}

void
machine_set_profile(bool profile)
{
	profile_wanted = profile;
}

int
machine_start(struct test_machine *m, const struct test_func *funcs, size_t n)
{
	static const uint8_t one_page[] = { 1, 1, 1, 4 };
	const struct test_memories mem = { one_page, sizeof(one_page), NULL, 0 };

	return machine_start_with(m, funcs, n, &mem);
}

int
machine_start_with(struct test_machine *m, const struct test_func *funcs,
	size_t n, const struct test_memories *mem)
{
	static const struct vm_store_limits limits = {
		.memory_bytes = 1 << 20,
		.table_elems = 100,
		.stack_bytes = 64 << 10,
	};
	struct err err = ERR_NONE;

	memset(m, 0, sizeof(*m));
	buf_init(&m->bytes, 1 << 20);
	put_module(&m->bytes, funcs, n, mem);
	m->vm = vm_new();
	assert_non_null(m->vm);
	if (one_nan_wanted)
		vm_set_one_nan(m->vm);
	vm_set_lazy(m->vm, lazy_wanted);
	m->store = vm_store_new(m->vm, &limits, &err);
	assert_non_null(m->store);
	if (profile_wanted)
		assert_int_equal(vm_store_set_profile(m->store), 0);
	if (vm_module_new(m->vm, m->bytes.data, m->bytes.len, &m->module, &err)
	    == -1) {
		m->module = NULL;
		return err.code;
	}
	switch (vm_instantiate(m->store, m->module, &m->instance, &m->trap,
	    &err)) {
	case VM_OK:
		return 0;
	case VM_TRAP:
		return MACHINE_TRAPPED;
	default:
		return err.code;
	}
}

void
machine_stop(struct test_machine *m)
{
	vm_store_free(m->store);
	vm_module_free(m->module);
	vm_free(m->vm);
	buf_clear(&m->bytes);
}

struct vm_extern_item
machine_func(struct test_machine *m, unsigned i)
{
	char text[2] = { 'f', (char)('0' + i) };
	struct vm_extern_item item;

	assert_int_equal(vm_export(m->instance, (struct name){ text, 2 }, &item,
		NULL), 0);
	return item;
}

enum vm_status
machine_call(struct test_machine *m, unsigned i, const uint32_t *args,
	size_t nargs, uint32_t *result)
{
	struct vm_value values[4], results[4];
	struct vm_extern_item item = machine_func(m, i);
	const struct functype *type = vm_func_type(item);
	enum vm_status status;

	for (size_t k = 0; k < nargs; k++)
		values[k] = (struct vm_value){ .type = VAL_I32, .i32 = args[k] };
	status = vm_call(m->store, item, values, nargs, results,
		type->nresults, &m->trap);
	if (status == VM_OK && type->nresults == 1 && result != NULL)
		*result = results[0].i32;
	return status;
}

uint32_t
machine_value(struct test_machine *m, unsigned i, uint32_t a, uint32_t b)
{
	uint32_t result = 0, args[2] = { a, b };

	assert_int_equal(machine_call(m, i, args, 2, &result), VM_OK);
	return result;
}

static void
assert_frame(const struct test_machine *m, unsigned frame, unsigned i,
	uint32_t offset)
{
	const struct module *syntax = vm_module_syntax(m->module);

	assert_int_equal(m->trap.frames[frame].func, i);
	assert_int_equal(m->trap.frames[frame].offset,
		syntax->funcs[i].body.offset + offset);
}

void
machine_assert_unreachable(const struct test_machine *m, unsigned i,
	uint32_t offset, unsigned caller, uint32_t call)
{
	assert_int_equal(m->trap.code, TRAP_UNREACHABLE);
	assert_int_equal(m->trap.nframes, 2);
	assert_frame(m, 0, i, offset);
	assert_frame(m, 1, caller, call);
}
