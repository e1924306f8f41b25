/*
 * A module from its bytes.
 * https://webassembly.github.io/spec/core/binary/modules.html
 */
#ifndef VM_BINARY_DECODE_H
#define VM_BINARY_DECODE_H

#include "base/err.h"
#include "vm/syntax/module.h"

/*
 * Decode everything but the bodies of functions, which are only delimited
 * (read them with code_open and instr_read). bytes are borrowed for as long as
 * the module. Indices and types are as the input has them: nothing is valid
 * yet. 0, or -1 with VM_MALFORMED, VM_LIMIT or VM_NOMEM and m cleared.
 * Memory: at most DECODE_BYTES_FACTOR times len, and a constant.
 */
#define DECODE_BYTES_FACTOR 64

int module_decode(struct module *m, const uint8_t *bytes, size_t len,
	struct err *err);

#endif
