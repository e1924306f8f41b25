/*
 * libFuzzer target: any bytes are decoded, the bodies of functions and all
 * names included. What is kept of them lies inside them, what is refused says
 * why and where, and a second time it is the same.
 */
#include <stdlib.h>

#include "vm/binary/code.h"
#include "vm/binary/decode.h"
#include "vm/binary/instr.h"
#include "vm/vm.h"

#define NAMES_MAX 64	/* functions whose names are looked for */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_range(struct range range, size_t size)
{
	if (range.offset > size || range.len > size - range.offset)
		abort();
}

static void
check_ranges(const struct module *m)
{
	check_range(m->code_section, m->len);
	for (uint32_t i = 0; i < m->nfuncs; i++)
		check_range(m->funcs[i].body, m->len);
	for (uint32_t i = 0; i < m->ntables; i++)
		check_range(m->tables[i].init, m->len);
	for (uint32_t i = 0; i < m->nglobals; i++)
		check_range(m->globals[i].init, m->len);
	for (uint32_t i = 0; i < m->nelems; i++) {
		check_range(m->elems[i].offset, m->len);
		check_range(m->elems[i].items, m->len);
	}
	for (uint32_t i = 0; i < m->ndatas; i++) {
		check_range(m->datas[i].offset, m->len);
		check_range(m->datas[i].bytes, m->len);
	}
	for (uint32_t i = 0; i < m->ncustoms; i++)
		check_range(m->customs[i].bytes, m->len);
}

static void
check_names(const struct module *m)
{
	for (uint32_t i = 0; i < m->nfuncs && i < NAMES_MAX; i++) {
		struct name name = vm_module_func_name(m, i);
		const char *bytes = (const char *)m->bytes;

		if (name.data != NULL)
			check_range((struct range){
				(uint32_t)(name.data - bytes), name.len },
				m->len);
	}
}

/* Every instruction lies behind the one before. */
static int
read_body(const struct module *m, uint32_t func, struct code_locals *locals,
	struct err *err)
{
	struct instr in;
	struct reader r;

	if (code_open(&r, m, func, locals, err) == -1)
		return -1;
	while (reader_left(&r) > 0) {
		uint32_t before = reader_offset(&r);

		if (instr_read(&r, &in) == -1)
			return -1;
		if (in.offset != before || reader_offset(&r) <= before)
			abort();
	}
	return 0;
}

static void
decode(const uint8_t *data, size_t size, struct err *err)
{
	struct code_locals locals;
	struct module m;
	int rc = 0;

	if (module_decode(&m, data, size, err) == -1)
		return;
	check_ranges(&m);
	check_names(&m);
	code_locals_init(&locals);
	for (uint32_t i = m.nimported_funcs; i < m.nfuncs && rc == 0; i++)
		rc = read_body(&m, i, &locals, err);
	if ((rc == -1) != (err->code != 0))
		abort();
	code_locals_clear(&locals);
	module_clear(&m);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err first = ERR_NONE, second = ERR_NONE;

	decode(data, size, &first);
	decode(data, size, &second);
	if (first.code != second.code || first.offset != second.offset)
		abort();
	if (first.code != 0 && (first.text[0] == '\0' || first.offset > size ||
	    (first.code != VM_MALFORMED && first.code != VM_LIMIT)))
		abort();
	return 0;
}
