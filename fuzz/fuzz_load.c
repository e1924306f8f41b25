/*
 * libFuzzer target: decode and validate. What is accepted has to be so again,
 * and what is refused has to say why.
 */
#include <stdlib.h>

#include "vm/load.h"
#include "vm/vm.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int
load(const uint8_t *data, size_t size, struct err *err)
{
	struct canon canon;
	struct module m;
	int rc;

	canon_init(&canon);
	rc = load_module(&m, &canon, data, size, err);
	if (rc == 0) {
		rc = load_bodies(&m, err);
		for (uint32_t i = 0; i < 4; i++)
			vm_module_func_name(&m, i);
		module_clear(&m);
	}
	canon_clear(&canon);
	return rc;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err first = ERR_NONE, second = ERR_NONE;
	int rc = load(data, size, &first);

	if (load(data, size, &second) != rc || first.code != second.code ||
	    first.offset != second.offset || (rc == -1) != (first.code != 0))
		abort();
	return 0;
}
