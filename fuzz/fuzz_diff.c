/*
 * libFuzzer target: a generated module is valid, and gives the same with and
 * without fused instructions: results, traps and where they happened, fuel,
 * memories and globals.
 */
#include <stdio.h>
#include <stdlib.h>

#include "fuzz/generate.h"
#include "fuzz/play.h"

#define MODULE_MAX ((size_t)16 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_valid(const struct buf *module)
{
	struct vm *vm = vm_new();
	struct err err = ERR_NONE;
	struct vm_module *m;

	if (vm == NULL || vm_module_new(vm, module->data, module->len, &m,
	    &err) == -1) {
		fprintf(stderr, "%zx: %s\n", err.offset, err.text);
		abort();
	}
	vm_module_free(m);
	vm_free(vm);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf module;

	buf_init(&module, MODULE_MAX);
	generate_module(&module, data, size, GENERATE_CANONICAL_NANS);
	check_valid(&module);
	play_both(module.data, module.len, PLAY_FUEL);
	buf_clear(&module);
	return 0;
}
