/*
 * libFuzzer target: what is valid is translated with and without fused
 * instructions, and the code has to hold together: see code_check.h.
 */
#include <stdlib.h>

#include "fuzz/code_check.h"
#include "fuzz/subject.h"
#include "vm/exec/compile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct vm_module *fused, *plain;
	struct err err = ERR_NONE;
	struct vm *vm = vm_new();
	struct subject s;

	if (vm == NULL)
		abort();
	subject_init(&s, data, size, 0);
	if (vm_module_new(vm, s.bytes, s.len, &fused, &err) == 0) {
		vm->unjoined = true;
		if (vm_module_new(vm, s.bytes, s.len, &plain, &err) == -1)
			abort();
		code_check(fused, plain);
		vm_module_free(plain);
		vm_module_free(fused);
	}
	subject_clear(&s);
	vm_free(vm);
	return 0;
}
